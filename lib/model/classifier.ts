/**
 * The networks that classify images: any chain with a recurrent layer that reads features and answers once a sequence; its loss is
 * softmax cross-entropy.
 *
 * @module
 */
import { check, checkOptions, oneOf, optional, type Rules, whole } from "../options.ts";
import { createNetwork } from "./create_network.ts";
import { layerOptions } from "./layer_options.ts";
import { type FeatureInput, type Network, recurrentLayers } from "./network.ts";
import type { LayerOptions } from "./network_options.ts";

/** A {@link Network} of this kind. Its answers are logits. */
export interface Classifier extends Network {
  /** Without a mask. */
  readonly input: FeatureInput;
  /** K, the features of its output. */
  readonly classes: number;
}

/** The options of {@link createClassifier}. */
export interface ClassifierOptions {
  /** C, the features at one t. */
  readonly inputSize: number;
  /** From the input up, one of them recurrent. What the last one returns, once a sequence, are the logits of the classes. */
  readonly layers: readonly LayerOptions[];
  /** 2 to train the sum of PyTorch's two bias vectors in every recurrent layer; 1 by default. */
  readonly biases?: 1 | 2;
}

const ACTION = "build the network";

const RULES: Rules<ClassifierOptions> = {
  inputSize: whole(1),
  layers: {
    must: "a list of at least one recurrent layer",
    isKind: Array.isArray,
    holds: (layers: readonly LayerOptions[]) => layers.length > 0,
  },
  biases: optional(oneOf(1, 2)),
};

/**
 * Creates the network of a classifier, see `createNetwork()`.
 *
 * @throws {TypeError} If an option or a property of a layer is missing, unknown or of the wrong type.
 * @throws {RangeError} If a value is out of range, a layer cannot stand where it does, none is recurrent, or the last one returns a
 * sequence, or fewer than two numbers.
 *
 * @example
 * ```ts
 * import { createClassifier } from "./classifier.ts";
 * import assert from "node:assert/strict";
 *
 * const network = createClassifier({
 *   inputSize: 28,
 *   layers: [{ kind: "lstm", hiddenSize: 64 }, { kind: "dense", units: 10 }],
 *   biases: 2,
 * });
 * assert.equal(network.parameterCount, 24_714); // as in PyTorch
 * assert.equal(network.size, 24_458); // the two bias vectors are stored as one
 * ```
 */
export function createClassifier(options: ClassifierOptions): Classifier {
  const { inputSize: size, layers, biases } = checkOptions(ACTION, options, RULES);
  const network = createNetwork({
    input: { kind: "features", size },
    layers,
    loss: "softmaxCrossEntropy",
    metrics: ["categoricalAccuracy"],
    biases,
  });
  const { input, output: { size: classes, everyStep } } = network;
  if (recurrentLayers(network).length === 0) throw unfit("one of the layers must be recurrent", "none");
  if (everyStep) {
    throw unfit("the last layer must return one step", "a sequence: returnSequences is true in every layer");
  }
  check(ACTION, "units of the last layer, the classes,", { value: classes, rule: whole(2) });
  return { ...network, input: input as FeatureInput, classes };
}

function unfit(must: string, found: string): RangeError {
  return new RangeError(`Cannot ${ACTION}: ${must}: current value is ${found}`);
}

/** The options that create a classifier again. The inverse of {@link createClassifier}. */
export function classifierOptions(
  { input, layers, biases }: Pick<Classifier, "input" | "layers" | "biases">,
): Required<ClassifierOptions> {
  return { inputSize: input.size, layers: layers.map(layerOptions), biases };
}
