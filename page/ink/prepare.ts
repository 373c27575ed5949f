/**
 * From a drawing or a picture to what the networks see, by the code of `deno task predict`.
 *
 * @module
 */
import { preparePicture, type Raster } from "../../core.ts";
import { rasterizeStrokes } from "./rasterize.ts";
import { PEN_RADIUS, SIDE, type Stroke } from "./strokes.ts";

const SIZE = { height: SIDE, width: SIDE };
/** A drawing smaller than this is a dot, not a digit. */
const LEAST_EXTENT = 3 * PEN_RADIUS;

/** A drawing as the networks see it, u8 `[28, 28]`; null for an empty sheet, or one with a dot. */
export function prepareStrokes(strokes: readonly Stroke[]): Uint8Array | null {
  const points = strokes.flat();
  const extent = (values: readonly number[]) => Math.max(...values) - Math.min(...values);
  if (!(Math.max(extent(points.map(({ x }) => x)), extent(points.map(({ y }) => y))) >= LEAST_EXTENT)) {
    return null;
  }
  return preparePicture(rasterizeStrokes(strokes), SIZE, { preparation: "digit", isDrawing: true }).image
    .pixels;
}

/**
 * A picture as the networks see it, u8 `[28, 28]`: its digit may be dark on a light ground or light on a dark one.
 *
 * @throws {RangeError} If no digit stands out.
 */
export function prepareRaster(raster: Raster): Uint8Array {
  return preparePicture(raster, SIZE, { preparation: "digit" }).image.pixels;
}
