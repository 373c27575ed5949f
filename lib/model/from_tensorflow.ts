/**
 * From a model of TensorFlow.js to the {@link Network} that engines train.
 *
 * What an engine does not compute is rejected here, with one error that names layer, property, what is supported and
 * what was found: a model that compiles means the same to Scanline as to TensorFlow.js.
 *
 * @module
 */
import type * as tf from "npm:@tensorflow/tfjs@4.22.0";
import { CATALOGUE } from "../data/catalogue.ts";
import { checkSequence } from "../data/sequence.ts";
import { excerpt } from "../excerpt.ts";
import { BOOLEAN, checkOptions, OBJECT, oneOf, optional, type Rules } from "../options.ts";
import { type Classifier, createClassifier } from "./classifier.ts";
import { createNetwork } from "./create_network.ts";
import type { Network } from "./network.ts";
import type { LayerOptions, NetworkOptions } from "./network_options.ts";
import { type Chain, type ChainLayer, isCell, readChain, TAKEN_BY_FIT } from "./tensorflow_chain.ts";
import { describe, readsInput } from "./tensorflow_layers.ts";
import { givenLoss, lossOf, nameOfLoss } from "./tensorflow_losses.ts";
import { refusal } from "./tensorflow_refusal.ts";
import { readWeights } from "./tensorflow_weights.ts";
import { defaultClassNames, type TrainedModel } from "./trained_model.ts";

/** A model of TensorFlow.js: a `tf.Sequential`, or a `tf.model` that is one chain of layers. */
export type LayersModel = tf.LayersModel;

/** The result of {@link toChain}. */
export interface ModelChain {
  /** What an engine computes. */
  readonly network: Network;
  /** T of the model's input shape `[N, T, C]` or `[N, T]`, null where it is open. */
  readonly T: number | null;
}

/**
 * Converts a model to a network. Initializers, `unroll`, `implementation` and the `seed` of a Dropout do not matter; nor do the
 * regularizers of recurrent layers, which TensorFlow.js 4.22 never adds to the loss.
 *
 * @param options.action For messages: `Cannot <action>`
 * @param options.isTrained Whether weights that are frozen are refused; true by default
 * @throws {TypeError} If anything in the model means something else to an engine: layer, property, what is supported and
 * what was found are in the message.
 *
 * @example
 * ```ts
 * import * as tf from "npm:@tensorflow/tfjs@4.22.0";
 * import { toChain } from "./from_tensorflow.ts";
 * import assert from "node:assert/strict";
 *
 * const model = tf.sequential({
 *   layers: [
 *     tf.layers.gru({ units: 8, inputShape: [24, 4], recurrentInitializer: "zeros" }),
 *     tf.layers.dense({ units: 1 }),
 *   ],
 * });
 * const { network, T } = toChain(model, { action: "fit the model", loss: "meanSquaredError" });
 * assert.equal(T, 24);
 * assert.equal(network.size, model.countParams());
 * ```
 */
export function toChain(
  model: LayersModel,
  { action, isTrained = true, ...others }: Pick<NetworkOptions, "loss" | "metrics"> & {
    action: string;
    isTrained?: boolean;
  },
): ModelChain {
  const { input, T, layers } = readChain(action, model, { isTrained });
  if (model.countParams() === 0) {
    throw refusal(action, {
      subject: `layers of model "${model.name}"`,
      must: "have weights",
      found: "none",
    });
  }
  return { network: createNetwork({ input, layers: layers.map(({ options }) => options), ...others }), T };
}

/** The result of {@link toNetwork}. */
export interface ModelNetwork {
  /** What an engine trains. */
  readonly network: Classifier;
  /** T of the model's input shape `[N, T, C]`, null where it is open. */
  readonly T: number | null;
}

const COMPILE = "compile the model";

