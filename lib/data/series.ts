/**
 * A time series as windows: what a network reads, and the change that it is to forecast.
 *
 * @module
 */
import { printable } from "../excerpt.ts";
import { checkOptions, type Rules, whole } from "../options.ts";

/** A time series: some numbers at every time. */
export interface Series {
  /** What is forecast: `[length]`. */
  readonly target: Float64Array;
  /** All that the network reads, the target among it or not: `[length]` each. */
  readonly features: readonly Float64Array[];
  /** What the target is called, for messages. */
  readonly targetName?: string;
}

/** How a series is cut. */
export interface WindowOptions {
  /** How many times the network reads. */
  readonly window: number;
  /** How many times after the last one that it reads lies the one that it forecasts. */
  readonly horizon: number;
  /** The shares of the times, from the start on: for training, and for validation; the others are for testing. */
  readonly shares: readonly [training: number, validation: number];
}

/** One part of a series as windows. */
export interface Windows {
  /** f32 `[count, window, features]`: the features less their means over the training part, by their deviations there. */
  readonly xs: Float32Array;
  /** f32 `[count]`: the change of the target from the last time of the window to the forecast one, by `changeScale`. */
  readonly ys: Float32Array;
  /** How many windows there are. */
  readonly count: number;
  /** The forecast time of each window, `[count]`. */
  readonly times: Uint32Array;
  /** The target at that time, `[count]`. */
  readonly truth: Float64Array;
  /** The naive forecast, `[count]`: the target at the last time of the window. */
  readonly naive: Float64Array;
}

/** A series in three parts, later ones later in time. */
export interface WindowedSeries {
  /** The windows to train on, the first in time. */
  readonly train: Windows;
  /** Those to choose the epoch by. */
  readonly validation: Windows;
  /** Those to test on, the last in time. */
  readonly test: Windows;
  /** The root mean square of the changes in the training part: what a change of 1 in `ys` stands for. */
  readonly changeScale: number;
}

const ACTION = "cut the series";

const RULES: Rules<WindowOptions> = {
  window: whole(1),
  horizon: whole(1),
  shares: {
    must: "two shares above 0, together below 1",
    isKind: Array.isArray,
    holds: ([training, validation]: number[]) => training > 0 && validation > 0 && training + validation < 1,
  },
};

/** Squares of larger numbers may not be finite. */
const MOST = 1e150;

/**
 * Cuts a series into windows. A window belongs to the part of the time that it forecasts; means and deviations are those of the
 * training part alone, so that nothing of the future is in what the network learns.
 *
 * @throws {RangeError} If a part has no windows, a number is so large that its square is not finite, or the target never changes in
 * the training part.
 *
 * @example
 * ```ts
 * import { cutSeries } from "./series.ts";
 * import assert from "node:assert/strict";
 *
 * const target = Float64Array.from({ length: 10 }, (_, t) => t * t);
 * const { train, test } = cutSeries({ target, features: [target] }, { window: 2, horizon: 1, shares: [0.6, 0.2] });
 * assert.deepEqual([...train.times], [2, 3, 4, 5]);
 * assert.deepEqual([...test.truth], [64, 81]);
 * assert.deepEqual([...test.naive], [49, 64]);
 * ```
 */
