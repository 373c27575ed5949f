import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { modelSha256 } from "../../lib/model/hash.ts";
import { fromTensorflow } from "../../lib/model/from_tensorflow.ts";
import type { Sequence } from "../../lib/data/sequence.ts";
import { createRunFolder, openMetrics, openRun } from "../../lib/run/folder.ts";
import { testsInFolders } from "../support/temp_folder.ts";
import { tinyCheckpoint } from "../support/tiny_checkpoint.ts";

tf.enableProdMode();

const needs = [{ name: "read" }, { name: "write" }] as const;

const test = testsInFolders(needs);

function tinyModel(): tf.Sequential {
  return tf.sequential({
    layers: [
      tf.layers.lstm({
        units: 3,
        recurrentActivation: "sigmoid",
        recurrentInitializer: "zeros",
        inputShape: [5, 4],
      }),
      tf.layers.dropout({ rate: 0.5 }),
      tf.layers.dense({ units: 3 }),
    ],
  });
}

const { config } = tinyCheckpoint();

test("createRunFolder() makes <root>/<recipe>/<time>, and another folder in the same second", async (folder) => {
  const options = { recipe: "tiny", root: `${folder}/runs` };
  const runs = [
    await createRunFolder(options),
    await createRunFolder(options),
    await createRunFolder(options),
  ];
  for (const { path } of runs) {
    assert.match(path.slice(folder.length), /^\/runs\/tiny\/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(-\d+)?$/);
  }
  assert.equal(new Set(runs.map(({ path }) => path)).size, 3);
});

test("createRunFolder() takes an empty folder, and none that has something in it", async (folder) => {
  const run = await createRunFolder({ recipe: "tiny", out: `${folder}/new/deep` });
  assert.equal(run.path, `${folder}/new/deep`);
  await run.writeConfig(config);
  await assert.rejects(
    createRunFolder({ recipe: "tiny", out: run.path }),
    /must be empty: current value is 1 entries/,
  );
});

test("a run that was written is read back, from its folder or that of its model", async (folder) => {
  const run = await createRunFolder({ recipe: "tiny", out: `${folder}/run` });
  const model = tinyModel();
  await run.writeConfig(config);
  await run.saveModel(tinyModel());
  await run.saveModel(model); // the last one counts
  for (const path of [run.path, `${run.path}/`, `${run.path}/model`, `${run.path}/model/`]) {
    const found = await openRun(path);
    assert.deepEqual(found.config, config);
    const { parameters } = await fromTensorflow(model, { sequence: config.model.sequence });
    assert.deepEqual([found.model.parameters, found.model.T], [parameters, 5]);
    assert.deepEqual(found.model.network.layers[1], { kind: "dropout", rate: 0.5, stream: 0 });
  }
  assert.deepEqual((await Array.fromAsync(Deno.readDir(`${run.path}/model`), ({ name }) => name)).sort(), [
    "model.json",
    "weights.bin",
  ]);
});

test("metrics are there as they happen, one line each", async (folder) => {
  const run = await createRunFolder({ recipe: "tiny", out: `${folder}/run` });
  await run.log({ event: "epoch", epoch: 0, trainLoss: 1.5 });
  const path = `${run.path}/metrics.jsonl`;
  assert.equal(await Deno.readTextFile(path), '{"event":"epoch","epoch":0,"trainLoss":1.5}\n');
  await run.log({ event: "epoch", epoch: 1, trainLoss: NaN });
  assert.equal((await Deno.readTextFile(path)).split("\n").length, 3);
});

test("openMetrics() reads a run that is going on: without a model, without figures, with half a line", async (folder) => {
  const run = await createRunFolder({ recipe: "tiny", out: `${folder}/run` });
  await run.writeConfig(config);
  assert.deepEqual(await openMetrics(run.path), {
    path: run.path,
    config,
    lines: [],
    losses: new Float32Array(),
  });
  await run.log({ event: "epoch", epoch: 0, trainLoss: NaN });
  await run.append("metrics.jsonl", new TextEncoder().encode('{"event":"ep'));
  assert.deepEqual((await openMetrics(`${run.path}/`)).lines, [{
    event: "epoch",
    epoch: 0,
    trainLoss: null,
  }]);
  await assert.rejects(openMetrics(`${folder}/none`), /must have config.json/);
});

test("files beside the model: written whole, appended to, in folders below", async (folder) => {
  const run = await createRunFolder({ recipe: "tiny", out: `${folder}/run` });
  await run.write("a.svg", "<svg/>");
  await run.write("a.svg", Uint8Array.of(65));
  await run.append("deep/er/events", Uint8Array.of(66));
  await run.append("deep/er/events", Uint8Array.of(67));
  assert.equal(await Deno.readTextFile(`${run.path}/a.svg`), "A");
  assert.equal(await Deno.readTextFile(`${run.path}/deep/er/events`), "BC");
  assert.deepEqual(await Array.fromAsync(Deno.readDir(run.path), ({ name }) => name).then((a) => a.sort()), [
    "a.svg",
    "deep",
  ]);
});

