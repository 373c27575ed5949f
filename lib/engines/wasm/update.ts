/**
 * One update of a range of parameters.
 *
 * @module
 */
import { adamFactors, type Optimizer } from "../../model/optimizers.ts";
import type { Kernels } from "./kernels.ts";
import type { Plan } from "./plan.ts";
import { WORD } from "./strides.ts";

/** Updates `count` parameters from element `start` on; `step` is the number of the training step, from 1 on. */
export function applyUpdate(
  kernels: Kernels,
  plan: Plan,
  optimizer: Optimizer,
  { start, count, updateScale, step }: { start: number; count: number; updateScale: number; step: number },
): void {
  const rate = optimizer.learningRate * updateScale;
  const p = plan.parameters + WORD * start, g = plan.gradients + WORD * start;
  const [slot0, slot1] = plan.slots.map((address) => address + WORD * start);
  switch (optimizer.kind) {
    case "sgd":
      return kernels.sgd(count, p, g, rate);
    case "momentum":
      return kernels.momentum(count, p, g, slot0, rate, optimizer.momentum);
    case "rmsprop": {
      const { alpha, epsilon } = optimizer;
      return kernels.rmsprop(count, p, g, slot0, rate, alpha, 1 - alpha, epsilon);
    }
    case "adam": {
      const { beta1, beta2, epsilon } = optimizer;
      const { rate: meanRate, correction } = adamFactors(optimizer, step);
      // deno-fmt-ignore
      return kernels.adam(count, p, g, slot0, slot1, meanRate * updateScale, beta1, 1 - beta1, beta2, 1 - beta2, correction, epsilon);
    }
    case "adadelta": {
      const { rho, epsilon } = optimizer;
      return kernels.adadelta(count, p, g, slot0, slot1, rate, rho, 1 - rho, epsilon);
    }
  }
}
