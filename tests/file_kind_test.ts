import assert from "node:assert/strict";
import { recurrentLayers } from "../lib/model/network.ts";
import { recognizeFile } from "../lib/file_kind.ts";
import { readPyTorch } from "../lib/model/pytorch.ts";
import { decodeSafetensors, encodeSafetensors, SafetensorsError } from "../lib/model/safetensors.ts";
import legacy from "./golden/torch/legacy.pth" with { type: "bytes" };
import pickle from "./golden/torch/pickle.pkl" with { type: "bytes" };
import program from "./golden/torch/state_dicts.py" with { type: "text" };
import script from "./golden/torch/weights.pt" with { type: "bytes" };
import zipped from "./golden/torch/weights.pth" with { type: "bytes" };
import converted from "./golden/torch/weights.safetensors" with { type: "bytes" };

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** An archive with one empty file: only the places of its name matter here. */
const zipOf = (name: string) =>
  latin1(`PK\x03\x04${"\0".repeat(22)}${name}PK\x01\x02${"\0".repeat(40)}${name}`);

/** The start of a file, what the message says that it is, and what it says to do. */
const FILES: readonly [name: string, bytes: Uint8Array, what: RegExp, remedy: RegExp][] = [
  ["weights.pth of PyTorch", zipped, /^a PyTorch file \(torch\.save\)/, /\n {2}save_file\(/],
  ["weights.pth of old PyTorch", legacy, /^an old PyTorch file/, /\n {2}state = torch\.load\(/],
  ["weights.pt of PyTorch", script, /^TorchScript/, /torch\.jit\.load\(/],
  ["program.pt2", zipOf("program/archive_format"), /torch\.export/, /state_dict\(\)/],
  ["weights.pkl of Python", pickle, /^a Python pickle$/, /runs code/],
  ["weights.npz", zipOf("kernel.npy"), /\(\.npz\)$/, /safetensors\.numpy/],
  ["weights.npy", latin1("\x93NUMPY\x01\0v\0{'descr'"), /\(\.npy\)$/, /safetensors\.numpy/],
  ["model.keras", zipOf("model.weights.h5"), /\(\.keras\)$/, /tensorflowjs_converter/],
  ["model.h5", latin1("\x89HDF\r\n\x1a\n\0\0"), /\(\.h5\)$/, /tensorflowjs_converter/],
  ["model.onnx of PyTorch", latin1("\x08\x08\x12\x07pytorch\x1a\x05"), /ONNX model$/, /state_dict\(\)/],
  ["model.onnx of Scanline", latin1("\x08\x08\x12\x08Scanline"), /ONNX model$/, /state_dict\(\)/],
  ["saved_model.pb", latin1("\x08\x01\x12\x80\x91\x02\x0a"), /SavedModel/, /tensorflowjs_converter/],
  ["frozen.pb", latin1("\x0a\x1e\x0a\x05input\x12\x0bPlaceholder*"), /frozen/, /tensorflowjs_converter/],
  ["model.tflite", latin1("\x1c\0\0\0TFL3\x14\0"), /Lite/, /tensorflowjs_converter/],
  ["a page", latin1("\xef\xbb\xbf\r\n <!DOCTYPE html>\n<html>"), /^a web page$/, /the file itself/],
  ["an error page", latin1("<html><body>404"), /^a web page$/, /the file itself/],
  ["a server's message", latin1('<?xml version="1.0"?><Error>'), /^XML/, /the file itself/],
  ["a message", latin1("Entry not found\n"), /^text that begins with "Entry not found\\n"$/, /read it/],
  ["seven.png", latin1("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), /^a picture \(PNG\)$/, /deno task predict/],
  ["seven.jpg", latin1("\xff\xd8\xff\xe0\0\x10JFIF"), /^a picture \(JPEG\)$/, /deno task predict/],
  ["paper.pdf", latin1("%PDF-1.7\n%\xe2"), /^a PDF$/, /weights instead/],
  ["train-images-idx3-ubyte", latin1("\0\0\x08\x03\0\0\xea\x60"), /^images in IDX/, /--data-dir/],
  ["Git LFS", latin1("version https://git-lfs.github.com/spec/v1\noid"), /Git LFS/, /git lfs pull/],
  ["model.json", latin1('{"format":"layers-model","modelTopology":{'), /TensorFlow\.js$/, /compile/],
  ["an index", latin1('{\n  "metadata": {}, "weight_map": {'), /index/, /Join/],
  ["config.json", latin1('{\n  "model_type": "lstm"\n}'), /^JSON$/, /file of weights/],
  ["other JSON", latin1('{"foo": {"a":1}}'), /^JSON$/, /file of weights/],
  ["gzip", latin1("\x1f\x8b\x08\0\0\0\0\0\0\x03"), /gzip$/, /^Unpack/],
  ["zip", zipOf("readme.txt"), /zip archive$/, /^Unpack/],
  ["nothing", new Uint8Array(0), /^an empty file$/, /again/],
];

for (const [name, bytes, what, remedy] of FILES) {
  Deno.test(`decodeSafetensors() says what a file of another kind is, and what to do: ${name}`, () => {
    assert.throws(() => decodeSafetensors(bytes), (error: unknown) => {
      assert.ok(error instanceof SafetensorsError);
      const [start, found, todo] = /^(.*: current value is )(.*?)\n([^]*)$/.exec(error.message)?.slice(1) ??
        [];
      assert.equal(start, "Cannot read safetensors: the file must be safetensors: current value is ");
      assert.match(found, what);
      assert.match(todo, remedy);
      return true;
    });
  });
}

Deno.test("the lines of Python in the messages of recognizeFile() made a file that readPyTorch() reads", () => {
  for (const bytes of [zipped, legacy, script]) {
    const lines = recognizeFile(bytes)!.remedy.split("\n").filter((line) => line.startsWith("  "));
    const [imports, ...others] = lines.map((line) => line.trim());
    assert.equal(imports, "import torch; from safetensors.torch import save_file");
    assert.equal(others.length, 2);
    assert.ok(program.includes(`\n    ${others.join("\n    ")}\n`), others.join("\n"));
  }
  assert.equal(recurrentLayers(readPyTorch(decodeSafetensors(converted).tensors).network)[0].hiddenSize, 4);
});

Deno.test("recognizeFile() never mistakes a safetensors file for another kind, whatever the length of its header", () => {
  const file = encodeSafetensors(new Map());
  for (
    const signature of [
      "PK\x03\x04",
      "\x1f\x8b",
      "BZh",
      "\x80\x02",
      "\x08\x01\x12",
      "<html",
      "\n",
      "\x89PNG",
      "\0\0\x08\x03",
    ]
  ) {
    file.set(latin1(signature));
    assert.equal(recognizeFile(file), null);
  }
});
