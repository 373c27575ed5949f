/**
 * The hash of a model: of all that its predictions depend on.
 *
 * @module
 */
import { joinBytes } from "../bytes.ts";
import { sha256 } from "../data/files.ts";
import { normalizationOf, type Sequence } from "../data/sequence.ts";
import type { Network } from "./network.ts";

/**
 * The SHA-256, in hexadecimal, of a model: its layers, how it reads an image, and its parameters. Models with equal hashes
 * are equal to the bit. Dropout and the number of bias vectors, which matter only in training, are left out.
 *
 * It is the hash of one line of JSON in UTF-8 (layers from the input up, classes, axis, mean, deviation), a line feed, and
 * the parameters: float32, little-endian, in the order of {@link Network.parameters}.
 *
 * @param parameters Flat, {@link Network.size} elements
 *
 * @example
 * ```ts
 * import { hashModel } from "./hash.ts";
 * import { createNetwork } from "./network.ts";
 * import assert from "node:assert/strict";
 *
 * const sizes = { kind: "rnn", inputSize: 2, hiddenSize: 3, dropout: 0 } as const;
 * const [relu, tanh] = (["relu", "tanh"] as const).map((activation) => {
 *   const network = createNetwork({ layers: [{ ...sizes, activation }], classes: 2 });
 *   return hashModel(network, { axis: "rows", range: [0, 1] }, new Float32Array(network.size));
 * });
 * assert.notEqual(relu, tanh);
 * ```
 */
export function hashModel(network: Network, sequence: Sequence, parameters: Float32Array): string {
  const layers = network.layers.map((layer) => {
    const { kind, inputSize, hiddenSize } = layer;
    const activation = layer.kind === "lstm" ? layer.gateActivation : layer.activation;
    return { kind, inputSize, hiddenSize, activation };
  });
  const { axis } = sequence, { mean, deviation } = normalizationOf(sequence);
  const line = JSON.stringify({ layers, classes: network.head.classes, axis, mean, deviation }) + "\n";
  const bytes = new Uint8Array(parameters.buffer, parameters.byteOffset, parameters.byteLength);
  return sha256(joinBytes(new TextEncoder().encode(line), bytes));
}
