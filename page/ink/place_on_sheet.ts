/**
 * Where on the sheet the lines of an image lie: a drawing is cropped, scaled and moved before networks see it.
 *
 * @module
 */
import { PEN_RADIUS, SHEET, SIDE, type Stroke } from "./strokes.ts";

/** Fainter pixels do not count as ink. */
const FAINT = 40;

/**
 * Where a line of the image ends, as a share of the sheet, 0 … 1. The ink of the sheet and the ink of the image are the same: their
 * edges say how one lies on the other.
 *
 * @param line 0 … 28
 */
export function placeOnSheet(
  line: number,
  { strokes, pixels, axis }: {
    readonly strokes: readonly Stroke[];
    readonly pixels: Uint8Array;
    readonly axis: "rows" | "columns";
  },
): number {
  const drawn = extentOf(strokes, axis === "rows" ? "y" : "x"), seen = inkOf(pixels, axis);
  if (!drawn || !seen) return line / SIDE;
  const scale = (drawn.end - drawn.start) / (seen.end - seen.start);
  return Math.min(1, Math.max(0, drawn.start + (line - seen.start) * scale));
}

function extentOf(strokes: readonly Stroke[], side: "x" | "y"): { start: number; end: number } | null {
  const places = strokes.flat().map((point) => point[side]);
  if (places.length === 0) return null;
  return {
    start: (Math.min(...places) - PEN_RADIUS) / SHEET,
    end: (Math.max(...places) + PEN_RADIUS) / SHEET,
  };
}

function inkOf(pixels: Uint8Array, axis: "rows" | "columns"): { start: number; end: number } | null {
  const lines = Array.from({ length: SIDE }, () => false);
  pixels.forEach((value, i) => {
    if (value > FAINT) lines[axis === "rows" ? Math.floor(i / SIDE) : i % SIDE] = true;
  });
  const start = lines.indexOf(true);
  return start < 0 ? null : { start, end: lines.lastIndexOf(true) + 1 };
}
