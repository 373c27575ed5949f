/**
 * The weight gradients of a batch: sums over the records of its groups.
 *
 * @module
 */
import type { Kernels } from "./kernels.ts";
import { type HeadPlan, type LayerPlan, type MatrixPlan, type Plan, T_PER_PIECE } from "./plan.ts";
import type { Workspace } from "./lanes.ts";
import type { BatchLayout } from "./prefix.ts";
import { GROUP, OCTET, TILE, WORD } from "./strides.ts";

/** Some columns of a matrix: the quads `from` … `to` − 1. */
export interface WorkItem {
  readonly matrix: LayerPlan | HeadPlan;
  readonly from: number;
  readonly to: number;
}

/** Sums weight gradients in the memory of one thread. */
export class GradientSums {
  readonly #kernels: Kernels;
  readonly #plan: Plan;
  readonly #rows: number;
  readonly #sums: number;
  readonly #words: Int32Array;

  constructor({ kernels, plan, memory, base }: Workspace) {
    this.#words = new Int32Array(memory.buffer);
    this.#kernels = kernels;
    this.#plan = plan;
    this.#rows = base + plan.thread.rows;
    this.#sums = base + plan.thread.sums;
  }

  /** Computes some columns of the gradient of a matrix and of its bias. */
  compute({ matrix: m, from, to }: WorkItem, { starts, sharedT }: BatchLayout): void {
    const { layers, head, gradients, sharedRecord, sharedBy, blank } = this.#plan, quads = to - from;
    for (let group = 0; group < starts.length; group++) {
      const start = m === head ? 0 : starts[group];
      this.#addRecord(m, { from, quads, record: group, start, end: m.records.T, rowsPerT: GROUP });
    }
    if (m !== head && sharedT > 0) {
      const record = sharedRecord + this.#words[sharedBy >>> 2];
      this.#addRecord(m, { from, quads, record, start: 0, end: sharedT, rowsPerT: 1 });
    }
    const { J, front, back } = m,
      dW = gradients + WORD * (m.W + from * J * 4),
      db = gradients + WORD * (m.b + from * 4);
    this.#kernels.storeGradient(J, quads, this.#sums, dW, db, front, back, m === layers[0] ? blank : 0);
  }

  /** Adds the share of t = `start` … `end` − 1 of a record, with `rowsPerT` rows for each t. */
  #addRecord(
    { J, quads: allQuads, records }: MatrixPlan,
    { from, quads, record, start, end, rowsPerT }: {
      from: number;
      quads: number;
      record: number;
      start: number;
      end: number;
      rowsPerT: 1 | typeof GROUP;
    },
  ): void {
    const tBytes = allQuads * TILE, panelBytes = records.T * GROUP * OCTET, panels = Math.ceil(J / 8);
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
}
