/**
 * Untrusted files: every parser returns a value or throws a clear error, for any bytes.
 *
 * @module
 */
import fc from "fast-check";
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { sha256 } from "../../lib/data/files.ts";
import { readIdx } from "../../lib/data/gzip.ts";
import { IdxSyntaxError, parseIdx } from "../../lib/data/idx.ts";
import { encodeIdx } from "../support/encode_files.ts";
import { decodeJpeg } from "../../lib/data/jpeg.ts";
import { decodePng } from "../../lib/data/png.ts";
import { parseTable } from "../../lib/data/table.ts";
import { encodePng } from "../support/encode_files.ts";
import { PictureError } from "../../lib/data/raster.ts";
import { createStack } from "../support/stack.ts";
import { readPyTorch, toPyTorch } from "../../lib/model/pytorch.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  SafetensorsError,
  type Tensor,
} from "../../lib/model/safetensors.ts";
import { CheckpointError, decodeCheckpoint, encodeCheckpoint } from "../../lib/run/checkpoint.ts";
import { parseMetrics } from "../../lib/run/metrics_file.ts";
import { parseCheckpointConfig, parseRunConfig } from "../../lib/run/config.ts";
import { drawCurves } from "../../lib/view/curves.ts";
import { toCurves } from "../../lib/view/history.ts";
import { writeReport } from "../../lib/view/report.ts";
import { assertClear, fuzz, hostileJson, type Target } from "../support/fuzz.ts";
import { lacks, named } from "../support/permissions.ts";
import oldRun from "../golden/old_runs/trained/config.json" with { type: "json" };
import oldModelJson from "../golden/old_runs/trained/model/model.json" with { type: "json" };
import golden from "../golden/pictures.json" with { type: "json" };
import { share } from "../support/soak.ts";
import { tinyCheckpoint } from "../support/tiny_checkpoint.ts";
import { LARGE_FILES, SLACK_BYTES } from "./large_files.ts";

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

const network = createStack({
  layers: [{ kind: "rnn", inputSize: 2, hiddenSize: 3, activation: "tanh", dropout: 0 }],
  classes: 2,
});
const weights = encodeSafetensors(toPyTorch(network, new Float32Array(network.size).fill(0.5)));

const checkpointBytes = encodeCheckpoint(tinyCheckpoint({ step: 7 }));

/** A run of before November 2026. */
const oldConfig = JSON.stringify({ ...oldRun, network: undefined });
const oldModel = encode(JSON.stringify(oldModelJson));

