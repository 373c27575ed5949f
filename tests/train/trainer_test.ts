import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { layOutSequence } from "../../lib/data/sequence.ts";
import { sequencesOf } from "../../lib/data/sequences.ts";
import { openReference } from "../../lib/engines/reference/engine.ts";
import { readWeights } from "../../lib/model/tensorflow_weights.ts";
import { adam, sgd } from "../../lib/model/optimizers.ts";
import { BatchOrder } from "../../lib/train/batches.ts";
import { compile } from "../../lib/train/compile.ts";
import type { CompileOptions } from "../../lib/train/open_parts.ts";
import { NonFiniteLossError } from "../../lib/train/figures.ts";
import type { Trainer } from "../../lib/train/trainer.ts";
import { assertClose } from "../support/assert_close.ts";
import { tinySplit } from "../support/tiny_data.ts";

tf.enableProdMode();

const train = tinySplit({ count: 22, height: 5, width: 4, classes: 3 });
const test = tinySplit({ count: 13, height: 5, width: 4, classes: 3, seed: 2 });

function tinyModel({ dropout = 0 } = {}): tf.Sequential {
  const initializer = { recurrentInitializer: "zeros" } as const;
  return tf.sequential({
    layers: [
      tf.layers.lstm({
        units: 3,
        recurrentActivation: "sigmoid",
        returnSequences: true,
        inputShape: [5, 4],
        ...initializer,
      }),
      tf.layers.dropout({ rate: dropout }),
      tf.layers.simpleRNN({ units: 4, activation: "tanh", ...initializer }),
      tf.layers.dense({ units: 3 }),
    ],
  });
}

const options = {
  train,
  test,
  sequence: { axis: "rows", range: [0, 1] },
  optimizer: adam({ learningRate: 0.02 }),
  initialize: "pytorch",
  batchSize: 4,
  device: "reference",
} as const satisfies CompileOptions;

function open(changes: Partial<CompileOptions> = {}, model = tinyModel()): Promise<Trainer> {
  return compile(model, { ...options, ...changes });
}

/** The figures of every step, one batch a call, straight from an engine. */
async function stepsOf(trainer: Trainer, count: number) {
  const { network, sequence, config } = trainer;
  const { parameters } = await trainer.readState();
  const { optimizer, seed, batchSize, lastBatch } = config, train = trainer.split("train");
  await using engine = await openReference({
    network,
    layout: layOutSequence(sequence, test),
    parameters,
    training: {
      optimizer,
      sequences: sequencesOf(train),
      targets: { kind: "classes", data: train.labels },
      seed,
      batchSize,
    },
  });
  const order = new BatchOrder({ count: train.count, batchSize, seed, lastBatch });
  const results = [];
  for (let step = 0; step < count; step++) results.push(...await engine.train([order.batch(step)]));
  return { results, state: await engine.readState() };
}

Deno.test("epochs() yields means over images, and trains the short last batch", async () => {
  await using trainer = await open();
  const { results, state } = await stepsOf(trainer, 12);
  const epochs = await Array.fromAsync(trainer.epochs(2));
  assert.deepEqual(epochs.map(({ index, steps, images }) => [index, steps, images]), [[0, 6, 22], [
    1,
    6,
    22,
  ]]);
  for (const [index, epoch] of epochs.entries()) {
    const own = results.slice(6 * index, 6 * index + 6);
    assert.deepEqual(own.map(({ count }) => count), [4, 4, 4, 4, 4, 2]);
    assert.equal(epoch.loss, own.reduce((sum, { loss, count }) => sum + loss * count, 0) / 22);
    assert.equal(epoch.accuracy, own.reduce((sum, { metrics: [correct] }) => sum + correct, 0) / 22);
  }
  assert.deepEqual(await trainer.readState(), state);
});

Deno.test("the model has the weights of the last step after a loop whose callback throws", async () => {
  const throwing = () => {
    throw new Error("the disk is full");
  };
  for (const options of [{ onCheckpoint: throwing }, { onSteps: throwing }, { onProgress: throwing }]) {
    await using trainer = await open();
    await assert.rejects(Array.fromAsync(trainer.epochs(1, options)), /the disk is full/);
    assert.ok(trainer.step > 0);
    const { parameters } = await trainer.readState();
    assert.deepEqual((await trainer.trained()).parameters, parameters);
    await using fresh = await open();
    assert.deepEqual(parameters, (await stepsOf(fresh, trainer.step)).state.parameters);
  }
});

Deno.test("steps() in any number of calls give the same bits, dropout included", async () => {
  const states = [];
  for (const every of [1, 3, 12]) {
    await using trainer = await open({ lastBatch: "carry" }, tinyModel({ dropout: 0.5 }));
    for await (const _ of trainer.steps(12, { every }));
    states.push(await trainer.readState());
  }
  assert.deepEqual(states[1], states[0]);
  assert.deepEqual(states[2], states[0]);
});

