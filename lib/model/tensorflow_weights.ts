/**
 * The weights of a TensorFlow.js model, to and from flat parameters.
 *
 * @module
 */
import * as tf from "npm:@tensorflow/tfjs@4.22.0";
import type { Network } from "./network.ts";
import type { Averages, Directions, TensorflowLayer } from "./tensorflow_layers.ts";

/**
 * The weights of a model, flat in the network's order, from any backend.
 *
 * @param network What `toNetwork()` returned for this model
 * @returns A new array of {@link Network.size} elements
 * @throws {TypeError} If the model's weights are not the network's.
 */
export async function readWeights(model: tf.LayersModel, network: Network): Promise<Float32Array> {
  const variables = matchedVariables(model, network, "read");
  const arrays = await Promise.all(variables.map((variable) => variable.read().data())); // waits for the backend
  const parameters = new Float32Array(network.size);
  network.parameters.forEach(({ offset }, i) => parameters.set(arrays[i], offset));
  return parameters;
}

/**
 * Copies flat parameters into the weights of a model. No tensor leaks.
 *
 * @param network What `toNetwork()` returned for this model
 * @param parameters {@link Network.size} elements
 * @throws {TypeError} If the model's weights are not the network's, or the parameters are too few or too many.
 *
 * @example
 * ```ts
 * import * as tf from "npm:@tensorflow/tfjs@4.22.0";
 * import { toNetwork } from "./from_tensorflow.ts";
 * import { readWeights, writeWeights } from "./tensorflow_weights.ts";
 * import { initialize } from "./initialize.ts";
 * import assert from "node:assert/strict";
 *
 * const lstm = tf.layers.lstm({ units: 4, inputShape: [28, 28], recurrentInitializer: "zeros" });
 * const model = tf.sequential({ layers: [lstm, tf.layers.dense({ units: 10 })] });
 * const { network } = toNetwork(model);
 * const parameters = initialize(network, "keras", 1);
 * writeWeights(model, network, parameters);
 * assert.deepEqual(await readWeights(model, network), parameters);
 * ```
 */
export function writeWeights(model: tf.LayersModel, network: Network, parameters: Float32Array): void {
  const variables = matchedVariables(model, network, "write");
  if (parameters.length !== network.size) {
    throw new TypeError(
      `Cannot write the weights: parameters must have ${network.size} elements: current value is ${parameters.length}`,
    );
  }
  tf.tidy(() => {
    for (const [i, { offset, size, shape }] of network.parameters.entries()) {
      // slice(), not subarray(): a tensor on the CPU backend keeps the array that it is made from.
      variables[i].write(tf.tensor(parameters.slice(offset, offset + size), [...shape], "float32"));
    }
  });
}

/**
 * The weights of a model in the order of a network's parameters: layer by layer, because `model.weights` lists trainable weights
 * first.
 *
 * @param action For messages: `Cannot <action> the weights`
 * @throws {TypeError} If the model's weights are not the network's.
 */
export function matchedVariables(
  model: tf.LayersModel,
  network: Network,
  action: string,
): tf.LayerVariable[] {
  const variables = model.layers.flatMap(variablesOf);
  const expected = network.parameters.map(({ shape }) => `[${shape}]`).join(" ");
  const found = variables.map(({ shape }) => `[${shape}]`).join(" ");
  if (found !== expected) {
    throw new TypeError(
      `Cannot ${action} the weights: shapes of the model's weights must be ${expected}: current value is ${found}`,
    );
  }
  try {
    variables.forEach((variable) => variable.read());
  } catch (cause) {
    throw new TypeError(`Cannot ${action} the weights: the model must be in use: current value is disposed`, {
      cause,
    });
  }
  return variables;
}

/** Where the layers of TensorFlow.js keep their weights, in the order of a network's parameters. */
interface Weighted extends Averages {
  readonly embeddings?: tf.LayerVariable;
  readonly kernel?: tf.LayerVariable;
  readonly recurrentKernel?: tf.LayerVariable;
  readonly bias?: tf.LayerVariable | null;
  readonly gamma?: tf.LayerVariable;
  readonly beta?: tf.LayerVariable;
}

/** A layer that has others in it: a wrapper, both directions, or a cell. */
interface Nested extends Partial<Directions> {
  readonly layer?: TensorflowLayer;
  readonly cell?: TensorflowLayer;
}

/** The weights of one layer; of a bidirectional one the forward layer's first. */
function variablesOf(layer: TensorflowLayer): tf.LayerVariable[] {
  const { forwardLayer, backwardLayer, layer: wrapped, cell } = layer as Nested;
  if (forwardLayer && backwardLayer) return [...variablesOf(forwardLayer), ...variablesOf(backwardLayer)];
  const inner = wrapped ?? cell;
  if (inner) return variablesOf(inner);
  const { embeddings, kernel, recurrentKernel, bias } = layer as Weighted;
  const { gamma, beta, movingMean, movingVariance } = layer as Weighted;
  return [embeddings, kernel, recurrentKernel, bias, gamma, beta, movingMean, movingVariance]
    .filter((one) => one !== null && one !== undefined);
}

/**
 * Marks that show whether the weights of a model were replaced: equal marks, equal weights. TensorFlow.js keeps written
 * weights in another buffer, so nothing must be read.
 */
export function markWeights(model: tf.LayersModel, network: Network): readonly object[] {
  return matchedVariables(model, network, "find").map((variable) => variable.read().dataId);
}
