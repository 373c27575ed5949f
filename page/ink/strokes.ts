/**
 * What is drawn, as vectors: strokes of points on a square sheet.
 *
 * @module
 */

/** A point of the sheet: whole numbers, 0 … {@link SHEET} along each side. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The way of the pen from where it is put down to where it is lifted: one point or more. */
export type Stroke = readonly Point[];

/** The length of a side of the sheet. */
export const SHEET = 1023;

/** The pixels along each side of what networks see of it. */
export const SIDE = 28;

/** Half the width of a stroke. Drawn over most of the sheet, digits get the strokes of MNIST's: two to three pixels of 28. */
export const PEN_RADIUS = 38;

/** How far the pen must move before another point is kept. */
const LEAST_MOVE = 6;

/** More than a digit needs; a longer drawing would not fit into an address. */
const MOST_POINTS = 2_000;

/** The nearest point of the sheet. */
export function pointAt(x: number, y: number): Point {
  const clamp = (value: number) => Math.round(Math.min(SHEET, Math.max(0, value)));
  return { x: clamp(x), y: clamp(y) };
}

/** Whether there is room for another point. */
export function hasRoom(strokes: readonly Stroke[]): boolean {
  return countPoints(strokes) < MOST_POINTS;
}

/** The strokes, of which the last one goes on to a point; points too close to the last one are left out, and those without room. */
export function extendStroke(strokes: readonly Stroke[], point: Point): readonly Stroke[] {
  const stroke = strokes.at(-1), last = stroke?.at(-1);
  if (!stroke || !last || !hasRoom(strokes)) return strokes;
  if (Math.hypot(point.x - last.x, point.y - last.y) < LEAST_MOVE) return strokes;
  return [...strokes.slice(0, -1), [...stroke, point]];
}

function countPoints(strokes: readonly Stroke[]): number {
  return strokes.reduce((sum, { length }) => sum + length, 0);
}

/** A piece of a smooth line: from where the last one ended, a quadratic Bézier curve to `end`. */
export interface Curve {
  readonly control: Point;
  readonly end: Point;
}

/** A stroke as a smooth line: straight to the first midpoint, curves from midpoint to midpoint, straight to the last point. */
export function curvesOf(stroke: Stroke): readonly Curve[] {
  return stroke.slice(1).map((point, i) => {
    const before = stroke[i], isLast = i === stroke.length - 2;
    return { control: before, end: isLast ? point : middle(before, point) };
  });
}

function middle(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

/** Straight pieces that a curve is cut into. */
const PIECES = 6;

/** The smooth line of a stroke as a chain of points. */
export function flattenStroke(stroke: Stroke): readonly Point[] {
  const points: Point[] = [stroke[0]];
  for (const { control, end } of curvesOf(stroke)) {
    const start = points.at(-1)!;
    for (let piece = 1; piece <= PIECES; piece++) {
      const t = piece / PIECES, [a, b, c] = [(1 - t) ** 2, 2 * t * (1 - t), t ** 2];
      points.push({ x: a * start.x + b * control.x + c * end.x, y: a * start.y + b * control.y + c * end.y });
    }
  }
  return points;
}

/**
 * Strokes as bytes: for each its number of points and the first one, then how far each point is from the one before, all as
 * numbers of seven bits a byte.
 */
export function packStrokes(strokes: readonly Stroke[]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  const write = (value: number) => {
    for (; value >= 128; value >>>= 7) bytes.push(value & 127 | 128);
    bytes.push(value);
  };
  const writeSigned = (value: number) => write(value < 0 ? -2 * value - 1 : 2 * value);
  for (const stroke of strokes) {
    write(stroke.length);
    stroke.forEach(({ x, y }, i) => {
      const before = stroke[i - 1] ?? { x: 0, y: 0 };
      writeSigned(x - before.x);
      writeSigned(y - before.y);
    });
  }
  return Uint8Array.from(bytes);
}

/** What {@link packStrokes} packed; null if the bytes are anything else. */
export function unpackStrokes(bytes: Uint8Array): readonly Stroke[] | null {
  let at = 0, points = 0;
  const read = () => {
    for (let value = 0, shift = 0; shift < 21; shift += 7) {
      const byte = bytes[at++] ?? NaN;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    return NaN;
  };
  const readSigned = () => {
    const value = read();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  };
  const strokes: Stroke[] = [];
  while (at < bytes.length) {
    const length = read(), stroke: Point[] = [];
    if (!(length >= 1) || (points += length) > MOST_POINTS) return null;
    let x = 0, y = 0;
    for (let i = 0; i < length; i++) {
      x += readSigned();
      y += readSigned();
      if (!(x >= 0 && x <= SHEET && y >= 0 && y <= SHEET)) return null;
      stroke.push({ x, y });
    }
    strokes.push(stroke);
  }
  return strokes.length > 0 ? strokes : null;
}