Deno.test("steps() reports every so many steps and at the end, with the batch just used", async () => {
  await using trainer = await open({ lastBatch: "carry" });
  const { results } = await stepsOf(trainer, 13);
  const reports = await Array.fromAsync(trainer.steps(13, { every: 5 }));
  assert.deepEqual(reports.map(({ step, epoch, steps, images }) => [step, epoch, steps, images]), [
    [5, 0, 5, 20],
    [10, 1, 5, 20],
    [13, 2, 3, 12],
  ]);
  const order = new BatchOrder({ count: 22, batchSize: 4, seed: 1, lastBatch: "carry" });
  for (const { step, batch } of reports) {
    assert.deepEqual(batch.positions, order.batch(step - 1));
    assert.equal(batch.loss, results[step - 1].loss);
    assert.equal(batch.accuracy, results[step - 1].metrics[0] / 4);
  }
});

Deno.test("a length can be given in the other unit, and an epoch that was begun is finished first", async () => {
  await using trainer = await open();
  const reports = await Array.fromAsync(trainer.epochs({ steps: 8 }));
  assert.deepEqual(reports.map(({ index, steps }) => [index, steps]), [[0, 6], [1, 2]]);
  const [rest] = await Array.fromAsync(trainer.epochs(1));
  assert.deepEqual([rest.index, rest.steps, rest.images], [1, 4, 14]);
  const [all] = await Array.fromAsync(trainer.steps({ epochs: 2 }));
  assert.deepEqual([all.steps, trainer.step], [12, 24]);
  await assert.rejects(
    Array.fromAsync(trainer.epochs(0.5)),
    /epochs must be a whole number from 0 on: current value is 0.5/,
  );
});

Deno.test("onProgress tells images done, of how many, and the loss so far", async () => {
  await using trainer = await open();
  const seen: number[][] = [];
  for await (
    const epoch of trainer.epochs(1, { onProgress: ({ done, total }) => seen.push([done, total]) })
  ) {
    assert.deepEqual(seen.at(-1), [epoch.images, epoch.images]);
  }
  assert.deepEqual(seen[0], [4, 22]);
});

Deno.test("onSteps tells every step once, in order", async () => {
  await using trainer = await open();
  const { results } = await stepsOf(trainer, 12);
  const steps: unknown[] = [];
  await Array.fromAsync(trainer.epochs(2, { onSteps: (some) => steps.push(...some) }));
  assert.deepEqual(
    steps,
    results.map(({ step, loss, metrics: [correct], count }) => ({ step, loss, correct, count })),
  );
});

Deno.test("an abort ends the loop after the running call, with the weights so far in the model", async () => {
  const controller = new AbortController();
  await using trainer = await open();
  const loop = { signal: controller.signal, onProgress: () => controller.abort() };
  assert.deepEqual(await Array.fromAsync(trainer.epochs(3, loop)), []);
  assert.equal(trainer.step, 1);
  assert.deepEqual(await readWeights(trainer.model, trainer.network), (await trainer.readState()).parameters);
  assert.deepEqual(await Array.fromAsync(trainer.steps(3, { signal: controller.signal })), []);
  assert.equal(trainer.step, 1);
  await assert.rejects(trainer.evaluate("test", { signal: controller.signal }), { name: "AbortError" });
});

Deno.test("an abort at the very end of an epoch still yields it", async () => {
  const controller = new AbortController();
  await using trainer = await open();
  const onProgress = ({ done, total }: { done: number; total: number }) =>
    done === total && controller.abort();
  const epochs = await Array.fromAsync(trainer.epochs(3, { signal: controller.signal, onProgress }));
  assert.deepEqual(epochs.map(({ index }) => index), [0]);
});

Deno.test("held-out images are not trained on, and are evaluated as validation", async () => {
  const validation = 6;
  const blackened = { ...train, pixels: train.pixels.slice().fill(0, 0, validation * 20) };
  const states = [];
  const losses = [];
  for (const images of [train, blackened]) {
    await using trainer = await open({ train: images, validation });
    const [epoch] = await Array.fromAsync(trainer.epochs(1));
    assert.equal(epoch.images, 16);
    states.push(await trainer.readState());
    const held = await trainer.evaluate("validation");
    assert.equal(held.count, validation);
    losses.push(held.loss);
  }
  assert.deepEqual(states[0], states[1]);
  assert.notEqual(losses[0], losses[1]);
});

