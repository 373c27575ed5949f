/**
 * Models as files of other programs: those of TensorFlow.js too.
 *
 * @module
 */
import { type LayersModel, toChain } from "./from_tensorflow.ts";
import { type Metadata, PRODUCER } from "./metadata.ts";
import {
  describeModel,
  encodeWeights,
  toOnnx as trainedToOnnx,
  toSafetensors as trainedToSafetensors,
} from "./model_files.ts";
import { encodeOnnx } from "./onnx.ts";
import type { PyTorchNames } from "./pytorch.ts";
import { serializeModel, type TensorflowFiles } from "./tensorflow_files.ts";
import { readWeights } from "./tensorflow_weights.ts";
import { toTensorflow } from "./to_tensorflow.ts";
import { checkTrained, type TrainedModel } from "./trained_model.ts";

/**
 * An ONNX file, for ONNX Runtime and others: its input is `images` and its output `logits`, or of a TensorFlow.js model `input` and
 * `output`, in its own shapes.
 *
 * @param more Other metadata
 * @throws {TypeError} If it is no model, or anything in it means something else to Scanline than to TensorFlow.js.
 */
export function toOnnx(model: TrainedModel, more?: Metadata): Uint8Array<ArrayBuffer>;
/** The same of a TensorFlow.js model, with its current weights. */
export function toOnnx(model: LayersModel, more?: Metadata): Promise<Uint8Array<ArrayBuffer>>;
export function toOnnx(
  model: TrainedModel | LayersModel,
  more: Metadata = {},
): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
  if (!isLayersModel(model)) return trainedToOnnx(model, more);
  return readLayersModel("write ONNX", model).then(({ network, parameters, T }) =>
    encodeOnnx(network, parameters, { T, metadata: { producer: PRODUCER, ...more } })
  );
}

/**
 * A safetensors file with the names and shapes of PyTorch's `state_dict()`. `openModel()` opens that of a trained model,
 * `fromPyTorch()` that of any, without its dropout.
 *
 * @param names The names of the recurrent module, and of the last `Linear`, in the module
 * @param more Other metadata
 * @throws {TypeError} If it is no model, or has a layer that PyTorch does not have; says which, and why.
 */
export function toSafetensors(
  model: TrainedModel,
  names?: PyTorchNames,
  more?: Metadata,
): Uint8Array<ArrayBuffer>;
/** The same of a TensorFlow.js model, with its current weights. */
export function toSafetensors(
  model: LayersModel,
  names?: PyTorchNames,
  more?: Metadata,
): Promise<Uint8Array<ArrayBuffer>>;
export function toSafetensors(
  model: TrainedModel | LayersModel,
  names: PyTorchNames = {},
  more: Metadata = {},
): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
  if (!isLayersModel(model)) return trainedToSafetensors(model, names, more);
  return readLayersModel("write safetensors", model).then((weights) =>
    encodeWeights(weights, { names, metadata: { producer: PRODUCER }, more })
  );
}

function isLayersModel(model: TrainedModel | LayersModel): model is LayersModel {
  return typeof model === "object" && model !== null && "getClassName" in model;
}

async function readLayersModel(action: string, model: LayersModel) {
  const { network, T } = toChain(model, { action, isTrained: false, loss: "meanSquaredError" });
  return { network, T, parameters: await readWeights(model, network) };
}

/** The two files that `tf.loadLayersModel()` reads. @param more Other metadata */
export async function toTensorflowFiles(model: TrainedModel, more: Metadata = {}): Promise<TensorflowFiles> {
  const layers = toTensorflow(checkTrained("write the files of TensorFlow.js", model));
  try {
    return await serializeModel(layers, { ...describeModel(model), ...more });
  } finally {
    layers.dispose();
  }
}
