/**
 * How an image becomes a sequence: which pixel is feature c at time t, and which number a byte becomes.
 *
 * @module
 */
import { excerpt } from "../excerpt.ts";
import { meets, UINT32 } from "../options.ts";
import { shuffledOrder } from "../random.ts";
import type { ImageSize } from "./raster.ts";
import type { ByteLayout } from "./sequences.ts";

/** The orders in which a network can read an image. */
export const AXES: readonly ("rows" | "columns" | "pixels")[] = ["rows", "columns", "pixels"];

/** The order in which a network reads an image, and the numbers that its bytes become. */
export type Sequence = Order & PixelScale;

/** The number that a byte becomes. */
export type PixelScale = Range | Normalization;

/** Which line of an image is read at time t. */
export interface Order {
  /**
   * `rows`: row t, from the top; `columns`: column t, from the left; `pixels`: pixel t, row by row.
   */
  readonly axis: "rows" | "columns" | "pixels";
  /** Whether the last line comes first: rows from the bottom, columns from the right, pixels from the last. */
  readonly reversed?: boolean;
  /** For `pixels`: the seed of a random order in which those of every image are read, an unsigned 32-bit integer. */
  readonly permutation?: number;
}

/** The two usual ranges: as {@link Normalization}, mean 0 and deviation 1, or ½ and ½. */
export interface Range {
  /** The numbers that 0 and 255 become: `[0, 1]` is x/255, `[-1, 1]` is (x/255 − ½)/½. */
  readonly range: readonly [0, 1] | readonly [-1, 1];
}

/** A byte x becomes (x/255 − mean)/deviation, as by torchvision's `ToTensor` and `Normalize`. */
export interface Normalization {
  /** Any number; MNIST's is 0.1307. */
  readonly mean: number;
  /** Above 0; MNIST's is 0.3081. */
  readonly deviation: number;
}

/**
 * Lays a sequence out over images of `height` × `width` bytes, row by row.
 *
 * @throws {TypeError} If it is not a sequence.
 * @throws {RangeError} If a value in it is not supported.
 *
 * @example
 * ```ts
 * import { layOutSequence } from "./sequence.ts";
 * import assert from "node:assert/strict";
 *
 * const layout = layOutSequence({ axis: "columns", range: [-1, 1] }, { height: 20, width: 30 });
 * assert.deepEqual([layout.T, layout.C], [30, 20]);
 * assert.deepEqual([layout.scale[0], layout.scale[255]], [-1, 1]);
 * ```
 */
export function layOutSequence(sequence: Sequence, { height, width }: ImageSize): ByteLayout {
  checkSequence(sequence);
  return {
    kind: "bytes",
    ...orderOfPixels(sequence, { height, width }),
    stride: height * width,
    width,
    scale: scaleTable(sequence),
  };
}

/** `order [T, C]`: which pixel, counted row by row, is feature c of step t. */
function orderOfPixels(
  { axis, reversed = false, permutation }: Order,
  { height, width }: ImageSize,
): Pick<ByteLayout, "T" | "C" | "order"> {
  const [T, C] = axis === "rows"
    ? [height, width]
    : axis === "columns"
    ? [width, height]
    : [height * width, 1];
  const lines = permutation === undefined ? null : shuffledOrder(T, permutation, 0);
  const order = new Uint32Array(T * C);
  for (let t = 0; t < T; t++) {
    const at = reversed ? T - 1 - t : t, line = lines ? lines[at] : at;
    for (let c = 0; c < C; c++) order[t * C + c] = axis === "columns" ? c * width + line : line * C + c;
  }
  return { T, C, order };
}

/**
 * The pixels of an image in the places in which a network comes to read them: from the top, from the left, row by row.
 *
 * @param pixels `height` × `width`, row by row
 *
 * @example
 * ```ts
 * import { inReadingOrder } from "./sequence.ts";
 * import assert from "node:assert/strict";
 *
 * const size = { height: 2, width: 3 }, pixels = Uint8Array.of(1, 2, 3, 4, 5, 6);
 * const read = (order: Parameters<typeof inReadingOrder>[1]) => [...inReadingOrder(pixels, order, size)];
 * assert.deepEqual(read({ axis: "rows", reversed: true }), [4, 5, 6, 1, 2, 3]);
 * assert.deepEqual(read({ axis: "columns", reversed: true }), [3, 2, 1, 6, 5, 4]);
 * ```
 */
