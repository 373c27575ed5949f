/**
 * Describes the input of a network in words, for people who have only its file.
 *
 * @module
 */
import type { Sequence } from "./sequence.ts";

/** Which pixel is which element of `[N, T, C]`. */
const ORDERS: Readonly<Record<Sequence["axis"], string>> = {
  rows: "step t is row t from the top, its features are that row's pixels from the left",
  columns: "step t is column t from the left, its features are that column's pixels from the top",
  pixels: "step t is pixel t, row by row from the top left",
};

/**
 * Describes the input of a network in a sentence.
 *
 * @param sizes T, or null if any will do, and C
 *
 * @example
 * ```ts
 * import { describeInput } from "./describe_input.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(
 *   describeInput({ axis: "rows", range: [-1, 1] }, { T: 28, C: 20 }),
 *   "float32 [N, 28, 20]: N grey images; step t is row t from the top, its features are that row's pixels from the left; " +
 *     "a byte x, 0 to 255, is (x / 255 - 0.5) / 0.5",
 * );
 * ```
 */
export function describeInput(order: Sequence, { T, C }: { T: number | null; C: number }): string {
  const shape = `float32 [N, ${T ?? "T"}, ${C}]: N grey images`;
  return `${shape}; ${ORDERS[order.axis]}; a byte x, 0 to 255, is ${formulaOf(order)}`;
}

function formulaOf(order: Sequence): string {
  if ("mean" in order) return `(x / 255 - ${order.mean}) / ${order.deviation}`;
  return order.range[0] === 0 ? "x / 255" : "(x / 255 - 0.5) / 0.5";
}
