import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { findModel, type FoundFile } from "../../../page/reading/run_folder.ts";
import type { RunFiles } from "../../../core.ts";

function fileOf(path: string, contents: string, sizeBytes = contents.length): FoundFile {
  return { path, sizeBytes, bytes: () => Promise.resolve(new TextEncoder().encode(contents)) };
}

const run = (folder: string) => [
  fileOf(`${folder}config.json`, '{"recipe": "train-rnn"}'),
  fileOf(`${folder}metrics.jsonl`, ""),
  fileOf(`${folder}model/model.json`, "{}"),
  fileOf(`${folder}model/weights.bin`, "wwww"),
  fileOf(`${folder}checkpoints/0.safetensors`, "c"),
];

Deno.test("findModel() finds the model of a run, however deep its folder lies, and names it", async () => {
  const { name, model } = await findModel(run("runs/train-rnn/2026-11-22T05-41-25/"));
  assert.equal(name, "train-rnn/2026-11-22T05-41-25");
  assert.deepEqual(model, {
    config: '{"recipe": "train-rnn"}',
    weights: new TextEncoder().encode("wwww"),
    modelJson: "{}",
  });
  assert.equal((await findModel(run(""))).name, "train-rnn", "by its recipe, where there is no folder");
});

Deno.test("findModel() finds one safetensors file", async () => {
  const { name, model } = await findModel([fileOf("mine.safetensors", "s")]);
  assert.equal(name, "mine");
  assert.deepEqual(model, new TextEncoder().encode("s"));
});

/** A zip of files, as the page gives it. */
function zipOf(files: readonly FoundFile[], contents: Record<string, Uint8Array> = {}): FoundFile {
  for (const { path } of files) {
    contents[path] ??= new TextEncoder().encode(
      path.endsWith("config.json") ? '{"recipe": "train-rnn"}' : "wwww",
    );
  }
  const bytes = new Uint8Array(zipSync(contents));
  return { path: "train-rnn-seed-1.zip", sizeBytes: bytes.length, bytes: () => Promise.resolve(bytes) };
}

Deno.test("findModel() finds the model in the zip of a run, and unpacks nothing else", async () => {
  const { name, model } = await findModel([zipOf(run("train-rnn/2026-11-22T05-41-25/"))]);
  assert.equal(name, "train-rnn/2026-11-22T05-41-25");
  assert.deepEqual((model as RunFiles).weights, new TextEncoder().encode("wwww"));

  const bomb = {
    "a/config.json": new TextEncoder().encode("{}"),
    "a/model/weights.bin": new Uint8Array(2 ** 26 + 1),
  };
  await assert.rejects(
    findModel([zipOf([], bomb)]),
    /must have at most 67108864 bytes: current value is 67108867/,
  );
  await assert.rejects(findModel([fileOf("a.zip", "PK no zip")]), /a\.zip must be a zip that is whole/);
});

Deno.test("findModel() says in one sentence what it must be given", async () => {
  await assert.rejects(
    findModel([fileOf("model.onnx", "")]),
    /or one \.safetensors file .*: current value is model\.onnx$/,
  );
  assert.equal((await findModel(run("2026-11-22T05-41-25/"))).name, "train-rnn/2026-11-22T05-41-25");
  await assert.rejects(findModel([]), /must be the folder of a run/);
  await assert.rejects(findModel([fileOf("a/config.json", "{}")]), /must be the folder of a run/);
  await assert.rejects(
    findModel(run("a/").filter(({ path }) => !path.startsWith("a/model"))),
    /must be the folder/,
  );
  await assert.rejects(
    findModel([...run("runs/a/"), ...run("runs/b/")]),
    /must hold one run: current value is 2; take one of them, such as runs\/a\/$/,
  );
  await assert.rejects(findModel([fileOf("big.safetensors", "", 2 ** 30)]), /at most 67108864 bytes/);
});
