/**
 * A decoded picture, whatever file it came from.
 *
 * @module
 */
import { check, whole } from "../options.ts";

/** The size of an image in pixels. */
export interface ImageSize {
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
}

/** A picture of any size. */
export interface Raster extends ImageSize {
  /** u8 `[height, width]`: the luma of each pixel (BT.601), 0 black. */
  readonly grey: Uint8Array;
  /** u8 `[height, width]`: 0 transparent, 255 opaque. */
  readonly alpha: Uint8Array;
}

/** The bytes are not a picture, or one that is damaged, unsupported or too large. */
export class PictureError extends SyntaxError {
  /** The name under which it prints. */
  override readonly name = "PictureError";
}

/** The longest file that is read. */
export const MAX_PICTURE_BYTES: number = 2 ** 26;

/** 33 megapixels: twice what most phones take. Decoding takes up to 16 bytes a pixel. */
export const MAX_PIXELS: number = 2 ** 25;

/**
 * Checks the size that a header states, before anything is allocated.
 *
 * @param kind For messages: `PNG`, `JPEG`
 * @throws {PictureError} If it is 0 or too large.
 */
export function checkSize(kind: string, { width, height }: ImageSize): void {
  if (width > 0 && height > 0 && width * height <= MAX_PIXELS) return;
  const remedy = width * height > MAX_PIXELS ? "; make the picture smaller" : "";
  const rule = `width × height must be 1 to ${MAX_PIXELS} pixels`;
  throw unreadable(kind, rule, `${width} × ${height}${remedy}`);
}

/** The error of a picture that breaks a rule; `value` is what breaks it, if there is a value to show. */
export function unreadable(kind: string, rule: string, value?: unknown): PictureError {
  const found = value === undefined ? "" : `: current value is ${value}`;
  return new PictureError(`Cannot read the ${kind}: ${rule}${found}`);
}

/** Frees memory at once: with one photograph after another, garbage would be collected too late. */
export function release({ buffer, byteLength }: Uint8Array | Uint8ClampedArray): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

const ACTION = "take the picture";

/**
 * Converts red, green, blue and opacity to grey and opacity. The weights of the colours are BT.601's, as the integers
 * that the Python Imaging Library uses.
 *
 * @param rgba u8 `[height, width, 4]`, as `ImageData` has it
 * @throws {TypeError} If the bytes are not those of so many pixels.
 *
 * @example
 * ```ts
 * import { rasterOf } from "./raster.ts";
 * import assert from "node:assert/strict";
 *
 * const { grey, alpha } = rasterOf(Uint8Array.of(255, 255, 255, 255, 255, 0, 0, 9), { height: 1, width: 2 });
 * assert.deepEqual([[...grey], [...alpha]], [[255, 76], [255, 9]]);
 * ```
 */
export function rasterOf(rgba: Uint8Array | Uint8ClampedArray, { width, height }: ImageSize): Raster {
  for (const [name, value] of Object.entries({ height, width })) {
    check(ACTION, name, { value, rule: whole(1) });
  }
  const size = width * height;
  check(ACTION, "rgba", {
    value: rgba,
    rule: {
      must: `${4 * size} bytes, four a pixel`,
      isKind: (value) =>
        (value instanceof Uint8Array || value instanceof Uint8ClampedArray) && value.length === 4 * size,
    },
  });
  const grey = new Uint8Array(size), alpha = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    const at = 4 * i;
    grey[i] = (19595 * rgba[at] + 38470 * rgba[at + 1] + 7471 * rgba[at + 2] + 0x8000) >> 16;
    alpha[i] = rgba[at + 3];
  }
  return { width, height, grey, alpha };
}
