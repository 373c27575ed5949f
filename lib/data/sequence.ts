/**
 * How a picture becomes a sequence: which pixel is feature c of step t, and which number a byte stands for.
 *
 * @module
 */
import { excerpt } from "../excerpt.ts";

/** The order in which a network reads an image. */
export interface Sequence {
  /**
   * `rows`: step t is row t, from the top; `columns`: step t is column t, from the left; `pixels`: one pixel a step,
   * row by row.
   */
  readonly axis: "rows" | "columns" | "pixels";
  /** The numbers that 0 and 255 become: `[0, 1]` is x/255, `[-1, 1]` is (x/255 − ½)/½. */
  readonly range: readonly [0, 1] | readonly [-1, 1];
}

/** A {@link Sequence} over images of one size: pixel (t, c) of an image is its byte `t·stepStride + c·inputStride`. */
export interface SequenceLayout {
  /** T. */
  readonly steps: number;
  /** C, the features of one step. */
  readonly inputSize: number;
  readonly stepStride: number;
  readonly inputStride: number;
  /** The float32 that each of the 256 bytes becomes. */
  readonly scale: Float32Array;
}

/**
 * Lays a sequence out over images of `height` × `width` bytes, row by row.
 *
 * @throws {RangeError} If the axis or the range is not one of those supported.
 *
 * @example
 * ```ts
 * import { layOutSequence } from "./sequence.ts";
 * import assert from "node:assert/strict";
 *
 * const layout = layOutSequence({ axis: "columns", range: [-1, 1] }, { height: 20, width: 30 });
 * assert.deepEqual([layout.steps, layout.inputSize], [30, 20]);
 * assert.deepEqual([layout.scale[0], layout.scale[255]], [-1, 1]);
 * ```
 */
export function layOutSequence(
  sequence: Sequence,
  { height, width }: { height: number; width: number },
): SequenceLayout {
  const scale = scaleTable(sequence.range);
  switch (sequence.axis) {
    case "rows":
      return { steps: height, inputSize: width, stepStride: width, inputStride: 1, scale };
    case "columns":
      return { steps: width, inputSize: height, stepStride: 1, inputStride: width, scale };
    case "pixels":
      return { steps: height * width, inputSize: 1, stepStride: 1, inputStride: 0, scale };
    default:
      throw new RangeError(
        `Cannot read images as a sequence: axis must be "rows", "columns" or "pixels": current value is ${
          excerpt(sequence.axis)
        }`,
      );
  }
}

/** Each operation rounds to float32, as torchvision's `ToTensor` and `Normalize` do. */
function scaleTable(range: Sequence["range"]): Float32Array {
  const [low, high] = Array.isArray(range) ? range : [];
  const unit = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);
  if (low === 0 && high === 1) return unit;
  if (low === -1 && high === 1) return unit.map((x) => Math.fround(x - 0.5) / 0.5);
  throw new RangeError(
    `Cannot read images as a sequence: range must be [0, 1] or [-1, 1]: current value is ${excerpt(range)}`,
  );
}
