/**
 * One update of the flat parameters, by the equations of `lib/model/optimizers.ts`.
 *
 * @module
 */
import type { Network } from "../../model/network.ts";
import type { Optimizer } from "../../model/optimizers.ts";

/**
 * Updates the parameters and the optimizer's slots in place.
 *
 * @param p The parameters, flat
 * @param g Their gradient
 * @param state The optimizer's slots, in the order of its equations, and the number of the training step, from 1 on
 */
export function updateParameters(
  { network, optimizer }: { network: Network; optimizer: Optimizer },
  { p, g }: { p: Float64Array; g: Float64Array },
  { slots, step }: { slots: readonly Float64Array[]; step: number },
): void {
  for (const { offset, size, updateScale } of network.parameters) {
    for (let k = offset; k < offset + size; k++) {
      p[k] -= updateScale * optimizer.learningRate * direction(optimizer, g[k], { slots, k, step });
    }
  }
}

/** The factor of the learning rate for element k; updates that element of the slots. */
function direction(
  optimizer: Optimizer,
  g: number,
  { slots, k, step }: { slots: readonly Float64Array[]; k: number; step: number },
): number {
  switch (optimizer.kind) {
    case "sgd":
      return g;
    case "momentum": {
      const [m] = slots;
      m[k] = optimizer.momentum * m[k] + g;
      return m[k];
    }
    case "rmsprop": {
      const { alpha: α, epsilon: ε } = optimizer;
      const [v] = slots;
      v[k] = α * v[k] + (1 - α) * g * g;
      return g / (Math.sqrt(v[k]) + ε);
    }
    case "adam": {
      const { beta1: β1, beta2: β2, epsilon: ε } = optimizer;
      const [m, v] = slots;
      m[k] = β1 * m[k] + (1 - β1) * g;
      v[k] = β2 * v[k] + (1 - β2) * g * g;
      const mHat = m[k] / (1 - β1 ** step);
      const vHat = v[k] / (1 - β2 ** step);
      return mHat / (Math.sqrt(vHat) + ε);
    }
    case "adadelta": {
      const { rho: ρ, epsilon: ε } = optimizer;
      const [v, u] = slots;
      v[k] = ρ * v[k] + (1 - ρ) * g * g;
      const d = Math.sqrt(u[k] + ε) / Math.sqrt(v[k] + ε) * g;
      u[k] = ρ * u[k] + (1 - ρ) * d * d;
      return d;
    }
  }
}
