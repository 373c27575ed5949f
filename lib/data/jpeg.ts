/**
 * JPEG files from any source, as grey.
 *
 * Nothing in a file is trusted: its size is checked before anything is allocated, and only the segments that an image
 * needs reach the decoder, which is MozJPEG as WebAssembly.
 *
 * @module
 */
import { printable } from "../excerpt.ts";
import { rawImports } from "../raw_imports.ts";
import { readOrientation, turn } from "./exif.ts";
import { checkSize, type ImageSize, type Raster, rasterOf, release, unreadable } from "./raster.ts";

const SOI = 0xd8, EOI = 0xd9, SOS = 0xda, APP0 = 0xe0, EXIF = 0xe1, ADOBE = 0xee;

/** Quantization and Huffman tables and the restart interval; JFIF and Adobe segments define the components. */
const KEPT = [0xc4, 0xdb, 0xdd, APP0, ADOBE];

/** Frames other than baseline, extended and progressive (0xc0 to 0xc2). */
const UNSUPPORTED = Object.entries({
  lossless: [0xc3, 0xc7, 0xcb, 0xcf],
  hierarchical: [0xc5, 0xc6, 0xcd, 0xce],
  "arithmetic coding": [0xc9, 0xca],
});

/** Progressive files have about ten; each costs a pass over all pixels. */
const MAX_SCANS = 100;

const EXIF_MARK = "Exif\0\0";

/** What the image needs of a file. */
interface Essence {
  readonly frame: ImageSize;
  readonly orientation: number;
  /** A whole JPEG with only the segments that the image needs. */
  readonly file: Uint8Array;
}

/**
 * Reads a JPEG: grey or colour, baseline or progressive, the right way up.
 *
 * @throws {PictureError} If the bytes are not a JPEG, are damaged, of a rare kind, or have more than 33,554,432 pixels.
 */
export async function decodeJpeg(bytes: Uint8Array): Promise<Raster> {
  const { frame, orientation, file } = readEssence(bytes);
  const data = await decode(file);
  if (data.length !== 4 * frame.width * frame.height) {
    fail("it must decode to its size", `${data.length} bytes`);
  }
  const raster = rasterOf(data, frame);
  release(data);
  return turn(raster, orientation);
}

/** Walks over the segments up to the end of the image; anything after it, such as a film, is ignored. */
function readEssence(bytes: Uint8Array): Essence {
  if (bytes[0] !== 0xff || bytes[1] !== SOI) fail("the file must begin as a JPEG does");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const file = new Uint8Array(bytes.length);
  let length = 0, scans = 0, orientation = 1, frame: ImageSize | null = null;
  const keep = (from: number, to: number) => {
    file.set(bytes.subarray(from, to), length);
    length += to - from;
  };
  keep(0, 2);
  for (let at = 2;;) {
    at = findMarker(bytes, at);
    const marker = bytes[at + 1];
    if (marker === EOI) {
      keep(at, at + 2);
      break;
    }
    const end = at + 4 <= bytes.length ? at + 2 + view.getUint16(at + 2) : Infinity;
    if (end > bytes.length || end < at + 4) {
      fail("the file must be whole", `${bytes.length} bytes`);
    }
    const data = bytes.subarray(at + 4, end);
    const [unsupported] = UNSUPPORTED.find(([, markers]) => markers.includes(marker)) ?? [];
    if (unsupported) fail("it must be baseline or progressive; save it as PNG", unsupported);
    if (marker >= 0xc0 && marker <= 0xc2) {
      if (frame) fail("there must be only one image");
      frame = readFrame(data);
      keep(at, end);
    } else if (marker === SOS) {
      if (++scans > MAX_SCANS) fail(`there must be at most ${MAX_SCANS} scans`);
      const next = endOfScan(bytes, end);
      keep(at, next);
      at = next;
      continue;
    } else if (marker === EXIF && String.fromCharCode(...data.subarray(0, EXIF_MARK.length)) === EXIF_MARK) {
      orientation = readOrientation(data.subarray(EXIF_MARK.length));
    } else if (KEPT.includes(marker)) {
      keep(at, end);
    }
    at = end;
  }
  if (!frame || scans === 0) fail("the file must contain an image");
  return { frame, orientation, file: file.subarray(0, length) };
}

/** Markers may be padded with 0xff; anything else between segments is skipped, as in all decoders. */
function findMarker(bytes: Uint8Array, from: number): number {
  let at = bytes.indexOf(0xff, from);
  while (at >= 0 && (bytes[at + 1] === 0xff || bytes[at + 1] === 0)) at = bytes.indexOf(0xff, at + 1);
  if (at < 0 || at + 1 >= bytes.length) fail("the file must be whole", `${bytes.length} bytes`);
  return at;
}

/** In coded data, 0xff is followed by 0 or by one of eight restart markers. */
function endOfScan(bytes: Uint8Array, from: number): number {
  let at = findMarker(bytes, from);
  while (bytes[at + 1] >= 0xd0 && bytes[at + 1] <= 0xd7) at = findMarker(bytes, at + 2);
  return at;
}

function readFrame(data: Uint8Array): ImageSize {
  if (data.length < 6) fail("the image must have a header", `${data.length} bytes`);
  const [depth, h1, h0, w1, w0, components] = data;
  const frame = { width: 256 * w1 + w0, height: 256 * h1 + h0 };
  if (depth !== 8) fail("it must have 8 bits; save it as PNG", depth);
  if (components !== 1 && components !== 3) {
    const found = components === 4 ? "CMYK" : `${components} components`;
    fail("it must be grey or RGB; save it as PNG", found);
  }
  checkSize("JPEG", frame);
  return frame;
}

interface Decoder {
  decode(file: Uint8Array): { readonly data: Uint8ClampedArray };
  /** Its warnings and errors. */
  readonly complaints: string[];
}

/** One for all pictures, because its memory never shrinks. */
let decoder: Promise<Decoder> | undefined;

async function decode(file: Uint8Array): Promise<Uint8ClampedArray> {
  decoder ??= openDecoder();
  const { decode, complaints } = await decoder;
  complaints.length = 0;
  let image;
  try {
    image = decode(file);
  } catch (cause) {
    decoder = undefined; // it aborted
    if (complaints.length === 0) complaints.push(String((cause as Error).message));
  }
  // Extraneous bytes are skipped; anything else leaves pixels undefined.
  const damage = complaints.find((text) => !/extraneous bytes/.test(text));
  if (!image || damage !== undefined) {
    if (image) release(image.data);
    fail("its image data must be whole", printable(damage ?? ""));
  }
  return image.data;
}

/** Imports the decoder as bytes, which needs no read permission. */
async function openDecoder(): Promise<Decoder> {
  const [{ default: open }, { default: wasm }] = await rawImports(
    "read JPEG",
    Promise.all([
      import("npm:@jsquash/jpeg@1.6.0/codec/dec/mozjpeg_dec.js"),
      import("npm:@jsquash/jpeg@1.6.0/codec/dec/mozjpeg_dec.wasm", { with: { type: "bytes" } }),
    ]),
  );
  const complaints: string[] = [];
  const options = { noInitialRun: true, wasmBinary: wasm, printErr: (text: string) => complaints.push(text) };
  const { decode } = await open(options as object);
  return { complaints, decode: (file) => decode(file as Uint8Array<ArrayBuffer>, false)! };
}

function fail(rule: string, value?: unknown): never {
  throw unreadable("JPEG", rule, value);
}
