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

/** Draws all pixels that are near a straight piece. */
function drawPiece(grey: Uint8Array, a: Point, b: Point): void {
  const radius = PEN_RADIUS * SIDE / SHEET, reach = radius + 0.5;
  const [left, right] = reachOf(a.x, b.x, reach), [top, bottom] = reachOf(a.y, b.y, reach);
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const share = reach - distanceTo(a, b, { x: x + 0.5, y: y + 0.5 });
      const value = Math.round(255 * Math.min(1, Math.max(0, share)));
      if (value > grey[y * SIDE + x]) grey[y * SIDE + x] = value;
    }
  }
}

function reachOf(a: number, b: number, reach: number): [number, number] {
  return [Math.max(0, Math.floor(Math.min(a, b) - reach)), Math.min(SIDE, Math.ceil(Math.max(a, b) + reach))];
}

function distanceTo(a: Point, b: Point, p: Point): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y], length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : ((p.x - a.x) * dx + (p.y - a.y) * dy) / length;
  const t = Math.min(1, Math.max(0, along));
  const [x, y] = [p.x - a.x - t * dx, p.y - a.y - t * dy];
  return Math.sqrt(x * x + y * y); // many times as fast as Math.hypot()
}
