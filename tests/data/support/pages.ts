/**
 * Pages with one digit on them, and all that befalls paper: noise, light from one side, dust, lines, shadows.
 *
 * @module
 */
import type { Raster } from "../../../lib/data/raster.ts";
import { testStream } from "../../support/tiny_data.ts";

/** A page in floating point, 0 black to 255 white. */
export interface Page {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/** How a digit lies on its page. */
export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  /** Pixels of the page for one of the digit's. */
  readonly scale?: number;
  /** Of the digit's upper left corner. */
  readonly x?: number;
  readonly y?: number;
  readonly paper?: number;
  readonly ink?: number;
}

/** Draws a digit of 28 × 28, 0 where there is no ink, on a page, between its pixels as bilinear scaling does. */
export function drawPage(digit: Uint8Array, options: PageOptions = {}): Page {
  const { width = 320, height = 240, scale = 4, x: left = 100, y: top = 60, paper = 215, ink = 65 } = options;
  const at = (y: number, x: number) => y < 0 || x < 0 || y > 27 || x > 27 ? 0 : digit[y * 28 + x] / 255;
  const values = new Float32Array(width * height);
  for (let i = 0; i < values.length; i++) {
    const y = (Math.floor(i / width) + 0.5 - top) / scale - 0.5, x = (i % width + 0.5 - left) / scale - 0.5;
    const v = Math.floor(y), u = Math.floor(x), b = y - v, a = x - u;
    const share = (1 - b) * ((1 - a) * at(v, u) + a * at(v, u + 1)) +
      b * ((1 - a) * at(v + 1, u) + a * at(v + 1, u + 1));
    values[i] = paper + (ink - paper) * share;
  }
  return { width, height, values };
}

/** Changes each value by where it is. */
export function change(page: Page, by: (value: number, x: number, y: number) => number): Page {
  const { width, values } = page;
  return { ...page, values: values.map((value, i) => by(value, i % width, Math.floor(i / width))) };
}

/** Lines that are printed on the page, level or both ways. */
export function rule(
  page: Page,
  { gap = 24, thickness = 1, value = 130, squared = false, lean = 0 } = {},
): Page {
  const isOn = (t: number) => ((t % gap) + gap) % gap < thickness;
  return change(page, (was, x, y) => {
    return isOn(y + 5 + lean * x) || (squared && isOn(x + 5 - lean * y)) ? Math.min(was, value) : was;
  });
}

/** Round specks at random places. */
export function speckle(page: Page, { count = 1, radius = 0.6, value = 60, seed = 1 } = {}): Page {
  const random = testStream("specks", seed);
  const specks = Array.from({ length: count }, () => [random.below(page.width), random.below(page.height)]);
  return change(page, (was, x, y) => {
    return specks.some(([u, v]) => (x - u) ** 2 + (y - v) ** 2 <= radius ** 2) ? value : was;
  });
}

/** The page as bytes, with noise of that standard deviation. */
export function photograph({ width, height, values }: Page, { noise = 0, seed = 1 } = {}): Raster {
  const random = testStream("noise", seed);
  const grey = Uint8Array.from(values, (value) => {
    // The number of bits that are set is nearly normal: 16 on average, with a standard deviation of √8.
    const drawn = noise === 0 ? 0 : noise * (bits(random.below(2 ** 32 - 1)) - 16) / Math.sqrt(8);
    return Math.min(255, Math.max(0, Math.round(value + drawn)));
  });
  return { width, height, grey, alpha: new Uint8Array(width * height).fill(255) };
}

function bits(whole: number): number {
  let rest = whole - ((whole >>> 1) & 0x55555555);
  rest = (rest & 0x33333333) + ((rest >>> 2) & 0x33333333);
  return Math.imul((rest + (rest >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
