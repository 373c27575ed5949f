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
import { checkOptions, OBJECT, oneOf, optional, type Rules } from "../options.ts";
import {
  type Classifier,
  createClassifier,
  type LayerSpec,
  type LstmSpec,
  type RnnSpec,
} from "./classifier.ts";
import { createNetwork } from "./create_network.ts";
import type { Network } from "./network.ts";
import type { LayerOptions, NetworkOptions, RecurrentOptions } from "./network_options.ts";
import { type ChainLayer, type NarrowerRules, readChain } from "./tensorflow_chain.ts";
import { among, describe, ONLY_NULL, type PropertyRules, TAKEN_BY_FIT } from "./tensorflow_layers.ts";
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
const ONLY_TRUE = among([true]);
const NO_DROPOUT = among([0], `tf.layers.dropout above the layer drops its outputs; ${TAKEN_BY_FIT}`);

const WEIGHT_RULES: PropertyRules = {
  useBias: ONLY_TRUE,
  kernelRegularizer: ONLY_NULL,
  biasRegularizer: ONLY_NULL,
};

const RECURRENT_RULES: PropertyRules = {
  ...WEIGHT_RULES,
  recurrentRegularizer: ONLY_NULL,
  dropout: NO_DROPOUT,
  recurrentDropout: NO_DROPOUT,
  goBackwards: among([false]),
};

/** What the layers of a classifier of images have to be, besides what every network needs. */
const CLASSIFIER_RULES: NarrowerRules = {
  LSTM: {
    activation: among(["tanh"]),
    recurrentActivation: among(["sigmoid", "hardSigmoid"]),
    ...RECURRENT_RULES,
  },
  SimpleRNN: { activation: among(["tanh", "relu"]), ...RECURRENT_RULES },
  Dropout: { seed: among([null], "masks follow from the seed of the training") },
  Dense: { activation: among(["linear", "softmax"]), ...WEIGHT_RULES },
};

/**
 * Compiles a model of `lstm` and `simpleRNN` layers, a `dropout` above any of them, and one `dense` head into the network of a
 * classifier. Initializers, `unroll` and `implementation` do not matter; a softmax of the head is left to the loss.
 *
 * The loss is always softmax cross-entropy. If `model.compile()` was given another one, that is an error; its optimizer
 * and its metrics are not used.
 *
 * @param model Input `[N, T, C]`, output `[N, K]`
 * @param options.biases 2 to train the sum of PyTorch's two bias vectors in every recurrent layer; 1 by default
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
 *     tf.layers.dropout({ rate: 0.5 }),
 *     tf.layers.dense({ units: 10 }),
 *   ],
 * });
 * const { network, T } = toNetwork(model);
 * assert.equal(T, 28);
 * assert.equal(network.recurrent[0].dropout, 0.5);
 * assert.equal(network.size, model.countParams());
 * ```
 */
export function toNetwork(model: LayersModel, options: { biases?: 1 | 2 } = {}): ModelNetwork {
  const { biases } = checkOptions(COMPILE, options, { biases: optional(oneOf(1, 2)) });
  const { input, T, layers } = readChain(COMPILE, model, { narrower: CLASSIFIER_RULES, isTrained: true });
  checkOrder(model, layers);

  const specs: LayerSpec[] = [];
  for (const { options } of layers.slice(0, -1)) {
    const below = specs.at(-1);
    if (options.kind === "dropout") specs[specs.length - 1] = { ...below!, dropout: options.rate };
    else specs.push(specOf(options as RecurrentOptions, below?.hiddenSize ?? input.size));
  }
  const head = layers[layers.length - 1];
  const { units: classes, activation } = head.options as DenseOptions;
  if (classes < 2) {
    throw refusal(COMPILE, {
      subject: `units of ${describe(head.source)}`,
      must: "be at least 2, one a class",
      found: `${classes}`,
      remedy: "Scanline trains classifiers of images with it; scanline.fit() trains all else",
    });
  }
  checkLoss(model, activation as keyof typeof CLASSIFIER_LOSSES);
  return { network: createClassifier({ layers: specs, classes, biases }), T };
}

