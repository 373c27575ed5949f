/**
 * PNG files from any source, as grey and opacity.
 *
 * Nothing in a file is trusted: its size is checked before anything is allocated, its image data is inflated no further
 * than that size says, and only the chunks that an image needs reach the decoder.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import { PNG } from "npm:pngjs@7.0.0";
import { readOrientation, turn } from "./exif.ts";
import { reasonOf } from "./files.ts";
import {
  checkSize,
  type ImageSize,
  PictureError,
  type Raster,
  rasterOf,
  release,
  unreadable,
} from "./raster.ts";

/** The most bytes of inflated pixels; decoding takes up to five times as many. */
const MAX_INFLATED = 2 ** 27 + 2 ** 20;

const INFLATED_AT_ONCE = 1024;

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const [IHDR, PLTE, TRNS, IDAT, IEND, EXIF] = ["IHDR", "PLTE", "tRNS", "IDAT", "IEND", "eXIf"].map((type) =>
  new DataView(new TextEncoder().encode(type).buffer).getUint32(0)
);
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** First column, first row, column step and row step of Adam7's passes. */
const ADAM7 = ["0088", "4088", "0448", "2044", "0224", "1022", "0112"].map((pass) =>
  Array.from(pass, Number)
);

interface Header extends ImageSize {
  readonly depth: number;
  readonly colour: number;
  readonly interlaced: boolean;
}

/** What the image needs of a file. */
interface Essence {
  readonly header: Header;
  /** The contents of the chunks IHDR, and PLTE and tRNS if it needs them. */
  readonly chunks: ReadonlyMap<number, Uint8Array>;
  /** All compressed image data in one piece. */
  readonly data: Uint8Array;
  readonly orientation: number;
}

/**
 * Reads a PNG: grey or colour, with or without a palette or opacity, 1 to 16 bits, interlaced or not.
 *
 * @throws {PictureError} If the bytes are not a PNG, are damaged, or have more than 33,554,432 pixels.
 */
export async function decodePng(bytes: Uint8Array): Promise<Raster> {
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) {
    fail("the file must begin as a PNG does", bytes.subarray(0, 8).toHex());
  }
  const essence = readEssence(bytes);
  await checkInflated(essence.data, essence.header);
  let rgba: Uint8Array;
  try {
    rgba = PNG.sync.read(encodeEssence(essence)).data;
  } catch (cause) {
    if (cause instanceof PictureError) throw cause;
    throw new PictureError(`Cannot read the PNG: ${reasonOf(cause)}`, { cause });
  }
  const raster = rasterOf(rgba, essence.header);
  release(rgba);
  return turn(raster, essence.orientation);
}

/** Walks over all chunks up to the end. There may be millions, so none leaves an object behind. */
function readEssence(bytes: Uint8Array): Essence {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = new Uint8Array(bytes.length);
  const chunks = new Map<number, Uint8Array>();
  let length = 0, orientation = 1, header: Header | null = null;
  for (let at = SIGNATURE.length, type = 0; type !== IEND;) {
    const end = at + 12 <= bytes.length ? at + 12 + view.getUint32(at) : Infinity;
    if (end > bytes.length) fail("the file must be whole", `${bytes.length} bytes`);
    type = view.getUint32(at + 4);
    const chunk = bytes.subarray(at + 8, end - 4);
    at = end;
    if (!header && type !== IHDR) fail("the file must begin with its header");
    if (![IHDR, PLTE, TRNS, IDAT, IEND, EXIF].includes(type)) continue;
    if (crc32(bytes.subarray(end - 8 - chunk.length, end - 4)) !== view.getUint32(end - 4)) {
      if (type === EXIF) continue;
      fail(`its checksums must be right: the one before byte ${end} is wrong, so the file is damaged`);
    }
    if (type === IDAT) {
      data.set(chunk, length);
      length += chunk.length;
    } else if (type === EXIF) {
      orientation = readOrientation(chunk);
    } else if (chunks.has(type)) {
      fail("there must be only one header, one palette and one tRNS chunk");
    } else if (type !== IEND) {
      chunks.set(type, chunk);
      if (type === IHDR) header = readHeader(chunk);
    }
  }
  checkColours(header!, chunks);
  return { header: header!, chunks, data: data.subarray(0, length), orientation };
}

