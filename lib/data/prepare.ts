/**
 * A picture of one digit, made to look as MNIST's digits do.
 *
 * As MNIST's authors prepared theirs (LeCun, Cortes, Burges, http://yann.lecun.com/exdb/mnist/): scaled to fit a box of
 * 20 × 20 pixels with its aspect ratio kept, greys at its edges by antialiasing, and placed in 28 × 28 pixels so that
 * its centre of mass is in the middle, at pixel (14, 14) when counted from 0. In images of another size the box has the same share.
 *
 * @module
 */
import type { Images } from "./dataset.ts";
import { findInk } from "./ink.ts";
import type { Plane } from "./plane.ts";
import type { Raster } from "./raster.ts";

/** The share of the image that the box takes, each way. */
const BOX_SHARE = 20 / 28;

/** What is fainter than this share of the darkest ink does not count as part of the digit's box. */
const FAINT = 1 / 32;

/**
 * Prepares one picture: light or dark, whatever the background is; what differs from it is ink.
 *
 * @param size Of the images that the network reads
 * @returns One image
 * @throws {RangeError} If the picture has one colour only.
 *
 * @example
 * ```ts
 * import { prepareDigit } from "./prepare.ts";
 * import assert from "node:assert/strict";
 *
 * // A black bar of 1 × 10 pixels on white.
 * const grey = Uint8Array.from({ length: 400 }, (_, i) => i % 20 === 3 && i >= 100 && i < 300 ? 0 : 255);
 * const raster = { width: 20, height: 20, grey, alpha: new Uint8Array(400).fill(255) };
 * const { pixels } = prepareDigit(raster, { height: 28, width: 28 });
 * assert.equal(pixels[5 * 28 + 14], 255); // twice as large, light on black, from row 5 to row 24
 * assert.equal(pixels[4 * 28 + 14], 0);
 * ```
 */
export function prepareDigit(raster: Raster, { height, width }: { height: number; width: number }): Images {
  const digit = cropInk(findInk(raster));
  const room = { height: boxSize(height), width: boxSize(width) };
  const factor = Math.min(room.height / digit.height, room.width / digit.width);
  const small = resize(digit, {
    height: Math.max(1, Math.round(digit.height * factor)),
    width: Math.max(1, Math.round(digit.width * factor)),
  });
  return { pixels: centre(small, { height, width }), count: 1, height, width };
}

function boxSize(size: number): number {
  return Math.max(1, Math.round(size * BOX_SHARE));
}

/** The smallest part that holds all but the faintest ink. */
function cropInk({ width, height, values }: Plane): Plane {
  let top = height, bottom = 0, left = width, right = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i] < FAINT) continue;
    const x = i % width, y = Math.floor(i / width);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y + 1);
    left = Math.min(left, x);
    right = Math.max(right, x + 1);
  }
  const [w, h] = [right - left, bottom - top];
  const cropped = new Float32Array(w * h);
  for (let y = 0; y < h; y++) {
    const first = (top + y) * width + left;
    cropped.set(values.subarray(first, first + w), y * w);
  }
  return { width: w, height: h, values: cropped };
}

/** Along each side in turn: shrunk, a pixel is the mean of what it covers; enlarged, it lies between its neighbours. */
function resize(ink: Plane, { height, width }: { height: number; width: number }): Plane {
  const values = new Float32Array(height * width);
  const rows = kernels(ink.height, height), columns = kernels(ink.width, width);
  const across = new Float32Array(ink.height * width); // [ink.height, width]
  for (let y = 0; y < ink.height; y++) {
    columns.forEach(({ first, weights }, x) => {
      across[y * width + x] = weights.reduce(
        (sum, w, i) => sum + w * ink.values[y * ink.width + first + i],
        0,
      );
    });
  }
  rows.forEach(({ first, weights }, y) => {
    for (let x = 0; x < width; x++) {
      values[y * width + x] = weights.reduce((sum, w, i) => sum + w * across[(first + i) * width + x], 0);
    }
  });
  return { width, height, values };
}

/** For each of `to` pixels, how much it takes of which of the `from` pixels; the weights' sum is 1. */
function kernels(from: number, to: number): { first: number; weights: number[] }[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    if (scale <= 1) {
      const centre = Math.min(Math.max((i + 0.5) * scale - 0.5, 0), from - 1);
      const first = Math.min(Math.floor(centre), Math.max(0, from - 2)), share = centre - first;
      return { first, weights: from === 1 ? [1] : [1 - share, share] };
    }
    const [start, end] = [i * scale, (i + 1) * scale];
    const first = Math.floor(start), last = Math.min(from, Math.ceil(end - 1e-9));
    const weights = Array.from({ length: last - first }, (_, k) => {
      return (Math.min(end, first + k + 1) - Math.max(start, first + k)) / scale;
    });
    return { first, weights };
  });
}

/** Puts ink where its centre of mass is nearest to pixel 14 of 28 (as MNIST has it: not between 13 and 14), and cuts none off. */
function centre(
  { values, width: w, height: h }: Plane,
  { height, width }: { height: number; width: number },
): Uint8Array {
  let mass = 0, xMoment = 0, yMoment = 0;
  values.forEach((value, i) => {
    mass += value;
    xMoment += value * (i % w);
    yMoment += value * Math.floor(i / w);
  });
  const place = (size: number, room: number, moment: number) =>
    Math.min(Math.max(Math.round(size / 2 - moment / mass), 0), size - room);
  const left = place(width, w, xMoment), top = place(height, h, yMoment);
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const pixels = new Uint8Array(height * width);
  values.forEach((value, i) => {
    pixels[(top + Math.floor(i / w)) * width + left + i % w] = Math.round(255 * value / most);
  });
  return pixels;
}
