/**
 * Writers of the files that Scanline reads.
 *
 * @module
 */
import { encode } from "fast-png";
import type { IdxArray } from "../../lib/data/idx.ts";
import type { Images } from "../../lib/data/images.ts";

const CODES = { u8: 0x08, i8: 0x09, i16: 0x0b, i32: 0x0c, f32: 0x0d, f64: 0x0e } as const;

/** An array as an IDX file, big-endian. */
export function encodeIdx({ type, shape, data }: IdxArray): Uint8Array<ArrayBuffer> {
  const headerBytes = 4 + 4 * shape.length, size = data.BYTES_PER_ELEMENT;
  const file = new Uint8Array(headerBytes + data.byteLength);
  file.set([0, 0, CODES[type], shape.length]);
  shape.forEach((length, axis) => new DataView(file.buffer).setUint32(4 + 4 * axis, length));
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), headerBytes);
  for (let at = headerBytes; size > 1 && at < file.length; at += size) file.subarray(at, at + size).reverse();
  return file;
}

/** One grey image, u8 `[height, width]`, as a PNG. */
export function encodePng({ pixels, height, width }: Omit<Images, "count">): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(encode({ width, height, data: pixels, channels: 1, depth: 8 }));
}
