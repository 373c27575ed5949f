/**
 * What products read besides the parameters: transposed panels, joined biases, and what a batch normalization is in a prediction.
 *
 * @module
 */
import { BatchNorms } from "./batch_norms.ts";
import type { Kernels } from "./kernels.ts";
import type { Workspace } from "./passes/pass.ts";
import type { MatrixPlan, TransposePlan } from "./plan_matrix.ts";
import { QUAD, WORD } from "./strides.ts";
import type { ColumnItem, WorkItem } from "./work_items.ts";

/** Writes all of that anew. */
export class Packing {
  readonly #kernels: Kernels;
  readonly #parameters: number;
  readonly #norms: BatchNorms;

  constructor(workspace: Workspace) {
    this.#kernels = workspace.kernels;
    this.#parameters = workspace.plan.parameters;
    this.#norms = new BatchNorms(workspace);
  }

  /** After the parameters of an item have changed. */
  pack(item: WorkItem): void {
    if ("norm" in item) return this.#norms.fold(item.norm);
    if ("embedding" in item) return;
    const { matrix, from, to } = item;
    for (const transpose of matrix.transposes) this.#transpose(matrix, { from, to, transpose });
    if (matrix.joined) this.#join(item);
  }

  /** Adds the vectors of a bias. */
  #join({ matrix: { J, quads, W, b, front, back, biases, blank, joined }, from, to }: ColumnItem): void {
    const panels = this.#parameters + WORD * W;
    this.#kernels.joinBias(
      J,
      front,
      back,
      to - from,
      panels + from * J * QUAD,
      biases.length,
      quads * QUAD,
      this.#parameters + WORD * b + from * QUAD,
      blank,
      joined + from * QUAD,
    );
  }

  /** Writes quads `from` … `to` − 1 into the panels of the transpose of some rows. */
  #transpose(
    { J, W }: MatrixPlan,
    { from, to, transpose: { row, rows, panels, panelBytes } }: {
      from: number;
      to: number;
      transpose: TransposePlan;
    },
  ): void {
    const first = this.#parameters + WORD * W + (from * J + row) * QUAD;
    this.#kernels.transpose(rows, to - from, first, J * QUAD, panels + from * 4 * QUAD, panelBytes);
  }
}
