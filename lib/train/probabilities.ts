/**
 * The class probabilities of a network after each line of an image: what stands above the last recurrent layer, and answers to the
 * last step, applied to all.
 *
 * @module
 */
import { activate } from "../engines/reference/activation.ts";
import type { Classifier } from "../model/classifier.ts";
import {
  type BatchNormLayer,
  type DenseLayer,
  isRecurrent,
  type Layer,
  type Parameter,
  recurrentLayers,
} from "../model/network.ts";

/** Whether every recurrent layer reads the image itself, line after line, so that it knows no line before its time. */
export function readsInOrder(network: Classifier): boolean {
  const hasRepeat = network.layers.some(({ kind }) => kind === "repeat");
  return !hasRepeat && recurrentLayers(network).every(({ backwards }) => !backwards);
}

/**
 * The probability of each class after every time step, of a network that reads in order.
 *
 *     z = f(y)                  [K], y the last recurrent layer's output after step t, f the layers above it, without dropout
 *     p = softmax(z)            [K]
 *
 * @param outputs The last recurrent layer's outputs, `[N, T, H]`, as an engine gives them
 * @param parameters All parameters, flat as `network` lays them out
 * @returns `[N, T, K]`; each row of K sums to 1
 * @throws {TypeError} If the outputs are not rows of H, or the parameters are not those of the network.
 *
 * @example
 * ```ts
 * import { createClassifier } from "../model/classifier.ts";
 * import { classProbabilities } from "./probabilities.ts";
 * import assert from "node:assert/strict";
 *
 * const layers = [{ kind: "rnn", hiddenSize: 1 }, { kind: "dense", units: 2 }] as const;
 * const network = createClassifier({ inputSize: 1, layers });
 * const parameters = Float32Array.of(0, 0, 0, Math.log(3), 0, 0, 0); // of the head: kernel [ln 3, 0], bias [0, 0]
 * const probabilities = classProbabilities(Float32Array.of(0, 1), network, parameters);
 * assert.deepEqual([...probabilities].map((p) => p.toFixed(3)), ["0.500", "0.500", "0.750", "0.250"]);
 * ```
 */
export function classProbabilities(
  outputs: Float32Array,
  network: Classifier,
  parameters: Float32Array,
): Float32Array {
  const { classes: K, layers } = network, { hiddenSize: H } = recurrentLayers(network).at(-1)!;
  if (outputs.length % H !== 0) {
    throw new TypeError(
      `Cannot read the probabilities: outputs must be rows of ${H} numbers: current value is ${outputs.length}`,
    );
  }
  if (parameters.length !== network.size) {
    throw new TypeError(
      `Cannot read the probabilities: parameters must have ${network.size} elements: ` +
        `current value is ${parameters.length}`,
    );
  }
  const above = layers.slice(layers.findLastIndex(isRecurrent) + 1);
  const rows = outputs.length / H, probabilities = new Float32Array(rows * K);
  for (let row = 0; row < rows; row++) {
    const y = Float64Array.from(outputs.subarray(row * H, (row + 1) * H));
    const z = above.reduce<Float64Array>((x, layer) => applyLayer(layer, x, parameters), y);
    probabilities.set(softmax(z), row * K);
  }
  return probabilities;
}

/** One step through a layer that is not recurrent, without dropout. */
function applyLayer(layer: Layer, x: Float64Array, parameters: Float32Array): Float64Array {
  switch (layer.kind) {
    case "dense":
      return applyDense(layer, x, parameters);
    case "batchNorm":
      return normalize(layer, x, parameters);
    case "activation":
      return activate(layer.activation, x, x.length).y;
    default:
      return x; // dropout, or the last of the steps
  }
}

/** `φ(x W + b)` */
function applyDense(
  { units: K, activation, kernel, bias }: DenseLayer,
  x: Float64Array,
  parameters: Float32Array,
): Float64Array {
  const W = partOf(parameters, kernel); // [C,K]
  const z = bias ? Float64Array.from(partOf(parameters, bias)) : new Float64Array(K);
  for (let c = 0; c < x.length; c++) {
    for (let k = 0; k < K; k++) z[k] += x[c] * W[c * K + k];
  }
  return activate(activation, z, K).y;
}

/** `γ (x − M) / √(V + ε) + β` */
function normalize(
  { epsilon, gamma, beta, movingMean, movingVariance }: BatchNormLayer,
  x: Float64Array,
  parameters: Float32Array,
): Float64Array {
  const [M, V] = [movingMean, movingVariance].map((parameter) => partOf(parameters, parameter)); // [C]
  const scale = gamma && partOf(parameters, gamma), shift = beta && partOf(parameters, beta);
  return x.map((value, c) => {
    return (scale?.[c] ?? 1) * (value - M[c]) / Math.sqrt(V[c] + epsilon) + (shift?.[c] ?? 0);
  });
}

function partOf(parameters: Float32Array, { offset, size }: Parameter): Float32Array {
  return parameters.subarray(offset, offset + size);
}

/**
 * `exp(z) / Σ exp(z)`, computed without overflow.
 *
 * @param logits `[K]`
 *
 * @example
 * ```ts
 * import { softmax } from "./probabilities.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...softmax([1000, 1000])], [0.5, 0.5]);
 * ```
 */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const z = Float64Array.from(logits);
  const largest = z.reduce((a, b) => Math.max(a, b), -Infinity);
  const e = z.map((value) => Math.exp(value - largest));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((value) => value / sum);
}
