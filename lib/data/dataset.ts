/**
 * Images and their labels, still bytes, as they lie in the files.
 *
 * @module
 */
import { excerpt } from "../excerpt.ts";
import { check, OBJECT } from "../options.ts";
import {
  type CatalogueEntry,
  type CatalogueFile,
  type DatasetName,
  FILE_NAMES,
  findDataset,
} from "./catalogue.ts";
import { BYTES } from "./check_images.ts";
import { type FileBytes, readFirst, reasonOf } from "./files.ts";
import { readIdx } from "./gzip.ts";
import type { IdxArray } from "./idx.ts";
import { moveToShared } from "./shared.ts";
import { namesToRead, verifyFile } from "./verify.ts";

/** Images, one byte a pixel. */
export interface Images {
  /** u8 `[count, height, width]`, row by row. */
  readonly pixels: Uint8Array;
  /** How many images there are. */
  readonly count: number;
  /** Rows of an image. */
  readonly height: number;
  /** Columns of an image. */
  readonly width: number;
}

/** Images and what each of them shows. */
export interface Split extends Images {
  /** u8 `[count]`, each below the number of classes. */
  readonly labels: Uint8Array;
}

/** Images to train on and images to test with. */
export interface Dataset {
  /** `mnist`, or the name of the folder for data of one's own. */
  readonly name: string;
  /** The images to train on. */
  readonly train: Split;
  /** The images to test with, of the same size. */
  readonly test: Split;
  /** How many classes there are. */
  readonly classes: number;
  /** What label 0, 1, … stands for. */
  readonly classNames: readonly string[];
}

/** What to load. */
export interface LoadOptions {
  /** Default: `mnist`. */
  readonly dataset?: DatasetName;
  /**
   * A folder with four IDX files named as MNIST's are, raw or `.gz`. Its files may hold images of any size
   * and are not compared with the catalogue. Default: `data/<dataset>`, whose files are.
   */
  readonly dataDir?: string;
  /** How many classes the data in `dataDir` has, 1 to 256. Default: 10. */
  readonly classes?: number;
  /** Takes only the first so many training images. Default: all. */
  readonly limit?: number;
}

/**
 * Loads a data set from the four IDX files in a folder. The pixels lie in shared memory, where threads can read them
 * without a copy of their own.
 *
 * A data set of the catalogue is hashed as it is loaded, so a file that has changed on disk is noticed.
 *
 * @throws {Deno.errors.NotFound} If a file is missing.
 * @throws {Deno.errors.NotCapable} If Deno may not read the folder; the message names the flag.
 * @throws {IdxSyntaxError} If a file in `dataDir` is no IDX file, or is damaged.
 * @throws {TypeError} If a file holds something else than u8 images or u8 labels.
 * @throws {RangeError} If the counts or sizes do not agree, if a label is not below the number of classes,
 * if a file of the catalogue has changed, or if an option is out of range.
 *
 * @example
 * ```ts ignore
 * import { loadDataset } from "./dataset.ts";
 *
 * const { train, test } = await loadDataset({ dataset: "fashion-mnist" }); // 60,000 and 10,000 images of 28 × 28
 * ```
 */
export async function loadDataset(options: LoadOptions = {}): Promise<Dataset> {
  const { dataset, dataDir, classes, limit } = options;
  const entry = dataDir === undefined || dataset !== undefined ? findDataset(dataset ?? "mnist") : undefined;
  if (dataDir === undefined && classes !== undefined) {
    throw new RangeError(
      `Cannot load ${entry!.name}: classes must be left out without dataDir: current value is ${classes}`,
    );
  }
  const classNames = nameClasses(entry, classes);
  const files = dataDir === undefined ? await readKnown(entry!) : await readOwn(dataDir);
  const train = makeSplit(files[0], files[1], classNames.length);
  const test = makeSplit(files[2], files[3], classNames.length);
  if (train.height !== test.height || train.width !== test.width) {
    throw new RangeError(
      `Cannot load ${files[2].path}: images must be ${train.height} x ${train.width} as in ${
        files[0].path
      }: ` +
        `current value is ${test.height} x ${test.width}`,
    );
  }
  return {
    name: entry?.name ?? dataDir!.split(/[/\\]/).filter(Boolean).at(-1) ?? dataDir!,
    train: limit === undefined ? train : takeFirst(train, limit),
    test,
    classes: classNames.length,
    classNames,
  };
}

