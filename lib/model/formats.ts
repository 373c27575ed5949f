/**
 * A trained model as files of other programs. The metadata of each describe the input: shape, order and numbers.
 *
 * @module
 */
import { describeInput } from "../data/describe_input.ts";
import { type Metadata, writeMetadata } from "./metadata.ts";
import { encodeOnnx } from "./onnx.ts";
import { type PyTorchNames, toPyTorch } from "./pytorch.ts";
import { encodeSafetensors } from "./safetensors.ts";
import { serializeModel, type TensorflowFiles } from "./tensorflow_files.ts";
import { toTensorflow } from "./to_tensorflow.ts";
import { checkTrained, type TrainedModel } from "./trained_model.ts";

/** An ONNX file, for ONNX Runtime and others. @param more Other metadata */
export function toOnnx(model: TrainedModel, more: Metadata = {}): Uint8Array<ArrayBuffer> {
  const { network, parameters, T } = checkTrained("write ONNX", model);
  const metadata = { ...describeModel(model), ...more };
  return encodeOnnx(network, parameters, { T, input: "images", output: "logits", metadata });
}

/**
 * A safetensors file with the names and shapes of PyTorch's `state_dict()`. `openModel()` opens it.
 *
 * @param names The names of the LSTM or RNN, and of the Linear, in the module
 * @param more Other metadata
 */
export function toSafetensors(
  model: TrainedModel,
  names: PyTorchNames = {},
  more: Metadata = {},
): Uint8Array<ArrayBuffer> {
  const { network, parameters } = checkTrained("write safetensors", model);
  return encodeSafetensors(toPyTorch(network, parameters, names), {
    ...describeModel(model),
    ...more,
    format: "pt",
  });
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

function describeModel(model: TrainedModel): Metadata {
  const { network: { input }, T, sequence } = model;
  return { ...writeMetadata(model), input: describeInput(sequence, { T, C: input.size }) };
}
