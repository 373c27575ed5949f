import assert from "node:assert/strict";
import { CATALOGUE, FILE_NAMES, findDataset } from "../../lib/data/catalogue.ts";

Deno.test("CATALOGUE describes every data set in full", () => {
  for (const [name, entry] of Object.entries(CATALOGUE)) {
    assert.equal(entry.name, name);
    assert.equal(entry.classNames.length, 10);
    assert.equal(new Set(entry.classNames).size, 10);
    assert.deepEqual(entry.files.map((file) => file.name), FILE_NAMES);
    for (const file of entry.files) assert.match(file.sha256, /^[0-9a-f]{64}$/);
    assert(entry.sources.length > 0);
  }
});

Deno.test("CATALOGUE knows that only MNIST's images were cropped and centred", () => {
  const prepared = Object.values(CATALOGUE).map(({ name, preparation }) => [name, preparation]);
  assert.deepEqual(prepared, [["mnist", "digit"], ["fashion-mnist", "none"], ["kmnist", "none"]]);
});

Deno.test("CATALOGUE has a different hash for every file", () => {
  const hashes = Object.values(CATALOGUE).flatMap(({ files }) => files.map(({ sha256 }) => sha256));
  assert.equal(new Set(hashes).size, 12);
});

Deno.test("CATALOGUE joins mirrors and names to URLs", () => {
  for (const { sources } of Object.values(CATALOGUE)) {
    for (const source of sources) {
      if (source.kind === "mirror") assert.match(source.url, /^https?:\/\/[^/]+\/(.*\/)?$/);
    }
  }
});

Deno.test("findDataset() finds a data set by name, and no property of Object", () => {
  assert.equal(findDataset("fashion-mnist").title, "Fashion-MNIST");
  for (const name of ["", "MNIST", "toString", "__proto__"]) {
    assert.throws(() => findDataset(name), { name: "RangeError" });
  }
});
