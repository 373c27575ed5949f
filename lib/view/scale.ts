/**
 * Maps numbers to places in a picture, and chooses round numbers to label an axis.
 *
 * @module
 */

/** An axis: where a number is, and which numbers are labelled. */
export interface Scale {
  /** The place of a number. */
  readonly at: (value: number) => number;
  /** The labelled numbers, ascending. */
  readonly ticks: readonly number[];
}

/** The ends of an axis in the picture, and its labels. */
export interface ScaleOptions {
  /** The place of the smallest value. */
  readonly from: number;
  /** The place of the largest value. */
  readonly to: number;
  /** About how many labels there is room for. */
  readonly labels: number;
  /** The least distance between labels; 1 if only whole numbers are meaningful. */
  readonly leastStep?: number;
  /** No label and no end of the axis is beyond these. */
  readonly limits?: readonly [number, number];
}

/**
 * A linear axis that ends at labels, or at the limits.
 *
 * @example
 * ```ts
 * import { linearScale } from "./scale.ts";
 * import assert from "node:assert/strict";
 *
 * const { at, ticks } = linearScale([0.93, 0.987], { from: 100, to: 0, labels: 5, limits: [0, 1] });
 * assert.deepEqual(ticks, [0.92, 0.94, 0.96, 0.98, 1]);
 * assert.equal(Math.round(at(0.96)), 50);
 * ```
 */
export function linearScale(values: readonly number[], options: ScaleOptions): Scale {
  const { from, to, labels, leastStep = 0, limits: [least, most] = [-Infinity, Infinity] } = options;
  let [low, high] = extent(values) ?? [0, 1];
  if (high - low < Math.max(leastStep, 1e-9 * Math.abs(high), 1e-12)) {
    const room = leastStep || Math.max(Math.abs(high) * 0.02, 1e-6);
    [low, high] = [Math.max(least, low - room), Math.min(most, high + room)];
  }
  const step = Math.max(leastStep, niceStep((high - low) / labels));
  const first = Math.floor(low / step + 1e-9), last = Math.ceil(high / step - 1e-9);
  const multiples = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  const ticks = multiples.map((value) => Number(value.toPrecision(12)))
    .filter((tick) => tick >= least && tick <= most);
  const start = Math.max(least, first * step), end = Math.min(most, last * step);
  return { at: (value) => from + (value - start) / (end - start) * (to - from), ticks };
}

/**
 * A logarithmic axis over positive values, which ends a little beyond them.
 *
 * @example
 * ```ts
 * import { logScale } from "./scale.ts";
 * import assert from "node:assert/strict";
 *
 * const { ticks } = logScale([0.04, 2.3], { from: 100, to: 0, labels: 6 });
 * assert.deepEqual(ticks, [0.05, 0.1, 0.2, 0.5, 1, 2]);
 * ```
 */
export function logScale(values: readonly number[], { from, to, labels }: ScaleOptions): Scale {
  const [low, high] = extent(values) ?? [0.1, 1];
  const start = Math.log10(low) - 0.06, end = Math.log10(high) + 0.06;
  const decades = Array.from(
    { length: Math.floor(end) - Math.floor(start) + 1 },
    (_, i) => Math.floor(start) + i,
  );
  const inside = (factors: readonly number[]) =>
    decades.flatMap((decade) => factors.map((factor) => Number(`${factor}e${decade}`)))
      .filter((tick) => Math.log10(tick) >= start && Math.log10(tick) <= end);
  const every = Math.ceil(decades.length / labels);
  const sparse = inside([1]).filter((_, i) => i % every === 0);
  const ticks = [[1, 2, 5], [1, 3]].map(inside).find((ticks) => ticks.length <= labels + 1) ?? sparse;
  return { at: (value) => from + (Math.log10(value) - start) / (end - start) * (to - from), ticks };
}

/** The smallest and the largest finite value; null if there is none. */
export function extent(values: readonly number[]): [number, number] | null {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return null;
  return [finite.reduce((a, b) => Math.min(a, b)), finite.reduce((a, b) => Math.max(a, b))];
}

/** 1, 2 or 5 times a power of ten, at least `least`. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10;
  return Number((factor * power).toPrecision(12));
}
