/**
 * Pictures that the browser decodes.
 *
 * @module
 */
/// <reference lib="dom" />
import { checkSize, type Raster, rasterOf } from "../../lib/data/raster.ts";

/** Rows of a picture that are taken at a time: browsers refuse a canvas of many pixels. */
const ROWS = 256;
/** Browsers bound the sides of a canvas, too. */
const WIDEST = 8192;

/**
 * Decodes a picture, in all formats that the browser knows, turned as its Exif data says. It keeps its size: what shrinks it is the
 * code of `deno task predict`.
 *
 * @throws {Error} With one sentence, if the browser cannot, or if the picture is too large.
 */
export async function decodeBlob(blob: Blob): Promise<Raster> {
  const bitmap = await createImageBitmap(blob).catch((cause) => {
    throw new Error("Cannot read the picture: it must be one that this browser can show, as PNG or JPEG", {
      cause,
    });
  });
  try {
    checkSize("picture", bitmap);
    if (bitmap.width > WIDEST) {
      throw new RangeError(
        `Cannot read the picture: it must be at most ${WIDEST} pixels wide: current value is ${bitmap.width}`,
      );
    }
    const { width, height } = bitmap;
    const raster = {
      width,
      height,
      grey: new Uint8Array(width * height),
      alpha: new Uint8Array(width * height),
    };
    const context = new OffscreenCanvas(width, Math.min(ROWS, height)).getContext("2d", {
      willReadFrequently: true,
    })!;
    for (let y = 0; y < height; y += ROWS) {
      const rows = { width, height: Math.min(ROWS, height - y) };
      context.clearRect(0, 0, width, ROWS);
      context.drawImage(bitmap, 0, -y);
      const { grey, alpha } = rasterOf(context.getImageData(0, 0, width, rows.height).data, rows);
      raster.grey.set(grey, y * width);
      raster.alpha.set(alpha, y * width);
    }
    return raster;
  } finally {
    bitmap.close();
  }
}
