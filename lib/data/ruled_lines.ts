/**
 * Ruled lines on the paper: thin, straight, and almost as long as the picture.
 *
 * @module
 */
import type { ImageSize } from "./raster.ts";

/** Where there is ink. */
export interface Mask extends ImageSize {
  /** `[height, width]`, 0 or 1. */
  readonly values: Uint8Array;
}

/** How far lines may lean: pixels down for one across. */
const LEAN = 0.1;

/** A line has ink in at least this share of the picture's columns, */
const LENGTH = 0.75;

/** and is no thicker than this share of the picture. */
const THICKNESS = 0.02;

/** In a smaller picture, lines cannot be told from strokes. */
const LEAST_SIDE = 64;

/** The ink without ruled lines; strokes that cross them stay whole. */
export function withoutLines(mask: Mask): Mask {
  if (Math.min(mask.width, mask.height) < LEAST_SIDE) return mask;
  return turned(withoutLevelLines(turned(withoutLevelLines(mask))));
}

function withoutLevelLines(mask: Mask): Mask {
  const { width, height, values } = mask;
  const points: number[] = []; // one row thicker, because a leaning line is a staircase
  for (let i = 0; i < values.length; i++) if (values[i] || values[i + width]) points.push(i);
  let best = { most: 0, lean: 0, rows: new Uint32Array() as Uint32Array };
  for (let steps = Math.floor(LEAN * width), step = -steps; step <= steps; step++) {
    const lean = step / width;
    const rows = countRows(points, { width, height, lean });
    const most = rows.reduce((sum, count) => count >= LENGTH * width ? sum + count * count : sum, 0);
    if (most > best.most) best = { most, lean, rows };
  }
  if (best.most === 0) return mask;
  const cleared = values.slice();
  for (const band of bandsOf(best.rows, LENGTH * width)) {
    if (band.to - band.from > 1 + Math.max(2, THICKNESS * Math.max(width, height))) continue;
    for (let x = 0; x < width; x++) {
      const shift = shiftOf(x, best.lean, width) - best.rows.length + height;
      const from = band.from - 1 + shift, to = band.to + 1 + shift; // with ragged edges
      const inked = (y: number) => y >= 0 && y < height && values[y * width + x] === 1;
      if (inked(from - 2) || inked(to + 1)) continue; // a stroke that crosses or ends there
      for (let y = Math.max(0, from); y < Math.min(height, to); y++) cleared[y * width + x] = 0;
    }
  }
  return { width, height, values: cleared };
}

/** The pixels of ink in each row of the picture, sheared to make leaning lines level. */
function countRows(
  points: readonly number[],
  { width, height, lean }: { width: number; height: number; lean: number },
): Uint32Array {
  const extra = Math.ceil(Math.abs(lean) * width) + 1;
  const rows = new Uint32Array(height + extra);
  const shifts = Int32Array.from({ length: width }, (_, x) => extra - shiftOf(x, lean, width));
  for (const point of points) {
    const x = point % width;
    rows[(point - x) / width + shifts[x]]++;
  }
  return rows;
}

/** How many pixels lower a line is at column x than at its highest point. */
function shiftOf(x: number, lean: number, width: number): number {
  return Math.round(lean >= 0 ? lean * x : -lean * (width - 1 - x));
}

function* bandsOf(rows: Uint32Array, least: number): Generator<{ from: number; to: number }> {
  for (let from = 0; from < rows.length; from++) {
    if (rows[from] < least) continue;
    let to = from;
    while (to < rows.length && rows[to] >= least) to++;
    yield { from, to };
    from = to;
  }
}

/** The transposed mask. */
function turned({ width, height, values }: Mask): Mask {
  const result = new Uint8Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) result[x * height + y] = values[y * width + x];
  }
  return { width: height, height: width, values: result };
}
