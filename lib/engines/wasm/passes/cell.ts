/**
 * The passes of LSTM and RNN, whose input x stands beside their state h as the input of one matrix.
 *
 * @module
 */
import type { CellPlan } from "../pass_plans.ts";
import { GROUP, OCTET } from "../strides.ts";
import type { ImageReader } from "./input.ts";
import { Matrix } from "./matrix.ts";
import type { Group, Workspace } from "./pass.ts";
import { RecurrentPass } from "./recurrent.ts";

/** The pass of an LSTM or an RNN. */
export class CellPass extends RecurrentPass {
  readonly plan: CellPlan;
  readonly matrix: Matrix;
  readonly #memory: Uint8Array;
  readonly #images: ImageReader | null;
  /** The row that groups start from; null where they share none. */
  readonly #shared: CellPass | null;
  readonly #isLstm: boolean;

  /**
   * @param options.images Where x comes from, for the layer that reads images
   * @param options.shared The row that groups start from
   * @param options.rowsPerT One for that row itself
   */
  constructor(
    workspace: Workspace,
    plan: CellPlan,
    { images = null, shared = null, rowsPerT = GROUP }: {
      images?: ImageReader | null;
      shared?: CellPass | null;
      rowsPerT?: 1 | typeof GROUP;
    } = {},
  ) {
    super(workspace, plan);
    this.plan = plan;
    this.matrix = new Matrix(workspace, plan.matrix, rowsPerT);
    this.#memory = new Uint8Array(workspace.memory.buffer);
    this.#images = images;
    this.#shared = shared;
    this.#isLstm = plan.kind === "lstm";
  }

  /** ∂loss/∂h of the current step, `[H,8]`. */
  get dh(): number {
    return this.base + this.plan.dh;
  }

  /** ∂loss/∂c, `[H,8]`. */
  get dc(): number {
    return this.base + this.plan.dc;
  }

  /** x_t and h_{t−1}, `[J,8]`; two buffers alternate. */
  xh(s: number): number {
    return this.base + this.plan.xh[s & 1];
  }

  /** h_{t−1} within {@link xh}, `[H,8]`. */
  h(s: number): number {
    return this.xh(s) + this.plan.front * OCTET;
  }

  /** c before step s, `[H,8]`. */
  c(s: number): number {
    return this.base + this.plan.c + s * this.plan.H * OCTET;
  }

  /** Sets the state before the first step that is computed here. */
  startState(s: number): void {
    const { H } = this.plan, shared = s > 0 ? this.#shared : null;
    if (shared) {
      this.kernels.copyMasked(H, shared.y(s - 1), 0, this.h(s));
      if (this.#isLstm) this.kernels.copyMasked(H, shared.c(s), 0, this.c(s));
    } else {
      this.clear(this.h(s), H * OCTET);
      if (this.#isLstm) this.clear(this.c(s), H * OCTET);
    }
  }

  /** Computes the activations, the next state and the outputs from z. */
  activate(s: number): void {
    const { H, gate, activation, matrix: { quads } } = this.plan;
    const z = this.matrix.dz(s), h = this.h(s + 1), y = this.y(s);
    if (this.#isLstm) {
      this.kernels.lstmForward(H, gate, activation, z, this.c(s), this.c(s + 1), this.#phiC(s), h, y);
    } else this.kernels.rnnForward(quads, activation, z, h, y);
  }

  /** Computes dz from the activations; `dy` is 0 where nothing comes from above. */
  slopes(s: number, dy: number): void {
    const { H, gate, activation, matrix: { quads } } = this.plan, dz = this.matrix.dz(s), { dh } = this;
    if (this.#isLstm) {
      this.kernels.lstmBackward(H, gate, activation, dz, this.c(s), this.#phiC(s), dh, dy, this.dc);
    } else this.kernels.rnnBackward(quads, activation, this.y(s), dh, dy, dz);
  }

  /** Computes dh of the step before, and the gradient of x, from dz. */
  sendBack(s: number, t: number): void {
    const { recurrentBack, inputBack } = this.plan, dz = this.matrix.dz(s);
    if (s > 0) this.matrix.multiplyBack(recurrentBack, dz, this.dh);
    if (inputBack) this.matrix.multiplyBack(inputBack, dz, this.dx(t));
  }

  override beginBackward(): void {
    this.clear(this.dh, this.plan.yBytes);
    if (this.#isLstm) this.clear(this.dc, this.plan.H * OCTET);
  }

  /** Sets bytes to 0. */
  clear(address: number, bytes: number): void {
    this.#memory.fill(0, address, address + bytes);
  }

  protected override begin({ record, training }: Group, start: number): void {
    this.matrix.use(record);
    if (training && this.#images) this.matrix.emptySpans();
    else if (training) this.matrix.fillSpans(start);
    this.startState(start);
  }

  protected override stepForward(s: number, t: number, records: boolean): void {
    const { C } = this.plan, { matrix } = this, images = this.#images, xh = this.xh(s);
    if (images) {
      images.spread(this.plan, t, xh);
      if (records) matrix.recordRange(s, xh, images.from, images.to);
      matrix.multiplyRange(s, xh, images.from, images.to);
    } else {
      this.kernels.copyMasked(C, this.x(t), this.inputMask, xh);
      if (records) matrix.record(s, xh);
      matrix.multiply(s, xh);
    }
    this.activate(s);
    this.#keep(s, t);
  }

  /** Keeps the state where the step is masked, and drops some of h. */
  #keep(s: number, t: number): void {
    const read = this.read(t), { H } = this.plan, { kernels } = this;
    if (!read && !this.recurrentMask) return;
    if (read) kernels.keepMasked(H, read, this.y(s - 1), this.y(s));
    if (read && this.#isLstm) kernels.keepMasked(H, read, this.c(s), this.c(s + 1));
    kernels.copyMasked(H, this.y(s), this.recurrentMask, this.h(s + 1));
  }

  protected override stepBackward(s: number, t: number): void {
    const read = this.read(t);
    if (read) {
      this.#backwardMasked(s, t, read);
    } else {
      this.slopes(s, this.dy(s));
      this.sendBack(s, t);
      if (s > 0 && this.recurrentMask) this.#dropH();
    }
    if (this.inputMask && this.plan.inputBack) {
      this.kernels.copyMasked(this.plan.C, this.dx(t), this.inputMask, this.dx(t));
    }
  }

  /** The same; what belongs to masked lanes goes around the cell. */
  #backwardMasked(s: number, t: number, read: number): void {
    const { H } = this.plan, { kernels } = this;
    const heldH = this.base + this.plan.heldH, heldC = this.base + this.plan.heldC;
    kernels.holdMasked(H, read, this.dh, this.dy(s), heldH);
    if (this.#isLstm) kernels.holdMasked(H, read, this.dc, 0, heldC);
    this.slopes(s, 0);
    if (this.#isLstm) kernels.addTo(H, heldC, this.dc);
    this.sendBack(s, t);
    if (s === 0) return;
    if (this.recurrentMask) this.#dropH();
    kernels.addTo(H, heldH, this.dh);
  }

  #dropH(): void {
    this.kernels.copyMasked(this.plan.H, this.dh, this.recurrentMask, this.dh);
  }

  /** φ(c) after step s, `[H,8]`. */
  #phiC(s: number): number {
    return this.base + this.plan.phiC + s * this.plan.H * OCTET;
  }
}
