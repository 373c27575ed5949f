import assert from "node:assert/strict";
import { joinBytes } from "../../lib/bytes.ts";
import { gzipSync } from "node:zlib";
import { isGzip, readIdx, unpackIdx } from "../../lib/data/gzip.ts";
import { IdxSyntaxError } from "../../lib/data/idx.ts";
import { encodeIdx } from "../support/encode_files.ts";

const FILE = encodeIdx({
  type: "i16",
  shape: [5, 4],
  data: Int16Array.from({ length: 20 }, (_, at) => at * 1000),
});

function gzip(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(gzipSync(joinBytes(...parts)));
}

function errorOf(bytes: Uint8Array, options = {}): IdxSyntaxError {
  try {
    readIdx(bytes, options);
  } catch (error) {
    assert(error instanceof IdxSyntaxError, `not an IdxSyntaxError: ${error}`);
    return error;
  }
  assert.fail("it was read");
}

Deno.test("unpackIdx() unpacks gzip and returns other bytes unchanged", () => {
  assert.deepEqual(unpackIdx(gzip(FILE)), FILE);
  assert.equal(unpackIdx(FILE), FILE);
  assert.equal(isGzip(FILE), false);
  const html = new TextEncoder().encode("<html>");
  assert.equal(unpackIdx(html), html);
});

Deno.test("readIdx() reads raw and packed files, large headers and large files", () => {
  for (const bytes of [FILE, gzip(FILE)]) assert.deepEqual([...readIdx(bytes).shape], [5, 4]);
  const deep = encodeIdx({ type: "u8", shape: new Array(255).fill(1), data: new Uint8Array([9]) });
  assert.deepEqual([...readIdx(gzip(deep)).data], [9]);
  const data = Float64Array.from({ length: 50_000 }, (_, at) => Math.sqrt(at));
  const large = readIdx(new Uint8Array(gzipSync(encodeIdx({ type: "f64", shape: [50_000], data }))));
  assert.deepEqual(large.data, data);
});

Deno.test("readIdx() rejects every proper prefix of a gzip file", () => {
  const packed = gzip(FILE);
  for (let length = 0; length < packed.length; length++) {
    const error = errorOf(packed.subarray(0, length), { file: "x.gz" });
    assert.match(error.message, /^Cannot parse x\.gz: /);
  }
});

Deno.test("readIdx() reads a gzip file with one byte changed as the original, or rejects it", () => {
  const packed = gzip(FILE);
  for (let at = 0; at < packed.length; at++) {
    for (const flip of [1, 0x10, 0xff]) {
      const changed = Uint8Array.from(packed);
      changed[at] ^= flip;
      try {
        const { shape, data } = readIdx(changed); // the time and the system in the header do not matter
        assert.deepEqual(encodeIdx({ type: "i16", shape, data: data as Int16Array }), FILE);
      } catch (error) {
        assert(error instanceof IdxSyntaxError, `byte ${at}: ${error}`);
      }
    }
  }
});

Deno.test("readIdx() rejects gzip that holds anything but one IDX file", () => {
  const html = new TextEncoder().encode("<!DOCTYPE html><title>404</title>");
  assert.match(errorOf(gzip(html)).message, /first two bytes must be 0: current value is 0x3c/);
  assert.match(errorOf(gzip()).message, /header must be whole: current value is 0 bytes/);
  assert.match(
    errorOf(gzip(FILE.subarray(0, 30))).message,
    /52 bytes.* must end there: current value is 30/,
  );
  assert.match(
    errorOf(gzip(FILE, new Uint8Array(1))).message,
    /must end there: current value is more/,
  );
  assert.match(errorOf(joinBytes(gzip(FILE), gzip(FILE))).message, /must end there: current value is more/);
  const members = joinBytes(gzip(FILE.subarray(0, 30)), gzip(FILE.subarray(30)));
  for (const bytes of [members, ...[[0], [1]].map((end) => joinBytes(gzip(FILE), Uint8Array.from(end)))]) {
    assert.match(errorOf(bytes).message, /whole and one member/);
  }
});

Deno.test("unpackIdx() stops a gzip bomb where the array ends", () => {
  const bomb = new Uint8Array(gzipSync(joinedLarge(FILE, 64 * 2 ** 20)));
  assert(bomb.length < 100_000);
  const before = Deno.memoryUsage().external;
  const error = errorOf(bomb);
  assert.equal(error.offset, FILE.length);
  // Its first 16 KiB unpack to 17 MB; all of the bomb would be 67 MB.
  assert(Deno.memoryUsage().external - before < 40e6);
});

function joinedLarge(start: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(start);
  return bytes;
}

Deno.test("unpackIdx() rejects a header that promises more than the file can hold, or than allowed", () => {
  const header = (...sizes: number[]) => {
    const bytes = new Uint8Array(4 + 4 * sizes.length);
    bytes.set([0, 0, 8, sizes.length]);
    sizes.forEach((size, axis) => new DataView(bytes.buffer).setUint32(4 + 4 * axis, size));
    return gzip(bytes);
  };
  assert.match(
    errorOf(header(2 ** 31)).message,
    /must not exceed maxBytes: current value is 1073741824/,
  );
  assert.match(
    errorOf(header(2 ** 29)).message,
    /must fill more gzip data: current value is \d+ bytes/,
  );
  assert.match(
    errorOf(header(2 ** 30, 2 ** 30)).message,
    /must be smaller than 2\^53|must not exceed/,
  );
  assert.match(
    errorOf(gzip(FILE), { maxBytes: 51 }).message,
    /52 bytes.*maxBytes: current value is 51/,
  );
  assert.deepEqual(unpackIdx(gzip(FILE), { maxBytes: 52 }), FILE);
});
