/**
 * Finds the ink of one digit in a picture, despite uneven light, noise, dust, ruled lines and shadows.
 *
 *   paper      the picture with everything thinner than a third of it filled                       (closing)
 *   ink        the paper minus the picture, for dark ink; the opposite for light ink             (black hat)
 *   strokes    where ink is above Otsu's threshold, without ruled lines and blots beside the digit
 *
 * @module
 */
import { type Box, boxOf, type Cuts, keepDigit } from "./blots.ts";
import { blur, border, close, dilate, median, negative, otsu, type Plane, quantile } from "./plane.ts";
import type { ImageSize, Raster } from "./raster.ts";
import { withoutLines } from "./ruled_lines.ts";

/** The longest side that is searched; a larger picture is shrunk. */
export const LONGEST = 512;

/** Strokes are thinner than this share of the picture's longer side. */
const THICKEST = 0.3;

/** On paper darker than this, ink is compared with this grey instead of the paper's. */
const DARKEST = 32;

/** At least this share of a picture is bare paper. */
const BARE = 0.2;

/** Space around a digit at the second look, as a share of its longer side. */
const MARGIN = 0.3;

/** Ink differs from paper by this many standard deviations of the remaining noise; chance gives four. */
const STANDS_OUT = 6;

/** In a smaller picture, noise cannot be told from strokes. */
const LEAST_SIDE = 64;

/** The ink of a digit. */
export interface Ink {
  /** How much each pixel has, 0 … 1; 0 outside the digit. */
  readonly plane: Plane;
  /** Whether it is darker than the paper. */
  readonly isDark: boolean;
}

type Shade = "dark" | "light";

/**
 * Finds the ink of one digit, first roughly in the whole picture, then closely in the part around it.
 *
 * @param shade Whether ink is darker or lighter than paper; by default, whichever stands out
 * @throws {RangeError} If nothing stands out.
 */
export function findInk(raster: Raster, shade?: Shade): Ink {
  const whole = flatten(raster);
  const first = look(whole, {
    shade,
    smoothest: Math.min(whole.width, whole.height) / 80,
    cuts: { left: false, top: false, right: false, bottom: false },
  });
  const scale = stepOf(raster, LONGEST), { left, top, right, bottom } = boxOf(first.digit, whole);
  const margin = Math.ceil(MARGIN * Math.max(right - left, bottom - top));
  const part = {
    left: Math.max(0, left - margin) * scale,
    top: Math.max(0, top - margin) * scale,
    right: Math.min(raster.width, (right + margin) * scale),
    bottom: Math.min(raster.height, (bottom + margin) * scale),
  };
  const cuts = {
    left: part.left > 0,
    top: part.top > 0,
    right: part.right < raster.width,
    bottom: part.bottom < raster.height,
  };
  const near = flatten(raster, LONGEST, part);
  const smoothest = Math.max(near.width, near.height) / 40;
  return look(near, { shade: first.isDark ? "dark" : "light", smoothest, cuts });
}

/**
 * The ink, and which pixels are the digit's strokes.
 *
 * @param options `smoothest` is the largest radius that noise may be smoothed with
 */
function look(
  picture: Plane,
  { shade, smoothest, cuts }: { shade?: Shade; smoothest: number; cuts: Cuts },
): Ink & { digit: Uint8Array } {
  const { width, height } = picture;
  const noise = noiseOf(picture), smoothing = Math.min(Math.floor(smoothest), blurRadius(picture, noise));
  const quiet = blur(picture, smoothing);
  const radius = Math.max(1, Math.round(Math.max(width, height) * THICKEST / 2));
  const isDark = shade === undefined ? isInkDark(quiet, radius) : shade === "dark";
  const paper = close(isDark ? quiet : negative(quiet), radius).values;
  // For dark ink, the share of light that it absorbs: shadows do not change that.
  const inkOf = (value: number, i: number) =>
    isDark ? 255 * (paper[i] - value) / Math.max(DARKEST, paper[i]) : paper[i] + value;
  const strength = quiet.values.map(inkOf);
  const bare = quantile(strength, BARE);
  const centred = { width, height, values: strength.map((value) => Math.max(0, value - bare)) };
  const threshold = otsu(centred.values);
  const strokes = Uint8Array.from(centred.values, (value) => value > threshold ? 1 : 0);
  const digit = keepDigit(withoutLines({ width, height, values: strokes }).values, centred, cuts);
  if (!digit.includes(1)) throw noDigit("one colour only");
  const near = grow(digit, { width, height });
  const inked = picture.values.map((value, i) => near[i] ? Math.max(0, inkOf(value, i) - bare) : 0);
  const left = noise / (2 * smoothing + 1), usual = median(centred.values.filter((_, i) => digit[i] === 1));
  if (Math.min(width, height) >= LEAST_SIDE && usual < STANDS_OUT * left) throw noDigit("noise only");
  const full = quantile(inked.filter((_, i) => digit[i] === 1), 0.95);
  return { isDark, digit, plane: { width, height, values: inked.map((value) => Math.min(1, value / full)) } };
}

