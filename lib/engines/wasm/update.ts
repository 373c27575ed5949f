/**
 * One update of a range of parameters.
 *
 * @module
 */
import type { Optimizer } from "../../model/optimizers.ts";
import type { ParameterRange } from "./work_items.ts";
import type { Kernels } from "./kernels.ts";
import type { Plan } from "./plan.ts";
import { WORD } from "./strides.ts";

/** What the updates of one step have in common: the optimizer, and its `stepFactors()`. */
export interface Update {
  readonly optimizer: Optimizer;
  readonly rate: number;
  readonly correction: number;
  readonly keep: number;
}

/** Updates a range of parameters. */
export function applyUpdate(
  kernels: Kernels,
  plan: Plan,
  { optimizer, rate: stepRate, correction, keep }: Update,
  { start, count, updateScale: scale }: ParameterRange,
): void {
  const rate = stepRate * scale;
  const p = plan.parameters + WORD * start, g = plan.gradients + WORD * start;
  const [slot0, slot1, slot2] = plan.slots.map((address) => address + WORD * start);
  if (keep !== 1) kernels.decay(count, p, 1 - keep);
  switch (optimizer.kind) {
    case "sgd":
      return kernels.sgd(count, p, g, rate);
    case "momentum":
      return kernels.momentum(count, p, g, slot0, rate, optimizer.momentum);
    case "nesterov":
      return kernels.nesterov(count, p, g, slot0, rate, optimizer.momentum);
    case "rmsprop": {
      const { alpha, epsilon } = optimizer;
      return kernels.rmsprop(count, p, g, slot0, rate, alpha, 1 - alpha, epsilon);
    }
    case "rmspropMomentum": {
      const { alpha, momentum, epsilon } = optimizer;
      // deno-fmt-ignore
      return kernels.rmspropMomentum(count, p, g, slot0, slot1, rate, alpha, 1 - alpha, momentum, epsilon);
    }
    case "adam":
    case "adamw":
    case "tfAdam": {
      const { beta1, beta2, epsilon } = optimizer;
      // deno-fmt-ignore
      return kernels.adam(count, p, g, slot0, slot1, rate, beta1, 1 - beta1, beta2, 1 - beta2, correction, epsilon);
    }
    case "adadelta": {
      const { rho, epsilon } = optimizer;
      return kernels.adadelta(count, p, g, slot0, slot1, rate, rho, 1 - rho, epsilon);
    }
    case "tfAdagrad":
      return kernels.tfAdagrad(count, p, g, slot0, rate, optimizer.epsilon);
    case "tfAdadelta": {
      const { rho, epsilon } = optimizer;
      return kernels.tfAdadelta(count, p, g, slot0, slot1, rate, rho, 1 - rho, epsilon);
    }
    case "tfAdamax": {
      const { beta1, beta2, epsilon } = optimizer;
      return kernels.tfAdamax(count, p, g, slot0, slot1, rate, beta1, 1 - beta1, beta2, epsilon);
    }
    case "tfRmsprop": {
      const { decay, momentum, epsilon } = optimizer;
      // deno-fmt-ignore
      return kernels.tfRmsprop(count, p, g, slot0, slot1, stepRate, scale, decay, 1 - decay, momentum, epsilon);
    }
    case "tfCenteredRmsprop": {
      const { decay, momentum, epsilon } = optimizer;
      // deno-fmt-ignore
      return kernels.tfCenteredRmsprop(count, p, g, slot0, slot1, slot2, stepRate, scale, decay, 1 - decay, momentum, epsilon);
    }
  }
}
