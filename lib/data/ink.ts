/**
 * Finds the ink of one digit in a picture of it: on paper that is not evenly lit, with noise, dust, ruled lines, shadows.
 *
 *   paper      closing of the picture: what is left when all that is thinner than a third of it is filled
 *   ink        the paper less the picture, of the sign that stands out                            (black hat)
 *   strokes    where ink is above Otsu's threshold, without ruled lines, without what is no part of the digit
 *
 * @module
 */
import { withoutLines } from "./ruled_lines.ts";
import { blur, close, dilate, median, negative, otsu, type Plane, quantile } from "./plane.ts";
import type { Raster } from "./raster.ts";

/** The longest side that is looked at; a larger picture is shrunk. */
export const LONGEST = 1024;

/** Strokes are thinner than this share of the picture's longer side; shadows and tables are not. */
const THICKEST = 0.3;

/** A blot of less than this share of the largest one's ink is dust. */
const DUST = 0.04;

/** Ink of a digit. */
export interface Ink {
  /** How much each pixel has, 0 … 1; of the digit only, 0 elsewhere. */
  readonly plane: Plane;
  /** Whether it is darker than the paper. */
  readonly isDark: boolean;
}

/**
 * Finds the ink of one digit.
 *
 * @param shade What the ink is, beside the paper; by default, what stands out
 * @throws {RangeError} If nothing stands out.
 */
export function findInk(picture: Plane, shade?: "dark" | "light"): Ink {
  const { width, height } = picture;
  const quiet = blur(picture, blurRadius(picture));
  const radius = Math.max(1, Math.round(Math.max(width, height) * THICKEST / 2));
  const isDark = shade === undefined ? isInkDark(quiet, radius) : shade === "dark";
  const sign = isDark ? 1 : -1; // from here on, ink is dark
  const dark = sign < 0 ? negative(quiet) : quiet;
  const paper = close(dark, radius);
  const strength = paper.values.map((value, i) => value - dark.values[i]);
  const usual = median(strength);
  const centred = { width, height, values: strength.map((value) => Math.max(0, value - usual)) };
  const threshold = otsu(centred.values);
  const strokes = Uint8Array.from(centred.values, (value) => value > threshold ? 1 : 0);
  if (!strokes.includes(1)) {
    throw new RangeError(
      "Cannot prepare the picture: there must be a digit on a background: current value is one colour only",
    );
  }
  const digit = keepDigit(withoutLines({ width, height, values: strokes }).values, centred);
  const near = grow(digit, { width, height });
  const inked = picture.values.map((value, i) =>
    near[i] ? Math.max(0, paper.values[i] - sign * value - usual) : 0
  );
  const full = quantile(inked.filter((_, i) => digit[i] === 1), 0.95);
  return { isDark, plane: { width, height, values: inked.map((value) => Math.min(1, value / full)) } };
}

/** On an opaque ground, white below dark ink and black below light ink, and no larger than is looked at. */
export function flatten({ width, height, grey, alpha }: Raster, longest = LONGEST): Plane {
  let ink = 0, opacity = 0;
  for (let i = 0; i < grey.length; i++) {
    ink += grey[i] * alpha[i];
    opacity += alpha[i];
  }
  const ground = ink < 127.5 * opacity ? 255 : 0;
  const step = Math.max(1, Math.ceil(Math.max(width, height) / longest));
  const columns = Math.ceil(width / step), rows = Math.ceil(height / step);
  const values = new Float32Array(rows * columns), counts = new Uint32Array(rows * columns);
  for (let y = 0, i = 0; y < height; y++) {
    const first = Math.floor(y / step) * columns;
    for (let x = 0; x < width; x++, i++) {
      const at = first + Math.floor(x / step);
      values[at] += (grey[i] * alpha[i] + ground * (255 - alpha[i])) / 255;
      counts[at]++;
    }
  }
  return { width: columns, height: rows, values: values.map((sum, i) => sum / counts[i]) };
}

/** As much as makes noise a twentieth of the contrast; none where there is no noise. */
function blurRadius({ width, height, values }: Plane): number {
  const steps = values.subarray(1).map((value, i) => Math.abs(value - values[i]));
  const noise = median(steps) / 0.954; // of a normal distribution
  const contrast = quantile(values, 0.998) - quantile(values, 0.002);
  const most = Math.floor(Math.min(width, height) / 100);
  let radius = 0;
  while (radius < most && noise / (2 * radius + 1) > contrast / 20) radius++;
  return radius;
}

/** Whether what stands out from its surroundings is dark: few pixels, far from the others. */
function isInkDark(plane: Plane, radius: number): boolean {
  const around = blur(plane, radius).values;
  const difference = plane.values.map((value, i) => value - around[i]);
  const mean = difference.reduce((sum, value) => sum + value, 0) / difference.length;
  return difference.reduce((sum, value) => sum + (value - mean) * (value - mean) * (value - mean), 0) < 0;
}

/** A blot that touches the border is the digit's, unless one of more than this share of its ink does not. */
const FREE = 0.25;

interface Blot {
  ink: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Of the blots that hang together, those of the digit. */
function keepDigit(strokes: Uint8Array, { width, height, values }: Plane): Uint8Array {
  const labels = new Int32Array(strokes.length), blots: Blot[] = [];
  const stack: number[] = [];
  for (let start = 0; start < strokes.length; start++) {
    if (!strokes[start] || labels[start]) continue;
    const blot = { ink: 0, left: width, right: 0, top: height, bottom: 0 };
    blots.push(blot);
    labels[start] = blots.length;
    stack.push(start);
    while (stack.length > 0) {
      const i = stack.pop()!, x = i % width, y = (i - x) / width;
      blot.ink += values[i];
      blot.left = Math.min(blot.left, x);
      blot.right = Math.max(blot.right, x);
      blot.top = Math.min(blot.top, y);
      blot.bottom = Math.max(blot.bottom, y);
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const next = v * width + u;
          if (!strokes[next] || labels[next]) continue;
          labels[next] = blots.length;
          stack.push(next);
        }
      }
    }
  }
  const isFree = ({ left, right, top, bottom }: Blot) =>
    left > 0 && top > 0 && right < width - 1 && bottom < height - 1;
  const mostOf = (some: readonly Blot[]) => some.reduce((most, { ink }) => Math.max(most, ink), 0);
  const most = mostOf(blots), mostFree = mostOf(blots.filter(isFree));
  const kept = blots.map((blot) =>
    mostFree > FREE * most ? isFree(blot) && blot.ink >= DUST * mostFree : blot.ink >= DUST * most
  );
  return strokes.map((_, i) => labels[i] && kept[labels[i] - 1] ? 1 : 0);
}

/** The strokes with their soft edges: an eightieth of the digit's size around them, one pixel at least. */
function grow(digit: Uint8Array, { width, height }: { width: number; height: number }): Float32Array {
  let left = width, right = 0, top = height, bottom = 0;
  digit.forEach((inked, i) => {
    if (!inked) return;
    const x = i % width, y = (i - x) / width;
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  });
  const radius = Math.max(1, Math.round(Math.max(right - left, bottom - top) / 80));
  return dilate({ width, height, values: Float32Array.from(digit) }, radius).values;
}
