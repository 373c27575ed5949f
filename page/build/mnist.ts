/**
 * MNIST, as the page fetches it: the training images in parts, so that training begins with the first one.
 *
 * @module
 */
import { gzipSync } from "fflate";
import type { Dataset } from "../../lib/data/dataset.ts";
import { takeImages } from "../../lib/data/images.ts";
import { packPart, TEST_DIGITS } from "../data/part.ts";
import { encodeParts } from "../data/parts.ts";

/** The files of a data set, by path: `mnist/index.json` and the parts that it lists, and `mnist/digits.bin`. */
export async function mnistFiles(
  { train, test }: Pick<Dataset, "train" | "test">,
): Promise<Map<string, Uint8Array>> {
  const parts = await encodeParts({ train, test }, compress);
  const files = new Map<string, Uint8Array>([...parts].map(([name, bytes]) => [`mnist/${name}`, bytes]));
  files.set("mnist/digits.bin", compress(packPart(takeImages(test, 0, Math.min(TEST_DIGITS, test.count)))));
  return files;
}

/** By a program in JavaScript, which gives the same bytes on every machine. */
function compress(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return gzipSync(bytes, { level: 6, mtime: 0 });
}
