import assert from "node:assert/strict";
import fc from "fast-check";
import { CATALOGUE, type DatasetName } from "../../lib/data/catalogue.ts";
import { loadDataset, type LoadOptions, type Split, takeImages } from "../../lib/data/dataset.ts";
import { encodeIdx } from "../../lib/data/idx.ts";
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

  const { name, train, test, classes, classNames } = await loadDataset({ dataDir: folder });
  assert.equal(name, folder.split("/").at(-1));
  assert.deepEqual([train.count, train.height, train.width], [6, 4, 3]);
  assert.deepEqual([test.count, test.height, test.width], [4, 4, 3]);
  assert.deepEqual(train.pixels, SMALL_FILES.get(trainImages)!.slice(16));
  assert.deepEqual(train.labels, SMALL_FILES.get(trainLabels)!.slice(8));
  assert.deepEqual(test.labels, SMALL_FILES.get(testLabels)!.slice(8));
  assert(train.pixels.buffer instanceof SharedArrayBuffer);
  assert.equal(classes, 10);
  assert.deepEqual(classNames, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
});

folderTest("loadDataset() takes the names of a data set for data in a folder", async (folder) => {
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

folderTest("loadDataset() takes as many classes as it is told", async (folder) => {
  const labels = (count: number, highest: number) =>
    encodeIdx({ type: "u8", shape: [count], data: new Uint8Array(count).fill(highest) });
  await writeSmallFiles(folder, (name, file) => name.includes("labels") ? labels(file.length - 8, 25) : file);
  const { classes, classNames } = await loadDataset({ dataDir: folder, classes: 26 });
  assert.equal(classes, 26);
  assert.equal(classNames[25], "25");
  const { name, message } = await errorOf({ dataDir: folder, classes: 25 });
  assert.equal(name, "RangeError");
  assert.match(message, /train-labels.*labels must be below the 25 classes: current value of label 0 is 25$/);
  for (const classes of [0, 257, 2.5]) {
    assert.match(
      (await errorOf({ dataDir: folder, classes })).message,
      /classes must be an integer from 1 to 256/,
    );
  }
});

Deno.test("loadDataset() rejects options that contradict each other or name nothing", async () => {
  assert.match((await errorOf({ classes: 10 })).message, /classes must be left out without dataDir/);
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
  ["an empty file", { 1: new Uint8Array() }, "IdxSyntaxError", /train-labels.*header must be whole/],
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
    assert.match((await errorOf({ dataDir: folder })).message, /t10k-images.* must be a readable file/);
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
      /^Cannot read \/nowhere\/digits\/train-images.*; add --allow-read=\/nowhere\/digits$/,
    );
    assert.match((await errorOf({})).message, /add --allow-read=data\/mnist$/);
  },
});

Deno.test("takeImages() rejects a split that has not as many pixels and labels as it says", () => {
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

Deno.test("takeImages() gives the images and labels it is asked for, as views", () => {
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

/** Why the real data cannot be tested, if it cannot. */
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

/** The first labels, where they are known, and how many training images have label 1. */
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
