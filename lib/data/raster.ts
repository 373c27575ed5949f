/**
 * A decoded picture, whatever file it came from.
 *
 * @module
 */

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

/** Bytes that are no picture, or one that cannot be read or is too large. */
export class PictureError extends SyntaxError {
  /** The name under which it prints. */
  override readonly name = "PictureError";
}

/** The longest file that is looked at. */
export const MAX_PICTURE_BYTES: number = 2 ** 26;

/** 33 megapixels: twice what most telephones take. Decoding takes up to 16 bytes for each. */
export const MAX_PIXELS: number = 2 ** 25;

/**
 * Checks sizes that a header states, before anything is allocated.
 *
 * @param kind For messages: `PNG`, `JPEG`
 * @throws {PictureError} If they are none, or too large.
 */
export function checkSize(kind: string, { width, height }: { width: number; height: number }): void {
  if (width > 0 && height > 0 && width * height <= MAX_PIXELS) return;
  const remedy = width * height > MAX_PIXELS ? "; make the picture smaller" : "";
  throw new PictureError(
    `Cannot read the ${kind}: width × height must be 1 to ${MAX_PIXELS} pixels: ` +
      `current value is ${width} × ${height}${remedy}`,
  );
}

/** Gives large memory back at once: of one photograph after the other, it would be collected too late. */
export function release({ buffer, byteLength }: Uint8Array | Uint8ClampedArray): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

/**
 * Grey and opacity of red, green, blue and opacity. The weights of the colours are BT.601's, in the integers that the
 * Python Imaging Library takes.
 *
 * @param rgba Is released
 */
export function rasterOf(
  rgba: Uint8Array | Uint8ClampedArray,
  { width, height }: { width: number; height: number },
): Raster {
  const size = width * height;
  const grey = new Uint8Array(size), alpha = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    const at = 4 * i;
    grey[i] = (19595 * rgba[at] + 38470 * rgba[at + 1] + 7471 * rgba[at + 2] + 0x8000) >> 16;
    alpha[i] = rgba[at + 3];
  }
  release(rgba);
  return { width, height, grey, alpha };
}
