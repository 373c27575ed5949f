/**
 * MNIST in parts, as it lies beside the page: a training can begin with the first part while the others are still loading.
 *
 * ```text
 * mnist/index.json     {@link PartsIndex}: which parts there are, and their hashes
 * mnist/train-00.bin   gzip of u8 pixels [count, height, width], then u8 labels [count]
 * mnist/train-01.bin …  test-00.bin …
 * ```
 *
 * Servers do not know `.bin`, and send it as it is; many send `.gz` so that browsers unpack it, and then no hash fits.
 *
 * @module
 */
import { type Split, takeImages } from "../../core.ts";
import { packPart } from "./part.ts";

/** The file that lists the parts. */
export const INDEX_FILE = "index.json";

/** Training images in each part: the first part is what `--limit 6400` takes. */
export const TRAIN_PART = 6_400;
/** Test images in each part. */
export const TEST_PART = 2_000;

/** The splits of a data set. */
export type PartSplit = "train" | "test";

/** One file. */
export interface PartEntry {
  /** Its name, beside the index. */
  readonly file: string;
  readonly split: PartSplit;
  /** How many images it has. */
  readonly count: number;
  /** The length of the file. */
  readonly packedBytes: number;
  /** Of the unpacked bytes, in hexadecimal. */
  readonly sha256: string;
}

/** What `index.json` holds. The parts of a split are in the order of its images. */
export interface PartsIndex {
  readonly height: number;
  readonly width: number;
  readonly parts: readonly PartEntry[];
}

/**
 * The files of the parts by name, `index.json` among them.
 *
 * @param compress To gzip
 */
export async function encodeParts(
  splits: Readonly<Record<PartSplit, Split>>,
  compress: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>(), parts: PartEntry[] = [];
  const { height, width } = splits.train;
  for (const [split, size] of [["train", TRAIN_PART], ["test", TEST_PART]] as const) {
    const { count: all } = splits[split];
    for (let from = 0, number = 0; from < all; from += size, number++) {
      const images = takeImages(splits[split], from, Math.min(from + size, all)), { count } = images;
      const plain = packPart(images), packed = compress(plain);
      const file = `${split}-${String(number).padStart(2, "0")}.bin`;
      files.set(file, packed);
      parts.push({ file, split, count, packedBytes: packed.length, sha256: await sha256(plain) });
    }
  }
  const index: PartsIndex = { height, width, parts };
  files.set(INDEX_FILE, new TextEncoder().encode(JSON.stringify(index, null, 1) + "\n"));
  return files;
}

/**
 * The images of one part.
 *
 * @throws {RangeError} If they are not the bytes that the index tells of.
 */
export async function decodePart(
  entry: PartEntry,
  { height, width }: PartsIndex,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Split> {
  const { file, count } = entry, expected = count * (height * width + 1);
  const plain = await unpack(file, bytes);
  if (plain.length !== expected) {
    throw new RangeError(
      `Cannot use ${file}: it must hold ${expected} bytes: current value is ${plain.length}`,
    );
  }
  const found = await sha256(plain);
  if (found !== entry.sha256) {
    throw new RangeError(
      `Cannot use ${file}: its SHA-256 must be ${entry.sha256}: current value is ${found}`,
    );
  }
  const end = count * height * width;
  return { pixels: plain.subarray(0, end), labels: plain.subarray(end), count, height, width };
}

/** @throws {SyntaxError} If the text is not the index of a data set. */
export function parseIndex(text: string): PartsIndex {
  let index: PartsIndex | null;
  try {
    index = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot use ${INDEX_FILE}: it must be JSON`, { cause });
  }
  const isWhole = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
  const isPart = (part: PartEntry | null) =>
    /^(train|test)-\d+\.bin$/.test(part?.file ?? "") && part!.file.startsWith(`${part!.split}-`) &&
    isWhole(part!.count) && isWhole(part!.packedBytes) && /^[0-9a-f]{64}$/.test(part!.sha256);
  const parts: unknown = index?.parts;
  if (isWhole(index?.height) && isWhole(index?.width) && Array.isArray(parts) && parts.every(isPart)) {
    return index!;
  }
  throw new SyntaxError(`Cannot use ${INDEX_FILE}: it must list the parts of a data set`);
}

async function unpack(file: string, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(unpacked).arrayBuffer());
  } catch (cause) {
    throw new RangeError(`Cannot use ${file}: it must be whole gzip data: current value is damaged`, {
      cause,
    });
  }
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
