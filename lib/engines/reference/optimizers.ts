/**
 * One update of the flat parameters, by the equations of `lib/model/optimizers.ts`.
 *
 * @module
 */
import type { Network } from "../../model/network.ts";
import { type Optimizer, SLOT_COUNT, slotStart, stepFactors } from "../../model/optimizers.ts";

/** The slots of an optimizer before the first step, each as long as the parameters. */
export function createSlots(optimizer: Optimizer, { size }: Pick<Network, "size">): Float64Array[] {
  const start = slotStart(optimizer);
  return Array.from({ length: SLOT_COUNT[optimizer.kind] }, () => new Float64Array(size).fill(start));
}

/** Where an update stands. */
export interface Progress {
  /** The optimizer's slots, in the order of its equations. */
  readonly slots: readonly Float64Array[];
  /** The number of the training step, from 1 on. */
  readonly step: number;
  /** η; that of the optimizer by default. */
  readonly learningRate?: number;
}

/**
 * Updates the parameters and the optimizer's slots in place.
 *
 * @param p The parameters, flat
 * @param g Their gradient
 */
export function updateParameters(
  { network, optimizer }: { network: Network; optimizer: Optimizer },
  { p, g }: { p: Float64Array; g: Float64Array },
  { slots, step, learningRate = optimizer.learningRate }: Progress,
): void {
  for (const { offset, size, updateScale } of network.parameters) {
    if (updateScale === 0) continue;
    for (let k = offset; k < offset + size; k++) {
      if (optimizer.kind === "adamw") p[k] -= learningRate * optimizer.weightDecay * p[k];
      p[k] -= updateScale * movement(optimizer, g[k], { slots, k, step, η: learningRate });
    }
  }
}

/** How far element k moves; updates that element of the slots. */
function movement(
  optimizer: Optimizer,
  g: number,
  { slots, k, step, η }: { slots: readonly Float64Array[]; k: number; step: number; η: number },
): number {
  switch (optimizer.kind) {
    case "sgd":
      return η * g;
    case "momentum": {
      const [m] = slots;
      m[k] = optimizer.momentum * m[k] + g;
      return η * m[k];
    }
    case "nesterov": {
      const { momentum: µ } = optimizer;
      const [m] = slots;
      m[k] = µ * m[k] + g;
      return η * (g + µ * m[k]);
    }
    case "rmsprop": {
      const { alpha: α, epsilon: ε } = optimizer;
      const [v] = slots;
      v[k] = α * v[k] + (1 - α) * g * g;
      return η * g / (Math.sqrt(v[k]) + ε);
    }
    case "rmspropMomentum": {
      const { alpha: α, momentum: µ, epsilon: ε } = optimizer;
      const [v, m] = slots;
      v[k] = α * v[k] + (1 - α) * g * g;
      m[k] = µ * m[k] + g / (Math.sqrt(v[k]) + ε);
      return η * m[k];
    }
    case "adam":
    case "adamw": {
      const { beta1: β1, beta2: β2, epsilon: ε } = optimizer;
      const [m, v] = slots;
      m[k] = β1 * m[k] + (1 - β1) * g;
      v[k] = β2 * v[k] + (1 - β2) * g * g;
      const mHat = m[k] / (1 - β1 ** step);
      const vHat = v[k] / (1 - β2 ** step);
      return η * mHat / (Math.sqrt(vHat) + ε);
    }
    case "adadelta": {
      const { rho: ρ, epsilon: ε } = optimizer;
      const [v, u] = slots;
      v[k] = ρ * v[k] + (1 - ρ) * g * g;
      const d = Math.sqrt(u[k] + ε) / Math.sqrt(v[k] + ε) * g;
      u[k] = ρ * u[k] + (1 - ρ) * d * d;
      return η * d;
    }
    case "tfAdagrad": {
      const [v] = slots;
      v[k] += g * g;
      return η * g / Math.sqrt(v[k] + optimizer.epsilon);
    }
    case "tfAdadelta": {
      const { rho: ρ, epsilon: ε } = optimizer;
      const [v, u] = slots;
      const d = Math.sqrt(u[k] + ε) / Math.sqrt(v[k] + ε) * g;
      v[k] = ρ * v[k] + (1 - ρ) * g * g;
      u[k] = ρ * u[k] + (1 - ρ) * d * d;
      return η * d;
    }
    case "tfAdam": {
      const { beta1: β1, beta2: β2, epsilon: ε } = optimizer;
      const { rate, correction } = stepFactors(optimizer, { learningRate: η, step });
      const [m, v] = slots;
      m[k] = β1 * m[k] + (1 - β1) * g;
      v[k] = β2 * v[k] + (1 - β2) * g * g;
      return rate * m[k] / (Math.sqrt(v[k]) * correction + ε);
    }
    case "tfAdamax": {
      const { beta1: β1, beta2: β2, epsilon: ε } = optimizer;
      const { rate } = stepFactors(optimizer, { learningRate: η, step });
      const [m, u] = slots;
      m[k] = β1 * m[k] + (1 - β1) * g;
      u[k] = Math.max(β2 * u[k], Math.abs(g));
      return rate * m[k] / (u[k] + ε);
    }
    case "tfRmsprop": {
      const { decay: α, momentum: µ, epsilon: ε } = optimizer;
      const [v, m] = slots;
      v[k] = α * v[k] + (1 - α) * g * g;
      m[k] = µ * m[k] + η * g / Math.sqrt(v[k] + ε);
      return m[k];
    }
    case "tfCenteredRmsprop": {
      const { decay: α, momentum: µ, epsilon: ε } = optimizer;
      const [v, m, a] = slots;
      v[k] = α * v[k] + (1 - α) * g * g;
      a[k] = α * a[k] + (1 - α) * g;
      m[k] = µ * m[k] + η * g / Math.sqrt(v[k] - (a[k] * a[k] + ε));
      return m[k];
    }
  }
}
