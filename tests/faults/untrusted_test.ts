/**
 * Files that anyone may have written: every parser gives a value or a clear error, whatever the bytes.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { sha256 } from "../../lib/data/files.ts";
import { readIdx } from "../../lib/data/gzip.ts";
import { encodeIdx, IdxSyntaxError, parseIdx } from "../../lib/data/idx.ts";
import { decodeJpeg } from "../../lib/data/jpeg.ts";
import { decodePng, encodePng } from "../../lib/data/png.ts";
import { PictureError } from "../../lib/data/raster.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  SafetensorsError,
  type Tensor,
} from "../../lib/model/safetensors.ts";
import { deserializeModel, serializeModel } from "../../lib/model/saved_model.ts";
import { CheckpointError, decodeCheckpoint, encodeCheckpoint } from "../../lib/train/checkpoint.ts";
import { parseRunConfig } from "../../lib/train/run_config.ts";
import golden from "../golden/pictures.json" with { type: "json" };
import { assertClear, fuzz, type Target } from "../support/fuzz.ts";
import { share } from "../support/soak.ts";
import { tinyCheckpoint } from "../support/tiny_checkpoint.ts";

tf.enableProdMode();

const MUTANTS = share({ usual: 300, soak: 100_000 });
const PROPERTIES = share({ usual: 60, soak: 2_000 });

const encode = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const idxFiles = [
  encodeIdx({ type: "u8", shape: [3, 4, 5], data: Uint8Array.from({ length: 60 }, (_, at) => at * 4) }),
  encodeIdx({ type: "f32", shape: [7], data: new Float32Array(7) }),
  encodeIdx({ type: "u8", shape: [0, 28, 28], data: new Uint8Array(0) }),
];

const tensors = new Map<string, Tensor>([
  ["kernel", { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
  ["count", { shape: [], data: BigUint64Array.of(7n) }],
  ["none", { shape: [0, 4], data: new Uint8Array(0) }],
]);

const checkpointBytes = encodeCheckpoint(tinyCheckpoint({ step: 7 }));

/** Between the two files of a model, as no JSON has it. */
const BETWEEN = 0xff;

async function modelFiles(): Promise<Uint8Array<ArrayBuffer>> {
  const model = tf.sequential({
    layers: [
      tf.layers.lstm({ units: 2, recurrentInitializer: "zeros", returnSequences: true, inputShape: [3, 2] }),
      tf.layers.dropout({ rate: 0.5 }),
      tf.layers.simpleRNN({ units: 2, recurrentInitializer: "zeros" }),
      tf.layers.dense({ units: 2 }),
    ],
  });
  const { json, weights } = await serializeModel(model);
  model.dispose();
  return Uint8Array.from([...encode(json), BETWEEN, ...weights]);
}

/** A checkpoint with this metadata, and the SHA-256 that belongs to it: only what it says can be wrong. */
function forge(bytes: Uint8Array): unknown {
  let metadata: Record<string, string>;
  try {
    metadata = JSON.parse(decode(bytes));
    delete metadata.sha256;
    const content = decodeSafetensors(checkpointBytes).tensors;
    metadata.sha256 = sha256(encodeSafetensors(content, metadata));
    return encodeSafetensors(content, metadata);
  } catch {
    return null; // not even metadata: nothing to test
  }
}

