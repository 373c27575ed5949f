/**
 * Strokes as pixels. Computed here and not by a canvas, so that a drawing becomes the same bytes in every browser, those too
 * that blur what pages read back of a canvas.
 *
 * @module
 */
import type { Raster } from "../../core.ts";
import { flattenStroke, PEN_RADIUS, type Point, SHEET, type Stroke } from "./strokes.ts";

/** Pixels along each side: four for each that a network sees. */
const SIDE = 112;

/** Draws strokes light on black, with round ends and edges that fade over one pixel. */
export function rasterizeStrokes(strokes: readonly Stroke[]): Raster {
  const grey = new Uint8Array(SIDE * SIDE), scale = SIDE / SHEET;
  for (const stroke of strokes) {
    const points = flattenStroke(stroke).map(({ x, y }) => ({ x: x * scale, y: y * scale }));
    points.forEach((point, i) => drawPiece(grey, points[Math.max(0, i - 1)], point));
  }
  return { width: SIDE, height: SIDE, grey, alpha: new Uint8Array(SIDE * SIDE).fill(255) };
}

/** Half the width of a stroke, with the half pixel over which its edge fades. */
const REACH = PEN_RADIUS * SIDE / SHEET + 0.5;

/** Draws all pixels that are near a straight piece: one that is reached, at its centre, is as light as it lies inside, up to a pixel. */
function drawPiece(grey: Uint8Array, a: Point, b: Point): void {
  const [left, right] = reachOf(a.x, b.x), [top, bottom] = reachOf(a.y, b.y);
  const dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const at = row * SIDE + column;
      if (grey[at] === 255) continue;
      const px = column + 0.5 - a.x, py = row + 0.5 - a.y; // from a to the centre of the pixel
      const along = length === 0 ? 0 : (px * dx + py * dy) / length,
        t = along < 0 ? 0 : along > 1 ? 1 : along;
      const x = px - t * dx, y = py - t * dy, square = x * x + y * y; // from the nearest point of the piece
      if (square >= REACH * REACH) continue;
      const value = Math.round(255 * Math.min(1, REACH - Math.sqrt(square)));
      if (value > grey[at]) grey[at] = value;
    }
  }
}

/** The pixels along one side that a piece reaches. */
function reachOf(a: number, b: number): [number, number] {
  return [Math.max(0, Math.floor(Math.min(a, b) - REACH)), Math.min(SIDE, Math.ceil(Math.max(a, b) + REACH))];
}
