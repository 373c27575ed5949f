/**
 * The losses and metrics of TensorFlow.js that are computed here, by their names and functions there.
 *
 * @module
 */
import * as tf from "npm:@tensorflow/tfjs@4.22.0";
import { excerpt, printable } from "../excerpt.ts";
import type { Loss, Metric } from "./losses.ts";

/** A loss of TensorFlow.js. */
export interface TensorflowLoss {
  readonly loss: Loss;
  /** Whether its targets are class numbers, not rows. */
  readonly sparse: boolean;
  /** Whether it is one number for each sequence or step. The functions of `tf.losses` give one for the whole batch. */
  readonly perRow: boolean;
}

/** What a name or function stands for, and how people write it. */
type Entry<T> = readonly [given: unknown, written: string, meaning: T];

const rows = (loss: Loss): TensorflowLoss => ({ loss, sparse: false, perRow: true });
const batch = (loss: Loss): TensorflowLoss => ({ loss, sparse: false, perRow: false });
const SPARSE: TensorflowLoss = { loss: "categoricalCrossEntropy", sparse: true, perRow: true };

const { metrics, losses } = tf;

const LOSSES: readonly Entry<TensorflowLoss>[] = [
  ["categoricalCrossentropy", '"categoricalCrossentropy"', rows("categoricalCrossEntropy")],
  ["sparseCategoricalCrossentropy", '"sparseCategoricalCrossentropy"', SPARSE],
  ["binaryCrossentropy", '"binaryCrossentropy"', rows("binaryCrossEntropy")],
  ["meanSquaredError", '"meanSquaredError"', rows("meanSquaredError")],
  ["meanAbsoluteError", '"meanAbsoluteError"', rows("meanAbsoluteError")],
  [
    metrics.categoricalCrossentropy,
    "tf.metrics.categoricalCrossentropy",
    rows("categoricalCrossEntropy"),
  ],
  [metrics.binaryCrossentropy, "tf.metrics.binaryCrossentropy", rows("binaryCrossEntropy")],
  [metrics.meanSquaredError, "tf.metrics.meanSquaredError", rows("meanSquaredError")],
  [metrics.mse, "tf.metrics.mse", rows("meanSquaredError")],
  [metrics.MSE, "tf.metrics.MSE", rows("meanSquaredError")],
  [metrics.meanAbsoluteError, "tf.metrics.meanAbsoluteError", rows("meanAbsoluteError")],
  [losses.softmaxCrossEntropy, "tf.losses.softmaxCrossEntropy", batch("softmaxCrossEntropy")],
  [losses.sigmoidCrossEntropy, "tf.losses.sigmoidCrossEntropy", batch("sigmoidCrossEntropy")],
  [losses.meanSquaredError, "tf.losses.meanSquaredError", batch("meanSquaredError")],
  [losses.absoluteDifference, "tf.losses.absoluteDifference", batch("meanAbsoluteError")],
  [losses.huberLoss, "tf.losses.huberLoss", batch("huber")],
];

/** A metric of TensorFlow.js. */
export interface TensorflowMetric {
  readonly metric: Metric;
  /** Whether its targets are class numbers, not rows. */
  readonly sparse: boolean;
}

const ofRows = (metric: Metric): TensorflowMetric => ({ metric, sparse: false });
const ofClasses = (metric: Metric): TensorflowMetric => ({ metric, sparse: true });

const METRICS: readonly Entry<TensorflowMetric>[] = [
  ["binaryAccuracy", '"binaryAccuracy"', ofRows("binaryAccuracy")],
  ["categoricalAccuracy", '"categoricalAccuracy"', ofRows("categoricalAccuracy")],
  ["categoricalCrossentropy", '"categoricalCrossentropy"', ofRows("categoricalCrossEntropy")],
  ["sparseCategoricalCrossentropy", '"sparseCategoricalCrossentropy"', ofClasses("categoricalCrossEntropy")],
  ["mse", '"mse"', ofRows("meanSquaredError")],
  ["MSE", '"MSE"', ofRows("meanSquaredError")],
  ["mae", '"mae"', ofRows("meanAbsoluteError")],
  ["MAE", '"MAE"', ofRows("meanAbsoluteError")],
  [metrics.binaryAccuracy, "tf.metrics.binaryAccuracy", ofRows("binaryAccuracy")],
  [metrics.categoricalAccuracy, "tf.metrics.categoricalAccuracy", ofRows("categoricalAccuracy")],
  [
    metrics.sparseCategoricalAccuracy,
    "tf.metrics.sparseCategoricalAccuracy",
    ofClasses("categoricalAccuracy"),
  ],
  [metrics.categoricalCrossentropy, "tf.metrics.categoricalCrossentropy", ofRows("categoricalCrossEntropy")],
  [metrics.binaryCrossentropy, "tf.metrics.binaryCrossentropy", ofRows("binaryCrossEntropy")],
  [metrics.meanSquaredError, "tf.metrics.meanSquaredError", ofRows("meanSquaredError")],
  [metrics.mse, "tf.metrics.mse", ofRows("meanSquaredError")],
  [metrics.MSE, "tf.metrics.MSE", ofRows("meanSquaredError")],
  [metrics.meanAbsoluteError, "tf.metrics.meanAbsoluteError", ofRows("meanAbsoluteError")],
];

/** Names of metrics that TensorFlow.js resolves by the loss and the output. */
const ACCURACY: readonly unknown[] = ["accuracy", "acc"];
const CROSS_ENTROPY: readonly unknown[] = ["crossentropy", "ce"];

/** What is supported, for messages. */
export const LOSS_NAMES: string = LOSSES.map(([, written]) => written).join(", ");
/** What is supported, for messages. */
export const METRIC_NAMES: string = [
  ...[...ACCURACY, ...CROSS_ENTROPY].map((name) => `"${name}"`),
  ...METRICS.map(([, written]) => written),
].join(", ");

/** The loss that `model.compile()` was given for the model's one output. */
export function givenLoss({ loss }: tf.LayersModel): unknown {
  return typeof loss === "object" && loss !== null ? Object.values(loss)[0] : loss;
}

/** What a name or function means as a loss, undefined if it is not supported. */
export function lossOf(given: unknown): TensorflowLoss | undefined {
  return LOSSES.find(([one]) => one === given)?.[2];
}

/**
 * What a name or function means as a metric, undefined if it is not supported. Accuracy is binary where there is one output, or
 * the loss is *named* binaryCrossentropy, as TensorFlow.js has it.
 */
export function metricOf(
  given: unknown,
  { loss, outputs }: { loss: unknown; outputs: number },
): TensorflowMetric | undefined {
  const isAccuracy = ACCURACY.includes(given);
  if (!isAccuracy && !CROSS_ENTROPY.includes(given)) return METRICS.find(([one]) => one === given)?.[2];
  if (outputs === 1 || loss === "binaryCrossentropy") {
    return ofRows(isAccuracy ? "binaryAccuracy" : "binaryCrossEntropy");
  }
  const metric = isAccuracy ? "categoricalAccuracy" : "categoricalCrossEntropy";
  return loss === "sparseCategoricalCrossentropy" ? ofClasses(metric) : ofRows(metric);
}

/** How people write a loss or metric, for messages. */
export function nameOfLoss(given: unknown): string {
  if (typeof given !== "function") return excerpt(given);
  for (const [room, functions] of Object.entries({ losses, metrics })) {
    const found = Object.entries(functions).find(([, one]) => one === given);
    if (found) return `tf.${room}.${found[0]}`;
  }
  return `the function ${printable(given.name)}`;
}