/** What {@link toNetwork} takes besides the model. */
export interface NetworkTraits {
  /** 2 to train the sum of PyTorch's two bias vectors in every recurrent layer; 1 by default. */
  readonly biases?: 1 | 2;
  /** Whether batch normalization averages the variance of the population, as in PyTorch; false by default. */
  readonly unbiased?: boolean;
}

const TRAITS_RULES: Rules<NetworkTraits> = { biases: optional(oneOf(1, 2)), unbiased: optional(BOOLEAN) };

/**
 * Compiles a model with at least one recurrent layer, that reads features and answers once a sequence, into the network of a
 * classifier. Initializers, `unroll`, `implementation` and the `seed` of a Dropout do not matter; nor do the regularizers of recurrent
 * layers, which TensorFlow.js 4.22 never adds to the loss. A softmax at the end is left to the loss.
 *
 * The loss is always softmax cross-entropy. If `model.compile()` was given another one, that is an error; its optimizer
 * and its metrics are not used.
 *
 * @param model Input `[N, T, C]`, output `[N, K]`
 * @throws {TypeError} If anything in the model means something else to an engine: layer, property, what is supported and
 * what was found are in the message.
 *
 * @example
 * ```ts
 * import * as tf from "npm:@tensorflow/tfjs@4.22.0";
 * import { toNetwork } from "./from_tensorflow.ts";
 * import assert from "node:assert/strict";
 *
 * const model = tf.sequential({
 *   layers: [
 *     tf.layers.simpleRNN({ units: 8, activation: "relu", inputShape: [28, 28], recurrentInitializer: "zeros" }),
 *     tf.layers.batchNormalization(),
 *     tf.layers.dense({ units: 10 }),
 *   ],
 * });
 * const { network, T } = toNetwork(model);
 * assert.equal(T, 28);
 * assert.equal(network.classes, 10);
 * assert.equal(network.size, model.countParams());
 * ```
 */
export function toNetwork(model: LayersModel, options: NetworkTraits = {}): ModelNetwork {
  const { biases, unbiased } = checkOptions(COMPILE, options, TRAITS_RULES);
  const chain = readChain(COMPILE, model, { isTrained: true });
  checkClassifier(model, chain);
  const { layers: given, ending } = withoutSoftmax(chain.layers);
  checkLoss(model, ending);
  const layers = given.map((layer) => layer.kind === "batchNorm" ? { ...layer, unbiased } : layer);
  return { network: createClassifier({ inputSize: chain.input.size, layers, biases }), T: chain.T };
}

/** What a model must be to classify images, besides what every network must be. */
function checkClassifier(model: LayersModel, { input, layers }: Chain): void {
  if (input.kind === "tokens" || input.maskValue !== undefined) {
    throw refusal(COMPILE, {
      subject: `layers of model "${model.name}"`,
      must: "read features without a mask",
      found: describe(model.layers.find(readsInput)!),
      remedy: TAKEN_BY_FIT,
    });
  }
  if (!layers.some(({ options }) => isCell(options) || options.kind === "bidirectional")) {
    const found = layers.map(({ source }) => source.getClassName()).join(", ");
    throw refusal(COMPILE, {
      subject: `one of the layers of model "${model.name}"`,
      must: "be recurrent",
      found,
    });
  }
  const { shape } = model.outputs[0], [, classes] = shape;
  if (shape.length !== 2) {
    throw refusal(COMPILE, {
      subject: `output of model "${model.name}"`,
      must: "be [N, K], one step",
      found: excerpt(shape),
      remedy:
        "returnSequences: false in the last recurrent layer, or scanline.lastStep() above it, leaves the last step; " +
        "scanline.fit() takes it as it is",
    });
  }
  if (classes! < 2) {
    throw refusal(COMPILE, {
      subject: `output of model "${model.name}"`,
      must: "be at least 2 numbers, one a class",
      found: `${classes}`,
      remedy: "Scanline trains classifiers of images with it; scanline.fit() trains all else",
    });
  }
}

