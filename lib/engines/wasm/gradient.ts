/**
 * The weight gradients of a batch: sums over the records of its groups.
 *
 * @module
 */
import { BatchNorms } from "./batch_norms.ts";
import type { Kernels } from "./kernels.ts";
import { tokenRange } from "./passes/input.ts";
import type { Workspace } from "./passes/pass.ts";
import type { Plan } from "./plan.ts";
import { type MatrixPlan, T_PER_PIECE } from "./plan_matrix.ts";
import type { BatchLayout } from "./prefix.ts";
import { GROUP, OCTET, TILE, WORD } from "./strides.ts";
import type { ColumnItem, TableItem, WorkItem } from "./work_items.ts";

/** Sums weight gradients in the memory of one thread. */
export class GradientSums {
  readonly #kernels: Kernels;
  readonly #norms: BatchNorms;
  readonly #plan: Plan;
  readonly #rows: number;
  readonly #sums: number;
  readonly #words: Int32Array;
  readonly #floats: Float32Array;
  readonly #penalties: Float64Array;

  constructor({ kernels, plan, memory, base }: Workspace) {
    this.#words = new Int32Array(memory.buffer);
    this.#floats = new Float32Array(memory.buffer);
    this.#penalties = new Float64Array(memory.buffer, plan.penalties, plan.penaltyCount);
    this.#norms = new BatchNorms({ kernels, plan, memory, base });
    this.#kernels = kernels;
    this.#plan = plan;
    this.#rows = base + plan.thread.rows;
    this.#sums = base + plan.thread.sums;
  }

  /** Computes the gradient of an item, with its regularizers. */
  compute(item: WorkItem, batch: BatchLayout): void {
    if ("embedding" in item) this.#sumTokens(item, batch.starts.length);
    else if ("norm" in item) this.#norms.regularize(item.norm); // its gradient is known already
    else {
      this.#sumRecords(item, batch);
      if (item.matrix.penalties >= 0) this.#regularize(item);
    }
  }

  /** Some columns of the gradient of a matrix and of its biases. */
  #sumRecords({ matrix: m, from, to }: ColumnItem, batch: BatchLayout): void {
    const { gradients, sharedRecord, sharedBy } = this.#plan, quads = to - from, { starts, sharedT } = batch;
    for (let group = 0; group < starts.length; group++) {
      const start = m.shared ? starts[group] : 0;
      this.#addRecord(m, { from, quads, record: group, start, end: m.records.T, rowsPerT: GROUP });
    }
    if (m.shared && sharedT > 0) {
      const record = sharedRecord + this.#words[sharedBy >>> 2];
      this.#addRecord(m, { from, quads, record, start: 0, end: sharedT, rowsPerT: 1 });
    }
    const { J, W, b, front, back, blank } = m, bias = b + from * 4;
    const dW = gradients + WORD * (W + from * J * 4), db = gradients + WORD * bias;
    this.#kernels.storeGradient(J, quads, this.#sums, dW, db, front, back, blank);
    for (let index = 1; index < m.biases.length; index++) {
      const first = gradients / WORD + bias; // every vector of a sum has the gradient of the sum
      this.#floats.copyWithin(first + index * m.quads * 4, first, first + quads * 4);
    }
  }

  /** Adds the share of t = `start` … `end` − 1 of a record, with `rowsPerT` rows for each t. */
  #addRecord(
    { J, records }: MatrixPlan,
    { from, quads, record, start, end, rowsPerT }: {
      from: number;
      quads: number;
      record: number;
      start: number;
      end: number;
      rowsPerT: 1 | typeof GROUP;
    },
  ): void {
    const { tBytes } = records, panelBytes = records.T * GROUP * OCTET, panels = Math.ceil(J / 8);
    const dz = records.dz + record * records.dzBytes + from * TILE;
    const inputs = records.inputs + record * records.inputBytes;
    const spans = records.spans + record * records.spanBytes;
    for (let t = start; t < end; t += T_PER_PIECE) {
      const next = Math.min(t + T_PER_PIECE, end), single = Number(rowsPerT === 1);
      this.#kernels.packRows(next - t, quads, dz + t * tBytes, tBytes, single, this.#rows);
      // deno-fmt-ignore
      this.#kernels.addGradient(t, next, rowsPerT, panels, quads, inputs, panelBytes, this.#rows, spans, this.#sums);
    }
  }

  /** The gradient of some rows of the table: those of their tokens, in the order of the batch. */
  #sumTokens({ embedding, item }: TableItem, groups: number): void {
    const { quads, E, tokens, gradients, penalties, l1, l2 } = embedding;
    const { first, end } = tokenRange(embedding, item);
    const count = groups * this.#plan.input.T * GROUP, at = WORD * (E + first * quads * 4);
    const table = this.#plan.gradients + at;
    this.#kernels.sumRows(first, end, quads, count, tokens, gradients, table);
    if (penalties < 0) return;
    const p = this.#plan.parameters + at;
    this.#penalties[penalties + item] = this.#kernels.regularize((end - first) * quads * 4, p, table, l1, l2);
  }

  /** The regularizers of some columns; their losses are kept by quad, since items depend on the number of threads. */
  #regularize({ matrix, from, to }: ColumnItem): void {
    const { J, quads, W, b, rows, biases, penalties } = matrix;
    for (let quad = from; quad < to; quad++) {
      let loss = 0;
      for (const { row, rows: count, l1, l2 } of rows) {
        loss += this.#penalize(W + (quad * J + row) * 4, count * 4, l1, l2);
      }
      biases.forEach(({ l1, l2 }, index) => {
        loss += this.#penalize(b + (index * quads + quad) * 4, 4, l1, l2);
      });
      this.#penalties[penalties + quad] = loss;
    }
  }

  #penalize(start: number, count: number, l1: number, l2: number): number {
    if (l1 === 0 && l2 === 0) return 0;
    const { parameters, gradients } = this.#plan, at = WORD * start;
    return this.#kernels.regularize(count, parameters + at, gradients + at, l1, l2);
  }
}
