/**
 * Data at the door: from tensors, typed arrays, nested arrays and images to the sequences and targets that engines read, each
 * checked for kind, shape and range.
 *
 * @module
 */
import { checkImages, type Images } from "../data/images.ts";
import { checkSequence, layOutSequence, type Sequence } from "../data/sequence.ts";
import type { FloatLayout, SequenceLayout, Sequences, Targets, TokenLayout } from "../data/sequences.ts";
import { excerpt, printable } from "../excerpt.ts";
import { type Network, stepsOf } from "../model/network.ts";
import {
  isNumberArray,
  type NumberArray,
  type ReadArray,
  readArray,
  type TensorflowTensor,
  type TypedNumbers,
} from "../model/tensorflow_arrays.ts";

/** Images, one byte a pixel, and the order in which a network reads them. No float32 copy of them is made. */
export interface ImageSequences extends Images {
  /** The order, and the numbers that bytes become. */
  readonly sequence: Sequence;
}

/** What a network can be given to read. */
export type SequenceSource = NumberArray | ImageSequences;

/** One thing, or as TensorFlow.js takes several inputs: in a list, or by name. */
export type Named<Source> =
  | Source
  | readonly [Source]
  | readonly TensorflowTensor[]
  | { readonly [name: string]: Source };

/** What a model reads and answers, as far as the data depend on it. */
export interface DataForm {
  readonly network: Network;
  /** T of the model's input, null where it is open. */
  readonly T: number | null;
  readonly targets: "classes" | "rows";
  /** The names of input and output, by which data may be given. */
  readonly names: { readonly input: string; readonly output: string };
}

/** Sequences with their layout. */
export interface TakenSequences {
  readonly sequences: Sequences;
  readonly layout: SequenceLayout;
  /** Stands for the data if they can never change. */
  readonly identity: object | null;
}

/** Targets, and what stands for them. */
export interface TakenTargets {
  readonly targets: Targets;
  readonly identity: object | null;
}

/**
 * Takes what a network reads.
 *
 * @param name What messages call it: `x`
 * @throws {TypeError} If it is of the wrong kind or shape.
 * @throws {RangeError} If a number is not finite, or a token is not in the vocabulary.
 */
export async function takeSequences(
  action: string,
  name: string,
  { value, form }: { value: Named<SequenceSource>; form: DataForm },
): Promise<TakenSequences> {
  const { network: { input }, T, names } = form;
  const source = unwrap(action, name, { value, key: names.input });
  if (isImages(source)) return takeImageSequences(action, name, { images: source, form });
  const read = await readArray(action, name, source);
  const isTokens = input.kind === "tokens";
  const shape = isTokens && read.shape.length === 1 ? [read.shape[0], 1] : read.shape;
  const expected = isTokens ? [null, T] : [null, T, input.size];
  if (!fits(shape, expected)) {
    throw wrongShape(action, name, { expected, names: ["N", "T"], shape: read.shape }, [
      sequenceRemedy(read.shape, expected),
    ]);
  }
  const [count, steps] = shape;
  checkNotEmpty(action, name, count);
  if (steps < 1) {
    throw new RangeError(`Cannot ${action}: ${name} must have one step or more: current value is ${steps}`);
  }
  if (input.kind === "tokens") {
    const data = takeWhole(action, name, { read, below: input.vocabulary, stride: steps, what: "tokens" });
    const layout: TokenLayout = { kind: "tokens", T: steps, stride: steps };
    return { sequences: { data, count }, layout, identity: read.identity };
  }
  const stride = steps * input.size;
  const data = takeFinite(action, name, { read, stride });
  const layout: FloatLayout = { kind: "floats", T: steps, C: input.size, stride };
  return { sequences: { data, count }, layout, identity: read.identity };
}

/**
 * Takes what a network is to answer.
 *
 * @param steps T of the sequences
 * @param count How many sequences there are
 * @throws {TypeError} If it is of the wrong kind or shape, or not as many.
 * @throws {RangeError} If a number is not finite, or a class is not below the number of outputs.
 */
