import assert from "node:assert/strict";
import fc from "fast-check";
import { CATALOGUE, type DatasetName } from "../../lib/data/catalogue.ts";
import { type Split, takeImages } from "../../lib/data/images.ts";
import { loadDataset, type LoadOptions } from "../../lib/data/dataset.ts";
import type { IdxArray } from "../../lib/data/idx.ts";
import { encodeIdx } from "../support/encode_files.ts";
import { lacks, named } from "../support/permissions.ts";
import { FOLDER_NEEDS, inFolder, packed, SMALL_FILES, writeSmallFiles } from "./support/small_dataset.ts";

function folderTest(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test({ name: named(name, FOLDER_NEEDS), ignore: lacks(FOLDER_NEEDS), fn: () => inFolder(fn) });
}

async function errorOf(options: LoadOptions): Promise<Error> {
  try {
    await loadDataset(options);
  } catch (error) {
    assert(error instanceof Error);
    return error;
  }
  assert.fail("it loaded");
}

const u8 = (...shape: number[]) =>
  encodeIdx({ type: "u8", shape, data: new Uint8Array(shape.reduce((product, size) => product * size, 1)) });

folderTest("loadDataset() reads raw and packed files from any folder", async (folder) => {
  const [trainImages, trainLabels, , testLabels] = SMALL_FILES.keys();
  await writeSmallFiles(folder, (name, file) => name === trainLabels ? undefined : file);
  await Deno.writeFile(`${folder}/${trainLabels}.gz`, packed(trainLabels));

  const { name, train, test, classes, firstLabel, classNames } = await loadDataset({ dataDir: folder });
  assert.equal(name, folder.split("/").at(-1));
  assert.deepEqual([train.count, train.height, train.width], [6, 4, 3]);
  assert.deepEqual([test.count, test.height, test.width], [4, 4, 3]);
  assert.deepEqual(train.pixels, SMALL_FILES.get(trainImages)!.slice(16));
  assert.deepEqual(train.labels, SMALL_FILES.get(trainLabels)!.slice(8));
  assert.deepEqual(test.labels, SMALL_FILES.get(testLabels)!.slice(8));
  assert(train.pixels.buffer instanceof SharedArrayBuffer);
  assert.deepEqual([classes, firstLabel], [9, 0]); // labels 0 to 8
  assert.deepEqual(classNames, ["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
});

folderTest("loadDataset() gives data in a folder the class names of a data set", async (folder) => {
  await writeSmallFiles(folder);
  const { name, classNames } = await loadDataset({ dataDir: folder, dataset: "kmnist" });
  assert.equal(name, "kmnist");
  assert.equal(classNames[9], "wo");
});

folderTest("loadDataset() takes the first training images and leaves the test images", async (folder) => {
  await writeSmallFiles(folder);
  const all = await loadDataset({ dataDir: folder });
  const some = await loadDataset({ dataDir: folder, limit: 2 });
  assert.deepEqual(some.train, takeImages(all.train, 0, 2));
  assert.deepEqual(some.test, all.test);
  for (const limit of [0, 7, 1.5, NaN]) {
    const { name, message } = await errorOf({ dataDir: folder, limit });
    assert.equal(name, "RangeError");
    assert.match(message, new RegExp(`limit must be an integer from 1 to 6: current value is ${limit}`));
  }
});

/** Writes label files: six of training images, four of test images. */
async function writeLabels(folder: string, train: readonly number[], test: readonly number[]): Promise<void> {
  const [, trainLabels, , testLabels] = SMALL_FILES.keys();
  const labels = (values: readonly number[]) =>
    encodeIdx({ type: "u8", shape: [values.length], data: Uint8Array.from(values) });
  await writeSmallFiles(
    folder,
    (name, file) => name === trainLabels ? labels(train) : name === testLabels ? labels(test) : file,
  );
}

const CLASSES: [
  string,
  train: number[],
  test: number[],
  Partial<LoadOptions>,
  classes: number,
  firstLabel: number,
][] = [
  ["the labels from the lowest to the highest", [1, 26, 2, 3, 3, 3], [1, 7, 8, 9], {}, 26, 1],
  ["labels of both splits", [3, 4, 5, 3, 4, 5], [2, 6, 3, 3], {}, 5, 2],
  ["labels with holes", [0, 61, 0, 61, 0, 61], [61, 0, 0, 0], {}, 62, 0],
  ["as many as it is told", [0, 1, 1, 1, 1, 1], [0, 1, 1, 1], { classes: 47 }, 47, 0],
  ["so many that the highest label is one", [2, 26, 2, 3, 3, 3], [2, 7, 8, 9], { classes: 26 }, 26, 1],
  ["those from a first label on", [2, 3, 3, 3, 3, 3], [3, 2, 2, 2], { firstLabel: 1 }, 3, 1],
  ["both as told", [2, 3, 3, 3, 3, 3], [3, 2, 2, 2], { firstLabel: 1, classes: 26 }, 26, 1],
  ["256 classes", [0, 255, 3, 3, 3, 3], [3, 3, 3, 3], {}, 256, 0],
];

for (const [what, train, test, options, classes, firstLabel] of CLASSES) {
  folderTest(`loadDataset() takes for classes ${what}`, async (folder) => {
    await writeLabels(folder, train, test);
    const found = await loadDataset({ dataDir: folder, ...options });
    assert.deepEqual([found.classes, found.firstLabel], [classes, firstLabel]);
    assert.deepEqual([...found.train.labels], train.map((label) => label - firstLabel));
    assert.deepEqual([...found.test.labels], test.map((label) => label - firstLabel));
    assert.deepEqual(
      [found.classNames[0], found.classNames.at(-1)],
      [`${firstLabel}`, `${firstLabel + classes - 1}`],
    );
  });
}

const NO_CLASSES: [string, number[], Partial<LoadOptions>, RegExp][] = [
  ["one class", [3, 3, 3, 3, 3, 3], {}, /labels-idx1-ubyte: there must be 2 to 256 .* is labels 3 to 3$/],
  [
    "a label beyond them",
    [0, 25, 0, 0, 0, 0],
    { classes: 10, firstLabel: 0 },
    /the 10 classes must be labels 0 to 9: current value is labels 0 to 25$/,
  ],
  [
    "more labels than classes",
    [0, 25, 0, 0, 0, 0],
    { classes: 25 },
    /there must be 25 classes: current value is labels 0 to 25$/,
  ],
  ["a label below the first", [0, 2, 2, 2, 2, 2], { firstLabel: 1 }, /the 2 classes must be labels 1 to 2/],
  ["other classes than the data set's", [0, 10, 2, 2, 2, 2], { dataset: "kmnist" }, /10 classes must be/],
  ["no class", [0, 1, 1, 1, 1, 1], { classes: 1 }, /classes must be a whole number from 2 to 256: .* is 1$/],
  ["too many classes", [0, 1, 1, 1, 1, 1], { classes: 257 }, /classes must be a whole number from 2 to 256/],
  ["half a class", [0, 1, 1, 1, 1, 1], { classes: 2.5 }, /classes must be a whole number from 2 to 256/],
  ["half a label", [0, 1, 1, 1, 1, 1], { firstLabel: 0.5 }, /firstLabel must be a whole number from 0 on/],
  [
    "names of other classes",
    [0, 1, 2, 2, 2, 2],
    { classNames: ["a", "b"] },
    /one for each of the 3 classes: .* is 2$/,
  ],
];

for (const [what, train, options, message] of NO_CLASSES) {
  folderTest(`loadDataset() rejects ${what}`, async (folder) => {
    await writeLabels(folder, train, train.slice(0, 4));
    const error = await errorOf({ dataDir: folder, ...options });
    assert.equal(error.name, "RangeError");
    assert.match(error.message, message);
  });
}

folderTest("loadDataset() takes labels of any type if they are whole numbers", async (folder) => {
  const [, trainLabels] = SMALL_FILES.keys();
  const write = (data: Int32Array | Float64Array, type: "i32" | "f64") =>
    Deno.writeFile(`${folder}/${trainLabels}`, encodeIdx({ type, shape: [6], data } as IdxArray));
  await writeSmallFiles(folder);
  await write(Int32Array.of(1000, 1003, 1009, 1001, 1001, 1001), "i32");
  assert.match((await errorOf({ dataDir: folder })).message, /2 to 256 classes: .* is labels 1 to 1009$/);
  await write(Int32Array.of(5, 3, 9, 0, 0, 0), "i32");
  assert.deepEqual([...(await loadDataset({ dataDir: folder })).train.labels], [5, 3, 9, 0, 0, 0]);
  await write(Int32Array.of(5, -1, 9, 1, 1, 1), "i32");
  assert.match((await errorOf({ dataDir: folder })).message, /labels, from 0 on: .* is labels -1 to 9$/);
  for (const wrong of [0.5, NaN, Infinity, 1e300]) {
    await write(Float64Array.of(5, 3, wrong, 1, 1, 1), "f64");
    const { name, message } = await errorOf({ dataDir: folder });
    assert.equal(name, "TypeError");
    assert(
      message.endsWith(`${trainLabels}: labels must be whole numbers: current value is ${wrong}`),
      message,
    );
  }
});

folderTest("loadDataset() says what a file is that is not IDX", async (folder) => {
  await writeLabels(folder, [0, 1, 2, 2, 2, 2], [0, 1, 2, 2]);
  await Deno.writeTextFile(`${folder}/train-images-idx3-ubyte`, "<!DOCTYPE html><html>404");
  await Deno.remove(`${folder}/train-images-idx3-ubyte.gz`).catch(() => {});
  const { name, message } = await errorOf({ dataDir: folder });
  assert.equal(name, "IdxSyntaxError");
  assert.match(
    message,
    /train-images-idx3-ubyte: it must be IDX: current value is a web page \(at byte 0\)$/,
  );
});

folderTest("loadDataset() takes names for classes", async (folder) => {
  await writeLabels(folder, [0, 1, 1, 1, 1, 1], [0, 1, 1, 1]);
  const { classNames } = await loadDataset({ dataDir: folder, classNames: ["cat", "dog"] });
  assert.deepEqual(classNames, ["cat", "dog"]);
});

folderTest("loadDataset() turns images that are stored column by column", async (folder) => {
  await writeSmallFiles(folder);
  const asTheyLie = await loadDataset({ dataDir: folder });
  const turned = await loadDataset({ dataDir: folder, transpose: true });
  for (const split of ["train", "test"] as const) {
    const { height, width, count, pixels } = asTheyLie[split], { pixels: found } = turned[split];
    assert.deepEqual([turned[split].height, turned[split].width, turned[split].count], [
      width,
      height,
      count,
    ]);
    assert(found.buffer instanceof SharedArrayBuffer);
    for (let i = 0; i < pixels.length; i++) {
      const n = Math.floor(i / (height * width)), y = Math.floor(i / width) % height, x = i % width;
      assert.equal(found[n * height * width + x * height + y], pixels[i]);
    }
  }
});

/** How others write a file name of MNIST's. */
const NAMINGS: [string, (name: string) => string][] = [
  ["LeCun", (name) => name.replace(/-(idx\d)-/, ".$1-")],
  ["EMNIST", (name) => `emnist-letters-${name.replace("t10k", "test")}`],
  ["EMNIST's, packed", (name) => `emnist-letters-${name.replace("t10k", "test")}.gz`],
  ["others", (name) => `${name.replace("t10k", "test").replace(/-idx.*/, "")}`],
  ["someone in capitals", (name) => name.toUpperCase().replaceAll("-", "_")],
];

for (const [who, rename] of NAMINGS) {
  folderTest(`loadDataset() finds files named by ${who}`, async (folder) => {
    for (const [name, file] of SMALL_FILES) {
      const renamed = rename(name);
      await Deno.writeFile(`${folder}/${renamed}`, renamed.endsWith(".gz") ? packed(name) : file);
    }
    await Deno.writeTextFile(`${folder}/emnist-letters-mapping.txt`, "1 65 97\n");
    await Deno.writeTextFile(`${folder}/train-images.txt`, "not these");
    await Deno.mkdir(`${folder}/train-images-idx3-ubyte-unpacked`);
    const { train, test } = await loadDataset({ dataDir: folder });
    const [trainImages, trainLabels, testImages] = SMALL_FILES.values();
    assert.deepEqual(train.pixels, trainImages.slice(16));
    assert.deepEqual(train.labels, trainLabels.slice(8));
    assert.deepEqual(test.pixels, testImages.slice(16));
  });
}

folderTest("loadDataset() names the files between which it cannot choose", async (folder) => {
  await writeSmallFiles(folder);
  const [trainImages, , , testLabels] = SMALL_FILES.keys();
  await Deno.writeFile(`${folder}/${testLabels}.gz`, packed(testLabels)); // the same file again
  assert.equal((await loadDataset({ dataDir: folder })).test.count, 4);
  await Deno.writeFile(`${folder}/emnist-digits-${trainImages}.gz`, packed(trainImages));
  const { name, message } = await errorOf({ dataDir: folder });
  assert.equal(name, "RangeError");
  assert.match(message, /it must hold one file of training images: /);
  assert.match(message, /is emnist-digits-train-images-idx3-ubyte.gz and train-images-idx3-ubyte; /);
});

Deno.test("loadDataset() rejects options that contradict each other or are unknown", async () => {
  for (const options of [{ classes: 10 }, { firstLabel: 0 }, { transpose: false }, { classNames: ["a"] }]) {
    const [key] = Object.keys(options);
    assert.match((await errorOf(options)).message, new RegExp(`${key} must be left out without dataDir`));
  }
  const unknown = await errorOf({ dataset: "cifar" as DatasetName });
  assert.match(
    unknown.message,
    /dataset must be one of mnist, fashion-mnist, kmnist: current value is cifar/,
  );
});

const WRONG: [string, Record<number, Uint8Array>, string, RegExp][] = [
  ["too few labels", { 1: u8(5) }, "RangeError", /labels-idx1.*one label for each of the 6 images: .* is 5$/],
  [
    "too many labels",
    { 3: u8(9) },
    "RangeError",
    /t10k-labels.*one label for each of the 4 images: .* is 9$/,
  ],
  ["images of another size", { 2: u8(4, 3, 4) }, "RangeError", /t10k-images.* must be 4 x 3 .* is 3 x 4$/],
  [
    "no image",
    { 0: u8(0, 4, 3), 1: u8(0) },
    "RangeError",
    /at least one pixel: current value is \[0, 4, 3\]/,
  ],
  ["no pixel", { 2: u8(4, 0, 3) }, "RangeError", /at least one pixel: current value is \[4, 0, 3\]/],
  ["images without rows", { 0: u8(6, 12) }, "TypeError", /u8 \[count, height, width\].* is u8 \[6, 12\]$/],
  ["labels of two axes", { 1: u8(6, 1) }, "TypeError", /u8 \[count\]: current value is u8 \[6, 1\]$/],
  [
    "wide pixels",
    { 0: encodeIdx({ type: "f32", shape: [1, 1, 1], data: new Float32Array(1) }) },
    "TypeError",
    /train-images.* must hold u8 .* is f32 \[1, 1, 1\]$/,
  ],
  ["a cut file", { 2: u8(4, 4, 3).subarray(0, 60) }, "IdxSyntaxError", /t10k-images.* must be 64 bytes long/],
  [
    "a cut packed file",
    { 3: packed("t10k-labels-idx1-ubyte").subarray(0, 25) },
    "IdxSyntaxError",
    /t10k-labels/,
  ],
  [
    "an empty file",
    { 1: new Uint8Array() },
    "IdxSyntaxError",
    /train-labels.*must be IDX: current value is an empty file/,
  ],
];

for (const [what, files, errorName, pattern] of WRONG) {
  folderTest(`loadDataset() rejects ${what}`, async (folder) => {
    const names = [...SMALL_FILES.keys()];
    await writeSmallFiles(folder, (name, file) => files[names.indexOf(name)] ?? file);
    const { name, message } = await errorOf({ dataDir: folder });
    assert.equal(name, errorName);
    assert.match(message, pattern);
    assert.match(message, /^Cannot (load|parse) .*\/(train|t10k)-/);
  });
}

folderTest(
  "loadDataset() names the folder, the file and the remedy when a file is missing",
  async (folder) => {
    const [, , testImages] = SMALL_FILES.keys();
    await writeSmallFiles(folder, (name, file) => name === testImages ? undefined : file);
    const error = await errorOf({ dataDir: folder });
    assert(error instanceof Deno.errors.NotFound);
    assert(
      error.message.startsWith(`Cannot load ${folder}: it must hold ${testImages} or ${testImages}.gz: `),
    );
    assert.match(error.message, /; put train-images-idx3-ubyte, .* there$/);
    await Deno.mkdir(`${folder}/${testImages}`);
    assert.match(
      (await errorOf({ dataDir: folder })).message,
      /must hold t10k-images.* current value holds t10k/,
    );
    const nowhere = await errorOf({ dataDir: `${folder}/nowhere` });
    assert(nowhere instanceof Deno.errors.NotFound);
    assert.match(
      nowhere.message,
      /nowhere: it must be a folder with train-images-idx3-ubyte, .*-idx1-ubyte$/,
    );
  },
);

Deno.test({
  name: "loadDataset() names the flag when Deno may not read the folder",
  permissions: "none",
  fn: async () => {
    const error = await errorOf({ dataDir: "/nowhere/digits" });
    assert(error instanceof Deno.errors.NotCapable);
    assert.match(
      error.message,
      /^Cannot read \/nowhere\/digits\/: .*; add --allow-read=\/nowhere\/digits$/,
    );
    assert.match((await errorOf({})).message, /add --allow-read=data\/mnist$/);
  },
});

Deno.test("takeImages() rejects a split with too few or too many pixels or labels", () => {
  const split: Split = {
    pixels: new Uint8Array(60),
    labels: new Uint8Array(10),
    count: 10,
    height: 2,
    width: 3,
  };
  for (
    const changes of [{ count: 9 }, { pixels: new Uint8Array(59) }, { labels: new Uint8Array(11) }, {
      width: 4,
    }]
  ) {
    assert.throws(
      () => takeImages({ ...split, ...changes }, 0, 5),
      /^TypeError: Cannot take images: there must be/,
    );
  }
});

Deno.test("takeImages() returns some images and labels as views", () => {
  const split: Split = {
    pixels: Uint8Array.from({ length: 60 }, (_, at) => at),
    labels: Uint8Array.from({ length: 10 }, (_, at) => at),
    count: 10,
    height: 2,
    width: 3,
  };
  fc.assert(fc.property(fc.nat(10), fc.nat(10), (a, b) => {
    const [from, to] = [Math.min(a, b), Math.max(a, b)];
    const { pixels, labels, count, height, width } = takeImages(split, from, to);
    assert.deepEqual([count, height, width], [to - from, 2, 3]);
    assert.deepEqual(labels, split.labels.slice(from, to));
    assert.deepEqual(pixels, split.pixels.slice(from * 6, to * 6));
    assert.equal(pixels.buffer, split.pixels.buffer);
  }));
  for (const [from, to] of [[-1, 2], [3, 2], [0, 11], [0.5, 1], [0, NaN]]) {
    assert.throws(() => takeImages(split, from, to), /integers with 0 <= from <= to <= 10: current value is/);
  }
});

/** Why the real data cannot be tested, if so. */
function reasonAgainst(dataset: DatasetName): string {
  const needs = [{ name: "read", path: "data" }] as const;
  if (lacks(needs)) return ` (ignored: needs --allow-read=data)`;
  try {
    Deno.statSync(`data/${dataset}/.verified.json`);
    return "";
  } catch {
    return ` (ignored: needs deno task data --dataset ${dataset})`;
  }
}

/** The first labels, if known, and how many training images have label 1. */
const KNOWN: Record<DatasetName, { train?: string; test?: string; ones: number }> = {
  "mnist": { train: "5 0 4 1 9 2 1 3 1 4", test: "7 2 1 0 4 1 4 9 5 9", ones: 6742 },
  "fashion-mnist": { train: "9 0 0 3 0 2 7 2 5 5", test: "9 2 1 1 6 1 4 6 5 7", ones: 6000 },
  "kmnist": { ones: 6000 },
};

for (const dataset of Object.keys(CATALOGUE) as DatasetName[]) {
  const reason = reasonAgainst(dataset);
  Deno.test({
    name: `loadDataset() loads ${dataset} as it is known${reason}`,
    ignore: reason !== "",
    fn: async () => {
      const { name, train, test, classes } = await loadDataset({ dataset });
      assert.equal(name, dataset);
      assert.equal(classes, 10);
      assert.deepEqual([train.count, train.height, train.width], [60_000, 28, 28]);
      assert.deepEqual([test.count, test.height, test.width], [10_000, 28, 28]);
      const known = KNOWN[dataset];
      if (known.train) assert.equal(train.labels.subarray(0, 10).join(" "), known.train);
      if (known.test) assert.equal(test.labels.subarray(0, 10).join(" "), known.test);
      assert.equal(train.labels.filter((label) => label === 1).length, known.ones);
    },
  });
}
