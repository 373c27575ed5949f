/**
 * The items that the second phase of a step is cut into.
 *
 * @module
 */
import { tokenRange } from "./passes/input.ts";
import type { EmbeddingPlan, NormPlan } from "./pass_plans.ts";
import type { Plan } from "./plan.ts";
import { type MatrixPlan, MAX_QUADS } from "./plan_matrix.ts";

/** Some columns of a matrix: the quads `from` … `to` − 1. */
export interface ColumnItem {
  readonly matrix: MatrixPlan;
  readonly from: number;
  readonly to: number;
}

/** Some rows of the table of tokens, see {@link tokenRange}. */
export interface TableItem {
  readonly embedding: EmbeddingPlan;
  readonly item: number;
}

/** The parameters of a batch normalization. */
export interface NormItem {
  readonly norm: NormPlan;
}

/** What one thread does at once in the second phase of a step. */
export type WorkItem = ColumnItem | TableItem | NormItem;

/** A range of the parameters that one item updates. */
export interface ParameterRange {
  /** In elements. */
  readonly start: number;
  readonly count: number;
  readonly updateScale: number;
}

/** Splits the parameters into work items: few enough to be quick, enough to keep all threads busy. */
export function splitWork({ matrices, norms, input: { embedding }, threads }: Plan): WorkItem[] {
  const items: WorkItem[] = matrices.flatMap((matrix) => {
    const { quads } = matrix, most = quads >= 2 * MAX_QUADS * threads ? MAX_QUADS : MAX_QUADS / 2;
    return Array.from({ length: Math.ceil(quads / most) }, (_, piece) => ({
      matrix,
      from: piece * most,
      to: Math.min((piece + 1) * most, quads),
    }));
  });
  items.push(...norms.map((norm) => ({ norm })));
  if (!embedding) return items;
  const count = Math.ceil(embedding.V / embedding.rowsPerItem);
  return [...items, ...Array.from({ length: count }, (_, item) => ({ embedding, item }))];
}

/** The parameters of an item: one range after another. */
export function rangesOf(item: WorkItem): ParameterRange[] {
  if ("embedding" in item) {
    const { quads, E } = item.embedding, { first, end } = tokenRange(item.embedding, item.item);
    return [{ start: E + first * quads * 4, count: (end - first) * quads * 4, updateScale: 1 }];
  }
  if ("norm" in item) {
    const { gamma, beta, C: count } = item.norm;
    return [gamma, beta].flatMap((one) => one ? [{ start: one.at, count, updateScale: 1 }] : []);
  }
  const { matrix: { J, W, b, quads, biases }, from, to } = item;
  const vectors = biases.map(({ scale }, index) => {
    return { start: b + (index * quads + from) * 4, count: (to - from) * 4, updateScale: scale };
  });
  return [{ start: W + from * J * 4, count: (to - from) * J * 4, updateScale: 1 }, ...vectors];
}
