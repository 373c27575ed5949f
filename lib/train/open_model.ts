/**
 * Opens a model from bytes or from memory.
 *
 * @module
 */
import { takeModel } from "../model/model_files.ts";
import type { TrainedModel } from "../model/trained_model.ts";
import { type Model, type OpenOptions, openTrained } from "./model.ts";

/** The bytes of a safetensors file that Scanline wrote, or a model that is in memory. */
export type ModelSource = Uint8Array | TrainedModel;

/**
 * Opens a trained model to predict, read and evaluate images with: it needs no training and no optimizer.
 *
 * @throws {TypeError} If the source is not a model, or is damaged; or if an option is unknown or of another kind.
 * @throws {SyntaxError} If the bytes are not safetensors, or lack the metadata of Scanline.
 * @throws {RangeError} If the device is not there.
 *
 * @example
 * ```ts
 * import { createClassifier } from "../model/classifier.ts";
 * import { openModel } from "./open_model.ts";
 * import assert from "node:assert/strict";
 *
 * const layers = [{ kind: "rnn", hiddenSize: 3 }, { kind: "dense", units: 2 }] as const;
 * const network = createClassifier({ inputSize: 4, layers });
 * await using model = await openModel({
 *   network,
 *   T: 6,
 *   sequence: { axis: "rows", range: [0, 1] },
 *   classNames: ["no", "yes"],
 *   parameters: new Float32Array(network.size),
 * }, { device: "reference" });
 * const probabilities = await model.read({ pixels: new Uint8Array(24), count: 1, height: 6, width: 4 });
 * assert.deepEqual([...probabilities], Array(6 * 2).fill(0.5)); // [N, T, K]
 * ```
 */
export async function openModel(source: ModelSource, options: OpenOptions = {}): Promise<Model> {
  return await openTrained(await loadModel(source), options);
}

/** Loads a model as plain data, without a device. Throws as {@link openModel} does. */
export async function loadModel(source: ModelSource): Promise<TrainedModel> {
  return await takeModel(source, "the bytes of a safetensors file, or a trained model");
}
