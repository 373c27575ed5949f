/**
 * Batch normalization of one group. What all groups need together is between its passes, see batch_norms.ts.
 *
 * @module
 */
import type { NormPlan } from "../pass_plans.ts";
import { type Group, type Pass, presentIn, type Workspace } from "./pass.ts";

/** The pass of a batch normalization. */
export class NormPass implements Pass {
  readonly #workspace: Workspace;
  readonly #plan: NormPlan;

  constructor(workspace: Workspace, plan: NormPlan) {
    this.#workspace = workspace;
    this.#plan = plan;
  }

  /** Mean and sum of squares of each feature, before {@link forward}. */
  measure(group: Group): void {
    const { C, from: { steps, y, yBytes } } = this.#plan, { kernels, base } = this.#workspace;
    kernels.moments(steps, C, base + y, yBytes, presentIn(group), this.#sums(group));
  }

  forward({ training }: Group): void {
    const { C, from, to, factors, averages } = this.#plan, { kernels, base } = this.#workspace;
    const by = training ? factors : averages;
    kernels.normalize(from.steps, C, base + from.y, from.yBytes, by, base + to.y, to.yBytes);
  }

  /** The sums of each feature's gradient, before {@link backward}. */
  measureBack(group: Group): void {
    const { C, from: { steps, y, yBytes }, to: { dy, dyBytes }, factors } = this.#plan;
    const { kernels, base } = this.#workspace, into = this.#sums(group);
    kernels.gradientSums(steps, C, base + y, yBytes, base + dy, dyBytes, factors, into);
  }

  backward(group: Group): void {
    const { C, from, to, factors } = this.#plan, { kernels, base } = this.#workspace, { steps } = from;
    if (!from.dy) return;
    const x = base + from.y, dy = base + to.dy, dx = base + from.dy, present = presentIn(group);
    // deno-fmt-ignore
    kernels.normalizeBack(steps, C, x, from.yBytes, dy, to.dyBytes, factors, present, dx, from.dyBytes);
  }

  /** Where the sums of a group go, float64 `[C,2]`. */
  #sums({ index }: Group): number {
    return this.#plan.sums + index * this.#plan.C * 2 * Float64Array.BYTES_PER_ELEMENT;
  }
}
