/**
 * The class probabilities of a network after each line of an image: the head, trained on the last step, applied to all.
 *
 * @module
 */
import type { Classifier } from "../model/classifier.ts";

/**
 * The probability of each class after every time step.
 *
 *     z = y W + b               [K], y the top layer's output after step t
 *     p = softmax(z)            [K]
 *
 * @param outputs The top layer's outputs, `[N, T, H]`, as an engine gives them
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
 * const network = createClassifier({
 *   layers: [{ kind: "rnn", inputSize: 1, hiddenSize: 1, activation: "tanh", dropout: 0 }],
 *   classes: 2,
 * });
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
  const { inputSize: H, classes: K, kernel, bias } = network.head;
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
  const W = parameters.subarray(kernel.offset, kernel.offset + kernel.size); // [H,K]
  const b = parameters.subarray(bias.offset, bias.offset + bias.size); // [K]
  const rows = outputs.length / H;
  const probabilities = new Float32Array(rows * K);
  const z = new Float64Array(K);
  for (let row = 0; row < rows; row++) {
    z.set(b);
    for (let j = 0; j < H; j++) {
      const y = outputs[row * H + j];
      for (let k = 0; k < K; k++) z[k] += y * W[j * K + k];
    }
    probabilities.set(softmax(z), row * K);
  }
  return probabilities;
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
