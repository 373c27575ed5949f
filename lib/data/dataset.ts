/**
 * Images and their labels, as the bytes in the files.
 *
 * @module
 */
import { excerpt, printable } from "../excerpt.ts";
import { BOOLEAN, checkOptions, NUMBER, optional, type Rules, TEXT, whole } from "../options.ts";
import { type CatalogueEntry, type DatasetName, findDataset } from "./catalogue.ts";
import { type Split, takeImages } from "./images.ts";
import { type FileBytes, readFirst, reasonOf } from "./files.ts";
import { findFiles } from "./find_files.ts";
import { readIdx } from "./gzip.ts";
import type { IdxType } from "./idx.ts";
import { type LabelRange, type LoadedFile, MOST_CLASSES, rangeOfLabels, toClasses } from "./labels.ts";
import type { ImageSize } from "./raster.ts";
import { allocateShared, moveToShared } from "./shared.ts";
import { namesToRead, verifyFile } from "./verify.ts";

/** Images to train on and images to test with. */
export interface Dataset {
  /** `mnist`, or the name of your own data's folder. */
  readonly name: string;
  /** The images to train on. */
  readonly train: Split;
  /** The images to test with, of the same size. */
  readonly test: Split;
  /** How many classes there are. */
  readonly classes: number;
  /** The label of class 0 in the files. */
  readonly firstLabel: number;
  /** What class 0, 1, … stands for. */
  readonly classNames: readonly string[];
}

/** What to load. */
export interface LoadOptions {
  /** Default: `mnist`. */
  readonly dataset?: DatasetName;
  /**
   * A folder with four IDX files named as MNIST's are, or as LeCun or EMNIST name them, raw or `.gz`. Their images may have
   * any size, and are not compared with the catalogue. Default: `data/<dataset>`, whose files are compared.
   */
  readonly dataDir?: string;
  /** How many classes the data in `dataDir` has, 2 to 256. Default: from the lowest label to the highest. */
  readonly classes?: number;
  /** The label of class 0 in `dataDir`. Default: the lowest, or, if `classes` is given, 0 if that includes all labels. */
  readonly firstLabel?: number;
  /** Whether the images in `dataDir` are stored column by column, as EMNIST's are. Default: false. */
  readonly transpose?: boolean;
  /** What class 0, 1, … of the data in `dataDir` stands for. Default: their labels. */
  readonly classNames?: readonly string[];
  /** How many training images to take, from the first on. Default: all. */
  readonly limit?: number;
}

const LOAD_RULES: Rules<LoadOptions> = {
  dataset: optional(TEXT),
  dataDir: optional(TEXT),
  classes: optional(whole(2, MOST_CLASSES)),
  firstLabel: optional(whole(0)),
  transpose: optional(BOOLEAN),
  classNames: optional({ must: "a list of texts", isKind: Array.isArray }),
  limit: optional(NUMBER),
};

/**
 * Loads a data set from the four IDX files in a folder. The pixels lie in shared memory, so threads need no copies.
 *
 * A data set of the catalogue is hashed as it is loaded, so a change of a file on disk is noticed.
 *
 * @throws {Deno.errors.NotFound} If a file is missing.
 * @throws {Deno.errors.NotCapable} If Deno may not read the folder; the message names the flag.
 * @throws {IdxSyntaxError} If a file in `dataDir` is not IDX, or is damaged.
 * @throws {TypeError} If a file holds anything but u8 images or whole numbers as labels, or if an option is unknown or of
 * another kind.
 * @throws {RangeError} If the counts or sizes do not agree, if a label belongs to no class, if a file of the catalogue has
 * changed, or if an option is out of range.
 *
 * @example
 * ```ts ignore
 * import { loadDataset } from "./dataset.ts";
 *
 * const { train, test } = await loadDataset({ dataset: "fashion-mnist" }); // 60,000 and 10,000 images of 28 × 28
 * const letters = await loadDataset({ dataDir: "data/letters", transpose: true }); // 26 classes: labels 1 to 26
 * ```
 */
export async function loadDataset(options: LoadOptions = {}): Promise<Dataset> {
  checkOptions("load data set", options, LOAD_RULES);
  const { dataset, dataDir, limit } = options;
  const entry = dataDir === undefined || dataset !== undefined ? findDataset(dataset ?? "mnist") : undefined;
  if (dataDir === undefined) checkLeftOut(options, entry!);
  const files = dataDir === undefined ? await readKnown(entry!) : await readOwn(dataDir);
  const [trainImages, trainLabels, testImages, testLabels] = files;
  // Labels may be of any type.
  [trainLabels, testLabels].forEach((file) => expectArray(file, file.array.type, ["count"]));
  const range = rangeOfLabels([trainLabels, testLabels], {
    classes: options.classes ?? entry?.classNames.length,
    firstLabel: options.firstLabel ?? (entry && options.classes === undefined ? 0 : undefined),
  });
  const classNames = nameClasses(options.classNames, entry, range);
  const transpose = options.transpose ?? false;
  const train = makeSplit(trainImages, trainLabels, { range, transpose });
  const test = makeSplit(testImages, testLabels, { range, transpose });
  if (train.height !== test.height || train.width !== test.width) {
    throw new RangeError(
      `Cannot load ${testImages.path}: images must be ${train.height} x ${train.width} as in ${trainImages.path}: ` +
        `current value is ${test.height} x ${test.width}`,
    );
  }
  return {
    name: entry?.name ?? dataDir!.split(/[/\\]/).filter(Boolean).at(-1) ?? dataDir!,
    train: limit === undefined ? train : takeFirst(train, limit),
    test,
    ...range,
    classNames,
  };
}

