import assert from "node:assert/strict";
import { findModel, type FoundFile } from "../../../page/reading/run_folder.ts";

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

Deno.test("findModel() says in one sentence what it must be given", async () => {
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
