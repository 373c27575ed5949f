/**
 * What JavaScript passes by mistake to functions that read something: one message each, and no exception of the engine's.
 */
import assert from "node:assert/strict";
import * as core from "../core.ts";
import * as scanline from "../mod.ts";
import * as run from "../run.ts";

const raster = { width: 1, height: 1, grey: new Uint8Array(1), alpha: new Uint8Array(1) };
const size = { height: 2, width: 2 };

/** As JavaScript calls it. */
const door = { ...core, ...scanline, ...run } as unknown as Record<
  string,
  (...values: unknown[]) => unknown
>;

const CALLS: readonly (readonly [name: string, values: readonly unknown[], message: RegExp])[] = [
  ["loadDataset", ["mnist"], /^Cannot load data set: options must be an object: current value is "mnist"$/],
  ["loadDataset", [{ datadir: "x" }], /^Cannot load data set: options must be among .* has "datadir"$/],
  ["loadDataset", [{ dataset: 5 }], /^Cannot load data set: dataset must be a text: current value is 5$/],
  ["loadDataset", [{ limit: "9" }], /^Cannot load data set: limit must be a number: current value is "9"$/],
  ["openRun", [], /^Cannot open the run: path must be the folder of a run: current value is missing$/],
  ["openRun", [new URL("file:///runs/a")], /^Cannot open the run: path must be the folder of a run: /],
  ["decodePicture", ["seven.png"], /^Cannot read the picture: bytes must be a Uint8Array: .* "seven.png"$/],
  ["decodePicture", [new ArrayBuffer(9)], /^Cannot read the picture: bytes must be a Uint8Array: /],
  ["parseIdx", [], /^Cannot parse IDX: bytes must be a Uint8Array: current value is missing$/],
  ["decodeSafetensors", ["w.safetensors"], /^Cannot read safetensors: bytes must be a Uint8Array: /],
  ["rasterOf", [[1, 2, 3, 4], size], /^Cannot take the picture: rgba must be 16 bytes, four a pixel: /],
  ["preparePicture", [raster, size], /^Cannot prepare the picture: options must be an object: .* missing$/],
  [
    "preparePicture",
    [raster, { height: 0, width: 2 }, { preparation: "none" }],
    /^Cannot prepare the picture: height must be a whole number from 1 on: current value is 0$/,
  ],
  [
    "preparePicture",
    [raster, size, { preparation: "centre" }],
    /^Cannot prepare the picture: preparation must be one of digit, none: current value is "centre"$/,
  ],
];

for (const [name, values, message] of CALLS) {
  Deno.test(`${name}(${values.map((value) => Deno.inspect(value).slice(0, 40)).join(", ")}) is one clear error`, async () => {
    await assert.rejects(async () => await door[name](...values), (error: unknown) => {
      assert.ok(error instanceof TypeError || error instanceof RangeError, String(error));
      assert.match(error.message, message);
      return true;
    });
  });
}