export function noDigit(found: string): RangeError {
  return new RangeError(
    `Cannot prepare the picture: there must be a digit on a background: current value is ${found}`,
  );
}

/** How many pixels along each side become one. */
function stepOf({ width, height }: ImageSize, longest: number): number {
  return Math.max(1, Math.ceil(Math.max(width, height) / longest));
}

/**
 * A picture, or a part of it, on an opaque ground: white behind dark ink, black behind light ink. It is shrunk until no
 * side is longer than `longest`.
 */
export function flatten({ grey, alpha, ...all }: Raster, longest = LONGEST, part?: Box): Plane {
  let ink = 0, opacity = 0;
  for (let i = 0; i < grey.length; i++) {
    ink += grey[i] * alpha[i];
    opacity += alpha[i];
  }
  const ground = ink < 127.5 * opacity ? 255 : 0;
  const { left, top, right, bottom } = part ?? { left: 0, top: 0, right: all.width, bottom: all.height };
  const step = stepOf({ width: right - left, height: bottom - top }, longest);
  const width = Math.ceil((right - left) / step), height = Math.ceil((bottom - top) / step);
  const values = new Float32Array(height * width), counts = new Uint32Array(height * width);
  for (let y = top; y < bottom; y++) {
    const first = Math.floor((y - top) / step) * width;
    for (let x = left; x < right; x++) {
      const i = y * all.width + x, at = first + Math.floor((x - left) / step);
      values[at] += (grey[i] * alpha[i] + ground * (255 - alpha[i])) / 255;
      counts[at]++;
    }
  }
  return { width, height, values: values.map((sum, i) => sum / counts[i]) };
}

/** The standard deviation of noise, from the differences of neighbours, most of which are on bare paper. */
function noiseOf({ values }: Plane): number {
  const steps = values.subarray(1).map((value, i) => Math.abs(value - values[i]));
  return median(steps) / 0.954; // of a normal distribution
}

/** The radius that reduces noise to a twentieth of the contrast; 0 if it is less already. */
function blurRadius({ values }: Plane, noise: number): number {
  const contrast = quantile(values, 0.998) - quantile(values, 0.002);
  return contrast === 0 ? 0 : Math.max(0, Math.ceil((20 * noise / contrast - 1) / 2));
}

/**
 * Whether ink is darker than paper. There is less ink than paper, both locally and in the whole picture, which skews the
 * distribution; and the edge is mostly paper. Neither is right alone: a digit cut out closely leaves little paper, and a
 * table around the paper is another edge.
 */
function isInkDark(plane: Plane, radius: number): boolean {
  const around = blur(plane, radius).values;
  const near = skewness(plane.values.map((value, i) => value - around[i]));
  const { mean, deviation } = momentsOf(plane.values);
  const edge = (mean - median(border(plane))) / (deviation || 1);
  return near + skewness(plane.values) + EDGE * edge < 0;
}

/** The weight of the edge relative to the skewness; measured on cut-out digits and on pages on tables. */
const EDGE = 0.3;

function momentsOf(values: Float32Array): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  return { mean, deviation: Math.sqrt(squares / values.length) };
}

function skewness(values: Float32Array): number {
  const { mean, deviation } = momentsOf(values);
  const cubes = values.reduce((sum, value) => sum + (value - mean) * (value - mean) * (value - mean), 0);
  return deviation === 0 ? 0 : cubes / values.length / deviation ** 3;
}

/** The strokes with their soft edges: grown by an eightieth of the digit's size, at least by one pixel. */
function grow(digit: Uint8Array, size: ImageSize): Float32Array {
  const { left, right, top, bottom } = boxOf(digit, size);
  const radius = Math.max(1, Math.round(Math.max(right - left, bottom - top) / 80));
  return dilate({ ...size, values: Float32Array.from(digit) }, radius).values;
}
