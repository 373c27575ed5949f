/**
 * Images that a person names: a PNG file, prepared as the network knows its digits, or the number of a test image.
 *
 * @module
 */
import { readWhole } from "../../lib/data/files.ts";
import { printable } from "../../lib/excerpt.ts";
import * as scanline from "../../mod.ts";

/** An image to look at, and what it is if that is known. */
export interface NamedImage {
  /** As it was given. */
  readonly name: string;
  readonly image: scanline.Images;
  readonly label: number | null;
}

const MAX_BYTES = 2 ** 26;

/** Reads and prepares one PNG file. The message of an error names it. */
export async function loadPicture(
  path: string,
  size: { height: number; width: number },
): Promise<scanline.Images> {
  try {
    const bytes = await readWhole(path, { mostBytes: MAX_BYTES });
    return scanline.prepareDigit(await scanline.decodePng(bytes), size);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || !(error instanceof Error)) throw error;
    throw new Error(`Cannot use ${path}: ${error.message}`, { cause: error });
  }
}

/** An image of a split, by its number. */
export function takeImage(split: scanline.Split, position: number): NamedImage {
  const { height, width, count, pixels, labels } = split;
  if (position >= count) {
    throw new RangeError(
      `Cannot take image ${position}: it must be below the ${count} of the split: current value is ${position}`,
    );
  }
  const bytes = pixels.slice(position * height * width, (position + 1) * height * width);
  return {
    name: `#${position}`,
    image: { pixels: bytes, count: 1, height, width },
    label: labels[position],
  };
}

/** The folder that images are loaded from. */
export function dataFolder({ dataset = "mnist", dataDir }: { dataset?: unknown; dataDir?: unknown }): string {
  return dataDir === undefined || dataDir === null ? `data/${dataset}` : String(dataDir);
}

/** What class 0, 1, … of a run stands for, to show; numbers, where nothing tells. */
export function classNamesOf(run: scanline.SavedRun, classes: number): readonly string[] {
  return savedClassNames(run, classes).map((name) => printable(name));
}

/** The same to the letter, whatever characters are in it. */
export function savedClassNames({ config }: scanline.SavedRun, classes: number): readonly string[] {
  const { classNames } = config.model ?? {};
  if (classNames?.length === classes) return classNames;
  const { dataset = "mnist", dataDir } = config.data;
  const entry = dataDir === undefined && Object.hasOwn(scanline.CATALOGUE, String(dataset))
    ? scanline.CATALOGUE[dataset as scanline.DatasetName]
    : null;
  return entry?.classNames.length === classes
    ? entry.classNames
    : Array.from({ length: classes }, (_, k) => String(k));
}
