/**
 * The hash of a model: of all that its predictions depend on.
 *
 * @module
 */
import { sha256 } from "npm:@noble/hashes@2.4.0/sha2.js"; // at once; browsers have their own only behind a promise
import { bytesToHex } from "npm:@noble/hashes@2.4.0/utils.js";
import { joinBytes } from "../bytes.ts";
import { normalizationOf } from "../data/sequence.ts";
import type { Classifier } from "./classifier.ts";
import { layerOptions } from "./layer_options.ts";
import { isRecurrent, type Layer } from "./network.ts";
import { checkTrained, type TrainedModel } from "./trained_model.ts";

/**
 * The SHA-256, in hexadecimal, of a model: its layers, how it reads an image, and its parameters. Models with equal hashes
 * are equal to the bit. What matters only in training is left out: dropout, regularizers, the number of bias vectors, how batch
 * normalization averages.
 *
 * What is hashed is one line of JSON in UTF-8 (the layers from the input up, axis, mean and deviation; the code says
 * in which order), a line feed, and the parameters: float32, little-endian, in the order of `network.parameters`.
 *
 * @example
 * ```ts
 * import { modelSha256 } from "./hash.ts";
 * import { createClassifier } from "./classifier.ts";
 * import assert from "node:assert/strict";
 *
 * const [relu, tanh] = (["relu", "tanh"] as const).map((activation) => {
 *   const layers = [{ kind: "rnn", hiddenSize: 3, activation }, { kind: "dense", units: 2 }] as const;
 *   const network = createClassifier({ inputSize: 2, layers });
 *   const sequence = { axis: "rows", range: [0, 1] } as const;
 *   return modelSha256({ network, sequence, parameters: new Float32Array(network.size) });
 * });
 * assert.notEqual(relu, tanh);
 * ```
 */
export function modelSha256(model: Pick<TrainedModel, "network" | "sequence" | "parameters">): string {
  const named = { T: null, classNames: undefined!, ...model };
  const { network, sequence, parameters } = checkTrained("hash the model", named);
  const { axis, reversed, permutation } = sequence, { mean, deviation } = normalizationOf(sequence);
  const order = { axis, ...(reversed ? { reversed } : {}), permutation };
  const parts = { ...describeLayers(network), ...order, mean, deviation };
  const line = JSON.stringify(parts, (name, value) => TRAINING_ONLY.test(name) ? undefined : value) + "\n";
  const bytes = new Uint8Array(parameters.buffer, parameters.byteOffset, parameters.byteLength);
  return bytesToHex(sha256(joinBytes(new TextEncoder().encode(line), bytes)));
}

/** Layers of one direction under a dense head are written as they were when there were no others. */
function describeLayers({ input, layers: all, classes }: Classifier): object {
  const layers = all.filter(({ kind }) => kind !== "dropout"), below = layers.slice(0, -1).map(describePlain);
  const head = layers[layers.length - 1];
  const isPlain = head.kind === "dense" && head.activation === "linear" && head.bias && !below.includes(null);
  if (isPlain) return { layers: below, classes };
  return { inputSize: input.size, layers: layers.map(layerOptions) };
}

/** The properties of layers that matter only in training. */
const TRAINING_ONLY = /Dropout$|Regularizer$|^momentum$|^unbiased$/;

/** Null for what a description of this kind does not tell apart. */
function describePlain(layer: Layer): object | null {
  if (!isRecurrent(layer) || layer.kind === "gru" || layer.backwards || !layer.bias) return null;
  const { kind, inputSize, hiddenSize, activation } = layer;
  if (layer.kind === "rnn") {
    return activation === "relu" || activation === "tanh"
      ? { kind, inputSize, hiddenSize, activation }
      : null;
  }
  const { gateActivation } = layer,
    isUsual = gateActivation === "sigmoid" || gateActivation === "hardSigmoid";
  return isUsual && activation === "tanh"
    ? { kind, inputSize, hiddenSize, activation: gateActivation }
    : null;
}
