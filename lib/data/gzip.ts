/**
 * IDX files that may be gzipped, unpacked within bounds.
 *
 * @module
 */
import { recognizeFile } from "../model/file_kind.ts";
import { reasonOf } from "./files.ts";
import { type IdxArray, IdxSyntaxError, parseIdx, parseIdxHeader } from "./idx.ts";

/** The bounds of {@link unpackIdx}. */
export interface UnpackOptions {
  /** The longest file to unpack, in bytes. Default: 2^30 (1 GiB). */
  readonly maxBytes?: number;
  /** What is unpacked, for messages: a path, say. */
  readonly file?: string;
}

/** The longest header: 255 axes. */
const MAX_HEADER_BYTES = 4 + 4 * 255;

const DEFAULT_MAX_BYTES = 2 ** 30;

/** No DEFLATE stream is shorter than its contents by more than this factor (zlib.net/zlib_tech.html). */
const MAX_RATIO = 1032;

/** `DecompressionStream` unpacks all of a piece before it hands anything on, so pieces are kept small. */
const PIECE_BYTES = 2 ** 14;

/** Whether the bytes begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Gives the plain bytes of an IDX file: gzip is recognised and unpacked, anything else is returned as it is.
 *
 * A gzip bomb costs no memory: unpacking stops where the IDX header says the array ends, at `maxBytes`, and
 * is not begun when the header promises more than 1032 times the packed bytes, which gzip cannot hold. So at
 * most `min(header, maxBytes, 1032 · packed)` bytes are allocated, and 17 MB for the piece in hand.
 *
 * @throws {IdxSyntaxError} If what is unpacked does not begin as IDX, is longer or shorter than its header
 * says or than `maxBytes`, or if the gzip data is damaged, cut, or more than one gzip member.
 *
 * @example
 * ```ts
 * import { unpackIdx } from "./gzip.ts";
 * import assert from "node:assert/strict";
 * import { gzipSync } from "node:zlib";
 *
 * const file = new Uint8Array([0, 0, 0x08, 1, 0, 0, 0, 2, 7, 9]);
 * assert.deepEqual(await unpackIdx(gzipSync(file)), file);
 * assert.equal(await unpackIdx(file), file);
 * ```
 */
export async function unpackIdx(packed: Uint8Array, options: UnpackOptions = {}): Promise<Uint8Array> {
  if (!isGzip(packed)) return packed;
  const { maxBytes = DEFAULT_MAX_BYTES, file } = options;
  try {
    const { bytes: start } = await unpackInto(new Uint8Array(MAX_HEADER_BYTES), packed);
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
    const { bytes, more } = await unpackInto(new Uint8Array(totalBytes), packed);
    if (!more && bytes.length === totalBytes) return bytes;
    throw new IdxSyntaxError(
      `${rule} end there: current value is ${more ? "more" : bytes.length}`,
      bytes.length,
    );
  } catch (error) {
    throw error instanceof IdxSyntaxError ? new IdxSyntaxError(error.problem, error.offset, file) : error;
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
 * const { data } = await readIdx(gzipSync(new Uint8Array([0, 0, 0x08, 1, 0, 0, 0, 2, 7, 9])));
 * assert.deepEqual([...data], [7, 9]);
 * ```
 */
export async function readIdx(bytes: Uint8Array, options: UnpackOptions = {}): Promise<IdxArray> {
  const plain = await unpackIdx(bytes, options);
  try {
    return parseIdx(plain);
  } catch (error) {
    if (!(error instanceof IdxSyntaxError)) throw error;
    const kind = error.offset < 2 ? recognizeFile(plain) : null;
    const problem = kind ? `it must be IDX: current value is ${kind.what}` : error.problem;
    throw new IdxSyntaxError(problem, error.offset, options.file);
  }
}

interface Unpacked {
  /** As much of the target as was filled. */
  readonly bytes: Uint8Array;
  /** Whether there is more than the target holds. */
  readonly more: boolean;
}

/** Unpacks until the data ends or the target is full. */
async function unpackInto(target: Uint8Array, packed: Uint8Array): Promise<Unpacked> {
  let length = 0;
  try {
    for await (const chunk of inPieces(packed).pipeThrough(new DecompressionStream("gzip"))) {
      const room = target.length - length;
      target.set(chunk.subarray(0, room), length);
      if (chunk.length > room) return { bytes: target, more: true };
      length += chunk.length;
    }
  } catch (error) {
    const problem = `gzip data must be whole and one member: current value is damaged or cut (${
      reasonOf(error)
    })`;
    throw new IdxSyntaxError(problem, length);
  }
  return { bytes: target.subarray(0, length), more: false };
}

function inPieces(bytes: Uint8Array): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, at += PIECE_BYTES) as Uint8Array<ArrayBuffer>);
    },
  }, { highWaterMark: 0 });
}