const TARGETS: readonly Target[] = [
  {
    name: "parseIdx()",
    seeds: idxFiles,
    parse: parseIdx,
    errors: [IdxSyntaxError],
    message: /^Cannot parse/,
    memory: 2,
  },
  {
    name: "readIdx()",
    seeds: [...idxFiles, ...idxFiles.map((file) => new Uint8Array(gzipSync(file)))],
    parse: (bytes) => readIdx(bytes),
    errors: [IdxSyntaxError],
    message: /^Cannot parse/,
    memory: 1032, // what DEFLATE can hold, and 17 MB for the piece in hand
  },
  {
    name: "decodePng()",
    seeds: [
      encodePng({
        pixels: Uint8Array.from({ length: 60 }, (_, at) => at * 4),
        width: 10,
        height: 6,
      }),
    ],
    parse: (bytes) => decodePng(bytes),
    errors: [PictureError],
    message: /^Cannot read the PNG: /,
    memory: 4 * 1032,
  },
  {
    name: "decodeJpeg()",
    seeds: golden.filter(({ name }) => name.startsWith("jpeg")).map(({ file }) =>
      Uint8Array.fromBase64(file)
    ),
    parse: (bytes) => decodeJpeg(bytes),
    errors: [PictureError],
    message: /^Cannot read the JPEG: /,
    memory: 4 * 1032, // a few bytes of code are many grey pixels
  },
  {
    name: "decodeSafetensors()",
    seeds: [encodeSafetensors(tensors, { made: "by a test" }), encodeSafetensors(new Map())],
    parse: decodeSafetensors,
    errors: [SafetensorsError],
    message: /^Cannot read safetensors: /,
    memory: 20, // a header of keys as objects
  },
  {
    name: "decodeCheckpoint()",
    seeds: [checkpointBytes],
    parse: decodeCheckpoint,
    errors: [CheckpointError],
    message: /^Cannot read the checkpoint: /,
    memory: 24,
  },
  {
    name: "decodeCheckpoint() of forged metadata",
    seeds: [encode(JSON.stringify(decodeSafetensors(checkpointBytes).metadata))],
    parse: (bytes) => {
      const forged = forge(bytes);
      return forged instanceof Uint8Array ? decodeCheckpoint(forged) : null;
    },
    errors: [CheckpointError],
    message: /^Cannot read the checkpoint: /,
    memory: 60,
  },
  {
    name: "parseRunConfig()",
    seeds: [encode(JSON.stringify(tinyCheckpoint().config, null, 2))],
    parse: (bytes) => parseRunConfig(decode(bytes), "Cannot open the run: config.json"),
    errors: [SyntaxError],
    message: /^Cannot open the run: config.json must /,
    memory: 20,
  },
  {
    name: "deserializeModel()",
    seeds: [await modelFiles()],
    parse: async (bytes) => {
      const at = bytes.indexOf(BETWEEN), end = at < 0 ? bytes.length : at;
      const model = await deserializeModel(decode(bytes.subarray(0, end)), bytes.subarray(end + 1));
      model.dispose();
    },
    errors: [SyntaxError, TypeError],
    message: /^Cannot load the model: /,
    memory: 60, // layers as objects, without the 8 MB
  },
];

for (const target of TARGETS) {
  const { name, seeds, parse, memory } = target;
  Deno.test(`${name} gives a value or a clear error, and takes at most ${memory} times a damaged file`, async () => {
    for (const seed of seeds) await parse(seed.slice());
    const { accepted, rejected } = await fuzz(target, MUTANTS);
    assert.ok(rejected > MUTANTS / 20, `${accepted} of ${MUTANTS} were accepted: hardly damaged`);
  });

  Deno.test(`${name} gives a value or a clear error for any bytes and any JSON`, async () => {
    const bytes = fc.uint8Array({ maxLength: 400 }).map((some) => new Uint8Array(some));
    const json = fc.json({ maxDepth: 4 }).map(encode);
    const framed = fc.tuple(fc.nat(seeds.length - 1), fc.nat(80), fc.oneof(bytes, json)).map((
      [seed, at, tail],
    ) => Uint8Array.from([...seeds[seed].subarray(0, at), ...tail]));
    await fc.assert(
      fc.asyncProperty(fc.oneof(bytes, json, framed), async (input) => {
        try {
          await parse(input);
        } catch (error) {
          assertClear(target, error, input);
        }
      }),
      { numRuns: PROPERTIES },
    );
  });
}

const zeros = new Uint8Array(4e6);
const empty = { shape: [0], data: new Uint8Array(0) };

/** Files so large that what they take is seen, and how many times themselves they may take. */
const LARGE: readonly (readonly [
  name: string,
  times: number,
  file: Uint8Array<ArrayBuffer>,
  parse: (file: Uint8Array<ArrayBuffer>) => unknown,
])[] = [
  ["parseIdx() of f32", 2, encodeIdx({ type: "f32", shape: [1e6], data: new Float32Array(1e6) }), parseIdx],
  [
    "decodeSafetensors() of one tensor",
    2,
    encodeSafetensors(new Map([["a", { shape: [4e6], data: zeros }]])),
    decodeSafetensors,
  ],
  [
    "decodeSafetensors() of 20,000 names",
    40,
    encodeSafetensors(new Map(Array.from({ length: 20_000 }, (_, index) => [`tensor ${index}`, empty]))),
    decodeSafetensors,
  ],
  ["decodeCheckpoint()", 6, encodeCheckpoint(tinyCheckpoint({ size: 5e5 })), decodeCheckpoint],
  [
    "parseRunConfig()",
    20,
    encode(
      JSON.stringify({
        ...tinyCheckpoint().config,
        more: Array.from({ length: 2e5 }, (_, index) => ({ index })),
      }),
    ),
    (file) => parseRunConfig(decode(file), "config.json"),
  ],
];

for (const [name, times, file, parse] of LARGE) {
  Deno.test(`${name}, a large file, takes at most ${times} times its length`, async () => {
    const before = Deno.memoryUsage();
    await parse(file);
    const now = Deno.memoryUsage();
    const grown = now.external + now.heapUsed - before.external - before.heapUsed;
    assert.ok(grown < times * file.length, `${(grown / file.length).toFixed(1)} times`);
  });
}
