/**
 * From a trained model to a `tf.Sequential`.
 *
 * @module
 */
import * as tf from "npm:@tensorflow/tfjs@4.22.0";
import {
  BOOLEAN,
  check,
  checkOptions,
  OBJECT,
  oneOf,
  optional,
  type Rules,
  TEXT,
  whole,
} from "../options.ts";
import type { LayersModel } from "./from_tensorflow.ts";
import type { BidirectionalLayer, Input, Layer, Network, Parameter, RecurrentLayer } from "./network.ts";
import { type GruArgs, GruResetAfter } from "./tensorflow_gru.ts";
import { LastStep, type LastStepArgs } from "./tensorflow_last_step.ts";
import type { TensorflowLayer } from "./tensorflow_layers.ts";
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
 * const layers = [{ kind: "lstm", hiddenSize: 4 }, { kind: "dropout", rate: 0.5 }, { kind: "dense", units: 2 }] as const;
 * const network = createClassifier({ inputSize: 28, layers });
 * const parameters = Float32Array.from({ length: network.size }, (_, i) => i);
 * const sequence = { axis: "rows", range: [0, 1] } as const;
 * const trained = { network, T: 28, sequence, parameters, classNames: ["no", "yes"] };
 * assert.deepEqual(await fromTensorflow(toTensorflow(trained), { sequence, classNames: ["no", "yes"] }), trained);
 * ```
 */
export function toTensorflow(
  { network, parameters, T }: Pick<TrainedModel, "parameters" | "T"> & { network: Network },
): LayersModel {
  const { input } = network;
  const below = inputLayer(input, T);
  const layers = network.layers.map((layer, l) => {
    return toLayer(layer, l === 0 && !below ? { inputShape: [T, input.size] } : {});
  });
  const model = tf.sequential({ layers: below ? [below, ...layers] : layers });
  writeWeights(model, network, parameters);
  return model;
}

/** The layer that makes the input of the network from that of the model; null where they are the same. */
function inputLayer(input: Input, T: number | null): TensorflowLayer | null {
  if (input.kind === "tokens") {
    return tf.layers.embedding({
      inputDim: input.vocabulary,
      outputDim: input.size,
      maskZero: input.maskZero,
      inputShape: [T],
      embeddingsInitializer: "zeros",
      embeddingsRegularizer: regularizerOf(input.embeddings),
    });
  }
  if (input.maskValue === null) return null;
  return tf.layers.masking({ maskValue: input.maskValue, inputShape: [T, input.size] });
}

/** The arguments of a first layer, none for the others. */
interface Place {
  readonly inputShape?: (number | null)[];
}

function toLayer(layer: Layer, place: Place): TensorflowLayer {
  switch (layer.kind) {
    case "bidirectional":
      return toBidirectional(layer, place);
    case "last":
      return new LastStep(place);
    case "batchNorm":
      return tf.layers.batchNormalization({
        epsilon: layer.epsilon,
        momentum: layer.momentum,
        scale: layer.gamma !== null,
        center: layer.beta !== null,
        gammaRegularizer: regularizerOf(layer.gamma),
        betaRegularizer: regularizerOf(layer.beta),
        ...place,
      });
    case "repeat":
      return tf.layers.repeatVector({ n: layer.steps, ...place });
    case "dropout":
      return tf.layers.dropout({ rate: layer.rate, ...place });
    case "activation":
      return tf.layers.activation({ activation: layer.activation, ...place });
    case "dense":
      return tf.layers.dense({
        units: layer.units,
        activation: layer.activation,
        useBias: layer.bias !== null,
        kernelInitializer: "zeros",
        kernelRegularizer: regularizerOf(layer.kernel),
        biasRegularizer: regularizerOf(layer.bias),
        ...place,
      });
    default:
      return toRecurrent(layer, place);
  }
}

function toRecurrent(layer: RecurrentLayer, place: Place): tf.RNN {
  const args = {
    units: layer.hiddenSize,
    activation: layer.activation,
    returnSequences: layer.returnSequences,
    goBackwards: layer.backwards,
    dropout: layer.inputDropout,
    recurrentDropout: layer.recurrentDropout,
    useBias: layer.bias !== null,
    kernelRegularizer: regularizerOf(layer.kernel),
    recurrentRegularizer: regularizerOf(layer.recurrentKernel),
    biasRegularizer: regularizerOf(layer.bias),
    ...NO_START,
    ...place,
  };
  if (layer.kind === "rnn") return tf.layers.simpleRNN(args) as tf.RNN;
  const gated = { ...args, recurrentActivation: layer.gateActivation };
  if (layer.kind === "lstm") return tf.layers.lstm(gated) as tf.RNN;
  return layer.resetAfter ? new GruResetAfter(gated) : tf.layers.gru(gated) as tf.RNN;
}

function toBidirectional({ merge, forward, backward }: BidirectionalLayer, place: Place): TensorflowLayer {
  const layer = toRecurrent(forward, {});
  const [one, other] = [layer, toRecurrent({ ...backward, backwards: false }, {})].map((each) => {
    return JSON.stringify({ ...each.getConfig(), name: null });
  });
  if (one !== other) {
    throw new TypeError(
      `Cannot convert the model: both directions of ${forward.name} must have the same properties in TensorFlow.js: ` +
        `current value is ${one} and ${other}`,
    );
  }
  return tf.layers.bidirectional({ layer, mergeMode: merge, ...place });
}

function regularizerOf(parameter: Parameter | null) {
  const { l1 = 0, l2 = 0 } = parameter ?? {};
  return l1 > 0 || l2 > 0 ? tf.regularizers.l1l2({ l1, l2 }) : undefined;
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

/**
 * `tf.layers.gru()`, and with `resetAfter: true` a GRU of the kind that PyTorch, cuDNN and Keras 3 have, which the one of
 * TensorFlow.js does not: its bias is `[2, 3H]`. Unlike there, gates are sigmoid and the recurrent weights start as
 * `glorotUniform` by default: `orthogonal` takes 7 seconds for 64 units.
 *
 * @example
 * ```ts
 * import * as tf from "npm:@tensorflow/tfjs@4.22.0";
 * import { gru } from "./to_tensorflow.ts";
 * import assert from "node:assert/strict";
 *
 * const model = tf.sequential({
 *   layers: [gru({ units: 8, resetAfter: true, inputShape: [24, 4] }), tf.layers.dense({ units: 1 })],
 * });
 * assert.equal(model.countParams(), 3 * 8 * (4 + 8 + 2) + 8 + 1);
 * ```
 */
export function gru(given: GruArgs): TensorflowLayer {
  const action = "make the layer";
  check(action, "arguments of gru()", { value: given, rule: OBJECT });
  const { resetAfter = false, ...args } = given;
  check(action, "resetAfter of gru()", { value: resetAfter, rule: BOOLEAN });
  const misspelt = Object.keys(args).find((name) => /^reset_?after$/i.test(name)); // tf.layers.gru() ignores what it does not know
  if (misspelt !== undefined) {
    throw new TypeError(
      `Cannot ${action}: resetAfter of gru() must be written so: current value is ${misspelt}`,
    );
  }
  const started: GruArgs = { recurrentActivation: "sigmoid", recurrentInitializer: "glorotUniform", ...args };
  return resetAfter
    ? new GruResetAfter(started)
    : tf.layers.gru(started as Parameters<typeof tf.layers.gru>[0]);
}

const NO_START = { kernelInitializer: "zeros", recurrentInitializer: "zeros" } as const;

const INPUT_SHAPE = optional({ must: "[T, C]", isKind: Array.isArray });

const LAST_STEP_RULES: Rules<LastStepArgs> = { inputShape: INPUT_SHAPE, name: optional(TEXT) };

const RNN_RULES: Rules<SimpleRNNLayerArgs> = {
  units: whole(1),
  inputShape: INPUT_SHAPE,
  returnSequences: optional(BOOLEAN),
  activation: optional(oneOf("tanh", "relu")),
  name: optional(TEXT),
};

const LSTM_RULES: Rules<LSTMLayerArgs> = {
  ...RNN_RULES,
  activation: optional(oneOf("tanh")),
  recurrentActivation: optional(oneOf("sigmoid", "hardSigmoid")),
};

/**
 * A layer that leaves the last step of a sequence, `out[:, -1]` of PyTorch. Above a bidirectional layer with `returnSequences: true`
 * that is the last output of the layer that reads forwards, and the first output of the one that reads backwards, which has seen one
 * step; without both, a bidirectional layer returns the last output of each.
 *
 * @param args.inputShape `[T, C]`, for the first layer
 *
 * @example
 * ```ts
 * import * as tf from "npm:@tensorflow/tfjs@4.22.0";
 * import { lastStep, lstm } from "./to_tensorflow.ts";
 * import assert from "node:assert/strict";
 *
 * const layer = lstm({ units: 3, returnSequences: true }) as tf.RNN;
 * const both = tf.layers.bidirectional({ layer, mergeMode: "concat", inputShape: [5, 2] });
 * const model = tf.sequential({ layers: [both, lastStep(), tf.layers.dense({ units: 2 })] });
 * assert.deepEqual(model.layers[1].outputShape, [null, 6]);
 * ```
 */
export function lastStep(args: LastStepArgs = {}): TensorflowLayer {
  return new LastStep(checkOptions("make the layer", args, LAST_STEP_RULES, "arguments of lastStep()"));
}

export type { TensorflowLayer } from "./tensorflow_layers.ts";

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
