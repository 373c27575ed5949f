/**
 * Images that a user names: a picture, prepared as the training images were, or the number of a test image.
 *
 * @module
 */
import * as scanline from "../../mod.ts";
import {
  type ImageSize,
  pictureOptions,
  type PreparedPicture,
  type PreparePictureOptions,
  printable,
  readWhole,
  type SavedRun,
} from "../../run.ts";
import type { Flags, FlagValues } from "./flags.ts";

/** An image, with its label if that is known. */
export interface NamedImage {
  /** A path, or `#` and a number. */
  readonly name: string;
  readonly image: scanline.Images;
  readonly label: number | null;
  /** How the picture was prepared; null for a test image. */
  readonly prepared: PreparedPicture | null;
}

const MAX_BYTES = 2 ** 26;

/** Flags that say how pictures become images. */
export const PICTURE_FLAGS = {
  prepare: {
    kind: "choice",
    choices: ["digit", "none"],
    help:
      "crop and centre pictures as MNIST's digits, or only scale them (default: as the model's images were)",
  },
  invert: {
    kind: "choice",
    choices: ["yes", "no"],
    help:
      "swap light and dark of pictures (default: where they are dark on light, and the model's images are known not to be)",
  },
} as const satisfies Flags;

/** How pictures must be prepared for the model of a run, unless flags say otherwise. */
export function preparationFor(
  run: SavedRun,
  { prepare, invert }: Partial<FlagValues<typeof PICTURE_FLAGS>>,
): PreparePictureOptions {
  const own = pictureOptions(run);
  return { ...own, preparation: prepare ?? own.preparation, invert: invert && invert === "yes" };
}

/** Loads and prepares one picture. @throws {Error} If it cannot be read; the message names it. */
export async function loadPicture(
  path: string,
  size: ImageSize,
  options: PreparePictureOptions,
): Promise<NamedImage> {
  const bytes = await readWhole(path, { mostBytes: MAX_BYTES });
  try {
    const raster = await scanline.decodePicture(bytes);
    const prepared = scanline.preparePicture(raster, size, options);
    return { name: path, image: prepared.image, label: null, prepared };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || !(error instanceof Error)) throw error;
    const reason = error.message.replace(/^Cannot [^:]+: /, ""); // which names no file
    throw new Error(`Cannot use ${printable(path)}: ${reason}`, { cause: error });
  }
}

/** How pictures were prepared, in one line or two; null without pictures. */
export function describePreparation(
  images: readonly NamedImage[],
  { preparation, lightOnBlack }: PreparePictureOptions,
  { height, width }: ImageSize,
): string | null {
  const pictures = images.flatMap(({ prepared }) => prepared ?? []);
  if (pictures.length === 0) return null;
  const words = {
    digit: "cropped and centred as MNIST's digits",
    scaled: `scaled to ${width} × ${height}`,
    nothing: "taken as they are",
  };
  const parts = Object.entries(words).flatMap(([done, what]) => {
    const count = pictures.filter((picture) => picture.done === done).length;
    return count === 0 ? [] : count === pictures.length ? [what] : [`${count} ${what}`];
  });
  const inverted = pictures.filter((picture) => picture.inverted).length;
  if (inverted > 0) parts.push(`${inverted === pictures.length ? "" : `${inverted} `}light and dark swapped`);
  const other = preparation === "digit" ? "none" : "digit";
  const line = `Pictures: ${parts.join(", ")} (--prepare ${other} does otherwise)`;
  const isUnclear = !lightOnBlack && pictures.some((picture) => picture.lightGround);
  return isUnclear
    ? `${line}\n  Their ground is light: --invert yes, if the model's images are light on dark`
    : line;
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
    prepared: null,
  };
}
