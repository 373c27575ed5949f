/**
 * A network as an engine sees it: sizes, and one flat parameter layout. No TensorFlow.js in here.
 *
 * @module
 */
import { excerpt } from "../excerpt.ts";

/** One array of parameters inside the flat array. */
export interface Parameter {
  /** `layer0.kernel`, `layer0.recurrentKernel`, `layer0.bias`, …, `head.kernel`, `head.bias`. */
  readonly name: string;
  /** Keras's shape: kernel `[C, G·H]`, recurrent kernel `[H, G·H]`, bias `[G·H]`, G = 4 gates (i f g o) or 1. */
  readonly shape: readonly number[];
  /** Where it starts in the flat array, in elements. */
  readonly offset: number;
  /** The product of `shape`. */
  readonly size: number;
  /** 2 where the array is the sum of two that are trained alike (PyTorch's biases), else 1: its updates are so many times as large. */
  readonly updateScale: 1 | 2;
}

/** What every recurrent layer has. */
export interface RecurrentSizes {
  /** C, the features of one step. */
  readonly inputSize: number;
  /** H. */
  readonly hiddenSize: number;
  /** The share of this layer's outputs that is dropped in training, 0 for none; the state is never dropped. */
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

/** The sizes of a recurrent layer, without its place in the flat array. */
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

/** A recurrent layer: every layer but the last hands its whole sequence up, the last one its last step. */
export type RecurrentLayer = LayerSpec & LayerParameters;

/** The classifier on the last step: `logits = y W + b`. */
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

/** What an engine trains: recurrent layers, a head, and where each parameter lies in one flat float32 array. */
export interface Network {
  /** C of the first layer. */
  readonly inputSize: number;
  /** From the input up. */
  readonly layers: readonly RecurrentLayer[];
  /** What reads the last layer's last step. */
  readonly head: Head;
  /** In the order of the flat array. */
  readonly parameters: readonly Parameter[];
  /** Elements of the flat array. */
  readonly size: number;
  /** How many numbers are trained; a bias of two vectors counts twice, as PyTorch counts it. */
  readonly parameterCount: number;
}

/** What {@link createNetwork} takes. */
export interface NetworkOptions {
  /** From the input up, at least one. */
  readonly layers: readonly LayerSpec[];
  /** K, the classes that the head tells apart. */
  readonly classes: number;
  /** 2 to train the sum of PyTorch's two bias vectors in every recurrent layer; 1 by default. */
  readonly biases?: 1 | 2;
}

/** Gates of a kind of layer: how many columns its kernels have for one unit. */
export function gateCount(layer: Pick<LayerSpec, "kind">): number {
  return layer.kind === "lstm" ? 4 : 1;
}

/**
 * Lays the parameters of a network out in one flat array: layer by layer kernel, recurrent kernel, bias; then the head.
 *
 * @throws {RangeError} If a size is not a positive whole number, a layer does not take what the one below gives, or
 * another value is out of range.
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
 * assert.equal(network.parameterCount, 24_714); // as PyTorch counts
 * assert.equal(network.size, 24_458); // both bias vectors are one here
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

  if (options.layers.length === 0) {
    throw new RangeError(
      "Cannot build the network: it must have at least one recurrent layer: current value is 0",
    );
  }
  const { biases = 1 } = options;
  if (biases !== 1 && biases !== 2) {
    throw new RangeError(
      `Cannot build the network: biases must be 1 or 2: current value is ${excerpt(biases)}`,
    );
  }
  const layers = options.layers.map((layer, index): RecurrentLayer => {
    checkLayer(layer, index, options.layers[index - 1]);
    const columns = gateCount(layer) * layer.hiddenSize;
    return {
      ...layer,
      kernel: add(`layer${index}.kernel`, [layer.inputSize, columns]),
      recurrentKernel: add(`layer${index}.recurrentKernel`, [layer.hiddenSize, columns]),
      bias: add(`layer${index}.bias`, [columns], biases),
    };
  });

  checkSize("classes", options.classes);
  const inputSize = layers[layers.length - 1].hiddenSize;
  const head = {
    inputSize,
    classes: options.classes,
    kernel: add("head.kernel", [inputSize, options.classes]),
    bias: add("head.bias", [options.classes]),
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

function checkLayer(layer: LayerSpec, index: number, below: LayerSpec | undefined): void {
  checkSize(`inputSize of layer ${index}`, layer.inputSize);
  checkSize(`hiddenSize of layer ${index}`, layer.hiddenSize);
  if (below && below.hiddenSize !== layer.inputSize) {
    throw new RangeError(
      `Cannot build the network: inputSize of layer ${index} must be the hiddenSize of the layer below, ` +
        `${below.hiddenSize}: current value is ${excerpt(layer.inputSize)}`,
    );
  }
  if (!(layer.dropout >= 0 && layer.dropout < 1)) {
    throw new RangeError(
      `Cannot build the network: dropout of layer ${index} must be at least 0 and below 1: current value is ${
        excerpt(layer.dropout)
      }`,
    );
  }
}

function checkSize(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(
      `Cannot build the network: ${name} must be a positive whole number: current value is ${excerpt(value)}`,
    );
  }
}
