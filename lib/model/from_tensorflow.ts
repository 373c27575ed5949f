/**
 * From a `tf.Sequential` to the {@link Classifier} that engines train.
 *
 * What an engine does not compute is rejected here, with one error that names layer, property, what is supported and
 * what was found: a model that compiles means the same to Scanline as to TensorFlow.js.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { CATALOGUE } from "../data/catalogue.ts";
import { checkSequence } from "../data/sequence.ts";
import { excerpt, printable } from "../excerpt.ts";
import { checkOptions, OBJECT, oneOf, optional, type Rules } from "../options.ts";
import {
  type Classifier,
  createClassifier,
  type LayerSpec,
  type LstmSpec,
  type RnnSpec,
} from "./classifier.ts";
import type { Network, NetworkOptions } from "./network.ts";
import { readWeights } from "./tensorflow_weights.ts";
import { defaultClassNames, type TrainedModel } from "./trained_model.ts";

/** TensorFlow.js's model; of its kinds, `tf.Sequential` is the one that compiles. */
export type LayersModel = tf.LayersModel;

/** The result of {@link toChain}. */
export interface ModelChain {
  /** What an engine computes. */
  readonly network: Network;
  /** T of the model's input shape `[N, T, C]` or `[N, T]`, null where it is open. */
  readonly T: number | null;
}

/**
 * Converts a `tf.Sequential`, or a `tf.model` that is one chain of layers, to a network.
 *
 * @param options.action For messages: `Cannot <action>`
 * @throws {TypeError} If anything in the model means something else to an engine: layer, property, what is supported and
 * what was found are in the message.
 */
export function toChain(
  _model: LayersModel,
  _options: Pick<NetworkOptions, "loss" | "metrics" | "biases"> & { action: string },
): ModelChain {
  throw new Error("not yet");
}

/** The result of {@link toNetwork}. */
export interface ModelNetwork {
  /** What an engine trains. */
  readonly network: Classifier;
  /** T of the model's input shape `[N, T, C]`, null where it is open. */
  readonly T: number | null;
}

/**
 * The values of a property that mean to an engine what they mean to TensorFlow.js (which itself keeps `returnState` and
 * `activityRegularizer` out of a `Sequential`).
 */
interface Rule {
  readonly allowed: readonly unknown[];
  readonly remedy?: string;
}

const ONLY_NULL: Rule = { allowed: [null] };
const ONLY_TRUE: Rule = { allowed: [true] };
const ONLY_FALSE: Rule = { allowed: [false] };
const NO_DROPOUT: Rule = { allowed: [0], remedy: "tf.layers.dropout above the layer drops its outputs" };

const WEIGHT_RULES: Readonly<Record<string, Rule>> = {
  useBias: ONLY_TRUE,
  kernelRegularizer: ONLY_NULL,
  biasRegularizer: ONLY_NULL,
  kernelConstraint: ONLY_NULL,
  biasConstraint: ONLY_NULL,
};

const RECURRENT_RULES: Readonly<Record<string, Rule>> = {
  ...WEIGHT_RULES,
  recurrentRegularizer: ONLY_NULL,
  recurrentConstraint: ONLY_NULL,
  dropout: NO_DROPOUT,
  recurrentDropout: NO_DROPOUT,
  goBackwards: ONLY_FALSE,
  stateful: ONLY_FALSE,
};

const LSTM_RULES: Readonly<Record<string, Rule>> = {
  activation: { allowed: ["tanh"] },
  recurrentActivation: { allowed: ["sigmoid", "hardSigmoid"] },
  ...RECURRENT_RULES,
};

const RNN_RULES: Readonly<Record<string, Rule>> = {
  activation: { allowed: ["tanh", "relu"] },
  ...RECURRENT_RULES,
};

const HEAD_RULES: Readonly<Record<string, Rule>> = {
  activation: { allowed: ["linear", "softmax"] },
  ...WEIGHT_RULES,
};

const DROPOUT_RULES: Readonly<Record<string, Rule>> = {
  noiseShape: ONLY_NULL,
  seed: { allowed: [null], remedy: "masks follow from the seed of the training" },
};

