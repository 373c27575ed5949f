/**
 * What the passes of all recurrent layers have in common: the order in which they read, masked steps and dropout.
 *
 * @module
 */
import { DOMAIN } from "../../../random.ts";
import type { Kernels } from "../kernels.ts";
import type { CellPlan, GruPlan } from "../pass_plans.ts";
import { OCTET } from "../strides.ts";
import { drawMask } from "./masks.ts";
import type { Group, Pass, Workspace } from "./pass.ts";

/** The pass of a recurrent layer. `s` counts the steps in the order in which it reads them, `t` in that of the sequence. */
export abstract class RecurrentPass implements Pass {
  protected readonly kernels: Kernels;
  protected readonly base: number;
  /** The mask of h, `[H,8]`; 0 without dropout. */
  protected recurrentMask = 0;
  /** The mask of x, `[C,8]`; 0 without dropout. */
  protected inputMask = 0;
  readonly #workspace: Workspace;
  readonly #common: CellPlan | GruPlan;

  constructor(workspace: Workspace, plan: CellPlan | GruPlan) {
    this.kernels = workspace.kernels;
    this.base = workspace.base;
    this.#workspace = workspace;
    this.#common = plan;
  }

  forward(group: Group): void {
    const { T, backwards } = this.#common, records = group.training !== null, start = this.#startOf(group);
    this.#drawMasks(group);
    this.begin(group, start);
    for (let s = start; s < T; s++) this.stepForward(s, backwards ? T - 1 - s : s, records);
  }

  backward(group: Group): void {
    const { T, backwards } = this.#common;
    this.beginBackward();
    for (let s = T - 1, start = this.#startOf(group); s >= start; s--) {
      this.stepBackward(s, backwards ? T - 1 - s : s);
    }
  }

  /** The outputs at step s, `[H,8]`; 0 before the first one. */
  y(s: number): number {
    return this.base + this.#common.y + s * this.#common.yBytes;
  }

  /** ∂loss/∂y from above; 0 where the output of this step goes nowhere. */
  dy(s: number): number {
    const { T, to: { steps, dy, dyBytes } } = this.#common, step = s - (T - steps);
    return step < 0 ? 0 : this.base + dy + step * dyBytes;
  }

  /** What the layer below wrote at t, `[C,8]`. */
  x(t: number): number {
    const { y, yBytes } = this.#common.from!;
    return this.base + y + t * yBytes;
  }

  /** Where the gradient of x goes; 0 where nothing below learns. */
  protected dx(t: number): number {
    const { dx, dxBytes } = this.#common;
    return dx ? this.base + dx + t * dxBytes : 0;
  }

  /** Which lanes read step t, int32 `[8]`; 0 where steps are not masked. */
  protected read(t: number): number {
    const { read } = this.#common;
    return read ? this.base + read + t * OCTET : 0;
  }

  /** Starts a group: its record, and its state before the step `start`. */
  protected abstract begin(group: Group, start: number): void;
  protected abstract stepForward(s: number, t: number, records: boolean): void;
  /** Sets the gradients that come from later steps to 0. */
  protected abstract beginBackward(): void;
  protected abstract stepBackward(s: number, t: number): void;

  /** The first step that this layer computes on its own. */
  #startOf({ start }: Group): number {
    return this.#common.shared ? start : 0;
  }

  #drawMasks(group: Group): void {
    const { C, H, stream, inputDropout, recurrentDropout, inputMask, recurrentMask } = this.#common;
    this.inputMask = group.training && inputMask ? this.base + inputMask : 0;
    this.recurrentMask = group.training && recurrentMask ? this.base + recurrentMask : 0;
    const at = stream * 65_536;
    if (this.inputMask) {
      const mask = { features: C, at, domain: DOMAIN.inputDropout, rate: inputDropout, mask: this.inputMask };
      drawMask(this.#workspace, group, mask);
    }
    if (this.recurrentMask) {
      const domain = DOMAIN.recurrentDropout, mask = this.recurrentMask;
      drawMask(this.#workspace, group, { features: H, at, domain, rate: recurrentDropout, mask });
    }
  }
}
