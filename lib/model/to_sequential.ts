/**
 * From any network to a `tf.Sequential`.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { DenseLayer, Layer, Network, Parameter, RecurrentLayer } from "./network.ts";
import { writeWeights } from "./tensorflow_weights.ts";

/**
 * Builds the `tf.Sequential` of a network, with its weights. It is not compiled.
 *
 * @param options.T The length of a sequence, or null for any
 * @throws {TypeError} If the parameters are not the network's.
 *
 * @example
 * ```ts
 * import { createNetwork } from "./network.ts";
 * import { toSequential } from "./to_sequential.ts";
 * import assert from "node:assert/strict";
 *
 * const network = createNetwork({
 *   input: { kind: "features", size: 3 },
 *   layers: [{ kind: "gru", hiddenSize: 4, returnSequences: true }, { kind: "dense", units: 1 }],
 *   loss: "meanSquaredError",
 * });
 * const model = toSequential(network, new Float32Array(network.size), { T: null });
 * assert.deepEqual(model.outputs[0].shape, [null, null, 1]);
 * ```
 */
export function toSequential(
  network: Network,
  parameters: Float32Array,
  { T }: { T: number | null },
): tf.Sequential {
  const model = tf.sequential();
  for (const layer of [inputLayer(network, T), ...network.layers.map(tensorflowLayer)]) {
    if (layer) model.add(layer);
  }
  writeWeights(model, network, parameters);
  return model;
}

/** An embedding, a masking layer, or an input layer. */
function inputLayer({ input }: Network, T: number | null): tf.layers.Layer {
  if (input.kind === "tokens") {
    const { vocabulary, size, maskZero, embeddings } = input;
    return tf.layers.embedding({
      inputDim: vocabulary,
      outputDim: size,
      maskZero,
      batchInputShape: [null, T],
      embeddingsInitializer: "zeros",
      embeddingsRegularizer: regularizer(embeddings),
    });
  }
  const batchInputShape = [null, T, input.size];
  return input.maskValue === null
    ? tf.layers.inputLayer({ batchInputShape })
    : tf.layers.masking({ maskValue: input.maskValue, batchInputShape });
}

function tensorflowLayer(layer: Layer): tf.layers.Layer {
  switch (layer.kind) {
    case "dense":
      return denseLayer(layer);
    case "dropout":
      return tf.layers.dropout({ rate: layer.rate });
    case "repeat":
      return tf.layers.repeatVector({ n: layer.steps });
    case "activation":
      return tf.layers.activation({ activation: layer.activation });
    case "bidirectional": {
      const { merge, forward } = layer;
      return tf.layers.bidirectional({ layer: recurrentLayer(forward), mergeMode: merge });
    }
    default:
      return recurrentLayer(layer);
  }
}

function denseLayer({ units, activation, kernel, bias }: DenseLayer): tf.layers.Layer {
  return tf.layers.dense({
    units,
    activation,
    useBias: bias !== null,
    kernelInitializer: "zeros",
    kernelRegularizer: regularizer(kernel),
    biasRegularizer: bias ? regularizer(bias) : undefined,
  });
}

function recurrentLayer(layer: RecurrentLayer): tf.RNN {
  const { hiddenSize, activation, returnSequences, backwards, inputDropout, recurrentDropout } = layer;
  const { kernel, recurrentKernel, bias } = layer;
  const args = {
    units: hiddenSize,
    activation,
    returnSequences,
    goBackwards: backwards,
    dropout: inputDropout,
    recurrentDropout,
    useBias: bias !== null,
    // TensorFlow.js's own start of the recurrent kernel takes seconds.
    kernelInitializer: "zeros",
    recurrentInitializer: "zeros",
    kernelRegularizer: regularizer(kernel),
    recurrentRegularizer: regularizer(recurrentKernel),
    biasRegularizer: bias ? regularizer(bias) : undefined,
  } as const;
  switch (layer.kind) {
    case "lstm":
      return tf.layers.lstm({ ...args, recurrentActivation: layer.gateActivation });
    case "gru":
      return tf.layers.gru({ ...args, recurrentActivation: layer.gateActivation });
    case "rnn":
      return tf.layers.simpleRNN(args);
  }
}

function regularizer({ l1, l2 }: Parameter) {
  return l1 === 0 && l2 === 0 ? undefined : tf.regularizers.l1l2({ l1, l2 });
}