test("openRun() says what is missing or damaged", async (folder) => {
  const path = `${folder}/run`;
  await assert.rejects(
    openRun(path),
    /must have config.json and model\/weights.bin: current value is no .*\/run\/config.json/,
  );
  const run = await createRunFolder({ recipe: "tiny", out: path });
  await run.writeConfig(config);
  await assert.rejects(openRun(path), /current value is no .*\/run\/model\/weights.bin/);
  await run.saveModel(tinyModel());
  const weights = await Deno.readFile(`${path}/model/weights.bin`);
  new DataView(weights.buffer).setFloat32(4, Infinity, true);
  await Deno.writeFile(`${path}/model/weights.bin`, weights);
  await assert.rejects(
    openRun(path),
    /model\/weights.bin must be finite: current value is Infinity, at byte 4$/,
  );
  await Deno.truncate(`${path}/model/weights.bin`, 40);
  await assert.rejects(
    openRun(path),
    /weights.bin must have \d+ bytes, as config.json says: current value is 40$/,
  );
  await Deno.writeTextFile(`${path}/config.json`, "{");
  await assert.rejects(openRun(path), /config.json must be JSON/);
  await Deno.writeTextFile(`${path}/config.json`, "null");
  await assert.rejects(openRun(path), /config.json must be that of a run, with recipe/);
});

test("openMetrics() reads what a config says of its classes, and rejects what it cannot mean", async (folder) => {
  const run = await createRunFolder({ recipe: "tiny", out: `${folder}/run` });
  const data = { dataDir: "data/letters", classes: 26, firstLabel: 1, transpose: true };
  const { model } = config;
  await run.writeConfig({ ...config, data });
  assert.deepEqual((await openMetrics(run.path)).config, { ...config, data });
  const wrong: [unknown, RegExp][] = [
    [{ data: { ...data, classes: 1 } }, /data.classes, a whole number from 2 to 256: current value is 1$/],
    [
      { data: { ...data, firstLabel: -1 } },
      /data.firstLabel, a whole number from 0 on: current value is -1$/,
    ],
    [{ data: { ...data, transpose: 1 } }, /data.transpose, true or false: current value is 1$/],
    [{ model: "a" }, /model, an object: current value is "a"$/],
    [
      { model: { ...model, classNames: ["a"] } },
      /model.classNames, 2 to 256 short texts: current value is \["a"\]$/,
    ],
    [{ model: { ...model, classNames: ["a", "b", 1] } }, /model.classNames/],
    [{ model: { ...model, classNames: ["a", "b", "b".repeat(101)] } }, /model.classNames/],
    [{ model: { ...model, classNames: ["a", "b"] } }, /one for each of 3 classes: current value is 2$/],
    [{ model: { ...model, layers: [] } }, /model.layers, a list of layers: current value is \[\]$/],
    [
      { model: { ...model, layers: model.layers.with(0, { kind: "lstm", hiddenSize: 0 }) } },
      /model.layers of a network: .* hiddenSize of layer 0 must be a whole number from 1 on: current value is 0$/,
    ],
  ];
  for (const [change, message] of wrong) {
    await run.write("config.json", JSON.stringify({ ...config, ...change as object }));
    await assert.rejects(openMetrics(run.path), message);
  }
});

test("openRun() and createRunFolder() tell of a file in the place of a folder", async (folder) => {
  const file = `${folder}/weights.safetensors`;
  await Deno.writeTextFile(file, "");
  await assert.rejects(
    openRun(file),
    /^TypeError: Cannot open the run .* the folder of a run: .* is a file$/,
  );
  await assert.rejects(openMetrics(file), /the folder of a run: current value is a file$/);
  for (const options of [{ out: file }, { root: file }]) {
    await assert.rejects(
      createRunFolder({ recipe: "tiny", ...options }),
      /^TypeError: Cannot write to .*weights.safetensors.*: it must be a folder: current value is /,
    );
  }
});

Deno.test("modelSha256(): equal models have equal hashes, others have not", async () => {
  const model = tinyModel(), copy = tinyModel();
  copy.setWeights(model.getWeights());
  const hash = async (of: tf.Sequential, sequence: Sequence) =>
    modelSha256(await fromTensorflow(of, { sequence }));
  const expected = await hash(model, { axis: "rows", range: [0, 1] });
  assert.match(expected, /^[0-9a-f]{64}$/);
  assert.equal(await hash(copy, { axis: "rows", mean: 0, deviation: 1 }), expected);
  assert.notEqual(await hash(copy, { axis: "columns", range: [0, 1] }), expected);
  assert.notEqual(await hash(copy, { axis: "rows", range: [-1, 1] }), expected);
  copy.setWeights(model.getWeights().map((weight) => weight.mul(1 + 2 ** -22)));
  assert.notEqual(await hash(copy, { axis: "rows", range: [0, 1] }), expected);
});