Deno.test("a loss that is not finite stops the training; the model keeps the weights of the last report", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.simpleRNN({
        units: 3,
        activation: "relu",
        recurrentInitializer: "zeros",
        inputShape: [5, 4],
      }),
      tf.layers.dense({ units: 3 }),
    ],
  });
  await using trainer = await open({ optimizer: sgd({ learningRate: 1e308 }) }, model);
  const before = await readWeights(trainer.model, trainer.network);
  const error = await assertRejects(Array.fromAsync(trainer.steps(50)));
  assert.ok(error instanceof NonFiniteLossError);
  assert.ok(error.step >= 2 && error.step <= 50);
  assert.match(
    error.message,
    /must be finite: current value is (NaN|Infinity) at step \d+ \(try a learning rate below 1e\+308/,
  );
  assert.deepEqual(await readWeights(trainer.model, trainer.network), before);
});

Deno.test("the trained weights are in the model: tfjs predicts what the engine predicts", async () => {
  await using trainer = await open(
    { sequence: { axis: "rows", range: [-1, 1] } },
    tinyModel({ dropout: 0.5 }),
  );
  for await (const _ of trainer.epochs(2)) {
    const x = tf.tensor(Float32Array.from(test.pixels, (byte) => (byte / 255 - 0.5) / 0.5), [13, 5, 4]);
    const logits = trainer.model.predict(x) as tf.Tensor;
    assertClose(await trainer.predict("test"), await logits.data(), { name: "logits", atol: 1e-5, rtol: 0 });
    tf.dispose([x, logits]);
  }
});

Deno.test("without a start the model keeps its own weights; with one it gets that at once", async () => {
  const model = tinyModel();
  {
    await using trainer = await open({ initialize: undefined }, model);
    const own = await Promise.all(model.getWeights().map((weight) => weight.data()));
    assert.deepEqual((await trainer.readState()).parameters, Float32Array.from(own.flatMap((w) => [...w])));
  }
  await using trainer = await open({ initialize: "keras", seed: 5 }, model);
  assert.deepEqual(await readWeights(model, trainer.network), (await trainer.readState()).parameters);
});

Deno.test("evaluate() takes part of a split, in any order", async () => {
  await using trainer = await open();
  const all = await trainer.evaluate("test");
  assert.equal(all.count, 13);
  const halves = [await trainer.evaluate("test", { to: 6 }), await trainer.evaluate("test", { from: 6 })];
  assert.equal(halves[0].correct + halves[1].correct, all.correct);
  assert.ok(Math.abs((halves[0].loss * 6 + halves[1].loss * 7) / 13 - all.loss) < 1e-12);
  const some = await trainer.evaluate("test", { positions: Uint32Array.of(3, 3, 0) });
  assert.equal(some.count, 3);
});

Deno.test("predict() takes a split or any images, and rejects what is not there", async () => {
  await using trainer = await open();
  assert.deepEqual(
    await trainer.predict(test, { from: 2, to: 5 }),
    await trainer.predict("test", { from: 2, to: 5 }),
  );
  await assert.rejects(
    trainer.predict("test", { to: 14 }),
    /of the 13 images of test must be selected: .* is up to 14$/,
  );
  await assert.rejects(trainer.predict("test", { from: -1 }), /from must be a whole number from 0 on/);
  await assert.rejects(
    trainer.evaluate("validation"),
    /images for validation must have been given .*: current value is none/,
  );
});

Deno.test("predict() of a whole split follows the weights, and gives an array of one's own", async () => {
  await using trainer = await open();
  const start = await trainer.readState();
  const first = await trainer.predict("test");
  assert.deepEqual(await trainer.predict("test"), first);
  (await trainer.predict("test")).fill(0);
  assert.deepEqual(await trainer.predict("test"), first);
  assert.deepEqual(await trainer.predict("train"), await trainer.predict(trainer.split("train")));
  await Array.fromAsync(trainer.steps(1));
  const second = await trainer.predict("test");
  assert.notDeepEqual(second, first);
  assert.deepEqual(second, await trainer.predict(test)); // what is no split is always computed
  await trainer.writeState(start);
  assert.deepEqual(await trainer.predict("test"), first);
});

Deno.test("readState() and writeState(): gone on = never stopped", async () => {
  await using whole = await open({ lastBatch: "carry" }, tinyModel({ dropout: 0.3 }));
  await Array.fromAsync(whole.steps(9));
  await using first = await open({ lastBatch: "carry" }, tinyModel({ dropout: 0.3 }));
  await Array.fromAsync(first.steps(4));
  await using second = await open(
    { lastBatch: "carry", initialize: "tf1", biases: 2 },
    tinyModel({ dropout: 0.3 }),
  );
  await second.writeState(await first.readState());
  assert.deepEqual(await readWeights(second.model, second.network), (await first.readState()).parameters);
  await Array.fromAsync(second.steps(5));
  assert.equal(second.step, 9);
  assertClose((await second.readState()).parameters, (await whole.readState()).parameters, {
    name: "parameters",
    atol: 1e-6, // the reference keeps float64, a state float32: other engines go on to the bit
    rtol: 0,
  });
});

async function assertRejects(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  assert.fail("it was to reject");
}