/** A checkpoint with this metadata and the right SHA-256, so that only the metadata can be wrong. */
function forge(bytes: Uint8Array): unknown {
  let metadata: Record<string, string>;
  try {
    metadata = JSON.parse(decode(bytes));
    delete metadata.sha256;
    const content = decodeSafetensors(checkpointBytes).tensors;
    metadata.sha256 = sha256(encodeSafetensors(content, metadata));
    return encodeSafetensors(content, metadata);
  } catch {
    return null; // not metadata: nothing to test
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
    memory: 1032, // the most that DEFLATE can compress, and 17 MB for the current piece
  },
  {
    name: "parseTable()",
    seeds: ["day,high,low\nMon,1.5,-2\nTue,3,\n", 'a;"b;c"\r\n1,5;2\r\n3;4\r\n', "\ufeffx\ty\n1\t2\n"].map(
      encode,
    ),
    parse: (bytes) => parseTable(decode(bytes)),
    errors: [SyntaxError],
    message: /^Cannot read the table: /,
    memory: 80,
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
    memory: 4 * 1032, // a few bytes can encode many grey pixels
  },
  {
    name: "decodeSafetensors()",
    seeds: [encodeSafetensors(tensors, { made: "by a test" }), encodeSafetensors(new Map())],
    parse: decodeSafetensors,
    errors: [SafetensorsError],
    message: /^Cannot read safetensors: /,
    memory: 20, // the header's keys become objects
  },
  {
    name: "readPyTorch()",
    seeds: [weights],
    parse: (bytes) => readPyTorch(decodeSafetensors(bytes).tensors),
    errors: [SafetensorsError, TypeError],
    message: /^Cannot (read safetensors|take PyTorch's weights): /,
    memory: 40, // the header's keys become objects, and its numbers float64
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
    parse: (bytes) => parseCheckpointConfig(decode(bytes), "Cannot open the run: config.json"),
    errors: [SyntaxError],
    message: /^Cannot open the run: config.json must /,
    memory: 20,
  },
  {
    name: "parseRunConfig() of an old run",
    seeds: [oldModel],
    parse: (bytes) =>
      parseRunConfig(oldConfig, "Cannot open the run: config.json", () => Promise.resolve(decode(bytes))),
    errors: [SyntaxError],
    message: /^Cannot open the run: config.json must /,
    memory: 60,
  },
];

for (const target of TARGETS) {
  const { name, seeds, parse, memory } = target;
  Deno.test(`${name} returns a value or throws a clear error, and takes at most ${memory} times a damaged file`, async () => {
    for (const seed of seeds) await parse(seed.slice());
    const { accepted, rejected } = await fuzz(target, MUTANTS);
    assert.ok(rejected > MUTANTS / 20, `${accepted} of ${MUTANTS} were accepted: they are hardly damaged`);
  });

  Deno.test(`${name} returns a value or throws a clear error for any bytes and any JSON`, async () => {
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

/** For parsers of JSON: the JSON in a file, of which every value and object is replaced in turn, and the file around it. */
const HOSTILE:
  readonly (readonly [target: string, json: string, fileOf: (json: string) => Uint8Array<ArrayBuffer>])[] = [
    ["parseRunConfig()", JSON.stringify(tinyCheckpoint().config), encode],
    ["parseRunConfig() of an old run", decode(oldModel), encode],
    [
      "decodeSafetensors()",
      headerOf(encodeSafetensors(tensors, { made: "by a test" })),
      (header) => withHeader(header),
    ],
    ["decodeCheckpoint()", headerOf(checkpointBytes), (header) => withHeader(header)],
    [
      "decodeCheckpoint() of forged metadata",
      JSON.stringify(decodeSafetensors(checkpointBytes).metadata),
      encode,
    ],
    [
      "decodeCheckpoint() of forged metadata",
      JSON.stringify(tinyCheckpoint().config),
      (config) => encode(JSON.stringify({ ...decodeSafetensors(checkpointBytes).metadata, config })),
    ],
    [
      "decodeCheckpoint() of forged metadata",
      JSON.stringify(tinyCheckpoint({ step: 7 }).state.tally),
      (tally) => encode(JSON.stringify({ ...decodeSafetensors(checkpointBytes).metadata, tally })),
    ],
  ];

function headerOf(file: Uint8Array): string {
  return decode(
    file.subarray(8, 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true))),
  );
}

function withHeader(header: string): Uint8Array<ArrayBuffer> {
  const bytes = encode(header), file = new Uint8Array(8 + bytes.length + 100);
  new DataView(file.buffer).setBigUint64(0, BigInt(bytes.length), true);
  file.set(bytes, 8);
  return file;
}

for (const [name, json, fileOf] of HOSTILE) {
  const target = TARGETS.find((target) => target.name === name)!;
  Deno.test(`${name} returns a value or throws a short, clear error if any value is replaced: ${json.slice(0, 20)}…`, async () => {
    let rejected = 0;
    for (const variant of hostileJson(json)) {
      const file = fileOf(variant), started = performance.now();
      try {
        await target.parse(file);
      } catch (error) {
        rejected++;
        assertClear(target, error, file.subarray(0, 1000));
      }
      assert.ok(performance.now() - started < 2000, `hangs on ${variant.slice(0, 200)}`);
    }
    assert.ok(rejected > 20, `only ${rejected} were rejected`);
  });
}

Deno.test("an accepted config can be written, reported on and compared, whatever else it contains", () => {
  const config = {
    ...tinyCheckpoint().config,
    command: "deno task tiny",
    startedAt: "2026-11-22T05:41:25Z",
    network: { parameterCount: 7 },
    device: { kind: "wasm", math: "fused", detail: "two threads" },
    versions: { deno: "2.9.6" },
  };
  let taken = 0;
  for (const variant of hostileJson(JSON.stringify(config))) {
    let parsed;
    try {
      parsed = parseCheckpointConfig(variant, "config.json");
    } catch {
      continue;
    }
    taken++;
    const { device, command } = parsed as typeof config;
    assert.deepEqual(JSON.parse(JSON.stringify(parsed)), JSON.parse(variant.replace(/-?1e999/, "null")));
    assert.equal(typeof `${device?.kind} ${device?.math} ${device?.detail}`, "string");
    const report = writeReport({
      ...REPORT,
      recipe: parsed.recipe,
      curves: toCurves([{ name: "runs/a", lines: [], stepsPerEpoch: 1 }]),
      config: { ...parsed },
      command: command ?? null,
    });
    assert.doesNotMatch(report, /[^\P{Cc}\n]/u);
  }
  assert.ok(taken > 50);
});

Deno.test("metrics.jsonl may contain anything: lines that are not reports are skipped, values that are not numbers leave a gap", () => {
  const line = {
    event: "epoch",
    epoch: 1,
    trainLoss: 0.5,
    trainAccuracy: 0.5,
    testLoss: 0.5,
    testAccuracy: 0.5,
  };
  for (const variant of hostileJson(JSON.stringify(line))) {
    const lines = parseMetrics(`${JSON.stringify(line)}\n${variant}\n{"event":"epo`);
    assert.ok(lines.length >= 1);
    const curves = toCurves([{ name: variant.slice(0, 5000), lines, stepsPerEpoch: 1 }]);
    for (const text of [drawCurves(curves), writeReport({ ...REPORT, curves, end: lines.at(-1)! })]) {
      assert.doesNotMatch(text, /[^\P{Cc}\n]|\bInfinity\b|undefined/u);
    }
  }
});

const REPORT = {
  ...{ recipe: "tiny", run: "runs/a", config: {}, command: null, pictures: [], end: null },
  ...{ evaluated: null, seconds: 0, parameterCount: 7, modelSha256: null },
};

const peakNeeds = [{ name: "read" }, { name: "run" }] as const;

/** The length of the file, and by how much the memory of a process of its own grew at most while it parsed the file. */
async function peakOf(name: string): Promise<{ length: number; grown: number }> {
  const args = ["run", "--no-check", "--no-prompt", "--v8-flags=--expose-gc", programPath, name];
  await using child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped" }).spawn();
  const words = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const writer = child.stdin.getWriter();
  const length = Number((await words.read()).value);
  const before = await tell(`echo 5 > /proc/${child.pid}/clear_refs; grep VmRSS /proc/${child.pid}/status`);
  await writer.write(Uint8Array.of(10));
  assert.equal((await words.read()).value, "done\n");
  const peak = await tell(`grep VmHWM /proc/${child.pid}/status`);
  await writer.close();
  await words.cancel();
  return { length, grown: peak - before };
}

/** Deno itself reads /proc only with all permissions. */
async function tell(command: string): Promise<number> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", command] }).output();
  return 1024 * Number(decode(stdout).match(/(\d+) kB/)![1]);
}

const programPath = new URL("large_files.ts", import.meta.url).pathname;

for (const [name, { times }] of Object.entries(LARGE_FILES)) {
  const isControl = name.startsWith("a parser that keeps nothing");
  Deno.test({
    name: named(
      isControl ? `${name}, is noticed` : `${name} takes at most ${times} times the file, at its peak`,
      peakNeeds,
    ),
    ignore: lacks(peakNeeds) || Deno.build.os !== "linux",
    fn: async () => {
      const { length, grown } = await peakOf(name);
      assert.equal(
        grown > times * length + (isControl ? 0 : SLACK_BYTES),
        isControl,
        `${(grown / length).toFixed(1)} times`,
      );
    },
  });
}
