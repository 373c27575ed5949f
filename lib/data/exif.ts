/**
 * Which way up a photograph is: cameras store what the sensor saw, and in the Exif data how they were held.
 *
 * Exif 2.32, sections 4.5 and 4.6.4: a TIFF header, then the tags of the first directory, of which only one matters.
 *
 * @module
 */
import type { Raster } from "./raster.ts";

const ORIENTATION = 0x0112, SHORT = 3;

/**
 * The orientation that Exif data states, 1 to 8; 1, as stored, if it states none or is damaged.
 *
 * @param tiff From the byte order, `II` or `MM`, on
 */
export function readOrientation(tiff: Uint8Array): number {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  if (tiff.length < 8 || tiff[0] !== tiff[1]) return 1;
  const little = tiff[0] === 0x49; // I
  if ((!little && tiff[0] !== 0x4d) || view.getUint16(2, little) !== 42) return 1;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return 1;
  const entries = view.getUint16(directory, little);
  for (let entry = 0; entry < entries; entry++) {
    const at = directory + 2 + 12 * entry;
    if (at + 12 > tiff.length) return 1;
    if (view.getUint16(at, little) !== ORIENTATION || view.getUint16(at + 2, little) !== SHORT) continue;
    const value = view.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** Where pixel (x, y) of the upright picture is in the stored one, width × height, by orientation. */
const SOURCES: readonly ((x: number, y: number, width: number, height: number) => number)[] = [
  (x, y, w) => y * w + x,
  (x, y, w) => y * w + (w - 1 - x), // mirrored
  (x, y, w, h) => (h - 1 - y) * w + (w - 1 - x), // upside down
  (x, y, w, h) => (h - 1 - y) * w + x,
  (x, y, w) => x * w + y, // transposed
  (x, y, w, h) => (h - 1 - x) * w + y, // needs a clockwise turn
  (x, y, w, h) => (h - 1 - x) * w + (w - 1 - y),
  (x, y, w) => x * w + (w - 1 - y), // needs an anticlockwise turn
];

/** Turns a picture the right way up. */
export function turn(raster: Raster, orientation: number): Raster {
  if (orientation === 1) return raster;
  const { width: w, height: h } = raster;
  const source = SOURCES[orientation - 1];
  const [width, height] = orientation > 4 ? [h, w] : [w, h];
  const grey = new Uint8Array(w * h), alpha = new Uint8Array(w * h);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const from = source(x, y, w, h);
      grey[i] = raster.grey[from];
      alpha[i] = raster.alpha[from];
    }
  }
  return { width, height, grey, alpha };
}
