/**
 * Builds PNG files chunk by chunk, valid ones and others.
 *
 * @module
 */
import { crc32, deflateSync } from "node:zlib";

/** The fields of the header. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly interlace?: number;
}

/** One chunk with its length and checksum. */
export function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length), view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** The header's chunk. */
export function header({ width, height, depth, colour, interlace = 0 }: PngHeader): Uint8Array {
  const data = new Uint8Array(13), view = new DataView(data.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  data.set([depth, colour, 0, 0, interlace], 8);
  return chunk("IHDR", data);
}

/** A file of these chunks. */
export function file(...chunks: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(
    [[0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10], ...chunks.map((bytes) => [...bytes])].flat(),
  );
}

/** A whole file: `lines` are the bytes before compression, each line after its filter. */
export function png(
  head: PngHeader,
  lines: readonly number[],
  ...between: readonly Uint8Array[]
): Uint8Array {
  const data = chunk("IDAT", deflateSync(Uint8Array.from(lines)));
  return file(header(head), ...between, data, chunk("IEND", new Uint8Array(0)));
}
