/**
 * Trains a published model by TensorFlow.js's `fit()` or one that stands in for it, and tells how far two trainings differ.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { DOMAIN, RandomStream } from "../../../lib/random.ts";
import { buildModel, type TensorFlow, toTensors } from "./build.ts";
import { generateExamples } from "./generate.ts";
import type { PublishedModel } from "./table.ts";

/** `model.fit(x, y, args)`, or another function that does the same. */
export type Fit = (
  model: tf.Sequential,
  x: tf.Tensor,
  y: tf.Tensor,
  args: tf.ModelFitArgs,
) => Promise<tf.History>;

/** TensorFlow.js's own. */
export const stockFit: Fit = (model, x, y, args) => model.fit(x, y, args);

/** How long a model trains, on how many sequences, from which start. */
export interface Course {
  readonly count: number;
  readonly batchSize: number;
  readonly epochs: number;
  /** Whether Dropout layers drop anything. */
  readonly dropout: boolean;
  /** Of the examples and of the weights to start from; 1 by default. */
  readonly seed?: number;
}

/** What came of a training. */
export interface Outcome {
  /** `loss` and the metrics, one number an epoch. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  /** The weights afterwards, in the order of `model.getWeights()`. */
  readonly weights: readonly Float32Array[];
}

/** Builds a model, generates its examples and trains it, in the same order at every epoch. */
export async function trainModel(
  tf: TensorFlow,
  published: PublishedModel,
  { count, batchSize, epochs, dropout, seed }: Course,
  fit: Fit,
): Promise<Outcome> {
  const model = buildModel(tf, published, { dropout, seed });
  const { x, y } = toTensors(tf, generateExamples(published, count, seed));
  try {
    const { history } = await fit(model, x, y, { batchSize, epochs, shuffle: false, verbose: 0 });
    const weights = await Promise.all(model.getWeights().map((weight) => weight.data()));
    return { history: history as Record<string, number[]>, weights: weights as Float32Array[] };
  } finally {
    tf.dispose([x, y]);
    model.dispose();
  }
}

const SIGNS = 16;

/**
 * Sums of all elements of an array with random signs, {@link SIGNS} of them, the same signs for every array of its size. The
 * mean square of the differences between the sums of two arrays estimates ‖a − b‖² within a factor of 1.35, so that a file
 * of sums can stand for one of weights.
 *
 * Source: Achlioptas, "Database-friendly random projections", PODS 2001.
 */
export function sketch(values: ArrayLike<number>): number[] {
  const random = new RandomStream(values.length, DOMAIN.shuffle, 1);
  const sums = new Array<number>(SIGNS).fill(0);
  for (let i = 0; i < values.length; i++) {
    const word = random.next();
    for (let k = 0; k < SIGNS; k++) sums[k] += (word >>> k) & 1 ? values[i] : -values[i];
  }
  return sums;
}

/** ‖a − b‖ / ‖b‖, of arrays or of their sketches. */
export function relativeDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0, norm = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    norm += b[i] ** 2;
  }
  return Math.sqrt(difference / norm);
}
