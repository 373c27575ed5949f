/**
 * PNG files from anywhere, as grey and opacity.
 *
 * Nothing in a file is trusted: its sizes are checked before anything is allocated, its image data is inflated only as
 * far as those sizes say, and of its chunks only those that an image needs reach the decoder.
 *
 * @module
 */
import { convertIndexedToRgb, decode, type DecodedPng, encode } from "fast-png";
import type { Images } from "./dataset.ts";
import { reasonOf } from "./files.ts";

/** A picture of any size. */
export interface Raster {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** u8 `[height, width]`: the luma of each pixel (BT.601), 0 black. */
  readonly grey: Uint8Array;
  /** u8 `[height, width]`: 0 transparent, 255 opaque. */
  readonly alpha: Uint8Array;
}

/** Bytes that are no PNG, or one that is too large. */
export class PngError extends SyntaxError {
  /** The name under which it prints. */
  override readonly name = "PngError";
}

/** As large as a 4K screen; decoding takes some ten times as many bytes. */
const MAX_PIXELS = 2 ** 23;
const MAX_BYTES = 2 ** 26;

const INFLATED_AT_ONCE = 1024;

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const KEPT = ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"];
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** First column, first row, and the steps between them, of Adam7's passes. */
const ADAM7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [
  0,
  1,
  1,
  2,
]];

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly interlaced: boolean;
}

/**
 * Reads a PNG: grey or colour, with or without a palette or opacity, 1 to 16 bits, interlaced or not.
 *
 * @throws {PngError} If the bytes are not a PNG, are damaged, or have more than 8,388,608 pixels.
 *
 * @example
 * ```ts
 * import { decodePng, encodePng } from "./png.ts";
 * import assert from "node:assert/strict";
 *
 * const png = encodePng({ pixels: Uint8Array.of(0, 255, 7, 9, 1, 2), height: 2, width: 3 });
 * const { grey, width } = await decodePng(png);
 * assert.deepEqual([width, ...grey], [3, 0, 255, 7, 9, 1, 2]);
 * ```
 */
export async function decodePng(bytes: Uint8Array): Promise<Raster> {
  if (bytes.length > MAX_BYTES) fail(`a file must have at most ${MAX_BYTES} bytes`, bytes.length);
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) {
    fail("the file must begin as a PNG does", `[${bytes.subarray(0, 8)}]`);
  }
  const chunks = readChunks(bytes);
  const header = readHeader(chunks[0]?.type === "IHDR" ? chunks[0].data : new Uint8Array(0));
  if (header.colour === 3 && !chunks.some(({ type }) => type === "PLTE")) {
    fail("an indexed image must have a palette", "none");
  }
  await checkInflated(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data), header);
  try {
    return toRaster(decode(joinChunks(chunks), { checkCrc: true }), header);
  } catch (cause) {
    if (cause instanceof PngError) throw cause;
    throw new PngError(`Cannot read the PNG: ${reasonOf(cause)}`, { cause });
  }
}

/**
 * Writes one grey image as a PNG.
 *
 * @param image Its pixels are u8 `[height, width]`
 */
export function encodePng(
  { pixels, height, width }: Pick<Images, "pixels" | "height" | "width">,
): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(encode({ width, height, data: pixels, channels: 1, depth: 8 }));
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** With length, type and checksum. */
  readonly whole: Uint8Array;
}

/** Of all chunks up to the end those that make the image. */
function readChunks(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE.length; chunks.at(-1)?.type !== "IEND";) {
    const end = at + 12 <= bytes.length ? at + 12 + view.getUint32(at) : Infinity;
    if (end > bytes.length) fail("the file must be whole", `an end after ${bytes.length} bytes`);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (KEPT.includes(type)) {
      chunks.push({ type, data: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) });
    }
    at = end;
  }
  if (chunks.filter(({ type }) => type === "IHDR").length !== 1) {
    fail("there must be one header", "another number");
  }
  return chunks;
}