/**
 * The images `from` to `to` (exclusive) of a split, as views: nothing is copied.
 *
 * @throws {RangeError} Unless `0 ≤ from ≤ to ≤ count`, all integers.
 * @throws {TypeError} If pixels or labels are not as many as `count` says.
 *
 * @example
 * ```ts
 * import { takeImages } from "./dataset.ts";
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

interface LoadedFile {
  readonly path: string;
  readonly array: IdxArray;
}

/** One after the other, so that no two packed files are in memory at once. */
async function readKnown({ name, files }: CatalogueEntry): Promise<LoadedFile[]> {
  const folder = `data/${name}`;
  const loaded: LoadedFile[] = [];
  for (const file of files) {
    loaded.push(await readKnownFile(folder, file, `deno task data --dataset ${name}`));
  }
  return loaded;
}

async function readKnownFile(folder: string, file: CatalogueFile, remedy: string): Promise<LoadedFile> {
  const { path, bytes } = await readOr(`run "${remedy}"`, folder, namesToRead(file));
  try {
    const kept = await verifyFile(file, bytes, path);
    return { path, array: await readIdx(kept, { maxBytes: file.sizeBytes, file: path }) };
  } catch (cause) {
    throw new RangeError(`${reasonOf(cause)}; the file has changed: delete it and run "${remedy}"`, {
      cause,
    });
  }
}

async function readOwn(folder: string): Promise<LoadedFile[]> {
  const loaded: LoadedFile[] = [];
  for (const name of FILE_NAMES) {
    const remedy = `put ${FILE_NAMES.join(", ")} there`;
    const { path, bytes } = await readOr(remedy, folder, [name, `${name}.gz`]);
    loaded.push({ path, array: await readIdx(bytes, { file: path }) });
  }
  return loaded;
}

async function readOr(remedy: string, folder: string, names: readonly string[]): Promise<FileBytes> {
  const found = await readFirst(folder, names);
  if (found) return found;
  throw new Deno.errors.NotFound(
    `Cannot load ${folder}: it must hold ${names.join(" or ")}: current value is no such file; ${remedy}`,
  );
}

function makeSplit(images: LoadedFile, labels: LoadedFile, classes: number): Split {
  const pixels = expectBytes(images, ["count", "height", "width"]);
  const classOf = expectBytes(labels, ["count"]);
  const [count, height, width] = images.array.shape;
  if (pixels.length === 0) {
    throw new RangeError(
      `Cannot load ${images.path}: there must be at least one pixel: current value is [${
        images.array.shape.join(", ")
      }]`,
    );
  }
  if (classOf.length !== count) {
    throw new RangeError(
      `Cannot load ${labels.path}: there must be one label for each of the ${count} images: ` +
        `current value is ${classOf.length}`,
    );
  }
  const wrong = classOf.findIndex((label) => label >= classes);
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot load ${labels.path}: labels must be below the ${classes} classes: ` +
        `current value of label ${wrong} is ${classOf[wrong]}`,
    );
  }
  return { pixels: moveToShared(pixels), labels: classOf, count, height, width };
}

function expectBytes({ path, array }: LoadedFile, axes: readonly string[]): Uint8Array {
  if (array.type === "u8" && array.shape.length === axes.length) return array.data;
  throw new TypeError(
    `Cannot load ${path}: it must hold u8 [${axes.join(", ")}]: ` +
      `current value is ${array.type} [${array.shape.join(", ")}]`,
  );
}

function nameClasses(entry: CatalogueEntry | undefined, classes: number | undefined): readonly string[] {
  if (entry && (classes === undefined || classes === entry.classNames.length)) return entry.classNames;
  const count = classes ?? 10;
  if (!(Number.isInteger(count) && count >= 1 && count <= 256)) {
    throw new RangeError(
      `Cannot load data set: classes must be an integer from 1 to 256: current value is ${count}`,
    );
  }
  return Array.from({ length: count }, (_, label) => String(label));
}

function takeFirst(train: Split, limit: number): Split {
  if (Number.isInteger(limit) && limit >= 1 && limit <= train.count) return takeImages(train, 0, limit);
  throw new RangeError(
    `Cannot limit the training images: limit must be an integer from 1 to ${train.count}: current value is ${limit}`,
  );
}
