/**
 * Finds the ink of one digit in a picture of it: on paper that is not evenly lit, with noise, dust, ruled lines, shadows.
 *
 *   paper      closing of the picture: what is left when all that is thinner than a third of it is filled
 *   ink        the paper less the picture, of the sign that stands out                            (black hat)
 *   strokes    where ink is above Otsu's threshold, without ruled lines, without what is no part of the digit
 *
 * @module
 */
import { type Box, boxOf, type Cuts, keepDigit } from "./blots.ts";
import { blur, border, close, dilate, median, negative, otsu, type Plane, quantile } from "./plane.ts";
import type { Raster } from "./raster.ts";
import { withoutLines } from "./ruled_lines.ts";

/** The longest side that is looked at; a larger picture is shrunk. */
export const LONGEST = 512;

/** Strokes are thinner than this share of the picture's longer side. */
const THICKEST = 0.3;

/** Paper darker than this tells little about how much of its light ink takes. */
const DARKEST = 32;

/** At least this share of a picture is bare paper. */
const BARE = 0.2;

/** Space around a digit at the second look, beside its longer side. */
const MARGIN = 0.3;

/** Ink is darker or lighter than paper by so many standard deviations of what noise is left; chance makes four. */
const STANDS_OUT = 6;

/** In a smaller picture, the strokes themselves are what neighbours differ by. */
const LEAST_SIDE = 64;

/** Ink of a digit. */
export interface Ink {
  /** How much each pixel has, 0 … 1; of the digit only, 0 elsewhere. */
  readonly plane: Plane;
  /** Whether it is darker than the paper. */
  readonly isDark: boolean;
}

type Shade = "dark" | "light";

const NONE: Cuts = { left: false, top: false, right: false, bottom: false };

/**
 * Finds the ink of one digit. It is looked at twice: where it is, and then, from near, what it is.
 *
 * @param shade What the ink is, beside the paper; by default, what stands out
 * @throws {RangeError} If nothing stands out.
 */
export function findInk(raster: Raster, shade?: Shade): Ink {
  const whole = flatten(raster);
  const first = look(whole, { shade, smoothest: Math.min(whole.width, whole.height) / 80, cuts: NONE });
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
 * Ink, and which pixels count as strokes.
 *
 * @param options `smoothest` is the largest radius over which noise may be evened out
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
  // Of dark ink, the share of light that it takes, as shadows do not change that.
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

function noDigit(found: string): RangeError {
  return new RangeError(
    `Cannot prepare the picture: there must be a digit on a background: current value is ${found}`,
  );
}

/** Pixels along each side that become one. */
function stepOf({ width, height }: { width: number; height: number }, longest: number): number {
  return Math.max(1, Math.ceil(Math.max(width, height) / longest));
}

/**
 * A picture, or a part of it, on an opaque ground: white below dark ink and black below light ink. Where a side is longer
 * than `longest`, it is shrunk.
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

/** The standard deviation of noise: of what neighbours differ by where nothing is drawn. */
function noiseOf({ values }: Plane): number {
  const steps = values.subarray(1).map((value, i) => Math.abs(value - values[i]));
  return median(steps) / 0.954; // of a normal distribution
}

/** As much as makes noise a twentieth of the contrast; none where there is no noise. */
function blurRadius({ values }: Plane, noise: number): number {
  const contrast = quantile(values, 0.998) - quantile(values, 0.002);
  return contrast === 0 ? 0 : Math.max(0, Math.ceil((20 * noise / contrast - 1) / 2));
}

/**
 * Whether ink is darker than paper. Ink is less than paper, near it and in all of the picture, so that it makes the
 * distribution skew; and paper is at the edge more often. A digit cut out closely leaves little paper, a table around
 * the paper another edge: neither is right alone.
 */
function isInkDark(plane: Plane, radius: number): boolean {
  const around = blur(plane, radius).values;
  const near = skewness(plane.values.map((value, i) => value - around[i]));
  const { mean, deviation } = momentsOf(plane.values);
  const edge = (mean - median(border(plane))) / (deviation || 1);
  return near + skewness(plane.values) + EDGE * edge < 0;
}

/** What the edge says, beside the skewness; measured on digits cut out and on pages on tables. */
const EDGE = 0.3;

function momentsOf(values: Float32Array): { mean: number; deviation: number } {
  let sum = 0, squares = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  for (const value of values) squares += (value - mean) * (value - mean);
  return { mean, deviation: Math.sqrt(squares / values.length) };
}

function skewness(values: Float32Array): number {
  const { mean, deviation } = momentsOf(values);
  let cubes = 0;
  for (const value of values) cubes += (value - mean) * (value - mean) * (value - mean);
  return deviation === 0 ? 0 : cubes / values.length / deviation ** 3;
}

/** The strokes with their soft edges: an eightieth of the digit's size around them, one pixel at least. */
function grow(digit: Uint8Array, { width, height }: { width: number; height: number }): Float32Array {
  const { left, right, top, bottom } = boxOf(digit, { width, height });
  const radius = Math.max(1, Math.round(Math.max(right - left, bottom - top) / 80));
  return dilate({ width, height, values: Float32Array.from(digit) }, radius).values;
}
