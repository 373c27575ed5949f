/**
 * The passes of all layers that are not recurrent.
 *
 * @module
 */
import { DOMAIN } from "../../../random.ts";
import type { Kernels } from "../kernels.ts";
import type { ActivationPlan, DensePlan, DropoutPlan, LastPlan, RepeatPlan } from "../pass_plans.ts";
import { paddedBytes } from "../plan_passes.ts";
import { drawMask } from "./masks.ts";
import { Matrix } from "./matrix.ts";
import type { Group, Pass, Workspace } from "./pass.ts";

/** A dense layer: the same product at every step. */
export class DensePass implements Pass {
  readonly #kernels: Kernels;
  readonly #base: number;
  readonly #plan: DensePlan;
  readonly #matrix: Matrix;

  constructor(workspace: Workspace, plan: DensePlan) {
    this.#kernels = workspace.kernels;
    this.#base = workspace.base;
    this.#plan = plan;
    this.#matrix = new Matrix(workspace, plan.matrix);
  }

  forward({ record, training }: Group): void {
    const { from, to, activation } = this.#plan, matrix = this.#matrix;
    matrix.use(record);
    if (training) matrix.fillSpans(0);
    const x = this.#base + from.y, y = this.#base + to.y;
    for (let s = 0; s < to.steps; s++) {
      if (training) matrix.record(s, x + s * from.yBytes);
      matrix.multiply(s, x + s * from.yBytes, y + s * to.yBytes);
    }
    if (activation === 0) return; // linear
    this.#kernels.activate(activation, to.steps, to.features, y, to.yBytes, y, to.yBytes);
  }

  backward(): void {
    const { from, to, activation, inputBack, matrix: { quads, records } } = this.#plan, { features } = to;
    const matrix = this.#matrix, dz = matrix.dz(0), y = this.#base + to.y, dy = this.#base + to.dy;
    // deno-fmt-ignore
    this.#kernels.activateBack(activation, to.steps, features, 4 * quads, y, to.yBytes, dy, to.dyBytes, dz, records.tBytes);
    if (!inputBack) return;
    for (let s = 0; s < to.steps; s++) {
      matrix.multiplyBack(inputBack, matrix.dz(s), this.#base + from.dy + s * from.dyBytes);
    }
  }
}

/** An activation. */
export class ActivationPass implements Pass {
  readonly #kernels: Kernels;
  readonly #base: number;
  readonly #plan: ActivationPlan;

  constructor({ kernels, base }: Workspace, plan: ActivationPlan) {
    this.#kernels = kernels;
    this.#base = base;
    this.#plan = plan;
  }

  forward(): void {
    const { from, to, activation } = this.#plan, x = this.#base + from.y, y = this.#base + to.y;
    this.#kernels.activate(activation, to.steps, to.features, x, from.yBytes, y, to.yBytes);
  }

  backward(): void {
    const { from, to, activation } = this.#plan, { steps, features } = to, base = this.#base;
    if (!from.dy) return;
    const y = base + to.y, dy = base + to.dy, dx = base + from.dy;
    // deno-fmt-ignore
    this.#kernels.activateBack(activation, steps, features, features, y, to.yBytes, dy, to.dyBytes, dx, from.dyBytes);
  }
}

/** Dropout; a prediction drops nothing. */
export class DropoutPass implements Pass {
  readonly #workspace: Workspace;
  readonly #plan: DropoutPlan;

  constructor(workspace: Workspace, plan: DropoutPlan) {
    this.#workspace = workspace;
    this.#plan = plan;
  }

  forward(group: Group): void {
    const { from, to, rate, stream } = this.#plan, { kernels, base } = this.#workspace;
    const { steps, first, features } = to, drops = group.training !== null && this.#plan.mask > 0;
    for (let s = 0; s < steps; s++) {
      const mask = drops ? this.#mask(s) : 0, at = first + s + stream * 65_536;
      if (drops) drawMask(this.#workspace, group, { features, at, domain: DOMAIN.dropout, rate, mask });
      kernels.copyMasked(features, base + from.y + s * from.yBytes, mask, base + to.y + s * to.yBytes);
    }
  }

  backward(): void {
    const { from, to, mask } = this.#plan, { kernels, base } = this.#workspace;
    if (!from.dy) return;
    for (let s = 0; s < to.steps; s++) {
      const dy = base + to.dy + s * to.dyBytes, dx = base + from.dy + s * from.dyBytes;
      kernels.copyMasked(to.features, dy, mask ? this.#mask(s) : 0, dx);
    }
  }

  #mask(s: number): number {
    return this.#workspace.base + this.#plan.mask + s * paddedBytes(this.#plan.to.features);
  }
}

/** The last step is read where it is; on the way back, nothing comes to the others. */
export class LastPass implements Pass {
  readonly #memory: Uint8Array;
  readonly #base: number;
  readonly #plan: LastPlan;

  constructor({ memory, base }: Workspace, plan: LastPlan) {
    this.#memory = new Uint8Array(memory.buffer);
    this.#base = base;
    this.#plan = plan;
  }

  forward(): void {}

  backward(): void {
    const { from, to } = this.#plan;
    if (from.dy) this.#memory.fill(0, this.#base + from.dy, this.#base + to.dy);
  }
}

/** Repeats read the one step that they repeat where it is; on the way back, the gradients of all are summed. */
export class RepeatPass implements Pass {
  readonly #kernels: Kernels;
  readonly #base: number;
  readonly #plan: RepeatPlan;

  constructor({ kernels, base }: Workspace, plan: RepeatPlan) {
    this.#kernels = kernels;
    this.#base = base;
    this.#plan = plan;
  }

  forward(): void {}

  backward(): void {
    const { from, to: { steps, features, dy, dyBytes } } = this.#plan;
    if (!from.dy) return;
    const dx = this.#base + from.dy, first = this.#base + dy;
    this.#kernels.copyMasked(features, first, 0, dx);
    for (let s = 1; s < steps; s++) this.#kernels.addTo(features, first + s * dyBytes, dx);
  }
}