export async function takeTargets(
  action: string,
  name: string,
  { value, form, steps, count }: {
    value: Named<NumberArray>;
    form: DataForm;
    steps: number;
    count: number;
  },
): Promise<TakenTargets> {
  const { network, targets: kind, names } = form, { size: K, everyStep } = network.output;
  const read = await readArray(action, name, unwrap(action, name, { value, key: names.output }));
  const rows = everyStep ? [stepsOf(network, steps)[network.layers.length].count] : [];
  const last = kind === "classes" ? 1 : K;
  const expected = [null, ...rows, last];
  const shape = last === 1 && read.shape.length === expected.length - 1 ? [...read.shape, 1] : read.shape;
  if (!fits(shape, expected)) {
    throw wrongShape(action, name, { expected, names: ["N"], shape: read.shape }, [
      targetRemedy({ kind, K, shape, expected }),
    ]);
  }
  if (shape[0] !== count) {
    throw new TypeError(
      `Cannot ${action}: ${name} must have ${count} entries, one for each sequence: current value is ${
        shape[0]
      }`,
    );
  }
  const stride = (rows[0] ?? 1) * last;
  if (kind === "rows") {
    const data = takeFinite(action, name, { read, stride });
    return { targets: { kind, data }, identity: read.identity };
  }
  const data = takeWhole(action, name, { read, below: K, stride, what: "classes" });
  return { targets: { kind, data }, identity: read.identity };
}

/** Some neighbouring sequences, without a copy. */
export function cutSequences(
  { data }: Sequences,
  { stride }: Pick<SequenceLayout, "stride">,
  [from, to]: readonly [number, number],
): Sequences {
  return { data: data.subarray(from * stride, to * stride), count: to - from };
}

/** The targets of some neighbouring sequences, without a copy and without weights. */
export function cutTargets(
  { kind, data }: Targets,
  count: number,
  [from, to]: readonly [number, number],
): Targets {
  const stride = data.length / count;
  return { kind, data: data.subarray(from * stride, to * stride) };
}

/** The one thing that stands in a list, or under a name. */
function unwrap<Source extends object>(
  action: string,
  name: string,
  { value, key }: { value: Named<Source>; key: string },
): Source {
  if (
    Array.isArray(value) && (isNumberArray(value[0]) || isImages(value[0])) && !ArrayBuffer.isView(value[0])
  ) {
    if (value.length === 1) return value[0];
    throw new TypeError(
      `Cannot ${action}: ${name} must be one, for the one input and output of the model: current value is a list of ${value.length}`,
    );
  }
  const isThing = Array.isArray(value) || isNumberArray(value) || isImages(value);
  if (isThing || typeof value !== "object" || value === null) return value as Source;
  if (Object.hasOwn(value, key)) return (value as { readonly [name: string]: Source })[key];
  if (Object.getPrototypeOf(value) !== Object.prototype) return value as Source; // readArray() tells what is wrong
  throw new TypeError(
    `Cannot ${action}: ${name} must be under the name ${printable(key)}, or have data and shape: ` +
      `current value is ${excerpt(value)}`,
  );
}

function isImages(value: unknown): value is ImageSequences {
  return typeof value === "object" && value !== null && "pixels" in value;
}

function takeImageSequences(
  action: string,
  name: string,
  { images: given, form: { network: { input }, T } }: { images: ImageSequences; form: DataForm },
): TakenSequences {
  const { pixels, count, height, width } = checkImages(action, name, given);
  const layout = layOutSequence(checkSequence(given.sequence), { height, width });
  const fitsInput = input.kind === "features" && layout.C === input.size && (T === null || layout.T === T);
  if (!fitsInput) {
    const expected = input.kind === "tokens"
      ? "tokens"
      : `sequences of ${T ?? "any number of"} × ${input.size}`;
    throw new TypeError(
      `Cannot ${action}: ${name} must be ${expected}: ` +
        `current value is images that are read as sequences of ${layout.T} × ${layout.C}`,
    );
  }
  return { sequences: { data: pixels, count }, layout, identity: null };
}

/** Whether a shape is as expected; null stands for any size. */
function fits(shape: readonly number[], expected: readonly (number | null)[]): boolean {
  return shape.length === expected.length &&
    expected.every((size, axis) => size === null || size === shape[axis]);
}

