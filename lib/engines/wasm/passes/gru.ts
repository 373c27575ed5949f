/**
 * The pass of a GRU, whose candidate needs the reset gate: two products one after the other, or with reset after three.
 *
 * @module
 */
import type { GruPlan } from "../pass_plans.ts";
import { OCTET, TILE } from "../strides.ts";
import { Matrix } from "./matrix.ts";
import type { Group, Workspace } from "./pass.ts";
import { RecurrentPass } from "./recurrent.ts";

/** The pass of a GRU. */
export class GruPass extends RecurrentPass {
  readonly plan: GruPlan;
  readonly #memory: Uint8Array;
  readonly #gates: Matrix;
  readonly #candidate: Matrix;
  /** Null with reset before. */
  readonly #recurrent: Matrix | null;
  /** The input of the gates: h `[H,8]`, then x `[C,8]`, then r∘h `[H,8]`. */
  readonly #h: number;
  readonly #x: number;
  readonly #rh: number;
  /** Bytes from z to r. */
  readonly #blockBytes: number;

  constructor(workspace: Workspace, plan: GruPlan) {
    super(workspace, plan);
    const { H, C } = plan;
    this.plan = plan;
    this.#memory = new Uint8Array(workspace.memory.buffer);
    this.#gates = new Matrix(workspace, plan.gates);
    this.#candidate = new Matrix(workspace, plan.candidate);
    this.#recurrent = plan.recurrent && new Matrix(workspace, plan.recurrent);
    this.#h = this.base + plan.hx;
    this.#x = this.#h + H * OCTET;
    this.#rh = this.#x + C * OCTET;
    this.#blockBytes = plan.candidate.quads * TILE;
  }

  protected override begin({ record, training }: Group): void {
    for (const matrix of [this.#gates, this.#candidate, this.#recurrent]) {
      matrix?.use(record);
      if (training) matrix?.fillSpans(0);
    }
    this.#memory.fill(0, this.#h, this.#x);
  }

  protected override stepForward(s: number, t: number, records: boolean): void {
    const { C, H, activation } = this.plan, { kernels } = this, gates = this.#gates, h = this.#h;
    kernels.copyMasked(C, this.x(t), this.inputMask, this.#x);
    if (records) gates.record(s, h);
    gates.multiply(s, h);
    if (this.#recurrent) this.#resetAfter(s, records, this.#recurrent);
    else this.#resetBefore(s, records);
    kernels.gruForward(H, activation, gates.dz(s), this.#candidate.dz(s), h, this.y(s));
    const read = this.read(t);
    if (read) kernels.keepMasked(H, read, this.y(s - 1), this.y(s));
    if (read || this.recurrentMask) kernels.copyMasked(H, this.y(s), this.recurrentMask, h);
  }

  /** g before its activation, from x and r∘h. */
  #resetBefore(s: number, records: boolean): void {
    const { H, gate } = this.plan, z = this.#gates.dz(s), r = z + this.#blockBytes;
    this.kernels.gruGates(H, gate, z, r, this.#h, this.#rh);
    if (records) this.#candidate.record(s, this.#x);
    this.#candidate.multiply(s, this.#x);
  }

  /** The same, from the products of x and of h. */
  #resetAfter(s: number, records: boolean, recurrent: Matrix): void {
    const { H, gate } = this.plan, z = this.#gates.dz(s), r = z + this.#blockBytes;
    if (records) {
      this.#candidate.record(s, this.#x);
      recurrent.record(s, this.#h);
    }
    this.#candidate.multiply(s, this.#x);
    recurrent.multiply(s, this.#h);
    this.kernels.gruResetAfter(H, gate, z, r, this.#candidate.dz(s), recurrent.dz(s));
  }

  protected override beginBackward(): void {
    const dh = this.base + this.plan.dh;
    this.#memory.fill(0, dh, dh + this.plan.yBytes);
  }

  protected override stepBackward(s: number, t: number): void {
    const { H, C, gate, activation, inputBack } = this.plan, { kernels, base, recurrentMask } = this;
    const dh = base + this.plan.dh, held = base + this.plan.heldH, carried = base + this.plan.carried;
    const read = this.read(t), before = this.y(s - 1);
    const z = this.#gates.dz(s), r = z + this.#blockBytes, g = this.#candidate.dz(s);
    let dy = this.dy(s);
    if (read) {
      kernels.holdMasked(H, read, dh, dy, held);
      dy = 0;
    }
    kernels.gruBackward(H, gate, activation, z, g, before, recurrentMask, dh, dy, carried);
    if (this.#recurrent) kernels.gruResetAfterBackward(H, gate, r, g, this.#recurrent.dz(s));
    else this.#resetBack(r, g, before);
    if (s > 0) {
      this.#gates.multiplyBack(this.plan.stateBack, this.#recurrent?.dz(s) ?? z, dh);
      kernels.addTo(H, carried, dh);
      if (recurrentMask) kernels.copyMasked(H, dh, recurrentMask, dh);
      if (read) kernels.addTo(H, held, dh);
    }
    if (!inputBack) return;
    this.#gates.multiplyBack(inputBack, z, this.dx(t));
    if (this.inputMask) kernels.copyMasked(C, this.dx(t), this.inputMask, this.dx(t));
  }

  /** The gradient of r, from that of r∘h. */
  #resetBack(r: number, g: number, before: number): void {
    const { H, gate, resetBack } = this.plan, drh = this.base + this.plan.drh;
    this.#candidate.multiplyBack(resetBack!, g, drh);
    this.kernels.gruGatesBackward(H, gate, r, drh, before, this.recurrentMask, this.base + this.plan.carried);
  }
}
