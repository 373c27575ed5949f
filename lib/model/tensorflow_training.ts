/**
 * What `model.compile()` was given, as engines train it.
 *
 * @module
 */
import { type LayersModel, toChain } from "./from_tensorflow.ts";
import type { Metric } from "./losses.ts";
import type { Layer, Network } from "./network.ts";
import {
  givenLoss,
  LOSS_NAMES,
  lossOf,
  METRIC_NAMES,
  metricOf,
  nameOfLoss,
  type TensorflowLoss,
} from "./tensorflow_losses.ts";
import { checkModelOptimizer, FIT, weightOrder } from "./tensorflow_optimizers.ts";
import { refusal } from "./tensorflow_refusal.ts";

/** The result of {@link toTraining}. */
export interface ModelTraining {
  /** What an engine trains, with the loss and the metrics of `model.compile()`. */
  readonly network: Network;
  /** T of the model's input, null where it is open. */
  readonly T: number | null;
  /** For each metric of the network, its key in `logs` and `History.history`; the first key, `loss`, is left out. */
  readonly metricNames: readonly string[];
  /** Classes `[N, 1]` or `[N, T, 1]` for sparse losses; for the others rows, in the shape of the output. */
  readonly targets: "classes" | "rows";
  /**
   * Whether TensorFlow.js weighs each row by itself. False for the functions of `tf.losses`, whose one number for the batch it
   * multiplies by the mean of all weights: `classWeight` means nothing there.
   */
  readonly weighted: boolean;
}

/**
 * From a model on which `compile()` was called to what an engine trains. The optimizer is only checked, see
 * `readOptimizer()`.
 *
 * The regularizers of `network` belong to the loss in training only: TensorFlow.js leaves them out of evaluations, and so
 * out of `val_loss`.
 *
 * @throws {TypeError} If anything in the model, its loss, its metrics or its optimizer cannot be computed.
 *
 * @example
 * ```ts
 * import * as tf from "npm:@tensorflow/tfjs@4.22.0";
 * import { toTraining } from "./tensorflow_training.ts";
 * import assert from "node:assert/strict";
 *
 * const layers = [tf.layers.simpleRNN({ units: 8, inputShape: [24, 4] }), tf.layers.dense({ units: 1 })];
 * const model = tf.sequential({ layers });
 * model.compile({ optimizer: "adam", loss: "meanSquaredError", metrics: ["mae"] });
 * const { network, metricNames } = toTraining(model);
 * assert.equal(network.loss, "meanSquaredError");
 * assert.deepEqual(network.metrics, ["meanAbsoluteError"]);
 * assert.deepEqual(metricNames, ["mae"]);
 * ```
 */
export function toTraining(model: LayersModel): ModelTraining {
  const { network: { layers, output } } = toChain(model, { action: FIT, loss: "meanSquaredError" });
  if (!model.optimizer) {
    throw refusal(FIT, {
      subject: `model "${model.name}"`,
      must: "have a loss and an optimizer",
      found: "neither",
      remedy: "call model.compile() first",
    });
  }
  const { loss, sparse, perRow } = readLoss(model, { layers, outputs: output.size });
  const metrics = readMetrics(model, { sparse, outputs: output.size });
  checkModelOptimizer(FIT, model.optimizer);
  const { network, T } = toChain(model, { action: FIT, loss, metrics });
  weightOrder(FIT, model, network);
  return {
    network,
    T,
    metricNames: metricNamesOf(model),
    targets: sparse ? "classes" : "rows",
    weighted: perRow,
  };
}

function readLoss(
  model: LayersModel,
  { layers, outputs }: { layers: readonly Layer[]; outputs: number },
): TensorflowLoss {
  const given = givenLoss(model), found = lossOf(given);
  const subject = `loss of model "${model.name}"`;
  if (!found) throw refusal(FIT, { subject, must: `be one of ${LOSS_NAMES}`, found: nameOfLoss(given) });
  if (found.loss === "categoricalCrossEntropy" && outputs === 1) {
    throw refusal(FIT, {
      subject: `${subject}, which has one output,`,
      must: "compare more than one class",
      found: nameOfLoss(given),
      remedy: '"binaryCrossentropy" is for one output, of a sigmoid: of a softmax it is always 1',
    });
  }
  if (!found.sparse || endsWithSoftmax(layers)) return found;
  throw refusal(FIT, {
    subject: `${subject}, whose outputs are no softmax,`,
    must: 'be another one than "sparseCategoricalCrossentropy", or the last activation softmax',
    found: nameOfLoss(given),
    remedy: "TensorFlow.js cuts outputs off at 0 and 1 before it divides them by their sum",
  });
}

function endsWithSoftmax(layers: readonly Layer[]): boolean {
  const last = layers[layers.length - 1];
  return (last.kind === "dense" || last.kind === "activation") && last.activation === "softmax";
}

/** @param of.sparse Whether the loss has class numbers as targets: what its metrics compare must be the same */
function readMetrics(
  model: LayersModel,
  { sparse, outputs }: { sparse: boolean; outputs: number },
): Metric[] {
  const loss = givenLoss(model);
  return givenMetrics(model).map((given) => {
    const found = metricOf(given, { loss, outputs });
    const subject = `metrics of model "${model.name}"`;
    if (!found) {
      throw refusal(FIT, { subject, must: `be among ${METRIC_NAMES}`, found: nameOfLoss(given) });
    }
    if (found.sparse === sparse) return found.metric;
    throw refusal(FIT, {
      subject: `${subject}, whose targets are ${sparse ? "class numbers" : "rows"},`,
      must: "compare outputs with such targets",
      found: nameOfLoss(given),
      remedy: '"accuracy" does for every loss',
    });
  });
}

/** The metrics of the model's one output, as `model.compile()` was given them. */
function givenMetrics({ metrics, outputNames }: LayersModel): readonly unknown[] {
  if (metrics === undefined || metrics === null) return [];
  if (Array.isArray(metrics)) return metrics;
  if (typeof metrics !== "object") return [metrics];
  const named: unknown = (metrics as Record<string, unknown>)[outputNames[0]] ?? [];
  return Array.isArray(named) ? named : [named];
}

/** With numbers where one is there twice. */
function metricNamesOf(model: LayersModel): string[] {
  return (model as unknown as { getDedupedMetricsNames(): string[] }).getDedupedMetricsNames().slice(1);
}