export function inReadingOrder(pixels: Uint8Array, order: Order, size: ImageSize): Uint8Array {
  const { order: read } = orderOfPixels(order, size),
    { order: places } = orderOfPixels({ axis: order.axis }, size);
  const placed = new Uint8Array(read.length);
  places.forEach((place, k) => placed[place] = pixels[read[k]]);
  return placed;
}

/**
 * Checks that a value is a sequence, without other properties.
 *
 * @throws {TypeError} If it is not a sequence.
 * @throws {RangeError} If a value in it is not supported.
 */
export function checkSequence(value: unknown): Sequence {
  const fail = (must: string, found: unknown, Kind: typeof RangeError | typeof TypeError = RangeError) => {
    throw new Kind(`Cannot read images as a sequence: ${must}: current value is ${excerpt(found)}`);
  };
  if (typeof value !== "object" || value === null) {
    const rule = "sequence must be an object with an axis, and a range or mean and deviation";
    return fail(rule, value, TypeError);
  }
  const { axis, reversed, permutation, range, mean, deviation, ...others } = value as Record<string, unknown>;
  const [other] = Object.keys(others);
  if (other !== undefined) {
    fail("sequence must have axis, reversed, permutation, and range or mean and deviation, only", other);
  }
  if (!AXES.some((one) => one === axis)) fail('axis must be "rows", "columns" or "pixels"', axis);
  if (reversed !== undefined && typeof reversed !== "boolean") {
    fail("reversed must be true or false", reversed, TypeError);
  }
  if (permutation !== undefined) {
    if (!meets(UINT32, permutation)) fail(`permutation must be ${UINT32.must}`, permutation);
    if (axis !== "pixels") fail('permutation must be left out unless axis is "pixels"', permutation);
  }
  if ((range === undefined) === (mean === undefined && deviation === undefined)) {
    fail("sequence must have either range, or mean and deviation", value);
  }
  if (range !== undefined) {
    if (!isRange(range)) fail("range must be [0, 1] or [-1, 1] (or give mean and deviation)", range);
    return value as Sequence;
  }
  if (!Number.isFinite(mean)) fail("mean must be a finite number", mean);
  if (!(Number.isFinite(deviation) && (deviation as number) > 0)) {
    fail("deviation must be a positive number", deviation);
  }
  const [black, white] = [0, 1].map((x) => normalize(x, value as Normalization));
  if (!(white > black && Number.isFinite(white - black))) {
    fail("mean and deviation must leave the 256 bytes apart in float32", value);
  }
  return value as Sequence;
}

/**
 * The size of the images that become sequences of T × C, as far as it is determined: not at all if they are read pixel by
 * pixel, and with any number of lines if T is null.
 */
export function imageSizeOf(
  { axis }: Order,
  { T, C }: { T: number | null; C: number },
): { height?: number; width?: number } {
  if (axis === "pixels") return {};
  const lines = axis === "rows" ? "height" : "width", features = axis === "rows" ? "width" : "height";
  return { [features]: C, ...(T === null ? {} : { [lines]: T }) };
}

/** The mean and the deviation of a sequence, also if it states a range. */
export function normalizationOf(sequence: Sequence): Normalization {
  if ("mean" in sequence) return { mean: sequence.mean, deviation: sequence.deviation };
  return sequence.range[0] === 0 ? { mean: 0, deviation: 1 } : { mean: 0.5, deviation: 0.5 };
}

function isRange(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value[1] === 1 && (value[0] === 0 || value[0] === -1);
}

function scaleTable(sequence: Sequence): Float32Array {
  const normalization = normalizationOf(sequence);
  return Float32Array.from({ length: 256 }, (_, byte) => normalize(Math.fround(byte / 255), normalization));
}

/** Each operation rounds to float32, as torchvision's do. */
function normalize(x: number, { mean, deviation }: Normalization): number {
  return Math.fround(Math.fround(x - Math.fround(mean)) / Math.fround(deviation));
}
