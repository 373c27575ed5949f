/**
 * The networks that classify images: recurrent layers, each with dropout above it if it has any, and a dense head that reads
 * the last step; its loss is softmax cross-entropy.
 *
 * @module
 */
import {
  check,
  checkOptions,
  number,
  OBJECT,
  oneOf,
  optional,
  type Rule,
  type Rules,
  whole,
} from "../options.ts";
import { createNetwork } from "./create_network.ts";
import {
  type DenseLayer,
  isRecurrent,
  type LstmLayer,
  type Network,
  type Parameter,
  type RnnLayer,
} from "./network.ts";
import type { LayerOptions } from "./network_options.ts";

/** The sizes of every recurrent layer. */
export interface RecurrentSizes {
  /** C, the features at one t. */
  readonly inputSize: number;
  /** H, the hidden units. */
  readonly hiddenSize: number;
  /** The share of this layer's outputs that training drops; the state is never dropped. */
  readonly dropout: number;
}

/** `i f g o = gate gate tanh gate (x W + h R + b)`, `c' = f∘c + i∘g`, `h' = o∘tanh c'`. */
export interface LstmSpec extends RecurrentSizes {
  /** Which of the recurrent layers this is. */
  readonly kind: "lstm";
  /** σ, or `min(max(0.2 z + 0.5, 0), 1)`. */
  readonly gateActivation: "sigmoid" | "hardSigmoid";
}

/** `h' = activation(x W + h R + b)`. */
export interface RnnSpec extends RecurrentSizes {
  /** Which of the recurrent layers this is. */
  readonly kind: "rnn";
  /** `max(z, 0)` or tanh. */
  readonly activation: "relu" | "tanh";
}

/** A recurrent layer without its place in the flat array. */
export type LayerSpec = LstmSpec | RnnSpec;

/** The parameters of one recurrent layer. */
export interface LayerParameters {
  /** W `[C, G·H]`. */
  readonly kernel: Parameter;
  /** R `[H, G·H]`. */
  readonly recurrentKernel: Parameter;
  /** b `[G·H]`. */
  readonly bias: Parameter;
}

/** A recurrent layer with its place in the flat array. */
export type ClassifierLayer = LayerSpec & LayerParameters;

/** The classifier of the last layer's output at the last t: `logits = y W + b`. */
export interface Head {
  /** H of the last recurrent layer. */
  readonly inputSize: number;
  /** K. */
  readonly classes: number;
  /** `[inputSize, K]`. */
  readonly kernel: Parameter;
  /** `[K]`. */
  readonly bias: Parameter;
}

/** A {@link Network} of this kind, with its layers as people speak of them. */
export interface Classifier extends Network {
  /** From the input up. The next one reads its outputs of every t; the head reads those of the last t. */
  readonly recurrent: readonly ClassifierLayer[];
  /** What follows the last recurrent layer. */
  readonly head: Head;
}

/** The options of {@link createClassifier}. */
export interface ClassifierOptions {
  /** From the input up, at least one. */
  readonly layers: readonly LayerSpec[];
  /** K, the number of classes. */
  readonly classes: number;
  /** 2 to train the sum of PyTorch's two bias vectors in every recurrent layer; 1 by default. */
  readonly biases?: 1 | 2;
}

const ACTION = "build the network";

const RULES: Rules<ClassifierOptions> = {
  layers: {
    must: "a list of at least one recurrent layer",
    isKind: Array.isArray,
    holds: (layers: readonly LayerSpec[]) => layers.length > 0,
  },
  classes: whole(2),
  biases: optional(oneOf(1, 2)),
};

/**
 * Creates the network of a classifier, which lays its parameters out layer by layer: kernel, recurrent kernel, bias; then the
 * head.
 *
 * @throws {TypeError} If an option or a property of a layer is missing, unknown or of the wrong type.
 * @throws {RangeError} If a value is out of range, or a layer's input size is not the hidden size of the layer below.
 *
 * @example
 * ```ts
 * import { createClassifier } from "./classifier.ts";
 * import assert from "node:assert/strict";
 *
 * const network = createClassifier({
 *   layers: [{ kind: "lstm", inputSize: 28, hiddenSize: 64, gateActivation: "sigmoid", dropout: 0 }],
 *   classes: 10,
 *   biases: 2,
 * });
 * assert.equal(network.parameterCount, 24_714); // as in PyTorch
 * assert.equal(network.size, 24_458); // the two bias vectors are stored as one
 * ```
 */
export function createClassifier(options: ClassifierOptions): Classifier {
  const { layers: specs, classes, biases } = checkOptions(ACTION, options, RULES);
  specs.forEach((layer, index) => checkLayer(layer, index, specs[index - 1]));
  const network = createNetwork({
    input: { kind: "features", size: specs[0].inputSize },
    layers: [...specs.flatMap((spec, index) => layersOf(spec, index < specs.length - 1)), {
      kind: "dense",
      units: classes,
    }],
    loss: "softmaxCrossEntropy",
    metrics: ["categoricalAccuracy"],
    biases,
  });
  const placed = network.layers.filter(isRecurrent) as ((LstmLayer | RnnLayer) & { bias: Parameter })[];
  const { inputSize, units, kernel, bias } = network.layers.at(-1) as DenseLayer;
  return {
    ...network,
    recurrent: placed.map(({ kernel, recurrentKernel, bias }, index) => {
      return { ...specs[index], kernel, recurrentKernel, bias };
    }),
    head: { inputSize, classes: units, kernel, bias: bias! },
  };
}

function layersOf(spec: LayerSpec, returnSequences: boolean): LayerOptions[] {
  const { hiddenSize, dropout: rate } = spec;
  const layer: LayerOptions = spec.kind === "lstm"
    ? { kind: "lstm", hiddenSize, gateActivation: spec.gateActivation, returnSequences }
    : { kind: "rnn", hiddenSize, activation: spec.activation, returnSequences };
  return rate > 0 ? [layer, { kind: "dropout", rate }] : [layer];
}

/** For each kind of layer, the property that names its activation, and that property's values. */
const ACTIVATIONS: Readonly<
  Record<LayerSpec["kind"], readonly [property: string, values: readonly string[]]>
> = {
  lstm: ["gateActivation", ["sigmoid", "hardSigmoid"]],
  rnn: ["activation", ["relu", "tanh"]],
};

const SIZE = whole(1);
const SHARE = number("at least 0 and below 1", (value) => value >= 0 && value < 1);

function checkLayer(layer: LayerSpec, index: number, below: LayerSpec | undefined): void {
  check(ACTION, `layer ${index}`, { value: layer, rule: OBJECT });
  const checkProperty = (name: string, rule: Rule) =>
    check(ACTION, `${name} of layer ${index}`, { value: layer[name as keyof LayerSpec], rule });
  checkProperty("kind", oneOf(...Object.keys(ACTIVATIONS)));
  const [property, values] = ACTIVATIONS[layer.kind];
  checkProperty(property, oneOf(...values));
  checkProperty("inputSize", SIZE);
  checkProperty("hiddenSize", SIZE);
  checkProperty("dropout", SHARE);
  if (below && below.hiddenSize !== layer.inputSize) {
    throw new RangeError(
      `Cannot ${ACTION}: inputSize of layer ${index} must be the hiddenSize of the layer below, ` +
        `${below.hiddenSize}: current value is ${layer.inputSize}`,
    );
  }
}
