/**
 * IDX, the file format of MNIST: bytes to arrays.
 *
 * An IDX file is two zero bytes, one byte for the type of the elements, one for the number of axes, one
 * big-endian uint32 for the size of each axis, then the elements, big-endian, last axis fastest.
 *
 * Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", section
 * "File formats for the MNIST database".
 *
 * @module
 */
import { excerpt } from "../excerpt.ts";
import { check, instanceOf } from "../options.ts";

/** The typed array of each IDX type. */
export interface IdxElements {
  /** Type byte 0x08. */
  u8: Uint8Array;
  /** Type byte 0x09. */
  i8: Int8Array;
  /** Type byte 0x0b. */
  i16: Int16Array;
  /** Type byte 0x0c. */
  i32: Int32Array;
  /** Type byte 0x0d. */
  f32: Float32Array;
  /** Type byte 0x0e. */
  f64: Float64Array;
}

/** The element types of IDX. */
export type IdxType = keyof IdxElements;

/** An array of any rank, last axis fastest; `data.length` is the product of `shape`. */
export type IdxArray<T extends IdxType = IdxType> = {
  [K in T]: {
    /** The type of the elements. */
    readonly type: K;
    /** The size of each axis; `[]` means a single number. */
    readonly shape: readonly number[];
    /** The elements, last axis fastest. */
    readonly data: IdxElements[K];
  };
}[T];

/** The bytes are not an IDX file. */
export class IdxSyntaxError extends SyntaxError {
  /** `"IdxSyntaxError"`. */
  override readonly name: string = "IdxSyntaxError";
  /** Where the file stops being IDX, in bytes of the unpacked file. */
  readonly offset: number;
  /** What is wrong, without the name of the file. */
  readonly problem: string;

  /** `file` names the file in the message: a path, say. */
  constructor(problem: string, offset: number, file = "IDX") {
    super(`Cannot parse ${file}: ${problem} (at byte ${offset})`);
    this.offset = offset;
    this.problem = problem;
  }
}

const FORMATS = [
  { type: "u8", code: 0x08, make: Uint8Array },
  { type: "i8", code: 0x09, make: Int8Array },
  { type: "i16", code: 0x0b, make: Int16Array },
  { type: "i32", code: 0x0c, make: Int32Array },
  { type: "f32", code: 0x0d, make: Float32Array },
  { type: "f64", code: 0x0e, make: Float64Array },
] as const;

/** The header of an IDX file. */
export interface IdxHeader {
  /** The type of the elements. */
  readonly type: IdxType;
  /** The size of each axis. */
  readonly shape: readonly number[];
  /** Where the elements begin. */
  readonly headerBytes: number;
  /** How long the whole file must be. */
  readonly totalBytes: number;
}

/**
 * Reads only the header; `undefined` if it is right so far but continues past the end of `bytes`.
 *
 * @throws {IdxSyntaxError} If the bytes are wrong, or the array would be larger than 2^53 bytes.
 *
 * @example
 * ```ts
 * import { parseIdxHeader } from "./idx.ts";
 * import assert from "node:assert/strict";
 *
 * const start = new Uint8Array([0, 0, 0x0d, 1, 0, 0, 0, 3]);
 * assert.equal(parseIdxHeader(start)?.totalBytes, 8 + 3 * 4);
 * assert.equal(parseIdxHeader(start.subarray(0, 7)), undefined);
 * ```
 */
export function parseIdxHeader(bytes: Uint8Array): IdxHeader | undefined {
  for (let at = 0; at < Math.min(2, bytes.length); at++) {
    if (bytes[at] !== 0) {
      throw new IdxSyntaxError(`the first two bytes must be 0: current value is ${hex(bytes[at])}`, at);
    }
  }
  if (bytes.length < 3) return undefined;
  const format = FORMATS.find(({ code }) => code === bytes[2]);
  if (!format) {
    const codes = FORMATS.map(({ code }) => hex(code)).join(", ");
    throw new IdxSyntaxError(`the type must be one of ${codes}: current value is ${hex(bytes[2])}`, 2);
  }
  if (bytes.length < 4) return undefined;
  const headerBytes = 4 + 4 * bytes[3];
  if (bytes.length < headerBytes) return undefined;
  const shape = readShape(bytes);
  const elementBytes = format.make.BYTES_PER_ELEMENT;
  return { type: format.type, shape, headerBytes, totalBytes: totalSize(shape, elementBytes, headerBytes) };
}

function readShape(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: bytes[3] }, (_, axis) => view.getUint32(4 + 4 * axis));
}

function totalSize(shape: readonly number[], elementBytes: number, headerBytes: number): number {
  if (shape.includes(0)) return headerBytes;
  let sizeBytes = elementBytes;
  for (const [axis, size] of shape.entries()) {
    sizeBytes *= size;
    if (headerBytes + sizeBytes > Number.MAX_SAFE_INTEGER) {
      throw new IdxSyntaxError(
        `the array must be smaller than 2^53 bytes: current value is ${excerpt(shape)}`,
        4 + 4 * axis,
      );
    }
  }
  return headerBytes + sizeBytes;
}

/**
 * Parses a whole IDX file, not gzipped (see `unpackIdx` for those).
 *
 * Bytes (u8, i8) are not copied: `data` is a view of `bytes`. Wider elements are copied once, because their bytes must be
 * swapped. Nothing is allocated before the length of the file is compared with the header.
 *
 * @throws {IdxSyntaxError} If the bytes are not exactly one IDX file: wrong first bytes, unknown type, a
 * header or data cut short, bytes left over, sizes whose product overflows.
 *
 * @example
 * ```ts
 * import { parseIdx } from "./idx.ts";
 * import assert from "node:assert/strict";
 *
 * const file = new Uint8Array([0, 0, 0x08, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 11, 12, 20, 21, 22]);
 * const { type, shape, data } = parseIdx(file);
 * assert.equal(type, "u8");
 * assert.deepEqual(shape, [2, 3]);
 * assert.deepEqual([...data], [10, 11, 12, 20, 21, 22]);
 * ```
 */
export function parseIdx(bytes: Uint8Array): IdxArray {
  check("parse IDX", "bytes", { value: bytes, rule: instanceOf(Uint8Array) });
  const header = parseIdxHeader(bytes);
  if (!header) {
    throw new IdxSyntaxError(
      `the header must be whole: current value is ${bytes.length} bytes`,
      bytes.length,
    );
  }
  const { type, shape, headerBytes, totalBytes } = header;
  if (bytes.length !== totalBytes) {
    const rule = `a file of ${type} ${excerpt(shape)} must be ${totalBytes} bytes long`;
    const at = Math.min(bytes.length, totalBytes);
    throw new IdxSyntaxError(`${rule}: current value is ${bytes.length} bytes`, at);
  }
  const { make } = FORMATS.find((format) => format.type === type)!, elementBytes = make.BYTES_PER_ELEMENT;
  const body = bytes.subarray(headerBytes);
  const native = elementBytes === 1 ? body : swapBytes(new Uint8Array(body), elementBytes);
  const data = new make(native.buffer as ArrayBuffer, native.byteOffset, native.length / elementBytes);
  return { type, shape, data } as IdxArray;
}

/** Reverses the bytes of each element in place: the file is big-endian, every platform of Deno little-endian. */
function swapBytes(bytes: Uint8Array, elementBytes: number): Uint8Array {
  for (let at = 0; at < bytes.length; at += elementBytes) {
    for (let low = at, high = at + elementBytes - 1; low < high; low++, high--) {
      [bytes[low], bytes[high]] = [bytes[high], bytes[low]];
    }
  }
  return bytes;
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
