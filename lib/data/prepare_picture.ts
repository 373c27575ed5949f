/**
 * Makes a picture look like the images that a network was trained on.
 *
 * A digit is prepared as MNIST's authors did (LeCun, Cortes, Burges, http://yann.lecun.com/exdb/mnist/): scaled to fit a
 * box of 20 × 20 pixels with its aspect ratio kept, with antialiased edges, and placed in 28 × 28 pixels so that its
 * centre of mass is in the middle, at pixel (14, 14) counted from 0. In images of another size the box has the same
 * share. Any other picture is only scaled.
 *
 * @module
 */
import type { Images } from "./images.ts";
import type { Preparation } from "./catalogue.ts";
import { BOOLEAN, checkOptions, oneOf, optional, type Rules, whole } from "../options.ts";
import { findInk, flatten, LONGEST, noDigit } from "./ink.ts";
import { boxOf } from "./blots.ts";
import { border, median, type Plane } from "./plane.ts";
import type { ImageSize, Raster } from "./raster.ts";

/** The box's share of the image, along each side. */
const BOX_SHARE = 20 / 28;

/** Ink fainter than this share of the darkest does not extend the digit's box. */
const FAINT = 1 / 32;

/** How {@link preparePicture} prepares. */
export interface PreparePictureOptions {
  /** How the images were prepared that the network was trained on. */
  readonly preparation: Preparation;
  /** Whether those are light on black, as in all data sets of the catalogue; unknown by default. */
  readonly lightOnBlack?: boolean;
  /**
   * Whether to swap light and dark. By default a dark digit is swapped, and so is a picture that is only scaled, on a light ground, if
   * `lightOnBlack`.
   */
  readonly invert?: boolean;
  /**
   * Whether the picture of a digit is a drawing, light on black, all of it ink: then nothing has to be told apart from paper,
   * shadows and noise, which takes long.
   */
  readonly isDrawing?: boolean;
}

/** A picture that a network can read. */
export interface PreparedPicture {
  /** One image. */
  readonly image: Images;
  /** Whether it was cropped, scaled and centred as a digit, only scaled, or left as it was. */
  readonly done: "digit" | "scaled" | "nothing";
  /** Whether light and dark were swapped. */
  readonly inverted: boolean;
  /** Whether the edge of the image is light now. */
  readonly lightGround: boolean;
}

export type { ImageSize };

const ACTION = "prepare the picture";

const RULES: Rules<PreparePictureOptions> = {
  preparation: oneOf("digit", "none"),
  lightOnBlack: optional(BOOLEAN),
  invert: optional(BOOLEAN),
  isDrawing: optional(BOOLEAN),
};

const SIZE_RULES: Rules<ImageSize> = { height: whole(1), width: whole(1) };

/**
 * Prepares one picture as the images of the network were. One that already has their size and look is not changed.
 *
 * @param size The size of the images that the network reads
 * @throws {RangeError} If the picture must show a digit, and shows none; or if options contradict each other.
 *
 * @example
 * ```ts
 * import { preparePicture } from "./prepare_picture.ts";
 * import assert from "node:assert/strict";
 *
 * const grey = Uint8Array.of(255, 200, 200, 255);
 * const raster = { width: 2, height: 2, grey, alpha: new Uint8Array(4).fill(255) };
 * const size = { height: 2, width: 2 };
 * const same = preparePicture(raster, size, { preparation: "none" });
 * assert.deepEqual([same.done, ...same.image.pixels], ["nothing", ...grey]);
 * const swapped = preparePicture(raster, size, { preparation: "none", invert: true });
 * assert.deepEqual([...swapped.image.pixels], [0, 55, 55, 0]);
 * ```
 */
export function preparePicture(
  raster: Raster,
  size: ImageSize,
  options: PreparePictureOptions,
): PreparedPicture {
  const { preparation, lightOnBlack = false, invert, isDrawing = false } = checkOptions(
    ACTION,
    options,
    RULES,
  );
  checkOptions(ACTION, size, SIZE_RULES, "size");
  if (isDrawing && (preparation !== "digit" || invert)) {
    throw new RangeError(
      `Cannot ${ACTION}: isDrawing must be left out unless it is prepared as a digit and not inverted: current value is true`,
    );
  }
  const prepared = preparation === "digit" && invert === undefined && asPrepared(raster, size);
  if (prepared) return prepared;
  if (preparation === "digit" && isDrawing) {
    return { image: drawn(raster, size), done: "digit", inverted: false, lightGround: false };
  }
  if (preparation === "digit") {
    const ink = findInk(raster, invert === undefined ? undefined : invert ? "dark" : "light");
    return {
      image: imageOf(boxed(ink.plane, size), size),
      done: "digit",
      inverted: ink.isDark,
      lightGround: false,
    };
  }
  const picture = flatten(raster, Math.max(LONGEST, size.height, size.width));
  const same = raster.width === size.width && raster.height === size.height;
  const inverted = invert ?? (lightOnBlack && !same && isGroundLight(picture));
  const shown = inverted ? { ...picture, values: picture.values.map((value) => 255 - value) } : picture;
  const image = imageOf(same ? bytesOf(shown) : fitted(shown, size), size);
  return { image, done: same ? "nothing" : "scaled", inverted, lightGround: isGroundLight(shown) };
}

