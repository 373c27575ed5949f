/**
 * Figures from logits: loss, accuracy, predictions, the confusion matrix, the worst mistakes. Pure, in float64.
 *
 * Logits are `[N, K]`, labels `[N]`: row n belongs to image n.
 *
 * @module
 */
import { BYTES, FLOATS } from "../data/images.ts";
import { check, whole } from "../options.ts";

/** How well a network does on some images. */
export interface Score {
  /** Mean softmax cross-entropy, in nats. */
  readonly loss: number;
  /** The share of the images that were classified correctly, 0 … 1. */
  readonly accuracy: number;
  /** How many were classified correctly. */
  readonly correct: number;
  /** How many images there were. */
  readonly count: number;
}

/** A misclassified image. */
export interface Mistake {
  /** The row of the logits. */
  readonly position: number;
  /** Its class. */
  readonly label: number;
  /** The predicted class. */
  readonly predicted: number;
  /** The probability of the predicted class, 0 … 1. */
  readonly probability: number;
  /** −ln of the probability of the right class. */
  readonly loss: number;
}

/** The number of a class fits a byte. */
const CLASSES = whole(1, 256);

/**
 * Loss and accuracy over all rows.
 *
 * @throws {TypeError} If the logits are not K for every label.
 * @throws {RangeError} If there is no row, or a label is not below K.
 *
 * @example
 * ```ts
 * import { scoreLogits } from "./metrics.ts";
 * import assert from "node:assert/strict";
 *
 * const score = scoreLogits(Float32Array.of(0, 0, 3, 0), Uint8Array.of(1, 0), 2);
 * assert.equal(score.accuracy, 0.5); // two equal logits: the first class counts as predicted
 * assert.equal(score.loss.toFixed(6), ((Math.log(2) + Math.log(1 + Math.exp(-3))) / 2).toFixed(6));
 * ```
 */
export function scoreLogits(logits: Float32Array, labels: Uint8Array, classes: number): Score {
  const losses = crossEntropies(logits, labels, classes);
  if (losses.length === 0) {
    throw new RangeError("Cannot compute the loss: there must be one image or more: current value is none");
  }
  const predicted = predictedClasses(logits, classes);
  const correct = predicted.reduce((sum, k, n) => sum + (k === labels[n] ? 1 : 0), 0);
  const count = labels.length;
  return { loss: losses.reduce((a, b) => a + b, 0) / count, accuracy: correct / count, correct, count };
}

/**
 * The softmax cross-entropy of every row in nats, `ln Σ exp(z − max) + (max − z[label])`, without overflow.
 *
 * @throws {TypeError} If the logits are not K for every label.
 * @throws {RangeError} If a label is not below K.
 */
export function crossEntropies(logits: Float32Array, labels: Uint8Array, classes: number): Float64Array {
  const action = "compute the loss";
  check(action, "classes", { value: classes, rule: CLASSES });
  check(action, "logits", { value: logits, rule: FLOATS });
  checkClasses(action, "labels", { values: labels, classes });
  if (logits.length !== labels.length * classes) {
    throw new TypeError(
      `Cannot compute the loss: logits must be ${labels.length} × ${classes} numbers: current value is ${logits.length}`,
    );
  }
  return Float64Array.from(labels, (label, n) => {
    const row = logits.subarray(n * classes, (n + 1) * classes);
    return crossEntropy(row, label);
  });
}

/**
 * The class of the largest logit of every row; the first of equal ones.
 *
 * @throws {TypeError} If the logits are not rows of K.
 *
 * @example
 * ```ts
 * import { predictedClasses } from "./metrics.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...predictedClasses(Float32Array.of(0, 2, 1, 3, 3, -3), 3)], [1, 0]);
 * ```
 */
export function predictedClasses(logits: Float32Array, classes: number): Uint8Array {
  const action = "find the classes";
  check(action, "classes", { value: classes, rule: CLASSES });
  check(action, "logits", { value: logits, rule: FLOATS });
  if (logits.length % classes !== 0) {
    throw new TypeError(
      `Cannot ${action}: logits must be rows of ${classes} numbers: current value is ${logits.length}`,
    );
  }
  return Uint8Array.from({ length: logits.length / classes }, (_, n) => {
    const row = logits.subarray(n * classes, (n + 1) * classes);
    return row.reduce((best, z, k) => z > row[best] ? k : best, 0);
  });
}

/**
 * How often each class was predicted for each label: `matrix[label][predicted]`.
 *
 * @throws {TypeError} If there is not one prediction for every label.
 * @throws {RangeError} If one of them is not below `classes`.
 *
 * @example
 * ```ts
 * import { confusionMatrix } from "./metrics.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(confusionMatrix(Uint8Array.of(0, 0, 1), Uint8Array.of(0, 1, 1), 2), [[1, 1], [0, 1]]);
 * ```
 */
export function confusionMatrix(labels: Uint8Array, predicted: Uint8Array, classes: number): number[][] {
  const action = "count what was taken for what";
  check(action, "classes", { value: classes, rule: CLASSES });
  checkClasses(action, "labels", { values: labels, classes });
  checkClasses(action, "predictions", { values: predicted, classes });
  if (labels.length !== predicted.length) {
    throw new TypeError(
      `Cannot ${action}: there must be ${labels.length} predictions, one a label: current value is ${predicted.length}`,
    );
  }
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  labels.forEach((label, n) => matrix[label][predicted[n]]++);
  return matrix;
}

/** The wrongly classified images with the largest losses, worst first; the first of equal ones. */
export function worstMistakes(
  logits: Float32Array,
  labels: Uint8Array,
  { classes, most }: { classes: number; most: number },
): Mistake[] {
  const losses = crossEntropies(logits, labels, classes);
  const predicted = predictedClasses(logits, classes);
  return [...labels.keys()]
    .filter((n) => predicted[n] !== labels[n])
    .sort((a, b) => losses[b] - losses[a])
    .slice(0, most)
    .map((position) => {
      const row = logits.subarray(position * classes, (position + 1) * classes);
      const probability = Math.exp(-crossEntropy(row, predicted[position]));
      return {
        position,
        label: labels[position],
        predicted: predicted[position],
        probability,
        loss: losses[position],
      };
    });
}

function checkClasses(
  action: string,
  name: string,
  { values, classes }: { values: Uint8Array; classes: number },
): void {
  check(action, name, { value: values, rule: BYTES });
  const wrong = values.find((value) => value >= classes);
  if (wrong === undefined) return;
  throw new RangeError(`Cannot ${action}: ${name} must be below ${classes}: current value is ${wrong}`);
}

function crossEntropy(row: Float32Array, label: number): number {
  const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
  return Math.log(row.reduce((sum, z) => sum + Math.exp(z - largest), 0)) + (largest - row[label]);
}
