/**
 * The options of an engine, checked at the door.
 *
 * @module
 */
import { FLOATS } from "../data/images.ts";
import type { ByteLayout, SequenceLayout, Sequences, Targets } from "../data/sequences.ts";
import { LONGEST_SIDE } from "../data/transform.ts";
import { CATEGORICAL } from "../model/losses.ts";
import { type Network, stepsOf } from "../model/network.ts";
import { checkOptimizer } from "../model/optimizers.ts";
import {
  BOOLEAN,
  check,
  checkOptions,
  instanceOf,
  number,
  OBJECT,
  oneOf,
  optional,
  type Rule,
  type Rules,
  UINT32,
  whole,
} from "../options.ts";
import type { Clip, EngineOptions, EngineTraining } from "./engine.ts";

const SIZE = whole(1);
const COUNT = whole(0);
const SMOOTHING = number("at least 0 and below 1", (value) => value >= 0 && value < 1);
const CLIP_RULES: Rules<Clip> = {
  kind: oneOf("norm", "value"),
  most: number("a positive number", (value) => value > 0),
};
const DATA_TYPES = { bytes: Uint8Array, floats: Float32Array, tokens: Int32Array } as const;

/**
 * Checks the options of an engine.
 *
 * @throws {TypeError} If an option has the wrong type, or data are too few or too many.
 * @throws {RangeError} If the options do not fit together, or a value is out of range.
 */
export function checkEngineOptions(options: EngineOptions): void {
  const action = "open the engine";
  const { network, parameters, layout, training } = options;
  checkFlat(action, "parameters", parameters, network.size);
  checkLayout(action, layout, network);
  if (training) checkTraining(action, training, options);
}

function checkLayout(action: string, layout: SequenceLayout, { input }: Network): void {
  check(action, "layout", { value: layout, rule: OBJECT });
  const kinds = input.kind === "tokens" ? ["tokens"] : ["bytes", "floats"];
  check(action, "kind of layout", { value: layout.kind, rule: oneOf(...kinds) });
  for (const name of ["T", "stride"] as const) {
    check(action, `${name} of layout`, { value: layout[name], rule: SIZE });
  }
  if (layout.kind === "tokens") return;
  if (layout.C !== input.size) {
    throw new RangeError(
      `Cannot ${action}: the sequence must give the ${input.size} features that the network reads: ` +
        `current value is ${layout.C}`,
    );
  }
  if (layout.kind === "bytes") checkImages(action, layout);
}

/** Engines read pixels at the places of `order` without looking whether they are there. */
function checkImages(action: string, { T, C, stride, width, order, scale }: ByteLayout): void {
  check(action, "width of layout", { value: width, rule: SIZE });
  if (stride % width !== 0) {
    throw new RangeError(
      `Cannot ${action}: the ${stride} pixels of an image must be rows of width of layout: current value is ${width}`,
    );
  }
  check(action, "order of layout", { value: order, rule: instanceOf(Uint32Array) });
  checkLength(action, "order of layout", order, T * C);
  const outside = order.find((pixel) => pixel >= stride);
  if (outside !== undefined) {
    throw new RangeError(
      `Cannot ${action}: order of layout must name the ${stride} pixels of an image: current value is ${outside}`,
    );
  }
  check(action, "scale of layout", { value: scale, rule: FLOATS });
  checkLength(action, "scale of layout", scale, 256);
}

function checkTraining(
  action: string,
  { optimizer, sequences, targets, seed, batchSize, clip, labelSmoothing, transforms }: EngineTraining,
  { network, layout }: EngineOptions,
): void {
  check(action, "batchSize", { value: batchSize, rule: SIZE });
  check(action, "seed", { value: seed, rule: UINT32 });
  checkOptimizer(action, optimizer, { mayRest: true });
  if (clip !== undefined && clip !== null) checkOptions<Clip>(action, clip, CLIP_RULES, "clip");
  check(action, "labelSmoothing", { value: labelSmoothing, rule: optional(SMOOTHING) });
  if (labelSmoothing && network.loss !== "softmaxCrossEntropy") {
    throw new RangeError(
      `Cannot ${action}: labelSmoothing must be 0 unless the loss is softmaxCrossEntropy: ` +
        `current value is ${labelSmoothing}, with ${network.loss}`,
    );
  }
  check(action, "transforms", { value: transforms, rule: optional(BOOLEAN) });
  if (transforms) checkTransformed(action, layout);
  checkSequences(action, sequences, { layout, network });
  checkTargets(action, targets, { network, count: sequences.count, T: layout.T });
}

