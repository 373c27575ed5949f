/**
 * MNIST, as the page fetches it: the training images in parts, so that training begins with the first one.
 *
 * @module
 */
import { gzipSync } from "fflate";
import type { Dataset } from "../../lib/data/dataset.ts";
import { takeImages } from "../../lib/data/images.ts";
import { packPart } from "../data/part.ts";
import { encodeParts } from "../data/parts.ts";

/** The first test images, which the page shows as digits to read. */
const DIGITS = 500;

/** The files of a data set, by path: `mnist/index.json` and the parts that it lists, and `mnist/digits.gz`. */
export async function mnistFiles(
  { train, test }: Pick<Dataset, "train" | "test">,
): Promise<Map<string, Uint8Array>> {
  const parts = await encodeParts({ train, test }, compress);
  const files = new Map<string, Uint8Array>([...parts].map(([name, bytes]) => [`mnist/${name}`, bytes]));
  files.set("mnist/digits.gz", compress(packPart(takeImages(test, 0, Math.min(DIGITS, test.count)))));
  return files;
}

/** By a program in JavaScript, which gives the same bytes on every machine. */
function compress(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return gzipSync(bytes, { level: 6, mtime: 0 });
}
