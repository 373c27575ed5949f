/**
 * Images that are shifted, turned and scaled a little, drawn anew for each epoch: the same bytes on every engine.
 *
 * A transform is six whole numbers, in units of 2⁻¹⁶: the pixel at column x and row y of the new image is read at
 *
 *     u = a x + b y + c      v = d x + e y + f
 *
 * of the old one, between four of its pixels (bilinear, in steps of 1/256; exact for whole numbers). Outside it is blank, 0.
 *
 * @module
 */
import { DOMAIN, philox } from "../random.ts";
import type { ImageSize } from "./raster.ts";

/** The largest angle to turn images by, in degrees. */
export const MOST_DEGREES = 45;

/** How far images are moved at most. */
export interface Augmentation {
  /** In pixels, to each side and up and down: a whole number. */
  readonly shift: number;
  /** In degrees, to each side; at most 45. */
  readonly rotate: number;
  /** As a share of the size, larger and smaller; below 1. */
  readonly scale: number;
}

/** The numbers of a transform: a b c d e f. */
export const TRANSFORM_SIZE = 6;
/** 1, in the units of a transform. */
const ONE = 65_536;

/** The longest side of an image that has transforms: sums of products stay in 32 bits. */
export const LONGEST_SIDE = 4096;

/**
 * The transforms of some images, int32 `[N, 6]`: a function of seed, epoch and the position of each image.
 *
 * @param at.epoch One for all, or one for each image
 *
 * @example
 * ```ts
 * import { drawTransforms } from "./transform.ts";
 * import assert from "node:assert/strict";
 *
 * const most = { shift: 2, rotate: 0, scale: 0 }, size = { height: 28, width: 28 };
 * const [a, b, c, d, e, f] = drawTransforms(most, { seed: 1, epoch: 0, positions: Uint32Array.of(7), size });
 * assert.deepEqual([a, b, d, e], [65536, 0, 0, 65536]);
 * assert.ok([c, f].every((shift) => Math.abs(shift / 65536) <= 2 && shift % 65536 === 0));
 * ```
 */
export function drawTransforms(
  { shift, rotate, scale }: Augmentation,
  { seed, epoch, positions, size: { height, width } }: {
    seed: number;
    epoch: number | Uint32Array;
    positions: Uint32Array;
    size: ImageSize;
  },
): Int32Array {
  const transforms = new Int32Array(positions.length * TRANSFORM_SIZE);
  const centreX = (width - 1) / 2, centreY = (height - 1) / 2;
  positions.forEach((position, n) => {
    const inEpoch = typeof epoch === "number" ? epoch : epoch[n];
    const [left, up, turn, size] = philox([position, inEpoch, 0, 0], seed, DOMAIN.augment);
    const moveX = whole(left, shift), moveY = whole(up, shift);
    const { sine, cosine } = turnOf(share(turn) * rotate * Math.PI / 180), factor = 1 + share(size) * scale;
    const a = cosine / factor, b = sine / factor; // from new to old: turned back, and divided
    const c = centreX - a * (centreX + moveX) - b * (centreY + moveY);
    const f = centreY + b * (centreX + moveX) - a * (centreY + moveY);
    transforms.set([a, b, c, -b, a, f].map((value) => Math.round(value * ONE)), n * TRANSFORM_SIZE);
  });
  return transforms;
}

/** A whole number from −most to most, from a random word. */
function whole(word: number, most: number): number {
  return Math.floor(word * (2 * most + 1) / 4294967296) - most;
}

/** A number from −1 to 1, from a random word. */
function share(word: number): number {
  return 2 * ((word >>> 8) / 16777216) - 1;
}

/** Sine and cosine of an angle of at most π/4, with + − × ÷ only, so that the bits are the same on every machine. */
export function turnOf(angle: number): { sine: number; cosine: number } {
  const square = angle * angle;
  let sine = 0, cosine = 0;
  for (let k = 10; k >= 1; k--) { // the next terms are below 1e-20
    sine = (1 - sine) * square / ((2 * k) * (2 * k + 1));
    cosine = (1 - cosine) * square / ((2 * k - 1) * (2 * k));
  }
  return { sine: angle * (1 - sine), cosine: 1 - cosine };
}

/**
 * Transforms one image.
 *
 * @param from The pixels, row by row
 * @param into As many; another array
 * @param transform Six numbers
 */
export function transformImage(
  from: Uint8Array,
  into: Uint8Array,
  { transform, width }: { transform: Int32Array; width: number },
): void {
  const [a, b, c, d, e, f] = transform, height = from.length / width;
  const pixel = (x: number, y: number) => {
    return x >= 0 && x < width && y >= 0 && y < height ? from[y * width + x] : 0;
  };
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const u = a * x + b * y + c, v = d * x + e * y + f;
      const left = u >> 16, top = v >> 16, right = (u >> 8) & 255, down = (v >> 8) & 255; // in 1/256 from left and top
      const upper = pixel(left, top) * (256 - right) + pixel(left + 1, top) * right;
      const lower = pixel(left, top + 1) * (256 - right) + pixel(left + 1, top + 1) * right;
      into[at] = (upper * (256 - down) + lower * down + 32_768) >> 16;
    }
  }
}
