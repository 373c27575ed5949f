/**
 * What is said of several measurements of one thing.
 *
 * @module
 */

/** Mean, sample standard deviation (0 of one value), extremes. */
export interface Summary {
  readonly mean: number;
  readonly deviation: number;
  readonly min: number;
  readonly max: number;
}

/** The middle and the spread of measurements, which a few outliers do not move. */
export interface Spread {
  readonly median: number;
  /** A quarter of the measurements lies below the first, a quarter above the second. */
  readonly quartiles: readonly [number, number];
  readonly count: number;
}

/** Summarizes one value or more. */
export function summarize(values: readonly number[]): Summary {
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    mean,
    deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0,
    min: Math.min(...values),
    max: Math.max(...values),
  };
}

/** The median and the quartiles of one value or more. */
export function spreadOf(values: readonly number[]): Spread {
  return {
    median: median(values),
    quartiles: [quantile(values, 0.25), quantile(values, 0.75)],
    count: values.length,
  };
}

/** The value in the middle; the mean of the two there if their number is even. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which a share of the values lies, interpolated linearly between the two nearest. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("Cannot take a quantile: there must be a value");
  const sorted = values.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1), below = Math.floor(place);
  const [low, high] = [sorted[below], sorted[Math.min(below + 1, sorted.length - 1)]];
  return low + (place - below) * (high - low);
}

/**
 * How many times as long theirs takes as ours, from pairs measured one right after the other: a machine that slows down
 * slows down both of a pair, so the median of the ratios moves less than the ratio of the medians.
 */
export function pairedRatio(pairs: readonly { ours: number; theirs: number }[]): Spread {
  return spreadOf(pairs.map(({ ours, theirs }) => theirs / ours));
}

/**
 * The p of `cost = a · size^p`, fitted by least squares on logarithmic axes: 1 is linear, 2 quadratic.
 *
 * @throws {RangeError} Unless there are two sizes
 */
export function fitExponent(points: readonly { size: number; cost: number }[]): number {
  const x = points.map(({ size }) => Math.log(size)), y = points.map(({ cost }) => Math.log(cost));
  const meanX = meanOf(x), meanY = meanOf(y);
  const spread = x.reduce((sum, value) => sum + (value - meanX) ** 2, 0);
  if (!(spread > 0)) throw new RangeError("Cannot fit an exponent: there must be two sizes");
  return x.reduce((sum, value, i) => sum + (value - meanX) * (y[i] - meanY), 0) / spread;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
