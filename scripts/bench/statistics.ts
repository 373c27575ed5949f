/**
 * What is said of many measurements: the middle, the spread, and how a cost grows.
 *
 * @module
 */

/** Some measurements of one thing. */
export interface Summary {
  readonly median: number;
  /** The quartiles: a quarter of the measurements lies below the first, a quarter above the second. */
  readonly quartiles: readonly [number, number];
  readonly count: number;
}

/** The value below which a share of the values lies, between two of them on the line that joins them. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) {
    throw new RangeError("Cannot take a quantile: there must be a value");
  }
  const sorted = values.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1), below = Math.floor(place);
  const [low, high] = [sorted[below], sorted[Math.min(below + 1, sorted.length - 1)]];
  return low + (place - below) * (high - low);
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Median, quartiles and number of some measurements. */
export function summarize(values: readonly number[]): Summary {
  return {
    median: median(values),
    quartiles: [quantile(values, 0.25), quantile(values, 0.75)],
    count: values.length,
  };
}

/**
 * How many times as long theirs takes as ours, from pairs measured one right after the other: a machine that slows
 * down slows both of a pair, so that the median of the ratios moves less than the ratio of the medians.
 */
export function pairedRatio(pairs: readonly { ours: number; theirs: number }[]): Summary {
  return summarize(pairs.map(({ ours, theirs }) => theirs / ours));
}

/**
 * The p of `cost = a · size^p` that is nearest in least squares, both on logarithmic axes: 1 is linear, 2 quadratic.
 *
 * @throws {RangeError} Unless there are two sizes
 */
export function fitExponent(points: readonly { size: number; cost: number }[]): number {
  const x = points.map(({ size }) => Math.log(size)), y = points.map(({ cost }) => Math.log(cost));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanX = mean(x), meanY = mean(y);
  const spread = x.reduce((sum, value) => sum + (value - meanX) ** 2, 0);
  if (!(spread > 0)) {
    throw new RangeError("Cannot fit an exponent: there must be two sizes");
  }
  return x.reduce((sum, value, i) => sum + (value - meanX) * (y[i] - meanY), 0) / spread;
}
