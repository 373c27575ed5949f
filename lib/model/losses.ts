/**
 * Losses and metrics by name, with their equations. Every engine computes them; `lib/train/scores.ts` does for evaluations.
 *
 * y is a target, p or z the output: K numbers of a sequence, or of one of its steps. Each loss is one number for such a row,
 * and the loss of a batch is the mean of w·loss over all its rows, where w is the weight of the sequence (1 by default). A
 * metric is a mean over rows without weights. A class k stands for the row that is 1 at k and 0 elsewhere. ε is 1e-7.
 *
 * @module
 */

/**
 * - `softmaxCrossEntropy`: `−Σ y ln softmax(z)`, from logits; y sums to 1.
 * - `categoricalCrossEntropy`: `−Σ y ln q`, `q = clip(p / Σp, ε, 1 − ε)`, from probabilities, as TensorFlow.js computes
 *   `categoricalCrossentropy` and `sparseCategoricalCrossentropy`. The gradient is 0 where q is clipped.
 * - `sigmoidCrossEntropy`: mean over K of `max(z, 0) − z y + ln(1 + e^−|z|)`, from logits.
 * - `binaryCrossEntropy`: the same of `z = ln(q / (1 − q))`, `q = clip(p, ε, 1 − ε)`, from probabilities, as TensorFlow.js
 *   computes `binaryCrossentropy`. The gradient is 0 where q is clipped.
 * - `meanSquaredError`: mean over K of (y − p)².
 * - `meanAbsoluteError`: mean over K of |y − p|, whose gradient is sign(p − y).
 * - `huber`: mean over K of `e²/2` where |e| ≤ 1, else `|e| − ½`, e = p − y (`tf.losses.huberLoss`).
 */
export const LOSSES = [
  "softmaxCrossEntropy",
  "categoricalCrossEntropy",
  "sigmoidCrossEntropy",
  "binaryCrossEntropy",
  "meanSquaredError",
  "meanAbsoluteError",
  "huber",
] as const;

/** One of {@link LOSSES}. */
export type Loss = typeof LOSSES[number];

/**
 * - `categoricalAccuracy`: whether the largest output stands where the largest target does (of equal ones the first).
 * - `binaryAccuracy`: the share of the K outputs for which `p > ½` is y.
 * - The losses of the same names.
 */
export const METRICS = [
  "categoricalAccuracy",
  "binaryAccuracy",
  "categoricalCrossEntropy",
  "binaryCrossEntropy",
  "meanSquaredError",
  "meanAbsoluteError",
] as const;

/** One of {@link METRICS}. */
export type Metric = typeof METRICS[number];

/** What probabilities are clipped to: ε and 1 − ε, both as the nearest float32, as in TensorFlow.js. */
export const CLIP: readonly [least: number, most: number] = [Math.fround(1e-7), Math.fround(1 - 1e-7)];

/** The losses and metrics whose targets are a class, or a row that sums to 1. */
export const CATEGORICAL: readonly (Loss | Metric)[] = [
  "softmaxCrossEntropy",
  "categoricalCrossEntropy",
  "categoricalAccuracy",
];
