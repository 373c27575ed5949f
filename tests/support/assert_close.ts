/**
 * Comparison of arrays of numbers; a failure names tensor, index and both values.
 *
 * @module
 */
import assert from "node:assert/strict";

/** An element may be off by `atol + rtol·|expected|`. */
export interface Tolerance {
  readonly atol: number;
  readonly rtol: number;
}

/** The element that uses its tolerance up most. */
export interface WorstElement {
  readonly index: number;
  /** Error divided by what the tolerance allows; above 1, or NaN, is a failure. */
  readonly share: number;
  /** |actual − expected|. */
  readonly error: number;
}

/** Finds the element furthest from what is expected; NaN anywhere is the worst of all. Index −1 where there are no elements. */
export function worstElement(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { atol, rtol }: Tolerance,
): WorstElement {
  let worst: WorstElement = { index: -1, share: 0, error: 0 };
  for (let index = 0; index < expected.length; index++) {
    const error = Math.abs(actual[index] - expected[index]);
    const share = error === 0 ? 0 : error / (atol + rtol * Math.abs(expected[index]));
    if (Number.isNaN(share)) return { index, share, error };
    if (share > worst.share || worst.index < 0) worst = { index, share, error };
  }
  return worst;
}

/** Asserts that two arrays have the same length and that each element is within the tolerance. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { atol, rtol, name }: Tolerance & { name: string },
): void {
  assert.equal(actual.length, expected.length, `${name}: length`);
  const { index, share, error } = worstElement(actual, expected, { atol, rtol });
  if (share <= 1) return;
  assert.fail(
    `${name}[${index}] is ${actual[index]}, expected ${expected[index]}: the error ${
      error.toExponential(2)
    } ` +
      `is ${share.toPrecision(3)} times what atol ${atol} + rtol ${rtol} allows`,
  );
}