/** The layers with a softmax at the end left to the loss. */
function withoutSoftmax(chain: readonly ChainLayer[]): { layers: LayerOptions[]; ending: Ending } {
  const layers = chain.map(({ options }) => options), last = layers[layers.length - 1];
  if (last.kind !== "dense" && last.kind !== "activation") return { layers, ending: "linear" };
  const { activation = "linear" } = last;
  if (activation !== "linear" && activation !== "softmax") {
    throw refusal(COMPILE, {
      subject: `activation of ${describe(chain[chain.length - 1].source)}, the last,`,
      must: 'be "linear" or "softmax"',
      found: excerpt(activation),
      remedy: TAKEN_BY_FIT,
    });
  }
  const head: LayerOptions = { ...last, activation: "linear" };
  const ended = last.kind === "dense" ? [...layers.slice(0, -1), head] : layers.slice(0, -1);
  return { layers: ended, ending: activation };
}

/**
 * Converts a trained `tf.Sequential` to a {@link TrainedModel}, with its current weights. `toTensorflow()` is the inverse.
 *
 * @param about How it reads an image, and more for people; classes are called 0, 1, … by default
 * @throws {TypeError} If anything in the model means something else to an engine, see {@link toNetwork}; or if `about` has
 * an unknown property.
 */
export async function fromTensorflow(
  model: LayersModel,
  about:
    & Pick<TrainedModel, "sequence">
    & Partial<Pick<TrainedModel, "classNames" | "dataset" | "preparation">>,
): Promise<TrainedModel> {
  const action = "import the model";
  const { sequence, ...others } = checkOptions(action, about, ABOUT_RULES, "about");
  checkSequence(sequence);
  const { network, T } = toNetwork(model);
  const { classes } = network;
  const { classNames = defaultClassNames(classes, others.dataset) } = others;
  if (classNames.length !== classes) {
    throw new RangeError(
      `Cannot ${action}: classNames must be one for each of the ${classes} classes: current value is ${classNames.length}`,
    );
  }
  return { network, T, sequence, parameters: await readWeights(model, network), ...others, classNames };
}

const ABOUT_RULES: Rules<Parameters<typeof fromTensorflow>[1]> = {
  sequence: { ...OBJECT, must: "an object with axis, and range or mean and deviation" },
  classNames: optional({
    must: "a list of texts",
    isKind: (value) => Array.isArray(value) && value.every((name) => typeof name === "string"),
  }),
  dataset: optional(oneOf(...Object.keys(CATALOGUE))),
  preparation: optional(oneOf("digit", "none")),
};

/**
 * By the last activation, the loss that is the softmax cross-entropy of the logits: TensorFlow.js's names take
 * probabilities (and clip them to 1e-7 … 1 − 1e-7), its function takes logits.
 */
const CLASSIFIER_LOSSES = {
  softmax: {
    loss: "categoricalCrossEntropy",
    names: '"categoricalCrossentropy" or "sparseCategoricalCrossentropy"',
  },
  linear: { loss: "softmaxCrossEntropy", names: "tf.losses.softmaxCrossEntropy" },
} as const;

/** The last activation of a model. */
type Ending = keyof typeof CLASSIFIER_LOSSES;

/** @throws {TypeError} If the model was compiled with another loss than softmax cross-entropy. */
function checkLoss(model: LayersModel, activation: Ending): void {
  if (model.loss === undefined) return; // never compiled
  const given = givenLoss(model), found = lossOf(given)?.loss;
  const { loss, names } = CLASSIFIER_LOSSES[activation];
  if (found === loss) return;
  const other = activation === "softmax" ? "linear" : "softmax";
  throw refusal(COMPILE, {
    subject: `loss of model "${model.name}", whose last activation is ${activation},`,
    must: `be ${names}`,
    found: nameOfLoss(given),
    remedy: found === CLASSIFIER_LOSSES[other].loss
      ? `that one is the same where it is ${other}`
      : "compile() trains classifiers with softmax cross-entropy: scanline.fit() takes the loss of model.compile()",
  });
}
