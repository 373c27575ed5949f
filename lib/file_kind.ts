/**
 * Recognizes files that should have been safetensors by their first bytes, and says how to get safetensors from them.
 *
 * @module
 */
import { excerpt } from "./excerpt.ts";

/** A kind of file that people have weights in, or downloaded by mistake. */
export interface FileKind {
  /** In words that follow "current value is". */
  readonly what: string;
  /** What to do about it. */
  readonly remedy: string;
}

const convert = (state: string) =>
  `These lines of Python convert it, with PyTorch and the package safetensors:
  import torch; from safetensors.torch import save_file
  state = ${state}
  save_file({name: tensor.contiguous().clone() for name, tensor in state.items()}, "weights.safetensors")`;
const SCRIPT = convert('torch.jit.load("weights.pt", map_location="cpu").state_dict()');
const PYTHON = `${convert('torch.load("weights.pth", map_location="cpu", weights_only=True)')}
In a checkpoint the weights are one entry: state = state["state_dict"], or whatever it is called there`;

const TFJS = "tf.loadLayersModel() reads it, and scanline.compile() takes the model";
const KERAS = `tensorflowjs_converter makes a model.json of it; ${TFJS}`;
const KERAS_ORIGIN =
  `tensorflowjs_converter makes a model.json of the Keras model that it was made from; ${TFJS}`;
const RENAME =
  "Name its arrays as torch.nn.LSTM and torch.nn.Linear do (weight_ih_l0, …), and write them with " +
  "safetensors.numpy.save_file()";
const ORIGIN = "Export the state_dict() of the PyTorch model that it was made from as safetensors";
const UNPACK = "Unpack it first";
const WEIGHTS = "Use the file of weights instead";
const PICTURE = `${WEIGHTS}: deno task predict reads pictures`;
const IDX = `${WEIGHTS}: --data-dir takes the folder of images`;
const DOWNLOAD = "Download the file itself: a link often leads to a page about it";

/** A text in a file, what the file is, what to do about it, and the position of the text if not 0. */
type Table = readonly (readonly [key: string, what: string, remedy: string, at?: number])[];

/** Bytes that only this kind of file begins with, in Latin-1. */
const SIGNATURES: Table = [
  ["\x89HDF\r\n\x1a\n", "HDF5, as in Keras models (.h5)", KERAS],
  ["\x93NUMPY", "a NumPy array (.npy)", RENAME],
  ["version https://git-lfs", "a Git LFS pointer, without the file", "Fetch the file: git lfs pull"],
  ["GGUF", "a GGUF file, as for llama.cpp", ORIGIN],
  ["\x1f\x8b", "compressed by gzip", UNPACK],
  ["BZh", "compressed by bzip2", UNPACK],
  ["\xfd7zXZ", "compressed by xz", UNPACK],
  ["\x28\xb5\x2f\xfd", "compressed by zstd", UNPACK],
  ["7z\xbc\xaf", "a 7-Zip archive", UNPACK],
  ["Rar!", "a RAR archive", UNPACK],
  ["\x89PNG", "a picture (PNG)", PICTURE],
  ["\xff\xd8\xff", "a picture (JPEG)", PICTURE],
  ["%PDF", "a PDF", WEIGHTS],
  ["\0\0\x08\x01", "labels in IDX, like MNIST's", IDX],
  ["\0\0\x08\x03", "images in IDX, like MNIST's", IDX],
  ["\x08\x01\x12", "a TensorFlow SavedModel (.pb)", KERAS],
  ["TFL3", "a TensorFlow Lite model (.tflite)", KERAS_ORIGIN, 4],
  // Before PyTorch 1.6 torch.save() wrote a pickle that begins with this number.
  ["\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19", "an old PyTorch file (torch.save): a pickle", PYTHON, 2],
];

/** Names in a zip file. */
const ZIPS: Table = [
  ["archive_format", "a PyTorch program (torch.export.save)", ORIGIN],
  ["constants.pkl", "TorchScript (torch.jit.save)", SCRIPT],
  ["data.pkl", "a PyTorch file (torch.save): a zip with a pickle", PYTHON],
  ["model.weights.h5", "a Keras model (.keras)", KERAS],
  [".npy", "NumPy arrays (.npz)", RENAME],
];

/** Properties near the start of a JSON file. */
const JSONS: Table = [
  ['"modelTopology"', "model.json of TensorFlow.js", TFJS],
  ['"weightsManifest"', "model.json of TensorFlow.js", TFJS],
  ['"weight_map"', "the index of several safetensors files", "Join the files that it names into one"],
];

/** The end of a zip file, which lists the names. */
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
  if (start.startsWith("\0\0{", 6)) return null; // safetensors: the end of the header's length, and the header
  return find(SIGNATURES, (signature, at) => start.startsWith(signature, at)) ?? zipKind(start, bytes) ??
    pickleKind(start) ?? textKind(start) ?? protobufKind(start);
}

function find(table: Table, holds: (key: string, at?: number) => boolean): FileKind | null {
  const row = table.find(([key, , , at]) => holds(key, at));
  return row ? { what: row[1], remedy: row[2] } : null;
}

function zipKind(start: string, bytes: Uint8Array): FileKind | null {
  if (!start.startsWith("PK\x03\x04")) return null;
  const text = start + latin1(bytes.subarray(-TAIL_BYTES));
  return find(ZIPS, (name) => text.includes(name)) ?? { what: "a zip archive", remedy: UNPACK };
}

function pickleKind(start: string): FileKind | null {
  const protocol = start.charCodeAt(1);
  if (start[0] !== "\x80" || !(protocol >= 2 && protocol <= 5)) return null;
  return {
    what: "a Python pickle",
    remedy: `${RENAME}. Unpickling runs code in the file: open only files from people you trust`,
  };
}

/** Web pages, JSON, and other text. */
function textKind(start: string): FileKind | null {
  const text = start.replace(/^\xef\xbb\xbf/, "").trimStart();
  if (/^<(!doctype html|html|head|body|!--)/i.test(text)) return { what: "a web page", remedy: DOWNLOAD };
  if (text.startsWith("<?xml")) return { what: "XML, perhaps a server's message", remedy: DOWNLOAD };
  if (/^[{[]\s*["{[\]}]/.test(text)) {
    return find(JSONS, (key) => text.includes(key)) ??
      { what: "JSON", remedy: "Use the file of weights beside it" };
  }
  if (!/^[\t\n\r -~]{8,}$/.test(start.slice(0, 64))) return null;
  return {
    what: `text that begins with ${excerpt(text.slice(0, 40))}`,
    remedy: "It may be a server's message: read it",
  };
}

/** Protocol buffers have no signature: they begin with the number and type of a field. */
function protobufKind(start: string): FileKind | null {
  if (start[0] === "\b" && start.charCodeAt(1) < 32 && "\x12\x1a\x22\x3a\x42".includes(start[2] ?? "-")) {
    return { what: "an ONNX model", remedy: ORIGIN };
  }
  if (start[0] === "\n" && /Const|Placeholder|VarHandleOp|VariableV2/.test(start)) {
    return { what: "a frozen TensorFlow graph (.pb)", remedy: KERAS_ORIGIN };
  }
  return null;
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