/**
 * Compiles a `tf.Sequential` of `lstm` and `simpleRNN` layers, a `dropout` above any of them, and one `dense` head into a
 * network. Initializers, `unroll` and `implementation` do not matter; a softmax of the head is left to the loss.
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
 * import * as tf from "@tensorflow/tfjs";
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
  const { biases } = checkOptions("compile the model", options, { biases: optional(oneOf(1, 2)) });
  checkModel(model);
  const { T, inputSize } = checkInput(model);
  const layers = model.layers.filter((layer) => layer.getClassName() !== "InputLayer");
  checkOrder(model, layers);

  const specs: LayerSpec[] = [];
  const lastRecurrent = layers.findLastIndex(isRecurrent);
  for (const [index, layer] of layers.slice(0, -1).entries()) {
    const below = specs.at(-1);
    if (isRecurrent(layer)) {
      specs.push(
        recurrentSpec(layer, below?.hiddenSize ?? inputSize, { returnSequences: index < lastRecurrent }),
      );
    } else {
      specs[specs.length - 1] = { ...below!, dropout: dropoutRate(layer) };
    }
  }

  const head = layers[layers.length - 1];
  checkLayer(head, HEAD_RULES);
  const classes = Number(head.getConfig().units);
  if (!(classes >= 2)) {
    throw cannotCompile(
      `units of layer "${head.name}" (Dense)`,
      "be at least 2, one a class",
      `${classes}`,
      "Scanline trains classifiers: regression and a single sigmoid are something else",
    );
  }
  checkLoss(model, String(head.getConfig().activation));
  return { network: createClassifier({ layers: specs, classes, biases }), T };
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

function checkModel(model: LayersModel): void {
  if (!(model instanceof tf.Sequential)) throw notSequential(model);
  if (model.layers.length === 0) {
    throw cannotCompile(
      `layers of model "${model.name}"`,
      "be LSTM or SimpleRNN layers and a Dense head",
      "[]",
      "add() them, the first one with an inputShape",
    );
  }
  if (!model.trainable) throw cannotCompile(`trainable of model "${model.name}"`, "be true", "false");
}

function notSequential(model: unknown): TypeError {
  const name = (model as { getClassName?: () => string } | null | undefined)?.getClassName?.();
  const remedy = name === "Sequential"
    ? `of another copy of TensorFlow.js: import version ${tf.version.tfjs}`
    : undefined;
  return cannotCompile("it", "be a tf.Sequential", name ?? (model === null ? "null" : typeof model), remedy);
}

/** T and C of the one input `[N, T, C]`, which must go into the first layer and nowhere else. */
function checkInput(model: LayersModel): { T: number | null; inputSize: number } {
  const input = model.inputs[0];
  const first = model.layers[0];
  if (model.inputs.length !== 1 || first.getInputAt(0) !== input) {
    throw cannotCompile(
      `input of layer "${first.name}" (${first.getClassName()})`,
      "be the only input of the model",
      `one of ${model.inputs.map(({ name }) => `"${name}"`).join(", ")} or made from it`,
    );
  }
  if (input.dtype !== "float32") {
    throw cannotCompile(`dtype of layer "${first.name}"`, 'be "float32"', excerpt(input.dtype));
  }
  const [, T, inputSize] = input.shape;
  if (input.shape.length !== 3 || !isSize(inputSize) || !(T === null || isSize(T))) {
    throw cannotCompile(
      `batchInputShape of layer "${first.name}"`,
      "be [N, T, C] with a positive C and a positive or open T",
      excerpt(input.shape),
    );
  }
  return { T, inputSize };
}

/** Recurrent layers, each with at most one Dropout above it, then the head; no layer twice. */
function checkOrder(model: LayersModel, layers: readonly tf.layers.Layer[]): void {
  const supported = ["LSTM", "SimpleRNN", "Dropout", "Dense"];
  for (const [index, layer] of layers.entries()) {
    const kind = layer.getClassName();
    if (!supported.includes(kind)) {
      throw cannotCompile(`class of layer "${layer.name}"`, "be LSTM, SimpleRNN, Dropout or Dense", kind);
    }
    if (layers.indexOf(layer) !== index) {
      throw cannotCompile(`layer "${layer.name}"`, "stand in the model once", "twice or more");
    }
    if (kind === "Dense" && index < layers.length - 1) {
      const position = `${index + 1} of ${layers.length}`;
      throw cannotCompile(`position of layer "${layer.name}" (Dense)`, "be the last, as head", position);
    }
    if (kind === "Dropout" && !(index > 0 && isRecurrent(layers[index - 1]))) {
      const below = index > 0
        ? `${layers[index - 1].getClassName()} "${layers[index - 1].name}"`
        : "the input";
      throw cannotCompile(`layer below "${layer.name}" (Dropout)`, "be LSTM or SimpleRNN", below);
    }
  }
  const classes = layers.map((layer) => layer.getClassName()).join(", ");
  if (!layers.some(isRecurrent) || layers.at(-1)?.getClassName() !== "Dense") {
    throw cannotCompile(
      `layers of model "${model.name}"`,
      "be LSTM or SimpleRNN layers and a Dense head",
      classes || "no layer above the input",
    );
  }
}

