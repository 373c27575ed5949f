/**
 * What a file is that should have been safetensors, told by its first bytes, and how its weights become safetensors.
 *
 * @module
 */
import { excerpt } from "../excerpt.ts";

/** A kind of file that people have weights in, or get instead of weights. */
export interface FileKind {
  /** As a sentence goes on: "current value is …". */
  readonly what: string;
  /** What to do about it. */
  readonly remedy: string;
}

const PYTHON = `In Python, with PyTorch and the package safetensors, these lines make one of it:
  import torch; from safetensors.torch import save_file
  state = torch.load("weights.pth", map_location="cpu", weights_only=True)
  save_file({name: tensor.contiguous().clone() for name, tensor in state.items()}, "weights.safetensors")
A checkpoint has the weights inside: state = state["state_dict"], or as it is called there`;

const SCRIPT = `In Python, with PyTorch and the package safetensors, these lines make one of it:
  import torch; from safetensors.torch import save_file
  state = torch.jit.load("weights.pt", map_location="cpu").state_dict()
  save_file({name: tensor.contiguous().clone() for name, tensor in state.items()}, "weights.safetensors")`;

const KERAS = "tensorflowjs_converter makes a model.json of it: tf.loadLayersModel() reads that, and " +
  "scanline.compile() takes the model";
const KERAS_ORIGIN = "tensorflowjs_converter makes a model.json of the Keras model that it was made from: " +
  "tf.loadLayersModel() reads that, and scanline.compile() takes the model";
const RENAME =
  "Name its arrays as torch.nn.LSTM and torch.nn.Linear do (weight_ih_l0, …), and write them with " +
  "safetensors.numpy.save_file()";
const ORIGIN = "Export the state_dict() of the PyTorch model that it was made from as safetensors";
const UNPACK = "Unpack it first";
const DOWNLOAD = "Take the file itself: a link for people often leads to a page about it";

/** Bytes that only this kind of file begins with, in Latin-1. */
const SIGNATURES: readonly (readonly [start: string, what: string, remedy: string])[] = [
  ["\x89HDF\r\n\x1a\n", "HDF5, as Keras saves models (.h5)", KERAS],
  ["\x93NUMPY", "an array of NumPy's (.npy)", RENAME],
  ["version https://git-lfs", "a pointer of Git LFS, without the file", "Fetch the file: git lfs pull"],
  ["GGUF", "GGUF, as llama.cpp reads it", ORIGIN],
  ["\x1f\x8b", "compressed by gzip", UNPACK],
  ["BZh", "compressed by bzip2", UNPACK],
  ["\xfd7zXZ", "compressed by xz", UNPACK],
  ["\x28\xb5\x2f\xfd", "compressed by zstd", UNPACK],
  ["7z\xbc\xaf", "an archive of 7-Zip", UNPACK],
  ["Rar!", "an archive of RAR", UNPACK],
];

/** What a zip's list of names tells of it. */
const ZIPS: readonly (readonly [name: string, what: string, remedy: string])[] = [
  ["archive_format", "a program of PyTorch (torch.export.save)", ORIGIN],
  ["constants.pkl", "TorchScript of PyTorch (torch.jit.save)", SCRIPT],
  ["data.pkl", "a file of PyTorch (torch.save): a zip with a pickle", PYTHON],
  ["model.weights.h5", "a model of Keras (.keras)", KERAS],
  [".npy", "arrays of NumPy's (.npz)", RENAME],
];

/** `torch.save` before PyTorch 1.6: a pickle of this number comes first. */
const LEGACY_TORCH = "\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19";

/** Of a zip's end, where the names are. */
const TAIL_BYTES = 65_536;

/**
 * Recognizes a file that is not safetensors; null if it may be, or is of no kind known here.
 *
 * @example
 * ```ts
 * import { recognizeFile } from "./file_kind.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(recognizeFile(new TextEncoder().encode("<!DOCTYPE html>"))?.what, "a web page");
 * assert.equal(recognizeFile(new Uint8Array(100)), null);
 * ```
 */
export function recognizeFile(bytes: Uint8Array): FileKind | null {
  if (bytes.length === 0) return { what: "an empty file", remedy: "Download or copy it again" };
  const start = latin1(bytes.subarray(0, 4096));
  if (start.startsWith("\0\0{", 6)) return null; // the end of safetensors' length of a header, and a header
  const [, what, remedy] = SIGNATURES.find(([signature]) => start.startsWith(signature)) ??
    (start.startsWith("PK\x03\x04") ? zipKind(start + latin1(bytes.subarray(-TAIL_BYTES))) : null) ??
    pickleKind(start) ?? textKind(start) ?? protobufKind(start) ?? [];
  return what !== undefined && remedy !== undefined ? { what, remedy } : null;
}

type Found = readonly [found: unknown, what: string, remedy: string];

function zipKind(text: string): Found {
  return ZIPS.find(([name]) => text.includes(name)) ?? [null, "an archive of zip", UNPACK];
}

function pickleKind(start: string): Found | null {
  if (start.slice(2).startsWith(LEGACY_TORCH)) {
    return [start, "an old file of PyTorch (torch.save): a pickle", PYTHON];
  }
  if (!/^\x80[\x02-\x05]/.test(start)) return null;
  const remedy = `${RENAME}. Unpickling runs code in the file: open only files of people you trust`;
  return [start, "a pickle of Python", remedy];
}

/** Pages, JSON, and other text. */
function textKind(start: string): Found | null {
  const text = start.replace(/^\xef\xbb\xbf/, "").trimStart();
  if (/^<(!doctype html|html|head|body|!--)/i.test(text)) return [text, "a web page", DOWNLOAD];
  if (text.startsWith("<?xml")) return [text, "XML, perhaps a server's message", DOWNLOAD];
  if (!/^[{[]\s*["{[\]}]/.test(text)) {
    if (!/^[\t\n\r -~]+$/.test(start.slice(0, 64))) return null;
    return [
      text,
      `text that begins with ${excerpt(text.slice(0, 40))}`,
      "It may be a server's message: read it",
    ];
  }
  if (/"modelTopology"|"weightsManifest"/.test(text)) {
    return [text, "model.json of TensorFlow.js", "Load it with tf.loadLayersModel(), for scanline.compile()"];
  }
  if (/"weight_map"/.test(text)) {
    return [text, "the index of many safetensors files", "Join those that it names into one"];
  }
  return [text, "JSON", "Take the file of weights beside it"];
}

/** Formats without a signature: a field's number and kind, and what must follow. */
function protobufKind(start: string): Found | null {
  if (start.startsWith("TFL3", 4)) return [start, "a model of TensorFlow Lite (.tflite)", KERAS_ORIGIN];
  if (/^\x08\x01\x12/.test(start)) return [start, "a SavedModel of TensorFlow (.pb)", KERAS];
  if (/^\x08[\x03-\x1f][\x12\x1a\x22\x3a\x42]/.test(start)) return [start, "a model in ONNX", ORIGIN];
  if (/^\x0a/.test(start) && /\x12.(Const|Placeholder|VarHandleOp|VariableV2)/.test(start)) {
    return [start, "a frozen graph of TensorFlow (.pb)", KERAS_ORIGIN];
  }
  return null;
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
