/**
 * A matrix while a group goes through it: its products, and the record that its gradient is summed from.
 *
 * @module
 */
import type { Kernels } from "../kernels.ts";
import type { BackPlan, MatrixPlan } from "../plan_matrix.ts";
import { GROUP, OCTET, QUAD, WORD } from "../strides.ts";
import type { Workspace } from "./pass.ts";

/** One thread's view of a matrix. */
export class Matrix {
  readonly #kernels: Kernels;
  readonly #plan: MatrixPlan;
  readonly #words: Int32Array;
  readonly #rowsPerT: number;
  readonly #panels: number;
  readonly #bias: number;
  readonly #tBytes: number;
  /** Of the current record: */
  #dz = 0;
  #inputs = 0;
  #spans = 0;

  /** @param rowsPerT Rows that each t writes to the inputs of a record: one for each lane, or one for all */
  constructor(
    { kernels, plan: { parameters }, memory }: Workspace,
    plan: MatrixPlan,
    rowsPerT: 1 | typeof GROUP = GROUP,
  ) {
    this.#kernels = kernels;
    this.#plan = plan;
    this.#words = new Int32Array(memory.buffer);
    this.#rowsPerT = rowsPerT;
    this.#panels = parameters + WORD * plan.W;
    this.#bias = plan.joined || parameters + WORD * plan.b;
    this.#tBytes = plan.records.tBytes;
  }

  /** Chooses the record that {@link dz} and {@link record} write. */
  use(record: number): void {
    const { dz, dzBytes, inputs, inputBytes, spans, spanBytes } = this.#plan.records;
    this.#dz = dz + record * dzBytes;
    this.#inputs = inputs + record * inputBytes;
    this.#spans = spans + record * spanBytes >>> 2;
  }

  /** Says that all inputs of the record may differ from 0 from `start` on. */
  fillSpans(start: number): void {
    this.#setSpans(start, this.#plan.records.T);
  }

  /** Says that no input of the record differs from 0; {@link recordRange} widens this. */
  emptySpans(): void {
    this.#setSpans(this.#plan.records.T, 0);
  }

  /** z at t, later its activations, later ∂loss/∂z, `[quads,4,8]`. */
  dz(t: number): number {
    return this.#dz + t * this.#tBytes;
  }

  /** z at t = bias + input `[J,8]` times W. */
  multiply(t: number, input: number, out = this.dz(t)): void {
    const { J, quads } = this.#plan;
    this.#kernels.product(J, quads, input, this.#panels, J * QUAD, this.#bias, out);
  }

  /** The same, where all inputs but `from` … `to` − 1 are 0. */
  multiplyRange(t: number, input: number, from: number, to: number): void {
    const { J, quads } = this.#plan, x = input + from * OCTET, panels = this.#panels + from * QUAD;
    if (this.#rowsPerT === 1) {
      this.#kernels.rowProduct(to - from, quads, x, panels, J * QUAD, this.#bias, 1, this.dz(t));
    } else this.#kernels.product(to - from, quads, x, panels, J * QUAD, this.#bias, this.dz(t));
  }

  /** Records the input at t, `[J,8]`, for the gradient. */
  record(t: number, input: number): void {
    const { J, records: { T } } = this.#plan;
    const rows = this.#inputs + t * this.#rowsPerT * OCTET;
    this.#kernels.recordRows(J, input, rows, T * GROUP * OCTET);
  }

  /** The same, where all inputs but `from` … `to` − 1 are 0. */
  recordRange(t: number, input: number, from: number, to: number): void {
    this.record(t, input);
    for (let panel = from >> 3; panel << 3 < to; panel++) {
      const span = this.#spans + 2 * panel;
      this.#words[span] = Math.min(this.#words[span], t);
      this.#words[span + 1] = Math.max(this.#words[span + 1], t + 1);
    }
  }

  /** out = a transpose times the rows at `dz`, where those of t start. */
  multiplyBack({ panels, K, quads }: BackPlan, dz: number, out: number): void {
    if (this.#rowsPerT === 1) this.#kernels.rowProduct(K, quads, dz, panels, K * QUAD, 0, 0, out);
    else this.#kernels.product(K, quads, dz, panels, K * QUAD, 0, out);
  }

  #setSpans(first: number, end: number): void {
    const last = this.#spans + 2 * Math.ceil(this.#plan.J / 8);
    for (let at = this.#spans; at < last; at += 2) {
      this.#words[at] = first;
      this.#words[at + 1] = end;
    }
  }
}
