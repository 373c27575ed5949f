/**
 * IDX files that may be gzipped, unpacked within bounds.
 *
 * @module
 */
import { constants, crc32, gunzipSync, type ZlibOptions } from "node:zlib";
import { recognizeFile } from "../file_kind.ts";
import { reasonOf } from "./files.ts";
import { type IdxArray, IdxSyntaxError, parseIdx, parseIdxHeader } from "./idx.ts";

/** The bounds of {@link unpackIdx}. */
export interface UnpackOptions {
  /** The longest file to unpack, in bytes. Default: 2^30 (1 GiB). */
  readonly maxBytes?: number;
  /** What is unpacked, for messages: a path, say. */
  readonly file?: string;
}

const DEFAULT_MAX_BYTES = 2 ** 30;

/** DEFLATE shrinks nothing by more than this factor (zlib.net/zlib_tech.html). */
const MAX_RATIO = 1032;

/** Packed bytes that surely hold the longest IDX header, 1024 bytes; they unpack to 17 MB at most. */
const START_BYTES = 2 ** 14;

const WHOLE = "gzip data must be whole and one member";

/** Whether the bytes begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Returns the plain bytes of an IDX file: gzip is unpacked, anything else is returned as it is.
 *
 * A gzip bomb costs no memory: unpacking stops where the IDX header says the array ends, and does not begin if the
 * header promises more than `maxBytes`, or more than 1032 times the packed bytes, which gzip cannot hold. So at most
 * `min(header, maxBytes, 1032 · packed)` bytes are allocated, and 17 MB for the header.
 *
 * @throws {IdxSyntaxError} If the unpacked bytes do not begin as IDX, or are more or fewer than the header or `maxBytes`
 * says, or if the gzip data is damaged, cut, or more than one gzip member.
 *
 * @example
 * ```ts
 * import { unpackIdx } from "./gzip.ts";
 * import assert from "node:assert/strict";
 * import { gzipSync } from "node:zlib";
 *
 * const file = new Uint8Array([0, 0, 0x08, 1, 0, 0, 0, 2, 7, 9]);
 * assert.deepEqual(unpackIdx(gzipSync(file)), file);
 * assert.equal(unpackIdx(file), file);
 * ```
 */
export function unpackIdx(packed: Uint8Array, options: UnpackOptions = {}): Uint8Array {
  if (!isGzip(packed)) return packed;
  try {
    return unpack(packed, options.maxBytes ?? DEFAULT_MAX_BYTES);
  } catch (error) {
    throw error instanceof IdxSyntaxError
      ? new IdxSyntaxError(error.problem, error.offset, options.file)
      : error;
  }
}

function unpack(packed: Uint8Array, maxBytes: number): Uint8Array {
  const start = gunzip(packed.subarray(0, START_BYTES), { finishFlush: constants.Z_SYNC_FLUSH })!;
  const totalBytes = parseIdxHeader(start)?.totalBytes;
  if (totalBytes === undefined) {
    throw new IdxSyntaxError(
      `the header must be whole: current value is ${start.length} bytes`,
      start.length,
    );
  }
  const rule = `a file of ${totalBytes} bytes, as its header says, must`;
  if (totalBytes > maxBytes) {
    throw new IdxSyntaxError(`${rule} not exceed maxBytes: current value is ${maxBytes}`, 4);
  }
  if (totalBytes > packed.length * MAX_RATIO) {
    throw new IdxSyntaxError(`${rule} fill more gzip data: current value is ${packed.length} bytes`, 4);
  }
  // One chunk holds all, so nothing is copied; a small one would lie in node's pool, which cannot be transferred.
  const chunkSize = Math.max(2 ** 14, totalBytes + 1);
  const plain = gunzip(packed, { chunkSize, maxOutputLength: totalBytes });
  if (plain?.length !== totalBytes) {
    const found = plain?.length ?? "more";
    throw new IdxSyntaxError(`${rule} end there: current value is ${found}`, plain?.length ?? totalBytes);
  }
  const trailer = new DataView(packed.buffer, packed.byteOffset + packed.length - 8, 8);
  if (trailer.getUint32(0, true) !== crc32(plain) || trailer.getUint32(4, true) !== plain.length) {
    throw new IdxSyntaxError(`${WHOLE}, and nothing may follow it`, plain.length);
  }
  return plain;
}

/** The unpacked bytes; `undefined` if there are more than `maxOutputLength`. */
function gunzip(packed: Uint8Array, options: ZlibOptions): Uint8Array | undefined {
  try {
    const { buffer, byteOffset, length } = gunzipSync(packed, options);
    return new Uint8Array(buffer, byteOffset, length);
  } catch (error) {
    if ((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") return undefined;
    throw new IdxSyntaxError(`${WHOLE} (${reasonOf(error)})`, 0);
  }
}

/**
 * {@link unpackIdx}, then `parseIdx`.
 *
 * @throws {IdxSyntaxError} As those two do.
 *
 * @example
 * ```ts
 * import { readIdx } from "./gzip.ts";
 * import assert from "node:assert/strict";
 * import { gzipSync } from "node:zlib";
 *
 * const { data } = readIdx(gzipSync(new Uint8Array([0, 0, 0x08, 1, 0, 0, 0, 2, 7, 9])));
 * assert.deepEqual([...data], [7, 9]);
 * ```
 */
export function readIdx(bytes: Uint8Array, options: UnpackOptions = {}): IdxArray {
  const plain = unpackIdx(bytes, options);
  try {
    return parseIdx(plain);
  } catch (error) {
    if (!(error instanceof IdxSyntaxError)) throw error;
    const kind = error.offset < 2 ? recognizeFile(plain) : null;
    const problem = kind ? `it must be IDX: current value is ${kind.what}` : error.problem;
    throw new IdxSyntaxError(problem, error.offset, options.file);
  }
}
