/**
 * Pictures from any source: PNG and JPEG files, told apart by their first bytes.
 *
 * @module
 */
import { check } from "../options.ts";
import { BYTES } from "./images.ts";
import { decodeJpeg } from "./jpeg.ts";
import { decodePng } from "./png.ts";
import { MAX_PICTURE_BYTES, type Raster, unreadable } from "./raster.ts";

/** The bytes that kinds of file have at a place, mostly at their beginning. */
const MARKS: readonly (readonly [kind: string, at: number, ...marks: readonly string[]])[] = [
  ["a PNG", 0, "\x89PNG"],
  ["a JPEG", 0, "\xff\xd8"],
  ["a GIF", 0, "GIF8"],
  ["a WebP", 8, "WEBP"],
  ["a BMP", 0, "BM"],
  ["a TIFF", 0, "II*\0", "MM\0*", "II+\0", "MM\0+"],
  ["an AVIF", 4, "ftypavif", "ftypavis"],
  ["a HEIC", 4, "ftyphei", "ftyphev", "ftypmif1", "ftypmsf1"],
  ["a JPEG 2000", 0, "\0\0\0\x0cjP", "\xff\x4f\xff\x51"],
  ["a JPEG XL", 0, "\xff\x0a", "\0\0\0\x0cJXL"],
  ["a PDF", 0, "%PDF"],
  ["a Photoshop", 0, "8BPS"],
  ["an icon", 0, "\0\0\x01\0", "\0\0\x02\0"],
  ["a PBM, PGM or PPM", 0, "P1", "P2", "P3", "P4", "P5", "P6"],
  ["an SVG, XML or HTML", 0, "<svg", "<?xml", "<!doctype", "<!DOCTYPE", "<html", "\xef\xbb\xbf<"],
];

/**
 * Reads a PNG or a JPEG: any kind of colour and number of bits, with a palette, with opacity, interlaced or progressive,
 * turned as its Exif data says. Colour profiles are not applied.
 *
 * @throws {PictureError} If the bytes are another kind of file, are damaged, or have more than 33,554,432 pixels.
 *
 * @example
 * ```ts
 * import { decodePicture } from "./picture.ts";
 * import assert from "node:assert/strict";
 *
 * const png = Uint8Array.fromBase64(
 *   "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAAAAAC4HznGAAAAEElEQVR4XmNg+M/OwMnIBAAGRAETW1cyYAAAAABJRU5ErkJggg==",
 * );
 * const { grey, width } = await decodePicture(png);
 * assert.deepEqual([width, ...grey], [3, 0, 255, 7, 9, 1, 2]);
 * ```
 */
export async function decodePicture(bytes: Uint8Array): Promise<Raster> {
  check("read the picture", "bytes", { value: bytes, rule: BYTES });
  if (bytes.length > MAX_PICTURE_BYTES) {
    const rule = `it must have at most ${MAX_PICTURE_BYTES} bytes`;
    throw unreadable("picture", rule, `${bytes.length}; make the picture smaller`);
  }
  const beginning = String.fromCharCode(...bytes.subarray(0, 16)).replace(/^\s+/, "");
  const [kind] = MARKS.find(([, at, ...marks]) => marks.some((mark) => beginning.startsWith(mark, at))) ?? [];
  if (kind === "a PNG") return await decodePng(bytes);
  if (kind === "a JPEG") return await decodeJpeg(bytes);
  const found = bytes.length === 0
    ? "an empty file"
    : kind
    ? `${kind} file; save it as PNG`
    : `a file that begins with ${bytes.subarray(0, 8).toHex()}; save the picture as PNG`;
  throw unreadable("picture", "it must be a PNG or a JPEG", found);
}
