/**
 * What all drawings of a reading share: the lines of the image, and the probabilities at the end of each.
 *
 * @module
 */
import { FLOATS } from "../data/images.ts";
import type { Sequence } from "../data/sequence.ts";
import { excerpt } from "../excerpt.ts";
import { check } from "../options.ts";
import type { Picture } from "./digits.ts";
import { formatShare, markClasses } from "./words.ts";

/** An image, and the probabilities of the classes after each step of reading it. */
export interface Reading {
  /** The image as the network comes to read it (see `inReadingOrder()`), with the caption above it. */
  readonly image: Picture;
  /** How the network reads it. */
  readonly axis: Sequence["axis"];
  /** `[T, K]`; each row sums to 1. */
  readonly probabilities: Float32Array;
  /** What class 0, 1, … stands for. */
  readonly classNames: readonly string[];
}

/** A reading by the lines that are drawn. */
export interface Lines {
  readonly reading: Reading;
  /** The drawn classes: all, or those with the highest peaks. */
  readonly shown: readonly number[];
  /** A short mark for each class. */
  readonly marks: readonly string[];
  /** The name of each class, preceded by its mark if they differ. */
  readonly names: readonly string[];
  /** The step that each line ends with. */
  readonly steps: readonly number[];
  /** The likeliest class after each line. */
  readonly winners: readonly number[];
  /** The line from which the likeliest class stays the same. */
  readonly settled: number;
}

/** Says that not all classes are drawn. */
export function noteOf({ reading: { classNames }, shown }: Lines): string {
  return `the ${shown.length} likeliest of ${classNames.length} classes`;
}

/**
 * Groups the steps of a reading by lines, and selects the likeliest classes.
 *
 * @throws {TypeError} If there is not a row of probabilities for each step of the image.
 */
export function toLines(reading: Reading, mostClasses: number): Lines {
  const { image: { height, width }, axis, probabilities, classNames } = reading;
  const count = axis === "columns" ? width : height;
  const perLine = axis === "pixels" ? width : 1;
  const K = classNames.length;
  if (probabilities.length !== count * perLine * K) {
    throw new TypeError(
      `Cannot draw the reading: probabilities must be ${count * perLine} × ${K} numbers: ` +
        `current value is ${probabilities.length}`,
    );
  }
  const steps = Array.from({ length: count }, (_, line) => (line + 1) * perLine - 1);
  const settled = Math.floor(decidedAt(probabilities, K) / perLine);
  const { marks, names } = markClasses(classNames);
  const winners = steps.map((step) => likeliest(probabilities, step, K));
  const peaks = names.map((_, k) => Math.max(...steps.map((step) => probabilities[step * K + k])));
  const shown = [...names.keys()].sort((a, b) => peaks[b] - peaks[a]).slice(0, mostClasses)
    .sort((a, b) => a - b);
  return { reading, shown, marks, names, steps, winners, settled };
}

/** A probability as a whole percentage. */
export function percent(p: number): string {
  return formatShare(p, 100);
}

/**
 * The step, from 0 on, from which the likeliest class stays the same: when the network makes up its mind.
 *
 * @param probabilities `[T, K]` of one image
 * @throws {TypeError} If they are not rows of K, at least one.
 *
 * @example
 * ```ts
 * import { decidedAt } from "./reading_lines.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(decidedAt(Float32Array.of(0.9, 0.1, 0.4, 0.6, 0.2, 0.8), 2), 1);
 * ```
 */
export function decidedAt(probabilities: Float32Array, classes: number): number {
  check("find the decision", "probabilities", { value: probabilities, rule: FLOATS });
  if (!(classes >= 1 && probabilities.length > 0 && probabilities.length % classes === 0)) {
    throw new TypeError(
      `Cannot find the decision: probabilities must be rows of ${excerpt(classes)} numbers: ` +
        `current value is ${probabilities.length}`,
    );
  }
  const steps = probabilities.length / classes;
  const last = likeliest(probabilities, steps - 1, classes);
  let step = steps - 1;
  while (step > 0 && likeliest(probabilities, step - 1, classes) === last) step--;
  return step;
}

/** The class with the largest probability after step t; the first of equal ones. */
export function likeliest(probabilities: Float32Array, t: number, classes: number): number {
  const row = probabilities.subarray(t * classes, (t + 1) * classes);
  return row.reduce((best, p, k) => p > row[best] ? k : best, 0);
}
