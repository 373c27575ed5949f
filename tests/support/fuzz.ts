/**
 * Hostile input: files that are valid but for some bytes, and what a parser may do with them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { joinBytes } from "../../lib/bytes.ts";
import type { RandomStream } from "../../lib/random.ts";
import { testStream } from "./tiny_data.ts";

/** A parser under test. */
export interface Target {
  /** For messages. */
  readonly name: string;
  /** Files that it takes. */
  readonly seeds: readonly Uint8Array<ArrayBuffer>[];
  readonly parse: (bytes: Uint8Array<ArrayBuffer>) => unknown;
  /** The classes of error that it may throw; any other, `TypeError: x is not a function` say, is a crash. */
  readonly errors: readonly (new (...args: never[]) => Error)[];
  /** What every message begins with: a class alone would let the engine's own `TypeError`s pass. */
  readonly message: RegExp;
  /** What it may keep in memory: so many times the file. */
  readonly memory: number;
}

const CHECKED_EVERY = 16; // asking for the memory takes longer than most inputs
const SLACK_BYTES = 8e6; // what the engine and earlier inputs may leave at any moment
const MOST_SAID = 1000; // characters of a message
const PLACE = "the place of what is hostile";
const SLOWEST_MS = 2000; // no input takes two milliseconds; a hang takes for ever

/** Feeds a parser with so many damaged files. */
export async function fuzz(target: Target, inputs: number): Promise<{ accepted: number; rejected: number }> {
  const random = testStream(`fuzz ${target.name}`, Date.now() % 2 ** 32);
  let accepted = 0, rejected = 0;
  for (let input = 0; input < inputs; input++) {
    const bytes = damage(target.seeds[random.below(target.seeds.length)], target.seeds, random);
    const before = input % CHECKED_EVERY === 0 ? Deno.memoryUsage() : null;
    const started = performance.now();
    try {
      await target.parse(bytes);
      accepted++;
    } catch (error) {
      assertClear(target, error, bytes);
      rejected++;
    }
    assert.ok(performance.now() - started < SLOWEST_MS, `${target.name} hangs on ${bytes.toHex()}`);
    if (!before) continue;
    const now = Deno.memoryUsage();
    const grown = now.external + now.heapUsed - before.external - before.heapUsed;
    assert.ok(
      grown < target.memory * bytes.length + SLACK_BYTES,
      `${target.name} takes ${grown} on ${bytes.toHex()}`,
    );
  }
  return { accepted, rejected };
}

/** An error that a person can do something with. */
export function assertClear({ name, errors, message }: Target, error: unknown, bytes: Uint8Array): void {
  const known = errors.some((kind) => error instanceof kind) && message.test((error as Error).message);
  assert.ok(known, `${name} fails with ${error instanceof Error ? error.stack : error} on ${bytes.toHex()}`);
  const { message: said } = error as Error;
  assert.ok(said.length < MOST_SAID, `${name} says too much: ${said.length} characters`);
  assert.doesNotMatch(said, /[^\P{Cc}\n]|[\p{Cf}\p{Cs}]/u, `${name} lets through what a terminal obeys`);
}

/** What a value of a file may be instead, as JSON. */
const HOSTILE = [
  "null",
  "true",
  "-1",
  "0.5",
  "1e999",
  "-1e999",
  "1e308",
  '""',
  '"constructor"',
  '"\\u001b]0;title\\u0007\\u009b31m\\u202e\\ud800"',
  `"${"x".repeat(1e5)}"`,
  "[]",
  `[${"0,".repeat(1e4)}0]`,
  '{"valueOf":1}',
  '{"toString":1,"toJSON":1,"length":1,"then":1}',
  '{"__proto__":{"kind":"sgd","steps":1,"name":"a"}}',
  `${"[".repeat(10_000)}${"]".repeat(10_000)}`,
  `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`,
];

/** Keys that mean something to the language, and a long one that a terminal obeys. */
const HOSTILE_KEYS = ["__proto__", "constructor", `\x1b[2J${"k".repeat(1e4)}`];

/** A JSON text with each of its values in turn replaced by, and each of its objects given, what no one expects there. */
export function* hostileJson(text: string): Generator<string> {
  const root = JSON.parse(text);
  for (const path of pathsOf(root)) {
    for (const hostile of HOSTILE) yield replaceAt(root, path, hostile);
  }
  for (const path of pathsOf(root)) {
    for (const key of HOSTILE_KEYS) {
      const object = path.reduce((value, key) => value[key], root);
      if (typeof object !== "object" || object === null || Array.isArray(object)) continue;
      const fields = [...Object.entries(object), [key, "value"]].map((entry) =>
        entry.map((part) => JSON.stringify(part))
      );
      yield replaceAt(root, path, `{${fields.map((field) => field.join(":")).join()}}`);
    }
  }
}

// deno-lint-ignore no-explicit-any
type Json = any;

function pathsOf(value: Json): string[][] {
  if (typeof value !== "object" || value === null) return [[]];
  return [[], ...Object.keys(value).flatMap((key) => pathsOf(value[key]).map((path) => [key, ...path]))];
}

function replaceAt(root: Json, path: readonly string[], json: string): string {
  if (path.length === 0) return json;
  const copy = structuredClone(root);
  path.slice(0, -1).reduce((value, key) => value[key], copy)[path.at(-1)!] = PLACE;
  return JSON.stringify(copy).replace(JSON.stringify(PLACE), () => json);
}

const NUMBERS = [0, 1, -1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const WORDS = [
  "-1",
  "1e999",
  "null",
  "[]",
  "{}",
  '""',
  "0",
  "4294967296",
  '"__proto__"',
  "true",
  "../../x",
  "{",
  '"',
];

/** One to four changes, each of a kind that breaks parsers. */
function damage(
  seed: Uint8Array<ArrayBuffer>,
  seeds: readonly Uint8Array<ArrayBuffer>[],
  random: RandomStream,
): Uint8Array<ArrayBuffer> {
  let bytes = seed.slice();
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = bytes.length > 0 ? nearFront(bytes.length, random) : 0;
    switch (random.below(8)) {
      case 0:
      case 1: // one bit
        if (bytes.length > 0) bytes[at] ^= 1 << random.below(8);
        break;
      case 2: // one byte
        if (bytes.length > 0) bytes[at] = random.below(256);
        break;
      case 3: // a number that is often too large, in either order of bytes
        if (bytes.length >= at + 4) {
          const value = NUMBERS[random.below(NUMBERS.length)] >>> 0;
          new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, value, random.below(2) === 0);
        }
        break;
      case 4: // the end is cut
        bytes = bytes.slice(0, at);
        break;
      case 5: { // some bytes come twice, or go
        const other = bytes.length > 0 ? nearFront(bytes.length, random) : 0;
        bytes = joinBytes(bytes.subarray(0, at), bytes.subarray(other));
        break;
      }
      case 6: { // a word where none was
        const word = new TextEncoder().encode(WORDS[random.below(WORDS.length)]);
        bytes = joinBytes(bytes.subarray(0, at), word, bytes.subarray(at + random.below(2) * word.length));
        break;
      }
      case 7: { // the front of one file, the back of another
        const other = seeds[random.below(seeds.length)];
        bytes = joinBytes(bytes.subarray(0, at), other.subarray(Math.min(at, other.length)));
        break;
      }
    }
  }
  return bytes;
}

/** Headers are where parsers break: half of all changes come among the first 64 bytes. */
function nearFront(length: number, random: RandomStream): number {
  return random.below(random.below(2) === 0 ? Math.min(length, 64) : length);
}