function readHeader(data: Uint8Array): Header {
  if (data.length !== 13) fail("the file must begin with a header of 13 bytes", data.length);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colour, , , interlace] = data.subarray(8);
  if (width === 0 || height === 0 || width * height > MAX_PIXELS) {
    fail(`width × height must be 1 to ${MAX_PIXELS} pixels`, `${width} × ${height}`);
  }
  if (CHANNELS[colour] === undefined) fail("the kind of colour must be 0, 2, 3, 4 or 6", colour);
  const depths = colour === 0 ? [1, 2, 4, 8, 16] : colour === 3 ? [1, 2, 4, 8] : [8, 16];
  if (!depths.includes(depth)) fail(`bits must be one of ${depths.join(", ")}`, depth);
  if (interlace > 1) fail("interlacing must be none or Adam7", interlace);
  if (interlace === 1 && depth < 8) { // fast-png takes a byte for each pixel there
    fail("an interlaced image must have 8 or 16 bits; save it without interlacing", depth);
  }
  return { width, height, depth, colour, interlaced: interlace === 1 };
}

/** Inflates the image data, and stops where there is more of it than the header says. */
async function checkInflated(parts: readonly Uint8Array[], header: Header): Promise<void> {
  const expected = inflatedBytes(header);
  const stream = ReadableStream.from(slices(parts)).pipeThrough(new DecompressionStream("deflate"));
  let found = 0;
  try {
    for await (const piece of stream) {
      found += piece.length;
      if (found > expected) break; // ends the stream
    }
  } catch (cause) {
    throw new PngError(`Cannot read the PNG: its image data is damaged: ${reasonOf(cause)}`, {
      cause,
    });
  }
  if (found !== expected) {
    fail(`image data must inflate to ${expected} bytes`, found > expected ? "more" : found);
  }
}

/** A piece is inflated as a whole, to at most a thousand times its size. */
function* slices(parts: readonly Uint8Array[]): Generator<Uint8Array<ArrayBuffer>> {
  for (const part of parts) {
    for (let at = 0; at < part.length; at += INFLATED_AT_ONCE) yield part.slice(at, at + INFLATED_AT_ONCE);
  }
}

/** One byte a row for its filter, and the pixels. */
function inflatedBytes({ width, height, depth, colour, interlaced }: Header): number {
  const passes = interlaced ? ADAM7 : [[0, 0, 1, 1]];
  let bytes = 0;
  for (const [x, y, xStep, yStep] of passes) {
    const columns = Math.max(0, Math.ceil((width - x) / xStep));
    const rows = Math.max(0, Math.ceil((height - y) / yStep));
    if (columns > 0) bytes += rows * (1 + Math.ceil(columns * CHANNELS[colour] * depth / 8));
  }
  return bytes;
}

function joinChunks(chunks: readonly Chunk[]): Uint8Array {
  const parts = [Uint8Array.from(SIGNATURE), ...chunks.map(({ whole }) => whole)];
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function toRaster(png: DecodedPng, { width, height, depth }: Header): Raster {
  const size = width * height;
  const samples = samplesOf(png, { width, height, depth });
  const channels = png.palette ? png.palette[0]?.length ?? 0 : png.channels;
  const scale = png.palette ? 1 : 255 / (2 ** depth - 1);
  const key = png.transparency; // this colour is transparent
  const grey = new Uint8Array(size), alpha = new Uint8Array(size).fill(255);
  for (let i = 0; i < size; i++) {
    const first = i * channels;
    const colours = channels < 3 ? 1 : 3;
    const luma = colours === 1
      ? samples[first]
      : 0.299 * samples[first] + 0.587 * samples[first + 1] + 0.114 * samples[first + 2];
    grey[i] = Math.round(luma * scale);
    if (channels % 2 === 0) alpha[i] = Math.round(samples[first + channels - 1] * scale);
    else if (key && isKey(samples, first, key)) alpha[i] = 0;
  }
  return { width, height, grey, alpha };
}

function isKey(samples: ArrayLike<number>, first: number, key: Uint16Array): boolean {
  return key.every((value, c) => samples[first + c] === value);
}

/** One number a channel of each pixel: what is packed is unpacked, what names a colour becomes that. */
function samplesOf(png: DecodedPng, { width, height, depth }: Pick<Header, "width" | "height" | "depth">) {
  if (png.palette) return convertIndexedToRgb(png);
  if (depth >= 8) return png.data;
  const perRow = Math.ceil(width * depth / 8), mask = 2 ** depth - 1;
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const bit = i % width * depth;
    const byte = png.data[Math.floor(i / width) * perRow + (bit >> 3)];
    return (byte >> (8 - depth - (bit & 7))) & mask;
  });
}

function fail(rule: string, value: unknown): never {
  throw new PngError(`Cannot read the PNG: ${rule}: current value is ${value}`);
}
