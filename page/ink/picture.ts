/**
 * Pictures that the browser decodes.
 *
 * @module
 */
/// <reference lib="dom" />
import { rasterOf } from "../../lib/data/raster.ts";
import type { Raster } from "./prepare.ts";

/** The longest side that is kept: more does not help to find a digit. */
const LONGEST = 512;

/**
 * Decodes a picture, in all formats that the browser knows, turned as its Exif data says.
 *
 * @throws {Error} With one sentence, if the browser cannot.
 */
export async function decodeBlob(blob: Blob): Promise<Raster> {
  const bitmap = await createImageBitmap(blob).catch((cause) => {
    throw new Error("Cannot read the picture: it must be one that this browser can show, as PNG or JPEG", {
      cause,
    });
  });
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return rasterOf(context.getImageData(0, 0, width, height).data, { width, height });
}