type DenseOptions = Extract<LayerOptions, { kind: "dense" }>;

function specOf(options: RecurrentOptions, inputSize: number): LayerSpec {
  const sizes = { inputSize, hiddenSize: options.hiddenSize, dropout: 0 };
  return options.kind === "lstm"
    ? { kind: "lstm", ...sizes, gateActivation: options.gateActivation as LstmSpec["gateActivation"] }
    : { kind: "rnn", ...sizes, activation: options.activation as RnnSpec["activation"] };
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
  const { classes } = network.head;
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

/** Recurrent layers, each with at most one Dropout above it, then the head. */
function checkOrder(model: LayersModel, layers: readonly ChainLayer[]): void {
  for (const [index, { source, options }] of layers.entries()) {
    if (options.kind === "dense" && index < layers.length - 1) {
      throw refusal(COMPILE, {
        subject: `position of ${describe(source)}`,
        must: "be the last, as head",
        found: `${index + 1} of ${layers.length}`,
        remedy: TAKEN_BY_FIT,
      });
    }
    const below = layers[index - 1];
    if (options.kind === "dropout" && !(below && isCell(below))) {
      throw refusal(COMPILE, {
        subject: `layer below "${source.name}" (Dropout)`,
        must: "be LSTM or SimpleRNN",
        found: below ? `${below.source.getClassName()} "${below.source.name}"` : "the input",
        remedy: TAKEN_BY_FIT,
      });
    }
  }
  const last = layers.findLast(isCell);
  if (!last || layers.at(-1)?.options.kind !== "dense") {
    throw refusal(COMPILE, {
      subject: `layers of model "${model.name}"`,
      must: "be LSTM or SimpleRNN layers and a Dense head",
      found: layers.map(({ source }) => source.getClassName()).join(", "),
    });
  }
  if ((last.options as RecurrentOptions).returnSequences) {
    throw refusal(COMPILE, {
      subject: `returnSequences of ${describe(last.source)}`,
      must: "be false",
      found: "true",
      remedy: `true in every recurrent layer but the last: the head reads the last step; ${TAKEN_BY_FIT}`,
    });
  }
}

function isCell({ options }: ChainLayer): boolean {
  return options.kind === "lstm" || options.kind === "rnn";
}

/**
 * By the activation of the head, the loss that is the softmax cross-entropy of the logits: TensorFlow.js's names take
 * probabilities (and clip them to 1e-7 … 1 − 1e-7), its function takes logits.
 */
const CLASSIFIER_LOSSES = {
  softmax: {
    loss: "categoricalCrossEntropy",
    names: '"categoricalCrossentropy" or "sparseCategoricalCrossentropy"',
  },
  linear: { loss: "softmaxCrossEntropy", names: "tf.losses.softmaxCrossEntropy" },
} as const;

/** @throws {TypeError} If the model was compiled with another loss than softmax cross-entropy. */
function checkLoss(model: LayersModel, activation: keyof typeof CLASSIFIER_LOSSES): void {
  if (model.loss === undefined) return; // never compiled
  const given = givenLoss(model), found = lossOf(given)?.loss;
  const { loss, names } = CLASSIFIER_LOSSES[activation];
  if (found === loss) return;
  const other = activation === "softmax" ? "linear" : "softmax";
  throw refusal(COMPILE, {
    subject: `loss of model "${model.name}", whose head is ${activation},`,
    must: `be ${names}`,
    found: nameOfLoss(given),
    remedy: found === CLASSIFIER_LOSSES[other].loss
      ? `that one is the same for a ${other} head`
      : "compile() trains classifiers with softmax cross-entropy: scanline.fit() takes the loss of model.compile()",
  });
}
