/**
 * The networks that come with the page are the ones that RESULTS.md publishes.
 */
import assert from "node:assert/strict";
import { modelSha256, openModel } from "../../core.ts";
import { SHIPPED } from "../../page/reading/shipped.ts";
import { lacks, named } from "../support/permissions.ts";

const needs = [{ name: "read" }] as const;

/** Each with the task that trained it. */
const MODELS = {
  "lstm-100x2": "deno task train-lstm --device wasm --seed 1",
  "lstm-64": "deno task train-lstm-adam --device wasm --seed 1",
  "rnn-128": "deno task train-rnn --device wasm --seed 3",
};

const folder = new URL("../../page/models/", import.meta.url);

Deno.test({
  name: named("the page comes with networks of RESULTS.md, by their hashes", needs),
  ignore: lacks(needs),
  fn: async () => {
    const results = await Deno.readTextFile(new URL("../../RESULTS.md", import.meta.url));
    const names = await Array.fromAsync(
      Deno.readDir(folder),
      ({ name }) => name.replace(/\.safetensors$/, ""),
    );
    assert.deepEqual(names.sort(), Object.keys(MODELS));
    for (const [name, command] of Object.entries(MODELS)) {
      const row = results.split("\n").find((line) => line.startsWith(`| \`${command}\` `));
      const [, beginning] = row?.match(/`([0-9a-f]{16})` \|$/) ?? [];
      const bytes = await Deno.readFile(new URL(`${name}.safetensors`, folder));
      assert.equal(SHIPPED.find(({ id }) => id === name)!.sizeBytes, bytes.length, name);
      await using model = await openModel(bytes, { device: "reference" });
      assert.equal(modelSha256(model.trained).slice(0, 16), beginning, name);
    }
  },
});
