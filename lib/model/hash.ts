/**
 * The hash of a model: of all that its predictions depend on.
 *
 * @module
 */
import { joinBytes } from "../bytes.ts";
import { sha256 } from "../data/files.ts";
import { normalizationOf } from "../data/sequence.ts";
import { checkTrained, type TrainedModel } from "./trained_model.ts";

/**
 * The SHA-256, in hexadecimal, of a model: its layers, how it reads an image, and its parameters. Models with equal hashes
 * are equal to the bit. Dropout and the number of bias vectors, which matter only in training, are left out.
 *
 * What is hashed is one line of JSON in UTF-8 (layers from the input up, classes, axis, mean and deviation; the code says
 * in which order), a line feed, and the parameters: float32, little-endian, in the order of `network.parameters`.
 *
 * @example
 * ```ts
 * import { modelSha256 } from "./hash.ts";
 * import { createClassifier } from "./classifier.ts";
 * import assert from "node:assert/strict";
 *
 * const sizes = { kind: "rnn", inputSize: 2, hiddenSize: 3, dropout: 0 } as const;
 * const [relu, tanh] = (["relu", "tanh"] as const).map((activation) => {
 *   const network = createClassifier({ layers: [{ ...sizes, activation }], classes: 2 });
 *   const sequence = { axis: "rows", range: [0, 1] } as const;
 *   return modelSha256({ network, sequence, parameters: new Float32Array(network.size) });
 * });
 * assert.notEqual(relu, tanh);
 * ```
 */
export function modelSha256(model: Pick<TrainedModel, "network" | "sequence" | "parameters">): string {
  const named = { T: null, classNames: undefined!, ...model };
  const { network, sequence, parameters } = checkTrained("hash the model", named);
  const layers = network.recurrent.map((layer) => {
    const { kind, inputSize, hiddenSize } = layer;
    const activation = layer.kind === "lstm" ? layer.gateActivation : layer.activation;
    return { kind, inputSize, hiddenSize, activation };
  });
  const { axis } = sequence, { mean, deviation } = normalizationOf(sequence);
  const line = JSON.stringify({ layers, classes: network.head.classes, axis, mean, deviation }) + "\n";
  const bytes = new Uint8Array(parameters.buffer, parameters.byteOffset, parameters.byteLength);
  return sha256(joinBytes(new TextEncoder().encode(line), bytes));
}