/** A digit that was prepared before, light on black or dark on white. */
function asPrepared({ grey, alpha, ...at }: Raster, size: ImageSize): PreparedPicture | null {
  if (at.width !== size.width || at.height !== size.height || alpha.some((value) => value < 255)) return null;
  for (const inverted of [false, true]) {
    const pixels = inverted ? grey.map((value) => 255 - value) : grey.slice();
    const plane = { ...size, values: Float32Array.from(pixels) };
    if (!pixels.some((value) => value > 0)) continue;
    const box = cropInk(plane), { x, y } = centreOfMass(plane), room = roomIn(size);
    const fills = box.height <= room.height && box.width <= room.width &&
      (box.height >= room.height - 1 || box.width >= room.width - 1);
    const isCentred = Math.abs(x - size.width / 2) <= 0.51 && Math.abs(y - size.height / 2) <= 0.51;
    if (fills && isCentred) {
      return { image: imageOf(pixels, size), done: "nothing", inverted, lightGround: false };
    }
  }
  return null;
}

function imageOf(pixels: Uint8Array, { height, width }: ImageSize): Images {
  return { pixels, count: 1, height, width };
}

/** A drawing in its box. @throws {RangeError} If it is empty. */
function drawn({ grey, alpha, ...size }: Raster, to: ImageSize): Images {
  const values = new Float32Array(grey.length);
  for (let i = 0; i < values.length; i++) values[i] = grey[i] * alpha[i] / (255 * 255); // many times as fast as `from()`
  if (!values.some((value) => value > 0)) throw noDigit("an empty sheet");
  return imageOf(boxed({ ...size, values }, to), to);
}

/** A digit in its box, with its centre of mass in the middle. */
function boxed(ink: Plane, size: ImageSize): Uint8Array {
  const digit = cropInk(ink);
  return centre(resize(digit, fit(digit, roomIn(size))), size);
}

/** The largest size with the same aspect ratio that fits. */
function fit(plane: ImageSize, room: ImageSize): ImageSize {
  const factor = Math.min(room.height / plane.height, room.width / plane.width);
  return {
    height: Math.max(1, Math.round(plane.height * factor)),
    width: Math.max(1, Math.round(plane.width * factor)),
  };
}

/** A whole picture in the middle, surrounded by the grey of its border. */
function fitted(picture: Plane, size: ImageSize): Uint8Array {
  const small = resize(picture, fit(picture, size));
  const left = (size.width - small.width) >> 1, top = (size.height - small.height) >> 1;
  const values = new Float32Array(size.height * size.width).fill(median(border(picture)));
  for (let y = 0; y < small.height; y++) {
    const row = small.values.subarray(y * small.width, (y + 1) * small.width);
    values.set(row, (top + y) * size.width + left);
  }
  return bytesOf({ ...size, values });
}

function bytesOf({ values }: Plane): Uint8Array {
  return Uint8Array.from(values, (value) => Math.round(value));
}

function isGroundLight(picture: Plane): boolean {
  return median(border(picture)) > 127.5;
}

/** The size of the digit's box. */
function roomIn({ height, width }: ImageSize): ImageSize {
  const room = (side: number) => Math.max(1, Math.round(side * BOX_SHARE));
  return { height: room(height), width: room(width) };
}

/** The smallest part that holds all but the faintest ink. */
function cropInk({ values, ...size }: Plane): Plane {
  const { left, right, top, bottom } = boxOf(values, size, FAINT);
  const [w, h] = [right - left, bottom - top];
  const cropped = new Float32Array(w * h);
  for (let y = 0; y < h; y++) {
    const first = (top + y) * size.width + left;
    cropped.set(values.subarray(first, first + w), y * w);
  }
  return { width: w, height: h, values: cropped };
}

/** Resizes along each side in turn: by the mean of the pixels covered, or enlarging, by linear interpolation. */
function resize(ink: Plane, { height, width }: ImageSize): Plane {
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

/** For each of `to` pixels, the weights of the `from` pixels that it is made of; they sum to 1. */
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

/** Puts the centre of mass nearest to pixel 14 of 28 (as in MNIST, not between 13 and 14), without cutting ink off. */
function centre(ink: Plane, { height, width }: ImageSize): Uint8Array {
  const { values, width: w, height: h } = ink, { x, y } = centreOfMass(ink);
  const place = (size: number, room: number, mass: number) =>
    Math.min(Math.max(Math.round(size / 2 - mass), 0), size - room);
  const left = place(width, w, x), top = place(height, h, y);
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const pixels = new Uint8Array(height * width);
  values.forEach((value, i) => {
    pixels[(top + Math.floor(i / w)) * width + left + i % w] = Math.round(255 * value / most);
  });
  return pixels;
}

function centreOfMass({ values, width }: Plane): { x: number; y: number } {
  let mass = 0, xMoment = 0, yMoment = 0;
  values.forEach((value, i) => {
    mass += value;
    xMoment += value * (i % width);
    yMoment += value * Math.floor(i / width);
  });
  return { x: xMoment / mass, y: yMoment / mass };
}
