/**
 * Smooths noisy figures.
 *
 * @module
 */

/**
 * An exponential moving average, as TensorBoard draws it:
 *
 *     s_n  = w s_{n−1} + (1 − w) x_n        s_0 = 0
 *     y_n  = s_n / (1 − wⁿ)                 which undoes the pull of s_0 towards 0
 *
 * What is not finite stays in its place, as NaN, and does not count.
 *
 * @param weight w, from 0 (no smoothing) to below 1; it averages over about 1/(1 − w) values
 *
 * @example
 * ```ts
 * import { smooth } from "./smooth.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...smooth([4, 4, NaN, 4], 0.5)], [4, 4, NaN, 4]); // a constant stays as it is
 * assert.deepEqual([...smooth([3, 0], 0.5)], [3, 1]); // (½·½·3 + ½·0) / ¾
 * ```
 */
export function smooth(values: ArrayLike<number>, weight: number): Float64Array {
  let sum = 0, pull = 1;
  return Float64Array.from(values, (value) => {
    if (!Number.isFinite(value)) return NaN;
    sum = weight * sum + (1 - weight) * value;
    pull *= weight;
    return sum / (1 - pull);
  });
}