/** @throws {RangeError} If sequences are not images, or images are too large for transforms. */
function checkTransformed(action: string, layout: SequenceLayout): void {
  if (layout.kind !== "bytes") {
    throw new RangeError(
      `Cannot ${action}: transforms must be left out unless sequences are images: current value is ${layout.kind}`,
    );
  }
  const { width, stride } = layout, height = stride / width;
  if (Math.max(width, height) > LONGEST_SIDE) {
    throw new RangeError(
      `Cannot ${action}: images must have at most ${LONGEST_SIDE} pixels a side to have transforms: ` +
        `current value is ${width}x${height}`,
    );
  }
}

/**
 * Checks sequences.
 *
 * @throws {TypeError} If they are of another kind, or too few or too many elements.
 * @throws {RangeError} If a token is not in the vocabulary, or a number is not finite.
 */
export function checkSequences(
  action: string,
  sequences: Sequences,
  { layout, network: { input } }: Pick<EngineOptions, "layout" | "network">,
): void {
  check(action, "sequences", { value: sequences, rule: OBJECT });
  const { data, count } = sequences;
  check(action, "count of sequences", { value: count, rule: COUNT });
  check(action, "data of sequences", { value: data, rule: instanceOf(DATA_TYPES[layout.kind]) });
  checkLength(action, "data of sequences", data, count * layout.stride);
  if (input.kind === "tokens") {
    const wrong = findOutside(data, 0, input.vocabulary - 1);
    if (wrong < 0) return;
    throw new RangeError(
      `Cannot ${action}: tokens must be whole numbers from 0 to ${input.vocabulary - 1}: ` +
        `current value is ${data[wrong]}, in sequence ${Math.floor(wrong / layout.stride)}`,
    );
  }
  if (layout.kind === "floats") {
    checkFinite(action, "sequences", data, (at) => `in sequence ${Math.floor(at / layout.stride)}`);
  }
}

/**
 * Checks targets.
 *
 * @param place.T The steps of a sequence that comes in
 * @throws {TypeError} If they are not of the kind that the loss needs, or too few or too many.
 * @throws {RangeError} If a class is not below the number of outputs, or a number is not finite.
 */
export function checkTargets(
  action: string,
  targets: Targets,
  { network, count, T }: { network: Network; count: number; T: number },
): void {
  check(action, "targets", { value: targets, rule: OBJECT });
  const { kind, data, weights } = targets, { size, everyStep } = network.output;
  const categorical = [network.loss, ...network.metrics].every((name) => CATEGORICAL.includes(name));
  check(action, "kind of targets", {
    value: kind,
    rule: oneOf(...(categorical ? ["classes", "rows"] : ["rows"])),
  });
  const rows = count * (everyStep ? stepsOf(network, T)[network.layers.length].count : 1);
  const isClass = kind === "classes";
  const rule = isClass ? CLASSES : FLOATS;
  check(action, "data of targets", { value: data, rule });
  checkLength(action, "data of targets", data, isClass ? rows : rows * size);
  check(action, "weights of targets", { value: weights, rule: optional(FLOATS) });
  if (weights) {
    checkLength(action, "weights of targets", weights, count);
    checkFinite(action, "weights of targets", weights, (at) => `of sequence ${at}`);
  }
  if (!isClass) return checkFinite(action, "targets", data, (at) => `in row ${Math.floor(at / size)}`);
  const wrong = findOutside(data, 0, size - 1);
  if (wrong < 0) return;
  throw new RangeError(
    `Cannot ${action}: targets must be below the ${size} classes of the network: ` +
      `current value is ${data[wrong]}, at ${wrong}`,
  );
}

const CLASSES: Rule = {
  must: "a Uint8Array or an Int32Array",
  isKind: (value) => value instanceof Uint8Array || value instanceof Int32Array,
};

function checkLength(action: string, name: string, { length }: { length: number }, expected: number): void {
  if (length === expected) return;
  throw new TypeError(`Cannot ${action}: ${name} must have length ${expected}: current value is ${length}`);
}

function checkFinite(
  action: string,
  name: string,
  data: Sequences["data"],
  where: (index: number) => string,
): void {
  const wrong = findOutside(data, -Number.MAX_VALUE, Number.MAX_VALUE);
  if (wrong < 0) return;
  throw new RangeError(
    `Cannot ${action}: ${name} must be finite: current value is ${data[wrong]}, ${where(wrong)}`,
  );
}

/** The first place of a number below `low` or above `high`, or of NaN; −1 without. Takes a tenth of the time of `findIndex`. */
function findOutside(data: Sequences["data"], low: number, high: number): number {
  for (let at = 0; at < data.length; at++) {
    if (!(data[at] >= low && data[at] <= high)) return at;
  }
  return -1;
}

/** Checks numbers that are as many as the parameters, in their order. @throws {TypeError | RangeError} If they are not. */
export function checkFlat(action: string, name: string, value: Float32Array, size: number): void {
  check(action, name, { value, rule: FLOATS });
  if (value.length !== size) {
    throw new RangeError(
      `Cannot ${action}: ${name} must have length ${size}: current value is ${value.length}`,
    );
  }
}