/** Checks a palette and opacities, and removes them if the image does not need them. */
function checkColours({ colour }: Header, chunks: Map<number, Uint8Array>): void {
  const palette = chunks.get(PLTE)?.length, opacities = chunks.get(TRNS)?.length;
  if (palette !== undefined && (palette % 3 !== 0 || palette === 0 || palette > 3 * 256)) {
    fail("a palette must have 1 to 256 colours of 3 bytes", `${palette} bytes`);
  }
  if (colour === 3 && palette === undefined) fail("an indexed image must have a palette");
  if (colour !== 3) chunks.delete(PLTE); // only a suggestion for screens with few colours
  if (colour === 4 || colour === 6) chunks.delete(TRNS); // the image has an opacity channel
  else if (opacities !== undefined) {
    const fits = colour === 3 ? 3 * opacities <= palette! : opacities === 2 * CHANNELS[colour];
    if (!fits) fail("opacity must fit the colours", `${opacities} bytes`);
  }
}

/** The same image as a minimal file. */
function encodeEssence({ chunks, data }: Essence): Buffer {
  const order = [IHDR, PLTE, TRNS].filter((type) => chunks.has(type));
  return Buffer.concat([
    Uint8Array.from(SIGNATURE),
    ...order.flatMap((type) => frameChunk(type, chunks.get(type)!)),
    ...frameChunk(IDAT, data),
    ...frameChunk(IEND, new Uint8Array(0)),
  ]);
}

/** A chunk between its length and type and its checksum. */
function frameChunk(type: number, chunk: Uint8Array): Uint8Array[] {
  const front = new Uint8Array(8), back = new Uint8Array(4);
  new DataView(front.buffer).setUint32(0, chunk.length);
  new DataView(front.buffer).setUint32(4, type);
  new DataView(back.buffer).setUint32(0, crc32(chunk, crc32(front.subarray(4))));
  return [front, chunk, back];
}

function readHeader(data: Uint8Array): Header {
  if (data.length !== 13) fail("the file must begin with a header of 13 bytes", data.length);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colour, compression, filter, interlace] = data.subarray(8);
  checkSize("PNG", { width, height });
  if (CHANNELS[colour] === undefined) fail("the kind of colour must be 0, 2, 3, 4 or 6", colour);
  const depths = colour === 0 ? [1, 2, 4, 8, 16] : colour === 3 ? [1, 2, 4, 8] : [8, 16];
  if (!depths.includes(depth)) fail(`bits must be one of ${depths.join(", ")}`, depth);
  if (interlace > 1) fail("interlacing must be none or Adam7", interlace);
  if (compression !== 0 || filter !== 0) {
    fail("compression and filter must be 0", `${compression}, ${filter}`);
  }
  const header = { width, height, depth, colour, interlaced: interlace === 1 };
  const bytes = inflatedBytes(header);
  if (bytes > MAX_INFLATED) {
    fail(`pixels must have at most ${MAX_INFLATED} bytes; save it with 8 bits a channel`, bytes);
  }
  return header;
}

/** Inflates the image data, and stops if there is more than the header says. */
async function checkInflated(data: Uint8Array, header: Header): Promise<void> {
  const expected = inflatedBytes(header);
  const stream = ReadableStream.from(slices(data)).pipeThrough(new DecompressionStream("deflate"));
  let found = 0;
  try {
    for await (const piece of stream) {
      found += piece.length;
      if (found > expected) break; // ends the stream
    }
  } catch (cause) {
    throw new PictureError(`Cannot read the PNG: its image data is damaged: ${reasonOf(cause)}`, { cause });
  }
  if (found !== expected) {
    fail(`image data must inflate to ${expected} bytes`, found > expected ? undefined : found);
  }
}

/** A piece is inflated as a whole, to at most 1032 times its size. */
function* slices(data: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < data.length; at += INFLATED_AT_ONCE) yield data.slice(at, at + INFLATED_AT_ONCE);
}

/** The bytes of the pixels, and one a row for its filter. */
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

function fail(rule: string, value?: unknown): never {
  throw unreadable("PNG", rule, value);
}