export function cutSeries(series: Series, options: WindowOptions): WindowedSeries {
  const { window, horizon } = checkOptions(ACTION, options, RULES);
  const { target, features, targetName } = series, { length } = target, first = window + horizon - 1;
  const ends = endsOf(length, options.shares);
  checkLength(length, options);
  for (const numbers of [target, ...features]) {
    const largest = numbers.find((x) => !(Math.abs(x) <= MOST));
    if (largest !== undefined) {
      throw new RangeError(
        `Cannot ${ACTION}: every number must be within ±${MOST}: current value is ${largest}`,
      );
    }
  }
  const changes = Array.from({ length: ends[0] - horizon }, (_, t) => target[t + horizon] - target[t]);
  const changeScale = Math.sqrt(changes.reduce((sum, change) => sum + change * change, 0) / changes.length);
  if (!(changeScale > 0)) {
    throw new RangeError(
      `Cannot ${ACTION}: the target${targetName === undefined ? "" : `, ${printable(targetName, 40)},`} ` +
        `must change in the training part: current value is always ${target[0]}`,
    );
  }
  const scaled = features.map((feature) => standardize(feature, ends[0]));
  const take = (from: number, to: number) =>
    takeWindows({ target, features: scaled }, { from, to, window, horizon, changeScale });
  return {
    train: take(first, ends[0]),
    validation: take(ends[0], ends[1]),
    test: take(ends[1], length),
    changeScale,
  };
}

/** Where training and validation end. */
function endsOf(length: number, [training, validation]: WindowOptions["shares"]): [number, number] {
  return [Math.round(training * length), Math.round((training + validation) * length)];
}

function isEnough(length: number, { window, horizon, shares }: WindowOptions): boolean {
  const [training, validation] = endsOf(length, shares);
  return window + horizon - 1 < training && training < validation && validation < length;
}

/** @throws {RangeError} If a part would have no windows; the message says how many rows there must be. */
function checkLength(length: number, options: WindowOptions): void {
  if (isEnough(length, options)) return;
  const { window, horizon, shares: [training, validation] } = options;
  let least = Math.ceil(
    Math.max((window + horizon) / training, 1 / validation, 1 / (1 - training - validation)),
  );
  while (isEnough(least - 1, options)) least--; // the ends are rounded
  throw new RangeError(
    `Cannot ${ACTION}: it must have at least ${least} rows for a window of ${window} and a horizon of ${horizon}` +
      `: current value is ${length}`,
  );
}

/** A feature less its mean over the first `count` times, by its deviation there; 0 where it is constant there. */
function standardize(feature: Float64Array, count: number): Float64Array {
  const part = feature.subarray(0, count), mean = part.reduce((sum, x) => sum + x, 0) / count;
  if (part.every((x) => x === part[0])) return feature.map(() => 0); // the rounded mean may be another number
  const deviation = Math.sqrt(part.reduce((sum, x) => sum + (x - mean) ** 2, 0) / count);
  return feature.map((x) => deviation > 0 ? (x - mean) / deviation : 0); // 0 of squares that vanish
}

/** The windows that forecast the times `from` … `to` − 1. */
function takeWindows(
  { target, features }: Series,
  { from, to, window, horizon, changeScale }: {
    from: number;
    to: number;
    window: number;
    horizon: number;
    changeScale: number;
  },
): Windows {
  const count = to - from, C = features.length, xs = new Float32Array(count * window * C);
  for (let n = 0; n < count; n++) {
    const start = from + n - horizon - window + 1;
    for (let t = 0; t < window; t++) {
      for (let c = 0; c < C; c++) xs[(n * window + t) * C + c] = features[c][start + t];
    }
  }
  const truth = target.slice(from, to), naive = target.slice(from - horizon, to - horizon);
  const ys = Float32Array.from(truth, (value, n) => (value - naive[n]) / changeScale);
  return { xs, ys, count, times: Uint32Array.from(ys, (_, n) => from + n), truth, naive };
}

/** How far forecasts are from the truth, on average. */
export interface ForecastErrors {
  /** The mean of |forecast − truth|. */
  readonly meanAbsolute: number;
  /** The root of the mean of its square. */
  readonly rootMeanSquare: number;
}

/** Measures forecasts. @param forecast `[count]` @param truth `[count]` */
export function measureForecast(forecast: ArrayLike<number>, truth: Float64Array): ForecastErrors {
  const errors = truth.map((value, n) => forecast[n] - value);
  return {
    meanAbsolute: errors.reduce((sum, error) => sum + Math.abs(error), 0) / errors.length,
    rootMeanSquare: Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length),
  };
}
