/**
 * From the labels of a data set to classes.
 *
 * @module
 */
import type { IdxArray } from "./idx.ts";

/** A file that has been parsed, and its path for messages. */
export interface LoadedFile {
  readonly path: string;
  readonly array: IdxArray;
}

/** Which labels are classes. */
export interface LabelRange {
  /** How many classes there are, 2 to 256. */
  readonly classes: number;
  /** The label of class 0. */
  readonly firstLabel: number;
}

/** A class must fit into a byte. */
export const MOST_CLASSES = 256;

/**
 * The classes of labels: as many as told, or else from the lowest to the highest label, including labels in between
 * that no image has.
 *
 * If only their number is told, class 0 is label 0, or the lowest label that makes the highest a class: with 26 classes
 * and labels 2 to 26, label 1.
 *
 * @throws {TypeError} If a label is not a whole number.
 * @throws {RangeError} If there are fewer than 2 or more than 256 classes, or a label belongs to none.
 *
 * @example
 * ```ts
 * import { rangeOfLabels } from "./labels.ts";
 * import assert from "node:assert/strict";
 *
 * const array = { type: "u8", shape: [3], data: new Uint8Array([1, 26, 3]) } as const;
 * assert.deepEqual(rangeOfLabels([{ path: "labels", array }]), { classes: 26, firstLabel: 1 });
 * assert.deepEqual(rangeOfLabels([{ path: "labels", array }], { classes: 47 }), { classes: 47, firstLabel: 0 });
 * ```
 */
export function rangeOfLabels(files: readonly LoadedFile[], told: Partial<LabelRange> = {}): LabelRange {
  let lowest = Infinity, highest = -Infinity;
  for (const { path, array } of files) {
    for (const label of array.data) {
      if (!Number.isSafeInteger(label)) {
        throw new TypeError(`Cannot load ${path}: labels must be whole numbers: current value is ${label}`);
      }
      if (label < lowest) lowest = label;
      if (label > highest) highest = label;
    }
  }
  const firstLabel = told.firstLabel ??
    (told.classes === undefined ? lowest : Math.max(0, highest - told.classes + 1));
  const classes = told.classes ?? highest - firstLabel + 1;
  const fail = (rule: string) => {
    const paths = files.map(({ path }) => path).join(" and ");
    const found = lowest > highest ? "no label" : `labels ${lowest} to ${highest}`;
    return new RangeError(`Cannot load ${paths}: ${rule}: current value is ${found}`);
  };
  if (!(lowest >= 0 && lowest <= highest)) throw fail("there must be labels, from 0 on");
  if (told.firstLabel === undefined && highest - lowest >= classes) {
    throw fail(`there must be ${classes} classes`);
  }
  if (lowest < firstLabel || highest >= firstLabel + classes) {
    throw fail(`the ${classes} classes must be labels ${firstLabel} to ${firstLabel + classes - 1}`);
  }
  if (classes < 2 || classes > MOST_CLASSES) throw fail(`there must be 2 to ${MOST_CLASSES} classes`);
  return { classes, firstLabel };
}

/** The class of each label, a byte each. */
export function toClasses({ array }: LoadedFile, { firstLabel }: LabelRange): Uint8Array {
  if (array.type === "u8" && firstLabel === 0) return array.data;
  return Uint8Array.from(array.data, (label) => label - firstLabel);
}
