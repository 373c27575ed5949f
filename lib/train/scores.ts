/**
 * Loss and metrics of what a network answers, in float64. Their equations are those of `lib/model/losses.ts`; the terms of
 * regularizers belong to training alone.
 *
 * @module
 */
import type { Targets } from "../data/sequences.ts";
import { CLIP, type Loss, type Metric } from "../model/losses.ts";
import type { Network } from "../model/network.ts";

/** Sums over sequences, of the mean over the steps of each. */
export interface ScoreSums {
  /** Of the loss, with the weights of the targets. */
  readonly loss: number;
  /** Of each metric of the network. */
  readonly metrics: readonly number[];
}

/**
 * Loss and metrics of some sequences, summed: divided by `count` they are the means over sequences and steps.
 *
 * @param outputs `[count, K]` or `[count, T, K]`, as an engine predicts them
 * @param range.first The first sequence of the targets that the outputs belong to
 * @param range.count How many sequences there are, at least one
 *
 * @example
 * ```ts
 * import { createNetwork } from "../model/create_network.ts";
 * import { sumScores } from "./scores.ts";
 * import assert from "node:assert/strict";
 *
 * const network = createNetwork({
 *   input: { kind: "features", size: 1 },
 *   layers: [{ kind: "rnn", hiddenSize: 2 }, { kind: "dense", units: 1 }],
 *   loss: "meanSquaredError",
 *   metrics: ["meanAbsoluteError"],
 * });
 * const targets = { kind: "rows", data: Float32Array.of(0, 1, 2) } as const;
 * const sums = sumScores(Float32Array.of(1, 4), { network, targets, first: 1, count: 2 });
 * assert.deepEqual(sums, { loss: 0 + 4, metrics: [0 + 2] });
 * ```
 */
export function sumScores(
  outputs: Float32Array,
  { network, targets, first, count }: {
    network: Pick<Network, "output" | "loss" | "metrics">;
    targets: Targets;
    first: number;
    count: number;
  },
): ScoreSums {
  const { output: { size: K }, loss, metrics } = network;
  const rows = outputs.length / (count * K); // of each sequence
  const row = targets.kind === "classes" ? classRows(targets.data, K) : numberRows(targets.data, K);
  let lossSum = 0;
  const metricSums = metrics.map(() => 0);
  for (let n = 0; n < count; n++) {
    const weight = targets.weights?.[first + n] ?? 1;
    for (let t = 0; t < rows; t++) {
      const p = outputs.subarray((n * rows + t) * K, (n * rows + t + 1) * K);
      const y = row((first + n) * rows + t);
      lossSum += weight * SCORES[loss](p, y) / rows;
      metrics.forEach((metric, index) => metricSums[index] += SCORES[metric](p, y) / rows);
    }
  }
  return { loss: lossSum, metrics: metricSums };
}

/** Rows of numbers, as they lie. */
function numberRows(data: Targets["data"], K: number): (row: number) => ArrayLike<number> {
  return (row) => data.subarray(row * K, (row + 1) * K);
}

/** Classes as rows that are 1 at the class: one array, which changes. */
function classRows(data: Targets["data"], K: number): (row: number) => ArrayLike<number> {
  const y = new Float32Array(K);
  return (row) => {
    y.fill(0);
    y[data[row]] = 1;
    return y;
  };
}

/** One number from the K outputs p (or logits z) of a row and its target y. */
type Score = (p: Float32Array, y: ArrayLike<number>) => number;

const SCORES: Readonly<Record<Loss | Metric, Score>> = {
  softmaxCrossEntropy(z, y) {
    const largest = z.reduce((a, b) => Math.max(a, b), -Infinity);
    const total = Math.log(z.reduce((sum, value) => sum + Math.exp(value - largest), 0));
    return sum(z, (value, k) => y[k] === 0 ? 0 : y[k] * (total + (largest - value)));
  },
  categoricalCrossEntropy(p, y) {
    const total = sum(p, (value) => value);
    return sum(p, (value, k) => y[k] === 0 ? 0 : -y[k] * Math.log(clip(value / total)));
  },
  sigmoidCrossEntropy(z, y) {
    return mean(z, (value, k) => sigmoidCrossEntropy(value, y[k]));
  },
  binaryCrossEntropy(p, y) {
    return mean(p, (value, k) => {
      const q = clip(value);
      return sigmoidCrossEntropy(Math.log(q / (1 - q)), y[k]);
    });
  },
  meanSquaredError(p, y) {
    return mean(p, (value, k) => (y[k] - value) ** 2);
  },
  meanAbsoluteError(p, y) {
    return mean(p, (value, k) => Math.abs(y[k] - value));
  },
  huber(p, y) {
    return mean(p, (value, k) => {
      const error = Math.abs(value - y[k]);
      return error <= 1 ? error ** 2 / 2 : error - 0.5;
    });
  },
  categoricalAccuracy(p, y) {
    return largestOf(p) === largestOf(y) ? 1 : 0;
  },
  binaryAccuracy(p, y) {
    return mean(p, (value, k) => (value > 0.5 ? 1 : 0) === y[k] ? 1 : 0);
  },
};

function sum(values: Float32Array, term: (value: number, k: number) => number): number {
  let total = 0;
  for (let k = 0; k < values.length; k++) total += term(values[k], k);
  return total;
}

function mean(values: Float32Array, term: (value: number, k: number) => number): number {
  return sum(values, term) / values.length;
}

function clip(p: number): number {
  return Math.min(Math.max(p, CLIP[0]), CLIP[1]);
}

/** `max(z, 0) − z y + ln(1 + e^−|z|)`. */
function sigmoidCrossEntropy(z: number, y: number): number {
  return Math.max(z, 0) - z * y + Math.log1p(Math.exp(-Math.abs(z)));
}

/** Where the largest number stands; of equal ones the first. */
function largestOf(values: ArrayLike<number>): number {
  let best = 0;
  for (let k = 1; k < values.length; k++) if (values[k] > values[best]) best = k;
  return best;
}