/** Options for your own files mean nothing for known ones. */
function checkLeftOut(options: LoadOptions, { name }: CatalogueEntry): void {
  for (const key of ["classes", "firstLabel", "transpose", "classNames"] as const) {
    if (options[key] === undefined) continue;
    const found = excerpt(options[key]);
    throw new RangeError(
      `Cannot load ${name}: ${key} must be left out without dataDir: current value is ${found}`,
    );
  }
}

/** One after another, so only one packed file is in memory at a time. */
async function readKnown({ name, files }: CatalogueEntry): Promise<LoadedFile[]> {
  const remedy = `run "deno task data --dataset ${name}"`;
  const loaded: LoadedFile[] = [];
  for (const file of files) {
    const { path, bytes } = await readOr(remedy, `data/${name}`, namesToRead(file));
    try {
      const kept = verifyFile(file, bytes, path);
      loaded.push({ path, array: readIdx(kept, { maxBytes: file.sizeBytes, file: path }) });
    } catch (cause) {
      const message = `${reasonOf(cause)}; the file has changed: delete it and ${remedy}`;
      throw new RangeError(message, { cause });
    }
  }
  return loaded;
}

async function readOwn(folder: string): Promise<LoadedFile[]> {
  const loaded: LoadedFile[] = [];
  for (const name of await findFiles(folder)) {
    const { path, bytes } = await readOr("put it there", folder, [name]);
    loaded.push({ path: printable(path), array: readIdx(bytes, { file: printable(path) }) });
  }
  return loaded;
}

async function readOr(remedy: string, folder: string, names: readonly string[]): Promise<FileBytes> {
  const found = await readFirst(folder, names);
  if (found) return found;
  throw new Deno.errors.NotFound(
    `Cannot load ${folder}: it must hold ${names.join(" or ")}; ${remedy}`,
  );
}

function makeSplit(
  images: LoadedFile,
  labels: LoadedFile,
  { range, transpose }: { range: LabelRange; transpose: boolean },
): Split {
  expectArray(images, "u8", ["count", "height", "width"]);
  const { shape, data } = images.array;
  if (data.length === 0) {
    throw new RangeError(
      `Cannot load ${images.path}: there must be at least one pixel: current value is [${shape.join(", ")}]`,
    );
  }
  const pixels = data as Uint8Array;
  const [count, ...size] = shape;
  const [height, width] = transpose ? size.toReversed() : size;
  const classOf = toClasses(labels, range);
  if (classOf.length !== count) {
    throw new RangeError(
      `Cannot load ${labels.path}: there must be one label for each of the ${count} images: ` +
        `current value is ${classOf.length}`,
    );
  }
  const rowByRow = transpose ? transposed(pixels, { height, width }) : moveToShared(pixels);
  return { pixels: rowByRow, labels: classOf, count, height, width };
}

/** Converts images from column by column to row by row, in shared memory. */
function transposed(pixels: Uint8Array, { height, width }: ImageSize): Uint8Array {
  const size = height * width;
  const target = allocateShared(pixels, pixels.length);
  for (let first = 0; first < pixels.length; first += size) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) target[first + y * width + x] = pixels[first + x * height + y];
    }
  }
  return target;
}

function expectArray({ path, array }: LoadedFile, type: IdxType, axes: readonly string[]): void {
  if (array.type === type && array.shape.length === axes.length) return;
  throw new TypeError(
    `Cannot load ${path}: it must hold ${type} [${axes.join(", ")}]: ` +
      `current value is ${array.type} [${array.shape.join(", ")}]`,
  );
}

/** The given names, those of the catalogue, or the labels. */
function nameClasses(
  given: readonly string[] | undefined,
  entry: CatalogueEntry | undefined,
  { classes, firstLabel }: LabelRange,
): readonly string[] {
  if (given && given.length !== classes) {
    throw new RangeError(
      `Cannot load data set: classNames must be one for each of the ${classes} classes: ` +
        `current value is ${given.length}`,
    );
  }
  if (given) return given;
  if (entry?.classNames.length === classes) return entry.classNames;
  return Array.from({ length: classes }, (_, k) => String(firstLabel + k));
}

function takeFirst(train: Split, limit: number): Split {
  if (Number.isInteger(limit) && limit >= 1 && limit <= train.count) return takeImages(train, 0, limit);
  throw new RangeError(
    `Cannot limit the training images: limit must be an integer from 1 to ${train.count}: current value is ${limit}`,
  );
}
