/**
 * Describes the input of a network in words, for people who have only its file.
 *
 * @module
 */
import type { Order, PixelScale, Sequence } from "./sequence.ts";

/** Where each step begins to count, and its features: of an order, and of the reversed one. */
const ORDERS: Readonly<Record<Order["axis"], (isReversed: boolean) => string>> = {
  rows: (isReversed) =>
    `step t is row t from the ${
      isReversed ? "bottom" : "top"
    }, its features are that row's pixels from the left`,
  columns: (isReversed) =>
    `step t is column t from the ${
      isReversed ? "right" : "left"
    }, its features are that column's pixels from the top`,
  pixels: (isReversed) =>
    `step t is pixel t, row by row from the ${isReversed ? "bottom right" : "top left"}`,
};

/** Which pixel is which element of `[N, T, C]`. */
function describeOrder({ axis, reversed = false, permutation }: Order): string {
  if (permutation === undefined) return ORDERS[axis](reversed);
  return `step t is pixel order[t], counted row by row from the top left (a permutation of seed ${permutation})`;
}

/**
 * Describes the input of a network in a sentence. Permuted pixels are read as the list `order` says, which must stand beside it.
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
export function describeInput(sequence: Sequence, { T, C }: { T: number | null; C: number }): string {
  const shape = `float32 [N, ${T ?? "T"}, ${C}]: N grey images`;
  return `${shape}; ${describeOrder(sequence)}; a byte x, 0 to 255, is ${formulaOf(sequence)}`;
}

function formulaOf(scale: PixelScale): string {
  if ("mean" in scale) return `(x / 255 - ${scale.mean}) / ${scale.deviation}`;
  return scale.range[0] === 0 ? "x / 255" : "(x / 255 - 0.5) / 0.5";
}
