/**
 * A trained model as bytes of files, and back. The metadata of each describe the input: shape, order and numbers.
 *
 * @module
 */
import { describeInput } from "../data/describe_input.ts";
import { layOutSequence } from "../data/sequence.ts";
import { excerpt } from "../excerpt.ts";
import { describedNetwork, type Metadata, readMetadata, writeMetadata } from "./metadata.ts";
import type { Network } from "./network.ts";
import { encodeOnnx } from "./onnx.ts";
import { type PyTorchNames, readPyTorch, toPyTorch } from "./pytorch.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
import { readChainMetadata, writeChainMetadata } from "./torch_chain.ts";
import { placeLayers } from "./torch_tensors.ts";
import { checkTrained, type TrainedModel } from "./trained_model.ts";

/**
 * An ONNX file, for ONNX Runtime and others: its input is `images` and its output `logits`.
 *
 * @param more Other metadata
 * @throws {TypeError} If it is no model.
 */
export function toOnnx(model: TrainedModel, more: Metadata = {}): Uint8Array<ArrayBuffer> {
  const { network, parameters, T } = checkTrained("write ONNX", model);
  const metadata = { ...describeModel(model), ...more };
  return encodeOnnx(network, parameters, { T, input: "images", output: "logits", metadata });
}

/**
 * A safetensors file with the names and shapes of PyTorch's `state_dict()`, which `openModel()` opens.
 *
 * @param names The names of the recurrent module, and of the last `Linear`, in the module
 * @param more Other metadata
 * @throws {TypeError} If it is no model, or has a layer that PyTorch does not have; says which, and why.
 */
export function toSafetensors(
  model: TrainedModel,
  names: PyTorchNames = {},
  more: Metadata = {},
): Uint8Array<ArrayBuffer> {
  const checked = checkTrained("write safetensors", model);
  return encodeWeights(checked, { names, metadata: describeModel(model), more });
}

/** A network with its weights as a safetensors file. */
export function encodeWeights(
  { network, parameters }: { readonly network: Network; readonly parameters: Float32Array },
  { names, metadata, more }: {
    readonly names: PyTorchNames;
    readonly metadata: Metadata;
    readonly more: Metadata;
  },
): Uint8Array<ArrayBuffer> {
  const chain = writeChainMetadata(network, placeLayers(network, names));
  const said = { ...metadata, ...chain, ...more, format: "pt" };
  return encodeSafetensors(toPyTorch(network, parameters, names), said);
}

/** The metadata of a file of a model. */
export function describeModel(model: TrainedModel): Metadata {
  const { network: { input }, T, sequence } = model;
  const isPermuted = sequence.permutation !== undefined && T !== null;
  // Other programs cannot draw it.
  const order = isPermuted ? [...layOutSequence(sequence, { height: 1, width: T }).order] : null;
  return {
    ...writeMetadata(model),
    input: describeInput(sequence, { T, C: input.size }),
    ...(order ? { order: JSON.stringify(order) } : {}),
  };
}

/**
 * The model that bytes of safetensors contain, or one in memory, checked.
 *
 * @param must What it may be, for messages
 * @throws {TypeError} If it is no model, or is damaged.
 * @throws {SyntaxError} If the bytes are not safetensors, or lack the metadata of Scanline.
 */
export function takeModel(source: Uint8Array | TrainedModel, must: string): TrainedModel {
  if (source instanceof Uint8Array) return decodeModel(source);
  if (typeof source === "object" && source && "parameters" in source) {
    return checkTrained("open the model", source);
  }
  throw new TypeError(
    `Cannot open the model: it must be ${must}: current value is ${
      source === undefined ? "missing" : excerpt(source)
    }`,
  );
}

/** @throws {SyntaxError} If metadata are missing; `deno task import` takes other files. */
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
