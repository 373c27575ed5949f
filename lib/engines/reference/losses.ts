/**
 * Losses with their gradients, and metrics: the equations of `lib/model/losses.ts`, row by row.
 *
 *     loss   = 1/I Σ_i w_i loss_i          I = T·N rows of K numbers, w of the row's sequence
 *     dz_i   = w_i/I dloss_i
 *     y      = (1 − s) y + s/K             label smoothing s, for the loss and not for the metrics
 *
 * @module
 */
import { CLIP, type Loss, type Metric } from "../../model/losses.ts";
import type { BatchTargets } from "./gather.ts";
import { row, type Signal } from "./signal.ts";

/** The loss of a batch. */
export interface Measured {
  /** The mean over all rows. */
  readonly loss: number;
  /** Of each metric, the sum over the sequences of its mean over their steps. */
  readonly metrics: readonly number[];
  /** The gradient of the loss, `[T,N,K]`. */
  readonly dy: Float64Array;
}

/** Measures what came out of a network. */
export function measure(
  { loss: name, metrics: names }: { loss: Loss; metrics: readonly Metric[] },
  { x, T, N, C: K }: Pick<Signal, "x" | "T" | "N" | "C">,
  { rows, weights, labelSmoothing: s = 0 }: BatchTargets & { readonly labelSmoothing?: number },
): Measured {
  const dy = new Float64Array(x.length), metrics = names.map(() => 0);
  let loss = 0;
  for (let i = 0; i < T * N; i++) {
    const z = row(x, i, K), y = row(rows, i, K), share = weights[i % N] / (T * N);
    const one = LOSS[name](z, y.map((value) => (1 - s) * value + s / K));
    loss += share * one.loss;
    dy.set(one.dz.map((value) => share * value), i * K);
    names.forEach((metric, k) => metrics[k] += METRIC[metric](z, y) / T);
  }
  return { loss, metrics, dy };
}

/** The loss of one row, and its gradient. */
type RowLoss = (z: Float64Array, y: Float64Array) => { loss: number; dz: Float64Array };

const LOSS: Readonly<Record<Loss, RowLoss>> = {
  softmaxCrossEntropy: (z, y) => {
    const largest = z.reduce((a, b) => Math.max(a, b)); // subtracted first, so that no exp overflows
    const sum = z.reduce((some, value) => some + Math.exp(value - largest), 0);
    const loss = sumOf(z, (value, k) => y[k] === 0 ? 0 : y[k] * (Math.log(sum) - (value - largest)));
    return { loss, dz: z.map((value, k) => Math.exp(value - largest) / sum - y[k]) };
  },

  categoricalCrossEntropy: (p, y) => {
    const total = sumOf(p, (value) => value);
    const share = p.map((value) => value / total), q = share.map(clip);
    const dShare = share.map((value, k) => isClipped(value) ? 0 : -y[k] / q[k]);
    const mean = sumOf(share, (value, k) => value * dShare[k]);
    return {
      loss: sumOf(q, (value, k) => -y[k] * Math.log(value)),
      dz: dShare.map((value) => (value - mean) / total),
    };
  },

  sigmoidCrossEntropy: (z, y) => perOutput(z, (value, k) => ofLogit(value, y[k])),

  binaryCrossEntropy: (p, y) =>
    perOutput(p, (value, k) => {
      const q = clip(value), { loss, slope } = ofLogit(Math.log(q / (1 - q)), y[k]);
      return { loss, slope: isClipped(value) ? 0 : slope / (q * (1 - q)) };
    }),

  meanSquaredError: (p, y) =>
    perOutput(p, (value, k) => ({ loss: (value - y[k]) ** 2, slope: 2 * (value - y[k]) })),

  meanAbsoluteError: (p, y) =>
    perOutput(p, (value, k) => ({ loss: Math.abs(value - y[k]), slope: Math.sign(value - y[k]) })),

  huber: (p, y) =>
    perOutput(p, (value, k) => {
      const e = value - y[k], size = Math.abs(e);
      return size <= 1 ? { loss: e * e / 2, slope: e } : { loss: size - 0.5, slope: Math.sign(e) };
    }),
};

const METRIC: Readonly<Record<Metric, (z: Float64Array, y: Float64Array) => number>> = {
  categoricalAccuracy: (z, y) => largestOf(z) === largestOf(y) ? 1 : 0,
  binaryAccuracy: (z, y) => sumOf(z, (value, k) => (value > 0.5 ? 1 : 0) === y[k] ? 1 : 0) / z.length,
  categoricalCrossEntropy: (p, y) => LOSS.categoricalCrossEntropy(p, y).loss,
  binaryCrossEntropy: (p, y) => LOSS.binaryCrossEntropy(p, y).loss,
  meanSquaredError: (p, y) => LOSS.meanSquaredError(p, y).loss,
  meanAbsoluteError: (p, y) => LOSS.meanAbsoluteError(p, y).loss,
};

/** The mean over the K outputs of a row, and its gradient. */
function perOutput(
  z: Float64Array,
  measureOne: (value: number, k: number) => { loss: number; slope: number },
): { loss: number; dz: Float64Array } {
  const dz = new Float64Array(z.length);
  let sum = 0;
  z.forEach((value, k) => {
    const { loss, slope } = measureOne(value, k);
    sum += loss;
    dz[k] = slope / z.length;
  });
  return { loss: sum / z.length, dz };
}

/** `max(z, 0) − z y + ln(1 + e^−|z|)`, whose slope is `σ(z) − y`. */
function ofLogit(z: number, y: number): { loss: number; slope: number } {
  return {
    loss: Math.max(z, 0) - z * y + Math.log1p(Math.exp(-Math.abs(z))),
    slope: 1 / (1 + Math.exp(-z)) - y,
  };
}

function clip(p: number): number {
  return Math.min(Math.max(p, CLIP[0]), CLIP[1]);
}

function isClipped(p: number): boolean {
  return p < CLIP[0] || p > CLIP[1];
}

/** The place of the largest number, of equal ones the first. */
function largestOf(values: Float64Array): number {
  return values.reduce((best, value, k) => value > values[best] ? k : best, 0);
}

function sumOf(values: Float64Array, of: (value: number, k: number) => number): number {
  return values.reduce((sum, value, k) => sum + of(value, k), 0);
}
