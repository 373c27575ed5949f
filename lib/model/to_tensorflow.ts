/**
 * From a {@link Network} and its parameters to a `tf.Sequential`.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type LayersModel, writeWeights } from "./from_tensorflow.ts";
import type { Network, RecurrentLayer } from "./network.ts";

/**
 * Builds the model that a network was compiled from, or would be, with the parameters as its weights.
 *
 * @param parameters Flat, as the network lays them out
 * @param options.T The length of a sequence, or null to read any
 * @throws {TypeError} If the parameters are not the network's.
 *
 * @example
 * ```ts
 * import { toLayersModel } from "./to_tensorflow.ts";
 * import { readWeights, toNetwork } from "./from_tensorflow.ts";
 * import { createNetwork } from "./network.ts";
 * import assert from "node:assert/strict";
 *
 * const network = createNetwork({
 *   layers: [{ kind: "lstm", inputSize: 28, hiddenSize: 4, gateActivation: "sigmoid", dropout: 0.5 }],
 *   classes: 10,
 * });
 * const parameters = Float32Array.from({ length: network.size }, (_, i) => i);
 * const model = toLayersModel(network, parameters, { T: 28 });
 * assert.deepEqual(toNetwork(model), { network, T: 28 });
 * assert.deepEqual(await readWeights(model, network), parameters);
 * ```
 */
export function toLayersModel(
  network: Network,
  parameters: Float32Array,
  { T }: { T: number | null },
): LayersModel {
  const layers = network.layers.flatMap((layer, l) => {
    const place = l === 0 ? { inputShape: [T, layer.inputSize] } : {};
    const recurrent = recurrentLayer(layer, { ...place, returnSequences: l < network.layers.length - 1 });
    return layer.dropout > 0 ? [recurrent, tf.layers.dropout({ rate: layer.dropout })] : [recurrent];
  });
  const head = tf.layers.dense({ units: network.head.classes, kernelInitializer: "zeros" });
  const model = tf.sequential({ layers: [...layers, head] });
  writeWeights(model, network, parameters);
  return model;
}

/** Zeros, as the weights are written later: TensorFlow.js's own start takes seconds. */
function recurrentLayer(
  layer: RecurrentLayer,
  place: { inputShape?: (number | null)[]; returnSequences: boolean },
): tf.layers.Layer {
  const args = {
    units: layer.hiddenSize,
    kernelInitializer: "zeros",
    recurrentInitializer: "zeros",
    ...place,
  } as const;
  return layer.kind === "lstm"
    ? tf.layers.lstm({ ...args, recurrentActivation: layer.gateActivation })
    : tf.layers.simpleRNN({ ...args, activation: layer.activation });
}
