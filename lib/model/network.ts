/**
 * A network as an engine sees it: sizes, and one flat layout of the parameters. It knows nothing of TensorFlow.js.
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

/** One array of parameters within the flat array. */
export interface Parameter {
  /** `layer0.kernel`, `layer0.recurrentKernel`, `layer0.bias`, …, `head.kernel`, `head.bias`. */
  readonly name: string;
  /** Keras's shape: kernel `[C, G·H]`, recurrent kernel `[H, G·H]`, bias `[G·H]`, G = 4 gates (i f g o) or 1. */
  readonly shape: readonly number[];
  /** Where it starts in the flat array, in elements. */
  readonly offset: number;
  /** The product of `shape`. */
  readonly size: number;
  /** The factor of its updates: 2 for the sum of two arrays that are trained alike (PyTorch's biases), else 1. */
  readonly updateScale: 1 | 2;
}

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

/** A recurrent layer. The next layer reads its outputs of every t; the head reads those of the last t. */
export type RecurrentLayer = LayerSpec & LayerParameters;

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

/** What an engine computes: recurrent layers, a head, and the place of each parameter in one flat float32 array. */
export interface Network {
  /** C of the first layer. */
  readonly inputSize: number;
  /** From the input up. */
  readonly layers: readonly RecurrentLayer[];
  /** What follows the last layer. */
  readonly head: Head;
  /** In the order of the flat array. */
  readonly parameters: readonly Parameter[];
  /** Elements of the flat array. */
  readonly size: number;
  /** How many numbers are trained; a bias of two vectors counts twice, as in PyTorch. */
  readonly parameterCount: number;
}

/** The options of {@link createNetwork}. */
export interface NetworkOptions {
  /** From the input up, at least one. */
  readonly layers: readonly LayerSpec[];
  /** K, the number of classes. */
  readonly classes: number;
  /** 2 to train the sum of PyTorch's two bias vectors in every recurrent layer; 1 by default. */
  readonly biases?: 1 | 2;
}

/** How many columns the kernels of a layer have for each unit. */
export function gateCount(layer: Pick<LayerSpec, "kind">): number {
  return layer.kind === "lstm" ? 4 : 1;
}

const ACTION = "build the network";

const RULES: Rules<NetworkOptions> = {
  layers: {
    must: "a list of at least one recurrent layer",
    isKind: Array.isArray,
    holds: (layers: readonly LayerSpec[]) => layers.length > 0,
  },
  classes: whole(2),
  biases: optional(oneOf(1, 2)),
};

/**
 * Lays the parameters of a network out in one flat array: layer by layer kernel, recurrent kernel, bias; then the head.
 *
 * @throws {TypeError} If an option or a property of a layer is missing, unknown or of the wrong type.
 * @throws {RangeError} If a value is out of range, or a layer's input size is not the hidden size of the layer below.
 *
 * @example
 * ```ts
 * import { createNetwork } from "./network.ts";
 * import assert from "node:assert/strict";
 *
 * const network = createNetwork({
 *   layers: [{ kind: "lstm", inputSize: 28, hiddenSize: 64, gateActivation: "sigmoid", dropout: 0 }],
 *   classes: 10,
 *   biases: 2,
 * });
 * assert.equal(network.parameterCount, 24_714); // as in PyTorch
 * assert.equal(network.size, 24_458); // the two bias vectors are stored as one
 * ```
 */
export function createNetwork(options: NetworkOptions): Network {
  const parameters: Parameter[] = [];
  const add = (name: string, shape: number[], updateScale: 1 | 2 = 1): Parameter => {
    const last = parameters.at(-1);
    const offset = last ? last.offset + last.size : 0;
    const parameter = { name, shape, offset, size: shape.reduce((a, b) => a * b, 1), updateScale };
    parameters.push(parameter);
    return parameter;
  };

  const { layers: specs, classes, biases = 1 } = checkOptions(ACTION, options, RULES);
  const layers = specs.map((layer, index): RecurrentLayer => {
    checkLayer(layer, index, specs[index - 1]);
    const columns = gateCount(layer) * layer.hiddenSize;
    return {
      ...layer,
      kernel: add(`layer${index}.kernel`, [layer.inputSize, columns]),
      recurrentKernel: add(`layer${index}.recurrentKernel`, [layer.hiddenSize, columns]),
      bias: add(`layer${index}.bias`, [columns], biases),
    };
  });
  const inputSize = layers[layers.length - 1].hiddenSize;
  const head = {
    inputSize,
    classes,
    kernel: add("head.kernel", [inputSize, classes]),
    bias: add("head.bias", [classes]),
  };
  return {
    inputSize: layers[0].inputSize,
    layers,
    head,
    parameters,
    size: parameters.reduce((sum, p) => sum + p.size, 0),
    parameterCount: parameters.reduce((sum, p) => sum + p.size * p.updateScale, 0),
  };
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
