/**
 * Opens a model from a folder, from bytes or from memory.
 *
 * @module
 */
import { excerpt } from "../excerpt.ts";
import { describedNetwork, readMetadata } from "../model/metadata.ts";
import { readPyTorch } from "../model/pytorch.ts";
import { readChainMetadata } from "../model/torch_chain.ts";
import { decodeSafetensors } from "../model/safetensors.ts";
import { checkTrained, type TrainedModel } from "../model/trained_model.ts";
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
  if (source instanceof Uint8Array) return decodeModel(source);
  if (typeof source === "object" && source && "parameters" in source) {
    return checkTrained("open the model", source);
  }
  throw new TypeError(
    "Cannot open the model: it must be the folder of a run, the bytes of a safetensors file, or a trained model: " +
      `current value is ${source === undefined ? "missing" : excerpt(source)}`,
  );
}

/**
 * The model in a safetensors file that Scanline wrote.
 *
 * @throws {SyntaxError} If metadata are missing; `deno task import` takes other files.
 */
function decodeModel(bytes: Uint8Array): TrainedModel {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const said = readMetadata(metadata), { T, order, scale, classNames, dataset, preparation } = said;
  const { network: found, parameters } = readPyTorch(tensors, readChainMetadata(metadata));
  if (!(said.network || said.layers) || T === undefined || !order || !scale) {
    throw new SyntaxError(
      "Cannot open the model: the metadata of the file must have its layers and its sequence, as those of Scanline do " +
        "(`deno task import --from FILE` takes others)",
    );
  }
  const network = describedNetwork(found, { ...said, biases: said.biases ?? 1 });
  const about = { T, sequence: { ...order, ...scale }, classNames: classNames!, dataset, preparation };
  return checkTrained("open the model", { network, parameters, ...about });
}
