/**
 * Images and labels, one byte a pixel, and checks before anything reads them: whether they are bytes, and as many as they
 * must be.
 *
 * @module
 */
import { excerpt } from "../excerpt.ts";
import { check, instanceOf, OBJECT, type Rule, whole } from "../options.ts";
import type { ImageSize } from "./raster.ts";

/** Images, one byte a pixel. */
export interface Images extends ImageSize {
  /** u8 `[count, height, width]`, row by row. */
  readonly pixels: Uint8Array;
  /** How many images there are. */
  readonly count: number;
}

/** Images and what each of them shows. */
export interface Split extends Images {
  /** u8 `[count]`, the class of each image: below the number of classes. */
  readonly labels: Uint8Array;
}

const SIZE = whole(1);

/** Bytes, such as pixels or labels. */
export const BYTES: Rule = arrayOf(Uint8Array);

/** Numbers, such as parameters or logits. */
export const FLOATS: Rule = arrayOf(Float32Array);

/** Positions of images. */
export const POSITIONS: Rule = arrayOf(Uint32Array);

/** A real typed array, and no object that only inherits from one. */
function arrayOf(type: typeof Uint8Array | typeof Float32Array | typeof Uint32Array): Rule {
  const rule = instanceOf(type);
  return { ...rule, isKind: (value) => ArrayBuffer.isView(value) && rule.isKind(value) };
}

/** How to convert what people often have instead of bytes. */
function remedyOf(name: "pixels" | "labels", value: unknown): string | undefined {
  if (value instanceof Uint8ClampedArray) {
    return "new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.length)";
  }
  const isArray = Array.isArray(value) || ArrayBuffer.isView(value);
  if (!isArray) return undefined;
  if (name === "labels") return "Uint8Array.from(labels), one label an image";
  return value instanceof Float32Array || value instanceof Float64Array
    ? "one byte a pixel: Uint8Array.from(pixels, (p) => Math.round(255 * p)) for 0 to 1; `sequence` scales"
    : "one byte a pixel: Uint8Array.from(pixels)";
}

/**
 * Checks images.
 *
 * @param action What cannot be done with wrong ones, for messages: `train`
 * @param name What messages call them: `train`
 * @returns A copy without other properties
 * @throws {TypeError} If they are not images, or the pixels are too few or too many.
 * @throws {RangeError} If count, height or width is not a positive whole number.
 */
export function checkImages(action: string, name: string, images: Images): Images {
  check(action, name, {
    value: images,
    rule: { ...OBJECT, must: "an object with pixels, count, height and width" },
  });
  const { pixels, count, height, width } = images;
  for (const [part, value] of Object.entries({ count, height, width })) {
    check(action, `${part} of ${name}`, { value, rule: SIZE });
  }
  check(action, `pixels of ${name}`, { value: pixels, rule: BYTES, remedy: remedyOf("pixels", pixels) });
  const expected = count * height * width;
  if (pixels.length !== expected) {
    const channels = pixels.length / expected;
    const remedy = [2, 3, 4].includes(channels) ? ` (${channels} channels? there must be one, grey)` : "";
    throw new TypeError(
      `Cannot ${action}: pixels of ${name} must be ${count} × ${height} × ${width} = ${expected} bytes: ` +
        `current value is ${pixels.length}${remedy}`,
    );
  }
  return { pixels, count, height, width };
}

/**
 * Checks images and their labels.
 *
 * @param classes How many classes the network has
 * @throws {TypeError} If they are not images with labels, or pixels or labels are too few or too many.
 * @throws {RangeError} If count, height or width is not a positive whole number, or a label is not below `classes`.
 */
export function checkSplit(action: string, name: string, split: Split, classes: number): Split {
  const images = checkImages(action, name, split);
  const { labels } = split;
  check(action, `labels of ${name}`, { value: labels, rule: BYTES, remedy: remedyOf("labels", labels) });
  if (labels.length !== images.count) {
    const remedy = labels.length === images.count * classes
      ? " (one-hot? there must be the number of the class alone)"
      : "";
    throw new TypeError(
      `Cannot ${action}: labels of ${name} must be ${images.count}, one an image: ` +
        `current value is ${labels.length}${remedy}`,
    );
  }
  const wrong = labels.findIndex((label) => label >= classes);
  if (wrong !== -1) {
    throw new RangeError(
      `Cannot ${action}: labels of ${name} must be below the ${classes} classes of the model: ` +
        `current value is ${labels[wrong]}, of image ${wrong}`,
    );
  }
  return { ...images, labels };
}

/** Checks positions of images. @throws {TypeError} If they are no Uint32Array. @throws {RangeError} If one is not below `count`. */
export function checkPositions(action: string, positions: Uint32Array, count: number): void {
  check(action, "positions", { value: positions, rule: POSITIONS, remedy: "Uint32Array.from(positions)" });
  const wrong = positions.find((position) => position >= count);
  if (wrong !== undefined) {
    throw new RangeError(
      `Cannot ${action}: positions must be below ${count}: current value is ${excerpt(wrong)}`,
    );
  }
}

/**
 * The images `from` to `to` (exclusive) of a split, as views without a copy.
 *
 * @throws {RangeError} Unless `0 ≤ from ≤ to ≤ count`, all integers.
 * @throws {TypeError} If pixels or labels do not match `count`.
 *
 * @example
 * ```ts
 * import { takeImages } from "./images.ts";
 * import assert from "node:assert/strict";
 *
 * const split = {
 *   pixels: new Uint8Array([1, 2, 3, 4, 5, 6]), // three images of 1 x 2
 *   labels: new Uint8Array([7, 8, 9]),
 *   count: 3,
 *   height: 1,
 *   width: 2,
 * };
 * const { pixels, labels, count } = takeImages(split, 1, 3);
 * assert.deepEqual([count, [...labels], [...pixels]], [2, [8, 9], [3, 4, 5, 6]]);
 * ```
 */
export function takeImages(split: Split, from: number, to: number): Split {
  check("take images", "split", { value: split, rule: { ...OBJECT, must: "images and labels" } });
  const { pixels, labels, count, height, width } = split;
  if (!(Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= count)) {
    throw new RangeError(
      `Cannot take images: from and to must be integers with 0 <= from <= to <= ${count}: ` +
        `current value is ${excerpt(from)}, ${excerpt(to)}`,
    );
  }
  const imageBytes = height * width;
  check("take images", "pixels", { value: pixels, rule: BYTES });
  check("take images", "labels", { value: labels, rule: BYTES });
  if (pixels.length !== count * imageBytes || labels.length !== count) {
    throw new TypeError(
      `Cannot take images: there must be ${count * imageBytes} pixels and ${count} labels: ` +
        `current value is ${pixels.length} and ${labels.length}`,
    );
  }
  return {
    pixels: pixels.subarray(from * imageBytes, to * imageBytes),
    labels: labels.subarray(from, to),
    count: to - from,
    height,
    width,
  };
}
