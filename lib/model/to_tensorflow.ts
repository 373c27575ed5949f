/**
 * From a trained model to a `tf.Sequential`.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { BOOLEAN, checkOptions, oneOf, optional, type Rules, TEXT, whole } from "../options.ts";
import type { LayersModel } from "./from_tensorflow.ts";
import { writeWeights } from "./tensorflow_weights.ts";
import type { TrainedModel } from "./trained_model.ts";

/**
 * Builds the `tf.Sequential` of a trained model. `fromTensorflow()` is the inverse.
 *
 * @throws {TypeError} If the parameters are not the network's.
 *
 * @example
 * ```ts
 * import { toTensorflow } from "./to_tensorflow.ts";
 * import { fromTensorflow } from "./from_tensorflow.ts";
 * import { createClassifier } from "./classifier.ts";
 * import assert from "node:assert/strict";
 *
 * const network = createClassifier({
 *   layers: [{ kind: "lstm", inputSize: 28, hiddenSize: 4, gateActivation: "sigmoid", dropout: 0.5 }],
 *   classes: 2,
 * });
 * const parameters = Float32Array.from({ length: network.size }, (_, i) => i);
 * const sequence = { axis: "rows", range: [0, 1] } as const;
 * const trained = { network, T: 28, sequence, parameters, classNames: ["no", "yes"] };
 * assert.deepEqual(await fromTensorflow(toTensorflow(trained), { sequence, classNames: ["no", "yes"] }), trained);
 * ```
 */
export function toTensorflow(
  { network, parameters, T }: Pick<TrainedModel, "network" | "parameters" | "T">,
): LayersModel {
  const layers = network.recurrent.flatMap((layer, l) => {
    const place = l === 0 ? { inputShape: [T, layer.inputSize] } : {};
    const args = { units: layer.hiddenSize, ...place, returnSequences: l < network.recurrent.length - 1 };
    const recurrent = layer.kind === "lstm"
      ? lstm({ ...args, recurrentActivation: layer.gateActivation })
      : simpleRNN({ ...args, activation: layer.activation });
    return layer.dropout > 0 ? [recurrent, tf.layers.dropout({ rate: layer.dropout })] : [recurrent];
  });
  const head = tf.layers.dense({ units: network.head.classes, kernelInitializer: "zeros" });
  const model = tf.sequential({ layers: [...layers, head] });
  writeWeights(model, network, parameters);
  return model;
}

/**
 * `tf.layers.lstm()` without its own initializers, for a model whose weights `compile()` starts (option `initialize`). For the
 * recurrent weights, TensorFlow.js takes 7 seconds for 64 units and 50 for 128. Gates are sigmoid by default.
 */
export function lstm(args: LSTMLayerArgs): TensorflowLayer {
  checkOptions("make the layer", args, LSTM_RULES, "arguments of lstm()");
  return tf.layers.lstm({ recurrentActivation: "sigmoid", ...args, ...NO_START });
}

/** `tf.layers.simpleRNN()` without its own initializers, see {@link lstm}. */
export function simpleRNN(args: SimpleRNNLayerArgs): TensorflowLayer {
  checkOptions("make the layer", args, RNN_RULES, "arguments of simpleRNN()");
  return tf.layers.simpleRNN({ ...args, ...NO_START });
}

const NO_START = { kernelInitializer: "zeros", recurrentInitializer: "zeros" } as const;

const RNN_RULES: Rules<SimpleRNNLayerArgs> = {
  units: whole(1),
  inputShape: optional({ must: "[T, C]", isKind: Array.isArray }),
  returnSequences: optional(BOOLEAN),
  activation: optional(oneOf("tanh", "relu")),
  name: optional(TEXT),
};

const LSTM_RULES: Rules<LSTMLayerArgs> = {
  ...RNN_RULES,
  activation: optional(oneOf("tanh")),
  recurrentActivation: optional(oneOf("sigmoid", "hardSigmoid")),
};

/** A layer of TensorFlow.js. */
export type TensorflowLayer = tf.layers.Layer;

/** The arguments of `tf.layers.lstm()` that {@link lstm} takes; others keep their defaults. */
export interface LSTMLayerArgs extends SimpleRNNLayerArgs {
  /** The activation of the gates; `sigmoid` by default, as in Keras and PyTorch. */
  readonly recurrentActivation?: "sigmoid" | "hardSigmoid";
}

/** The arguments of `tf.layers.simpleRNN()` that {@link simpleRNN} takes; others keep their defaults. */
export interface SimpleRNNLayerArgs {
  /** H, the hidden units. */
  readonly units: number;
  /** `[T, C]`, T null for any; for the first layer. */
  readonly inputShape?: (number | null)[];
  /** Whether it returns the outputs of all steps: true in all layers but the last. */
  readonly returnSequences?: boolean;
  /** tanh by default. */
  readonly activation?: "tanh" | "relu";
  /** Its name. */
  readonly name?: string;
}
