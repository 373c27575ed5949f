import assert from "node:assert/strict";
import { gzipSync } from "fflate";
import type { Split } from "../../../core.ts";
import {
  decodePart,
  encodeParts,
  INDEX_FILE,
  parseIndex,
  TEST_PART,
  TRAIN_PART,
} from "../../../page/data/parts.ts";

function split(count: number, seed: number): Split {
  const pixels = Uint8Array.from({ length: count * 6 }, (_, i) => (i * seed) % 251);
  return { pixels, labels: Uint8Array.from({ length: count }, (_, n) => n % 10), count, height: 2, width: 3 };
}

const splits = { train: split(TRAIN_PART + 7, 31), test: split(TEST_PART + 1, 17) };
const files = await encodeParts(splits, gzipSync);
const index = parseIndex(new TextDecoder().decode(files.get(INDEX_FILE)));

Deno.test("encodeParts() puts the images that --limit 6400 takes into the first part", async () => {
  const { count, pixels, labels } = await decodePart(index.parts[0], index, files.get("train-00.bin")!);
  assert.equal(count, 6_400);
  assert.deepEqual(pixels, splits.train.pixels.subarray(0, 6_400 * 6));
  assert.deepEqual(labels, splits.train.labels.subarray(0, 6_400));
});

Deno.test("encodeParts() and decodePart() keep all images of both splits, in their order", async () => {
  assert.deepEqual(index.parts.map(({ file, count }) => [file, count]), [
    ["train-00.bin", 6_400],
    ["train-01.bin", 7],
    ["test-00.bin", 2_000],
    ["test-01.bin", 1],
  ]);
  for (const name of ["train", "test"] as const) {
    const pixels: number[] = [], labels: number[] = [];
    for (const part of index.parts.filter((part) => part.split === name)) {
      const decoded = await decodePart(part, index, files.get(part.file)!);
      pixels.push(...decoded.pixels);
      labels.push(...decoded.labels);
    }
    assert.deepEqual(Uint8Array.from(pixels), splits[name].pixels);
    assert.deepEqual(Uint8Array.from(labels), splits[name].labels);
  }
});

Deno.test("decodePart() refuses bytes that are cut, others, or not gzip", async () => {
  const [first, second] = index.parts;
  const packed = files.get(first.file)!;
  await assert.rejects(
    decodePart(first, index, packed.slice(0, -9)),
    /train-00.bin: it must be whole gzip data/,
  );
  await assert.rejects(
    decodePart(second, index, packed),
    /train-01.bin: it must hold 49 bytes: current value is 44800/,
  );
  const page = new TextEncoder().encode("<!doctype html>");
  await assert.rejects(decodePart(first, index, page), /must be whole gzip data: current value is damaged/);
  const other = { ...first, sha256: "0".repeat(64) };
  await assert.rejects(
    decodePart(other, index, packed),
    /its SHA-256 must be 0{64}: current value is [0-9a-f]{64}/,
  );
});

Deno.test("parseIndex() refuses what is no index, and names that lead elsewhere", () => {
  const texts = ["", "null", "{}", JSON.stringify({ ...index, height: 0 })];
  const names = ["../train-00.bin", "https://example.org/train-00.bin", "test-00.bin"];
  const moved = names.map((file) => JSON.stringify({ ...index, parts: [{ ...index.parts[0], file }] }));
  for (const text of [...texts, ...moved]) assert.throws(() => parseIndex(text), SyntaxError, text);
});
