import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { GuardedEngine } from "../../lib/engines/guard.ts";
import { compile } from "../../lib/train/compile.ts";
import { openTrained } from "../../lib/train/model.ts";
import { fromTensorflow } from "../../lib/model/from_tensorflow.ts";
import { adam } from "../../lib/model/optimizers.ts";
import { assertClose } from "../support/assert_close.ts";
import { tinySplit } from "../support/tiny_data.ts";

tf.enableProdMode();

const sequence = { axis: "rows", range: [0, 1] } as const;
const train = tinySplit({ count: 9, height: 5, width: 7, classes: 4 });
const test = tinySplit({ count: 6, height: 5, width: 7, classes: 4, seed: 2 });

function tinyModel(): tf.Sequential {
  const lstm = { units: 6, recurrentActivation: "sigmoid", recurrentInitializer: "zeros" } as const;
  return tf.sequential({
    layers: [
      tf.layers.lstm({ ...lstm, inputShape: [5, 7] }),
      tf.layers.dropout({ rate: 0.5 }),
      tf.layers.dense({ units: 4 }),
    ],
  });
}

function openTrainer(model: tf.Sequential) {
  return compile(model, {
    train,
    test,
    sequence,
    optimizer: adam({ learningRate: 0.01 }),
    initialize: "pytorch",
    device: "reference",
  });
}

/** How often methods of the engine are called while `body` runs. */
async function countCalls(body: () => Promise<unknown>): Promise<Partial<Record<string, number>>> {
  const prototype = GuardedEngine.prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
  const names = ["predict", "readState", "readParameters", "writeState", "writeParameters"];
  const counts: Record<string, number> = {}, originals = names.map((name) => prototype[name]);
  names.forEach((name, index) => {
    prototype[name] = function (...args) {
      counts[name] = (counts[name] ?? 0) + 1;
      return originals[index].apply(this, args);
    };
  });
  try {
    await body();
  } finally {
    names.forEach((name, index) => prototype[name] = originals[index]);
  }
  return counts;
}

Deno.test("a model predicts, reads and evaluates as the trainer of the same weights does, whatever becomes of that", async () => {
  await using trainer = await openTrainer(tinyModel());
  await Array.fromAsync(trainer.epochs(1));
  await using model = await openTrained(await trainer.trained(), { device: "reference" });
  const some = { positions: Uint32Array.of(5, 0, 5) };
  const close = (name: string, actual: Float32Array, expected: Float32Array) =>
    assertClose(actual, expected, { name, atol: 1e-6, rtol: 0 }); // the weights of a model are float32
  close("predict", await model.predict(test), await trainer.predict("test"));
  close("predict some", await model.predict(test, some), await trainer.predict("test", some));
  close("read some", await model.read(test, some), await trainer.read("test", some));
  const { seconds: _, loss, ...score } = await model.evaluate(test, some);
  const { seconds: __, loss: expected, ...others } = await trainer.evaluate("test", some);
  assert.deepEqual(score, others);
  assert.ok(Math.abs(loss - expected) < 1e-6);
  const before = await model.predict(test);
  await Array.fromAsync(trainer.epochs(1));
  assert.deepEqual(await model.predict(test), before);
  assert.equal(model.device.kind, "reference");
  assert.equal(model.reason, "as asked");
  assert.deepEqual([model.network, model.classNames], [trainer.network, ["0", "1", "2", "3"]]);
  await assert.rejects(
    model.evaluate({ ...test, labels: test.labels.map(() => 4) }),
    /^RangeError: Cannot evaluate: /,
  );
});

Deno.test("a model tells of progress, ends at a signal, and says that it is disposed", async () => {
  const done: number[] = [];
  const model = await openTrained(await fromTensorflow(tinyModel(), { sequence }), { device: "reference" });
  const many = { positions: Uint32Array.from({ length: 2_500 }, (_, n) => n % test.count) };
  await model.predict(test, { ...many, onProgress: (progress) => done.push(progress.done) });
  assert.deepEqual(done, [1_000, 2_000, 2_500]);
  const controller = new AbortController();
  await assert.rejects(
    model.predict(test, { ...many, signal: controller.signal, onProgress: () => controller.abort() }),
    { name: "AbortError" },
  );
  await model[Symbol.asyncDispose]();
  await assert.rejects(
    model.read(test),
    /^Error: Cannot read the images: the model must be open: current value is disposed$/,
  );
});

Deno.test("the state crosses for a checkpoint alone, else the parameters", async () => {
  await using trainer = await openTrainer(tinyModel());
  const train = (options = {}) => countCalls(() => Array.fromAsync(trainer.epochs(2, options)));
  assert.deepEqual(await train(), { readParameters: 2 });
  assert.deepEqual(await train({ onCheckpoint: () => {} }), { readParameters: 2, readState: 2 });
  assert.deepEqual(await countCalls(() => trainer.read("test")), { readParameters: 1 });
  trainer.model.setWeights(trainer.model.getWeights().map((weight) => weight.mul(2)));
  assert.deepEqual(await countCalls(() => trainer.predict("test")), { writeParameters: 1, predict: 1 });
});

Deno.test("a split is predicted once for the same weights, by its name or as split() gave it", async () => {
  await using trainer = await openTrainer(tinyModel());
  const calls = () =>
    countCalls(async () => {
      const first = await trainer.predict("test");
      assert.deepEqual(await trainer.predict(trainer.split("test")), first);
      assert.deepEqual(await trainer.predict("test"), first);
    });
  assert.deepEqual(await calls(), { predict: 1 });
  await Array.fromAsync(trainer.steps(1));
  assert.deepEqual(await calls(), { predict: 1 });
  assert.deepEqual(await countCalls(() => trainer.predict(test)), { predict: 1 }); // an object of the caller's own
});

Deno.test("a model reads pixel by pixel images of a size that it is told, and refuses one that does not fit", async () => {
  const layers = tf.sequential({
    layers: [
      tf.layers.simpleRNN({ units: 3, recurrentInitializer: "zeros", inputShape: [15, 1] }),
      tf.layers.dense({ units: 2 }),
    ],
  });
  const trained = await fromTensorflow(layers, { sequence: { axis: "pixels", range: [0, 1] } });
  const device = "reference";
  await assert.rejects(openTrained(trained, { device }), /must make a square.* is 15 .*imageSize/);
  await assert.rejects(
    openTrained(trained, { device, imageSize: { height: 3, width: 4 } }),
    /images must give sequences of \[15, 1\].*current value is \[12, 1\]$/,
  );
  await using model = await openTrained(trained, { device, imageSize: { height: 3, width: 5 } });
  const images = { pixels: new Uint8Array(30), count: 2, height: 3, width: 5 };
  assert.equal((await model.predict(images)).length, 4);
});
