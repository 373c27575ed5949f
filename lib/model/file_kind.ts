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
const TFJS = "tf.loadLayersModel() reads it, and scanline.compile() takes the model";
const RENAME =
  "Name its arrays as torch.nn.LSTM and torch.nn.Linear do (weight_ih_l0, …), and write them with " +
  "safetensors.numpy.save_file()";
const ORIGIN = "Export the state_dict() of the PyTorch model that it was made from as safetensors";
const UNPACK = "Unpack it first";
const WEIGHTS = "Take the file of weights instead";
const PICTURE = `${WEIGHTS}: deno task predict reads pictures`;
const IDX = `${WEIGHTS}: --data-dir names the folder of images`;
const DOWNLOAD = "Take the file itself: a link for people often leads to a page about it";

/** Bytes that only this kind of file begins with, in Latin-1. */
const SIGNATURES: Table = [
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
  ["\x89PNG", "a picture (PNG)", PICTURE],
  ["\xff\xd8\xff", "a picture (JPEG)", PICTURE],
  ["%PDF", "a PDF", WEIGHTS],
  ["\0\0\x08\x01", "labels in IDX, as MNIST's", IDX],
  ["\0\0\x08\x03", "images in IDX, as MNIST's", IDX],
];

/** What a zip's list of names tells of it. */
const ZIPS: Table = [
  ["archive_format", "a program of PyTorch (torch.export.save)", ORIGIN],
  ["constants.pkl", "TorchScript of PyTorch (torch.jit.save)", SCRIPT],
  ["data.pkl", "a file of PyTorch (torch.save): a zip with a pickle", PYTHON],
  ["model.weights.h5", "a model of Keras (.keras)", KERAS],
  [".npy", "arrays of NumPy's (.npz)", RENAME],
];

/** What a JSON file's first properties tell of it. */
const JSONS: Table = [
  ['"modelTopology"', "model.json of TensorFlow.js", TFJS],
  ['"weightsManifest"', "model.json of TensorFlow.js", TFJS],
  ['"weight_map"', "the index of many safetensors files", "Join those that it names into one"],
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
  return find(SIGNATURES, (signature) => start.startsWith(signature)) ?? zipKind(start, bytes) ??
    pickleKind(start) ?? textKind(start) ?? binaryKind(start);
}

type Table = readonly (readonly [key: string, what: string, remedy: string])[];

function find(table: Table, holds: (key: string) => boolean): FileKind | null {
  const [, what, remedy] = table.find(([key]) => holds(key)) ?? [];
  return what !== undefined && remedy !== undefined ? { what, remedy } : null;
}

function zipKind(start: string, bytes: Uint8Array): FileKind | null {
  if (!start.startsWith("PK\x03\x04")) return null;
  const text = start + latin1(bytes.subarray(-TAIL_BYTES));
  return find(ZIPS, (name) => text.includes(name)) ?? { what: "an archive of zip", remedy: UNPACK };
}

function pickleKind(start: string): FileKind | null {
  if (start.startsWith(LEGACY_TORCH, 2)) {
    return { what: "an old file of PyTorch (torch.save): a pickle", remedy: PYTHON };
  }
  const protocol = start.charCodeAt(1);
  if (start[0] !== "\x80" || !(protocol >= 2 && protocol <= 5)) return null;
  return {
    what: "a pickle of Python",
    remedy: `${RENAME}. Unpickling runs code in the file: open only files of people you trust`,
  };
}

/** Pages, JSON, and other text. */
function textKind(start: string): FileKind | null {
  const text = start.replace(/^\xef\xbb\xbf/, "").trimStart();
  if (/^<(!doctype html|html|head|body|!--)/i.test(text)) return { what: "a web page", remedy: DOWNLOAD };
  if (text.startsWith("<?xml")) return { what: "XML, perhaps a server's message", remedy: DOWNLOAD };
  if (/^[{[]\s*["{[\]}]/.test(text)) {
    return find(JSONS, (key) => text.includes(key)) ??
      { what: "JSON", remedy: "Take the file of weights beside it" };
  }
  if (!/^[\t\n\r -~]{8,}$/.test(start.slice(0, 64))) return null;
  return {
    what: `text that begins with ${excerpt(text.slice(0, 40))}`,
    remedy: "It may be a server's message: read it",
  };
}

/** Formats without a signature: a field's number and kind, and what must follow. */
function binaryKind(start: string): FileKind | null {
  if (start.startsWith("TFL3", 4)) {
    return { what: "a model of TensorFlow Lite (.tflite)", remedy: KERAS_ORIGIN };
  }
  if (start.startsWith("\x08\x01\x12")) return { what: "a SavedModel of TensorFlow (.pb)", remedy: KERAS };
  if (start[0] === "\b" && start.charCodeAt(1) < 32 && "\x12\x1a\x22\x3a\x42".includes(start[2] ?? "-")) {
    return { what: "a model in ONNX", remedy: ORIGIN };
  }
  if (start[0] === "\n" && /Const|Placeholder|VarHandleOp|VariableV2/.test(start)) {
    return { what: "a frozen graph of TensorFlow (.pb)", remedy: KERAS_ORIGIN };
  }
  return null;
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
