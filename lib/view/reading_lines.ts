/**
 * What both ways to draw a reading draw: the lines of the image, and what the network thought at the end of each.
 *
 * @module
 */
import { FLOATS } from "../data/check_images.ts";
import type { Sequence } from "../data/sequence.ts";
import { excerpt } from "../excerpt.ts";
import { check } from "../options.ts";
import type { Picture } from "./digits.ts";
import { formatShare, markClasses } from "./words.ts";

/** An image, and the probabilities that a network gave each class after every step. */
export interface Reading {
  /** The image; its caption stands above. */
  readonly image: Picture;
  /** How the network reads it. */
  readonly axis: Sequence["axis"];
  /** `[T, K]`, each row with the sum 1. */
  readonly probabilities: Float32Array;
  /** What class 0, 1, … stands for. */
  readonly classNames: readonly string[];
}

/** A reading with its steps gathered to the lines that are drawn. */
export interface Lines {
  readonly reading: Reading;
  /** The classes that are drawn: all, or those that were likeliest at some line. */
  readonly shown: readonly number[];
  /** What stands for each class where there is little room. */
  readonly marks: readonly string[];
  /** With the mark in front, where that is another text. */
  readonly names: readonly string[];
  /** Which step each line ends with. */
  readonly steps: readonly number[];
  /** The likeliest class of each line. */
  readonly winners: readonly number[];
  /** Where the strip settles: from this line on the winning class stays the same. */
  readonly settled: number;
}

/** What is not drawn. */
export function noteOf({ reading: { classNames }, shown }: Lines): string {
  return `the ${shown.length} likeliest of ${classNames.length} classes`;
}

/**
 * Gathers a reading to lines, and takes the likeliest classes.
 *
 * @throws {TypeError} If the probabilities are not a row for every step of the image.
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

/** For people. */
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
