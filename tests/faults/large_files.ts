/**
 * Files so large that the memory of their parsers can be measured. As a program, this parses one of them between two lines
 * of output, so that the process that started it can measure its memory.
 *
 *     deno run --v8-flags=--expose-gc tests/faults/large_files.ts "parseIdx() of f32"
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { readIdx } from "../../lib/data/gzip.ts";
import { parseIdx } from "../../lib/data/idx.ts";
import { parseTable } from "../../lib/data/table.ts";
import { encodeIdx } from "../support/encode_files.ts";
import { decodeSafetensors, encodeSafetensors } from "../../lib/model/safetensors.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../lib/run/checkpoint.ts";
import { parseCheckpointConfig } from "../../lib/run/config.ts";
import { tinyCheckpoint } from "../support/tiny_checkpoint.ts";

/** A file, and how much memory its parser may take. */
export interface LargeFile {
  /** The memory as a multiple of the file's length, besides {@link SLACK_BYTES}. */
  readonly times: number;
  readonly make: () => Uint8Array<ArrayBuffer>;
  readonly parse: (file: Uint8Array<ArrayBuffer>) => unknown;
}

/** What the JavaScript engine may hold besides, until it collects garbage. */
export const SLACK_BYTES = 24e6;

const encode = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const empty = { shape: [0], data: new Uint8Array(0) };

/** The limits are those in SECURITY.md. */
export const LARGE_FILES: Readonly<Record<string, LargeFile>> = {
  "parseIdx() of f32": {
    times: 2,
    make: () => encodeIdx({ type: "f32", shape: [8e6], data: new Float32Array(8e6).fill(1) }),
    parse: parseIdx,
  },
  "readIdx() of 256 MB in 249 kB": {
    times: 3 * 1032, // unpacked pieces stay until the engine collects them
    make: () =>
      new Uint8Array(gzipSync(encodeIdx({ type: "u8", shape: [256e6], data: new Uint8Array(256e6) }))),
    parse: (file) => readIdx(file),
  },
  "parseTable() of 2,000,000 short rows": {
    times: 80,
    make: () => encode("x\n" + "1.5\n".repeat(2e6)),
    parse: (file) => parseTable(decode(file)),
  },
  "decodeSafetensors() of one tensor": {
    times: 2,
    make: () => encodeSafetensors(new Map([["a", { shape: [32e6], data: new Uint8Array(32e6).fill(1) }]])),
    parse: decodeSafetensors,
  },
  "decodeSafetensors() of float16": { times: 4, make: () => halves("F16"), parse: decodeSafetensors },
  "decodeSafetensors() of bfloat16": { times: 4, make: () => halves("BF16"), parse: decodeSafetensors },
  "decodeSafetensors() of 40,000 names": {
    times: 40,
    make: () =>
      encodeSafetensors(new Map(Array.from({ length: 40_000 }, (_, index) => [`tensor ${index}`, empty]))),
    parse: decodeSafetensors,
  },
  "decodeSafetensors() of an invalid name of 16 MB": {
    times: 20,
    make: () => withHeader(`{"${"n".repeat(16e6)}":1}`),
    parse: rejected(decodeSafetensors),
  },
  "decodeCheckpoint()": {
    times: 6,
    make: () => encodeCheckpoint(tinyCheckpoint({ size: 2e6 })),
    parse: decodeCheckpoint,
  },
  "parseRunConfig()": {
    times: 20,
    make: () =>
      encode(JSON.stringify({
        ...tinyCheckpoint().config,
        more: Array.from({ length: 4e5 }, (_, index) => ({ index })),
      })),
    parse: (file) => parseCheckpointConfig(decode(file), "config.json"),
  },
  "parseRunConfig() of 4,000,000 levels": {
    times: 20,
    make: () => encode(`${"[".repeat(4e6)}${"]".repeat(4e6)}`),
    parse: rejected((file) => parseCheckpointConfig(decode(file), "config.json")),
  },
  "a parser that keeps nothing, but takes eight times its file in between": {
    times: 7,
    make: () => new Uint8Array(16e6),
    parse: (file) => Array.from({ length: 8 }, () => Uint8Array.from(file).fill(1)).length,
  },
};

function withHeader(header: string): Uint8Array<ArrayBuffer> {
  const bytes = encode(header), file = new Uint8Array(8 + bytes.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(bytes.length), true);
  file.set(bytes, 8);
  return file;
}

function rejected(parse: LargeFile["parse"]): LargeFile["parse"] {
  return async (file) => {
    try {
      await parse(file);
    } catch (error) {
      return error;
    }
    throw new Error("Cannot measure the parser: it must reject the file");
  };
}

if (import.meta.main) {
  const { make, parse } = LARGE_FILES[Deno.args[0]];
  const file = make();
  (globalThis as { gc?: () => void }).gc!();
  await turn(String(file.length));
  const result = await parse(file);
  await turn("done");
  void result; // keeps it alive until now
}

/** Prints a line, and waits for one. */
async function turn(word: string): Promise<void> {
  console.log(word);
  await Deno.stdin.read(new Uint8Array(1));
}

/** Sixteen million 16-bit numbers, about 1.0; encodeSafetensors() does not write such types. */
function halves(type: "F16" | "BF16"): Uint8Array<ArrayBuffer> {
  const head = withHeader(`{"a":{"dtype":"${type}","shape":[16000000],"data_offsets":[0,32000000]}}`);
  const file = new Uint8Array(head.length + 32e6).fill(0x3c);
  file.set(head);
  return file;
}
