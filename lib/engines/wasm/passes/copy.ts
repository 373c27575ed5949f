/**
 * Copies of short rows.
 *
 * @module
 */
import type { Shareable } from "../../../data/shared.ts";

/** Up to as many elements, a loop takes less time than the view that `set` needs. */
const FEW = 64;

/** Copies `count` elements from `start` on to element `at` of an array of the same kind. */
export function copyElements(from: Shareable, start: number, count: number, to: Shareable, at: number): void {
  if (count > FEW) to.set(from.subarray(start, start + count), at);
  else for (let k = 0; k < count; k++) to[at + k] = from[start + k];
}
