/**
 * MNIST, as the page fetches it: the training images in parts, so that training begins with the first one.
 *
 * @module
 */
import { gzipSync } from "fflate";
import type { Dataset } from "../../lib/data/dataset.ts";
import { type Split, takeImages } from "../../lib/data/images.ts";
import { packPart } from "../data/part.ts";

/** Training images in a part. */
const PART_IMAGES = 5_000;
/** The first test images, which the page shows as digits to read. */
const DIGITS = 500;

/** The files of a data set, by path: `mnist/train-00.gz` and so on, `mnist/test.gz` and `mnist/digits.gz`. */
export function mnistFiles({ train, test }: Pick<Dataset, "train" | "test">): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (let from = 0, part = 0; from < train.count; from += PART_IMAGES, part++) {
    const name = `mnist/train-${String(part).padStart(2, "0")}.gz`;
    files.set(name, compress(takeImages(train, from, Math.min(from + PART_IMAGES, train.count))));
  }
  files.set("mnist/test.gz", compress(test));
  files.set("mnist/digits.gz", compress(takeImages(test, 0, Math.min(DIGITS, test.count))));
  return files;
}

/** By a program in JavaScript, which gives the same bytes on every machine. */
function compress(split: Split): Uint8Array {
  return gzipSync(packPart(split), { level: 6, mtime: 0 });
}
