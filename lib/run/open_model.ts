/**
 * Opens a model from a folder, from bytes or from memory.
 *
 * @module
 */
import { takeModel } from "../model/model_files.ts";
import type { TrainedModel } from "../model/trained_model.ts";
import { type Model, type OpenOptions, openTrained } from "../train/model.ts";
import { openRun } from "./folder.ts";

/** The folder of a run, the bytes of a safetensors file that Scanline wrote, or a model that is in memory. */
export type ModelSource = string | Uint8Array | TrainedModel;

/**
 * Opens a trained model to predict, read and evaluate images with: it needs no training and no optimizer.
 *
 * @throws {TypeError} If the source is not a model, or is damaged; or if an option is unknown or of another kind.
 * @throws {SyntaxError} If the bytes are not safetensors, or lack the metadata of Scanline.
 * @throws {RangeError} If the device is not there.
 * @throws {Deno.errors.NotFound} If there is no such run.
 *
 * @example
 * ```ts ignore
 * await using model = await openModel("runs/train-lstm/2026-11-22T05-41-25", { device: "wasm" });
 * const { accuracy } = await model.evaluate(test);
 * const logits = await model.predict(preparePicture(raster, imageSize(model.trained), { preparation: "digit" }).image);
 * ```
 */
export async function openModel(source: ModelSource, options: OpenOptions = {}): Promise<Model> {
  return await openTrained(await loadModel(source), options);
}

/** Loads a model as plain data, without a device. Throws as {@link openModel} does. */
export async function loadModel(source: ModelSource): Promise<TrainedModel> {
  if (typeof source === "string") return (await openRun(source)).model;
  return takeModel(source, "the folder of a run, the bytes of a safetensors file, or a trained model");
}