function wrongShape(
  action: string,
  name: string,
  { expected, names, shape }: {
    expected: readonly (number | null)[];
    names: readonly string[];
    shape: readonly number[];
  },
  remedies: readonly string[],
): TypeError {
  const must = expected.map((size, axis) => size ?? names[axis]).join(", ");
  const remedy = remedies.filter((one) => one !== "").map((one) => ` (${one})`).join("");
  return new TypeError(
    `Cannot ${action}: ${name} must have the shape [${must}]: current value is [${
      shape.join(", ")
    }]${remedy}`,
  );
}

/** What to do where sequences lack an axis. */
function sequenceRemedy(shape: readonly number[], expected: readonly (number | null)[]): string {
  const inner = expected.slice(1);
  if (expected.length === 3 && expected[2] === 1 && shape.length === 2) {
    return `one feature a step: [${[...shape, 1].join(", ")}]`;
  }
  if (shape.length > 1 && fits(shape, inner)) {
    return `one sequence? [${
      [1, ...shape].join(", ")
    }] is a batch of it; of a dataset, batch() makes batches`;
  }
  const size = inner.reduce<number>((product, length) => product * (length ?? NaN), 1);
  if (shape.length !== 1 || shape[0] % size !== 0) return "";
  return `numbers without a shape? give { data, shape: [${[shape[0] / size, ...inner].join(", ")}] }`;
}

/** What to do where targets have the form that another loss needs. */
function targetRemedy(
  { kind, K, shape, expected }: {
    kind: "classes" | "rows";
    K: number;
    shape: readonly number[];
    expected: readonly (number | null)[];
  },
): string {
  const outer = expected.slice(0, -1);
  if (kind === "classes" && fits(shape, [...outer, K])) {
    return 'one-hot rows? compile the model with the loss "categoricalCrossentropy", or give y.argMax(-1)';
  }
  if (kind === "rows" && K > 1 && (fits(shape, outer) || fits(shape, [...outer, 1]))) {
    return `classes? compile the model with the loss "sparseCategoricalCrossentropy", or give tf.oneHot(y, ${K})`;
  }
  return "";
}

function checkNotEmpty(action: string, name: string, count: number): void {
  if (count > 0) return;
  throw new RangeError(`Cannot ${action}: ${name} must have one sequence or more: current value is none`);
}

/** The numbers as float32, each of them finite. */
function takeFinite(
  action: string,
  name: string,
  { read: { data, shape }, stride }: { read: ReadArray; stride: number },
): Float32Array {
  const floats = data instanceof Float32Array ? data : Float32Array.from(data);
  for (let at = 0; at < floats.length; at++) {
    if (Number.isFinite(floats[at])) continue;
    throw new RangeError(
      `Cannot ${action}: ${name} must be finite: current value is ${data[at]}, ${
        placeOf(at, { shape, stride })
      }`,
    );
  }
  return floats;
}

/** The numbers as int32, each of them whole and below a bound. */
function takeWhole(
  action: string,
  name: string,
  { read: { data, shape }, below, stride, what }: {
    read: ReadArray;
    below: number;
    stride: number;
    what: string;
  },
): Int32Array {
  for (let at = 0; at < data.length; at++) {
    if (Number.isInteger(data[at]) && data[at] >= 0 && data[at] < below) continue;
    throw new RangeError(
      `Cannot ${action}: ${name} must be ${what}, whole numbers from 0 to ${below - 1}: ` +
        `current value is ${data[at]}, ${placeOf(at, { shape, stride })}`,
    );
  }
  return data instanceof Int32Array ? data : Int32Array.from(data as TypedNumbers & ArrayLike<number>);
}

/** Where a number stands: `in sequence 3, at [1, 0]`. */
function placeOf(at: number, { shape, stride }: { shape: readonly number[]; stride: number }): string {
  const sequence = Math.floor(at / stride);
  let rest = at % stride;
  const place: number[] = [];
  for (let axis = shape.length - 1; axis >= 1; axis--) {
    place.unshift(rest % shape[axis]);
    rest = Math.floor(rest / shape[axis]);
  }
  return `in sequence ${sequence}${place.length > 0 ? `, at [${place.join(", ")}]` : ""}`;
}
