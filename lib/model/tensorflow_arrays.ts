/**
 * Arrays of numbers as people have them: tensors of TensorFlow.js, typed arrays with a shape, nested arrays.
 *
 * @module
 */
import * as tf from "npm:@tensorflow/tfjs@4.22.0";
import { excerpt } from "../excerpt.ts";

/** A typed array of real numbers. */
export type TypedNumbers =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array;

/** A typed array, and the shape that it has: row by row. */
export interface ShapedArray {
  /** As many numbers as the shape says. */
  readonly data: TypedNumbers;
  /** The sizes of its axes. */
  readonly shape: readonly number[];
}

/** Arrays of arrays of … numbers, all of one length at each level. */
export type NestedArray = readonly (number | boolean | TypedNumbers | NestedArray)[];

/** `tf.Tensor`. */
export type TensorflowTensor = tf.Tensor;

/** Numbers with a shape: a tensor, a typed array (of shape `[length]` if there is none beside it), or nested arrays. */
export type NumberArray = TensorflowTensor | ShapedArray | TypedNumbers | NestedArray;

/** What {@link readArray} returns. */
export interface ReadArray extends ShapedArray {
  /** Stands for the numbers if they can never change: those of a tensor. */
  readonly identity: object | null;
}

/**
 * Reads numbers where they lie if that is possible, else copies them. No tensor leaks.
 *
 * @param action What fails without them, for messages: `train`
 * @param name What messages call them: `x`
 * @throws {TypeError} If it is no array of numbers, or has another length than its shape says.
 *
 * @example
 * ```ts
 * import { readArray } from "./tensorflow_arrays.ts";
 * import assert from "node:assert/strict";
 *
 * const { data, shape } = await readArray("train", "x", [[1, 2, 3], [4, 5, 6]]);
 * assert.deepEqual([...data, ...shape], [1, 2, 3, 4, 5, 6, 2, 3]);
 * await assert.rejects(readArray("train", "x", [[1, 2], [3]]), /x\[1\] must have 2 entries, as x\[0\]: current value is 1/);
 * ```
 */
export async function readArray(action: string, name: string, value: NumberArray): Promise<ReadArray> {
  if (value instanceof tf.Tensor) return await readTensor(action, name, value);
  if (isTyped(value)) return { data: value, shape: [value.length], identity: null };
  if (Array.isArray(value)) return { ...flatten(action, name, value), identity: null };
  if (isShaped(value)) return checkShaped(action, name, value);
  throw new TypeError(
    `Cannot ${action}: ${name} must be a tensor, a typed array with a shape, or nested arrays: ` +
      `current value is ${value === undefined ? "missing" : excerpt(value)}${remedyOf(value)}`,
  );
}

/** Whether it is what {@link readArray} reads, other than an array. */
export function isNumberArray(value: unknown): boolean {
  return value instanceof tf.Tensor || isTyped(value) || isShaped(value);
}

/** Disposes all tensors in an object. */
export function disposeTensors(value: unknown): void {
  tf.dispose(value as tf.TensorContainer);
}

function remedyOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  if ("dataId" in value) {
    return ` (a tensor of another copy of TensorFlow.js: import version ${tf.version.tfjs})`;
  }
  return "iterator" in value ? " (a dataset? fitDataset() takes it)" : "";
}

async function readTensor(action: string, name: string, tensor: tf.Tensor): Promise<ReadArray> {
  const { dtype, shape, isDisposed } = tensor;
  if (isDisposed) {
    throw new TypeError(
      `Cannot ${action}: ${name} must be in use: current value is a tensor that was disposed`,
    );
  }
  if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool") {
    throw new TypeError(
      `Cannot ${action}: ${name} must be of float32, int32 or bool: current value is ${dtype}`,
    );
  }
  return { data: await tensor.data(), shape, identity: tensor.dataId };
}

function isTyped(value: unknown): value is TypedNumbers {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) &&
    !(value instanceof BigInt64Array) && !(value instanceof BigUint64Array);
}

function isShaped(value: unknown): value is ShapedArray {
  return typeof value === "object" && value !== null && "data" in value && "shape" in value;
}

function checkShaped(action: string, name: string, { data, shape }: ShapedArray): ReadArray {
  if (!isTyped(data)) {
    throw new TypeError(
      `Cannot ${action}: data of ${name} must be a typed array: current value is ${excerpt(data)}`,
    );
  }
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new TypeError(
      `Cannot ${action}: shape of ${name} must be a list of whole numbers: current value is ${
        excerpt(shape)
      }`,
    );
  }
  const expected = shape.reduce((a, b) => a * b, 1);
  if (data.length !== expected) {
    throw new TypeError(
      `Cannot ${action}: data of ${name} must be ${shape.join(" × ")} = ${expected} numbers: ` +
        `current value is ${data.length}`,
    );
  }
  return { data, shape: [...shape], identity: null };
}

/** Nested arrays as one; the lowest level may be typed arrays. */
function flatten(action: string, name: string, value: NestedArray): ShapedArray {
  const shape: number[] = [];
  for (let level: unknown = value; Array.isArray(level) || isTyped(level); level = level[0]) {
    shape.push(level.length);
  }
  const data = new Float64Array(shape.reduce((a, b) => a * b, 1));
  const path: number[] = [];
  let filled = 0;
  const fail = (must: string, found: unknown) => {
    const where = name + path.map((at) => `[${at}]`).join("");
    const shown = found === undefined ? "missing" : excerpt(found);
    return new TypeError(`Cannot ${action}: ${where} must ${must}: current value is ${shown}`);
  };
  const visit = (entry: unknown) => {
    if (path.length === shape.length) {
      if (typeof entry !== "number" && typeof entry !== "boolean") throw fail("be a number", entry);
      data[filled++] = Number(entry);
      return;
    }
    const length = shape[path.length];
    if (!Array.isArray(entry) && !isTyped(entry)) throw fail(`be an array of ${length}`, entry);
    if (entry.length !== length) {
      throw fail(`have ${length} entries, as ${name}${"[0]".repeat(path.length)}`, entry.length);
    }
    for (let at = 0; at < length; at++) {
      path.push(at);
      visit(entry[at]);
      path.pop();
    }
  };
  visit(value);
  return { data, shape };
}