function recurrentSpec(
  layer: tf.layers.Layer,
  inputSize: number,
  { returnSequences }: { returnSequences: boolean },
): LayerSpec {
  const isLstm = layer.getClassName() === "LSTM";
  checkLayer(layer, {
    ...(isLstm ? LSTM_RULES : RNN_RULES),
    returnSequences: {
      allowed: [returnSequences],
      remedy: "true in every recurrent layer but the last: the head reads the last step",
    },
  });
  const config = layer.getConfig();
  const sizes = { inputSize, hiddenSize: Number(config.units), dropout: 0 };
  return isLstm
    ? { kind: "lstm", ...sizes, gateActivation: config.recurrentActivation as LstmSpec["gateActivation"] }
    : { kind: "rnn", ...sizes, activation: config.activation as RnnSpec["activation"] };
}

function dropoutRate(layer: tf.layers.Layer): number {
  checkLayer(layer, DROPOUT_RULES);
  const rate = Number(layer.getConfig().rate);
  // TensorFlow.js clamps the rate, and then drops nothing at a rate of 1.
  if (!(rate >= 0 && rate < 1)) {
    throw cannotCompile(`rate of layer "${layer.name}" (Dropout)`, "be at least 0 and below 1", `${rate}`);
  }
  return rate;
}

function checkLayer(layer: tf.layers.Layer, rules: Readonly<Record<string, Rule>>): void {
  const config = layer.getConfig();
  for (const [property, { allowed, remedy }] of Object.entries(rules)) {
    const value = config[property] ?? null;
    if (!allowed.includes(value)) {
      const subject = `${property} of layer "${layer.name}" (${layer.getClassName()})`;
      const supported = allowed.map((one) => JSON.stringify(one)).join(" or ");
      throw cannotCompile(subject, `be ${supported}`, excerpt(value), remedy);
    }
  }
  // Not layer.trainable: a cell or a single weight can be frozen without it.
  if (layer.nonTrainableWeights.length > 0) {
    throw cannotCompile(`trainable of layer "${layer.name}" (${layer.getClassName()})`, "be true", "false");
  }
}

/**
 * The losses of `model.compile()` that are the softmax cross-entropy of the logits, by the activation of the head:
 * TensorFlow.js's two names take probabilities (and clip them to 1e-7 … 1 − 1e-7), its function takes logits.
 */
const LOSSES: Readonly<Record<string, { allowed: readonly unknown[]; names: string }>> = {
  softmax: {
    allowed: [
      "categoricalCrossentropy",
      "sparseCategoricalCrossentropy",
      tf.metrics.categoricalCrossentropy,
    ],
    names: '"categoricalCrossentropy" or "sparseCategoricalCrossentropy"',
  },
  linear: { allowed: [tf.losses.softmaxCrossEntropy], names: "tf.losses.softmaxCrossEntropy" },
};

/** @throws {TypeError} If the model was compiled with another loss than softmax cross-entropy. */
function checkLoss(model: LayersModel, activation: string): void {
  if (model.loss === undefined) return; // never compiled
  const { loss } = model;
  const [given] = typeof loss === "object" && loss !== null ? Object.values(loss) : [loss]; // one output, one loss
  const { allowed, names } = LOSSES[activation];
  if (allowed.includes(given)) return;
  const [other] = Object.keys(LOSSES).filter((one) => LOSSES[one].allowed.includes(given));
  throw cannotCompile(
    `loss of model "${model.name}", whose head is ${activation},`,
    `be ${names}`,
    typeof given === "function" ? `the function ${printable(given.name)}` : excerpt(given),
    other
      ? `that one is the same for a ${other} head`
      : "Scanline trains with softmax cross-entropy: model.compile() again if that is meant",
  );
}

function isRecurrent(layer: tf.layers.Layer): boolean {
  return layer.getClassName() === "LSTM" || layer.getClassName() === "SimpleRNN";
}

/** Whether a value can be a number of units or features: a positive whole number. */
export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function cannotCompile(subject: string, supported: string, found: string, remedy?: string): TypeError {
  const message = `Cannot compile the model: ${
    printable(subject, 300)
  } must ${supported}: current value is ${found}`;
  return new TypeError(remedy ? `${message} (${remedy})` : message);
}
