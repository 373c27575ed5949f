/**
 * `fit()` as others use it: from a project of their own, checked for types, with the one permission that it needs.
 */
import assert from "node:assert/strict";
import { lacks, named } from "./support/permissions.ts";

const needs = [{ name: "read" }, { name: "write" }, { name: "run" }] as const;
const root = new URL("../", import.meta.url).pathname.replace(/\/$/, "");
const { version } = JSON.parse(lacks(needs) ? "{}" : await Deno.readTextFile(`${root}/deno.json`));

const IMPORTS = `
import * as tf from "npm:@tensorflow/tfjs@4.22.0";
import * as scanline from "jsr:@scanline/scanline@${version}";
`;

/** The program of the README: the next value of a wave from the twelve before it. */
const PROGRAM = `${IMPORTS}
const wave = Array.from({ length: 500 }, (_, t) => Math.sin(t / 5) + Math.sin(t / 3));
const windows = wave.slice(12).map((_, n) => wave.slice(n, n + 12).map((value) => [value]));
const x = tf.tensor3d(windows), y = tf.tensor2d(wave.slice(12), [488, 1]);

const model = tf.sequential();
model.add(tf.layers.gru({ units: 16, inputShape: [12, 1], recurrentInitializer: "glorotUniform" }));
model.add(tf.layers.dense({ units: 1 }));
model.compile({ loss: "meanSquaredError", optimizer: "adam" });
const { history } = await scanline.fit(model, x, y, { epochs: 30, batchSize: 32, validationSplit: 0.2 });
const next = model.predict(tf.tensor3d([windows[0]])) as tf.Tensor;

console.log(JSON.stringify({ history, next: await next.data(), truth: wave[12] }));
`;

/** What people write around a call of \`model.fit()\`: each of its lines must be right in its types as it stands. */
const FORMS = `${IMPORTS}
const model = tf.sequential({ layers: [tf.layers.simpleRNN({ units: 2, inputShape: [3, 1] }), tf.layers.dense({ units: 1 })] });
model.compile({ loss: "meanSquaredError", optimizer: tf.train.adam(0.01), metrics: ["mae"] });
const x = tf.zeros<tf.Rank.R3>([8, 3, 1]), y = tf.ones([8, 1]);
const args: tf.ModelFitArgs = { epochs: 1, batchSize: 4, verbose: 0 };
const history: tf.History = await scanline.fit(model, x, y, args);
const losses: (number | tf.Tensor)[] = history.history.loss;
await scanline.fit(model, x, y, {
  validationData: [x, y],
  callbacks: { onEpochEnd: (epoch, logs) => console.log(epoch, logs?.loss), onBatchEnd: async () => {} },
});
await scanline.fit(model, x, y, {
  validationSplit: 0.25,
  callbacks: [tf.callbacks.earlyStopping({ patience: 2 }), new tf.CustomCallback({ onTrainBegin: () => {} })],
});
await scanline.fit(model, [[[1], [2], [3]]], [[1]], { classWeight: { 0: 1, 1: 2 } });
await scanline.fit(model, { data: new Float32Array(3), shape: [1, 3, 1] }, new Float32Array(1));
const xs = tf.data.array([[[1], [2], [3]]]), ys = tf.data.array([[1]]);
await scanline.fitDataset(model, tf.data.zip({ xs, ys }).batch(1), { epochs: 1 });
const chain: tf.LayersModel = tf.model({ inputs: model.inputs, outputs: model.outputs });
chain.compile({ loss: "meanSquaredError", optimizer: "sgd" });
await scanline.fit(chain, x, y);
console.log(JSON.stringify({ reason: scanline.canFit(chain), epochs: losses.length }));
`;

/** Runs a program in a project of its own, and returns the JSON of its last line. */
async function runProgram(program: string): Promise<unknown> {
  const path = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${path}/deno.json`, JSON.stringify({ links: [root] }));
    await Deno.writeTextFile(`${path}/main.ts`, program);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--check", `--allow-read=${root}/lib`, "main.ts"],
      cwd: path,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const [said, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.equal(code, 0, complaint);
    return JSON.parse(said.trim().split("\n").at(-1)!);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: named(name, needs), ignore: lacks(needs), fn });
}

test("a project of one's own calls scanline.fit() instead of model.fit(), and predicts with the model", async () => {
  const { history, next, truth } = await runProgram(PROGRAM) as {
    history: Record<string, number[]>;
    next: Record<number, number>;
    truth: number;
  };
  assert.deepEqual(Object.keys(history).sort(), ["loss", "val_loss"]);
  assert.equal(history.loss.length, 30);
  // TensorFlow.js draws the first weights anew each time: in 120 runs the loss fell to a 29th at least.
  const [first, last] = [history.val_loss[0], history.val_loss[29]];
  assert.ok(last < first / 10, `from ${first} to ${last}`);
  assert.ok(Math.abs(next[0] - truth) < 0.5, `${next[0]}, and it is ${truth}`);
});

test("the forms of model.fit()'s arguments are right in their types, without casts", async () => {
  assert.deepEqual(await runProgram(FORMS), { reason: null, epochs: 1 });
});
