import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { lastStep, lstm } from "../../lib/model/to_tensorflow.ts";
import { canFit, fit } from "../../lib/train/fit.ts";
import type { FitArgs } from "../../lib/train/fit_arguments.ts";
import { closeFit } from "../../lib/train/fit_session.ts";
import { assertClose } from "../support/assert_close.ts";
import { lacks, named } from "../support/permissions.ts";
import { assertSame, noise, outcomeOf, recorder, twins } from "./support/stock.ts";

const N = 23, T = 5, C = 3;
/** Of the tests on wasm. */
const needs = [{ name: "read" }] as const;
/** The engine of these tests; its order is as given, as that of TensorFlow.js then. */
const ARGS = { device: "reference", shuffle: false } as const;

/** Two outputs a sequence, from sequences of `[5, 3]`. */
function regression(optimizer: string | tf.Optimizer = "adam"): tf.Sequential {
  const model = tf.sequential({
    layers: [
      tf.layers.lstm({ units: 4, inputShape: [T, C], recurrentInitializer: "zeros" }),
      tf.layers.dense({ units: 2 }),
    ],
  });
  model.compile({ loss: "meanSquaredError", optimizer, metrics: ["mae"] });
  return model;
}

/** Three classes, one-hot or by number. */
function classification(loss: "categoricalCrossentropy" | "sparseCategoricalCrossentropy"): tf.Sequential {
  const model = tf.sequential({
    layers: [
      tf.layers.gru({ units: 4, inputShape: [T, C], recurrentInitializer: "zeros" }),
      tf.layers.dense({ units: 3, activation: "softmax" }),
    ],
  });
  model.compile({ loss, optimizer: tf.train.rmsprop(0.01), metrics: ["accuracy"] });
  return model;
}

function regressionData(count = N): { x: tf.Tensor; y: tf.Tensor } {
  return {
    x: tf.tensor(noise("x", count * T * C), [count, T, C]),
    y: tf.tensor(noise("y", count * 2), [count, 2]),
  };
}

function classes(count = N): number[] {
  return Array.from(noise("classes", count), (value) => Math.floor((value + 1) * 1.5));
}

/** Callbacks that know their model. */
type Watch = (model: tf.Sequential) => NonNullable<tf.ModelFitArgs["callbacks"]>;

/** Trains a model by both, with a recorder unless there are other callbacks, and asserts that nothing tells them apart. */
async function compare(
  build: () => tf.Sequential,
  { x, y, args, watch }: { x: tf.Tensor; y: tf.Tensor; args: tf.ModelFitArgs; watch?: Watch },
): Promise<tf.History> {
  const [ours, stock] = twins(build), recorded = recorder(), expected = recorder();
  const callbacks = watch?.(ours) ?? recorded.callbacks,
    stockCallbacks = watch?.(stock) ?? expected.callbacks;
  const history = await fit(ours, x, y, { ...args, ...ARGS, callbacks } as FitArgs);
  const stockHistory = await stock.fit(x, y, { ...args, shuffle: false, callbacks: stockCallbacks });
  assert.ok(history instanceof tf.History);
  assertSame(
    await outcomeOf(ours, history, recorded.seen),
    await outcomeOf(stock, stockHistory, expected.seen),
  );
  await closeFit(ours);
  return history;
}

const CASES: readonly { name: string; args: tf.ModelFitArgs }[] = [
  { name: "the defaults: one epoch, batches of 32", args: {} },
  { name: "a short last batch, three epochs", args: { batchSize: 8, epochs: 3 } },
  { name: "initialEpoch", args: { batchSize: 8, epochs: 4, initialEpoch: 2 } },
  { name: "no epoch at all", args: { epochs: 1, initialEpoch: 1 } },
  { name: "validationSplit", args: { batchSize: 4, epochs: 2, validationSplit: 0.3 } },
  { name: "nulls for what is left out", args: { batchSize: null, validationSplit: null } as object },
];

for (const { name, args } of CASES) {
  Deno.test(`fit() is model.fit() with ${name}`, async () => {
    const { x, y } = regressionData();
    await compare(regression, { x, y, args });
    tf.dispose([x, y]);
  });
}

for (
  const optimizer of ["sgd", "momentum", "adagrad", "adadelta", "adam", "adamax", "rmsprop"] as const
) {
  Deno.test(`fit() leaves ${optimizer} as model.fit() does`, async () => {
    const { x, y } = regressionData();
    const make = () => optimizer === "momentum" ? tf.train.momentum(0.05, 0.9) : tf.train[optimizer](0.05);
    const build = () => regression(make());
    await compare(build, { x, y, args: { batchSize: 5, epochs: 3 } });
    tf.dispose([x, y]);
  });
}

/** Batch normalization of sequences and of one step, and the last step of both directions. */
function normalized(): tf.Sequential {
  const cell = { recurrentInitializer: "zeros", returnSequences: true } as const;
  const forward = tf.layers.lstm({ units: 3, ...cell }) as tf.RNN;
  const model = tf.sequential({
    layers: [
      tf.layers.simpleRNN({ units: 4, inputShape: [T, C], ...cell }),
      tf.layers.batchNormalization({ momentum: 0.75, gammaRegularizer: tf.regularizers.l2({ l2: 0.01 }) }),
      tf.layers.bidirectional({ layer: forward, mergeMode: "concat" }),
      lastStep(),
      tf.layers.batchNormalization({ epsilon: 0.01 }),
      tf.layers.dense({ units: 2 }),
    ],
  });
  model.compile({ loss: "meanSquaredError", optimizer: tf.train.adam(0.01), metrics: ["mae"] });
  return model;
}

Deno.test("fit() is model.fit() with batch normalization and lastStep(), also from where it stopped", async () => {
  const { x, y } = regressionData(), args = { batchSize: 8, epochs: 3, validationSplit: 0.3 };
  await compare(normalized, { x, y, args });
  assert.equal(canFit(normalized()), null);
  const [ours, stock] = twins(normalized), recorded = recorder(), expected = recorder();
  for (let call = 0; call < 2; call++) {
    const both = { batchSize: 8, epochs: 2 };
    const history = await fit(ours, x, y, { ...both, ...ARGS, callbacks: recorded.callbacks } as FitArgs);
    const stockHistory = await stock.fit(x, y, { ...both, shuffle: false, callbacks: expected.callbacks });
    assertSame(
      await outcomeOf(ours, history, recorded.seen),
      await outcomeOf(stock, stockHistory, expected.seen),
    );
    await closeFit(ours); // the next call takes averages and slots from the model
  }
  tf.dispose([x, y]);
});

Deno.test("fit() is model.fit() with validationData", async () => {
  const { x, y } = regressionData(), other = regressionData(7);
  const args: tf.ModelFitArgs = { batchSize: 8, epochs: 2, validationData: [other.x, other.y] };
  await compare(regression, { x, y, args });
  tf.dispose([x, y, other.x, other.y]);
});

Deno.test("fit() is model.fit() with classes, one-hot or by number", async () => {
  const { x, y } = regressionData();
  const numbers = tf.tensor(classes(), [N, 1]), rows = tf.oneHot(classes(), 3);
  const args = { batchSize: 8, epochs: 2, validationSplit: 0.2 };
  await compare(() => classification("sparseCategoricalCrossentropy"), { x, y: numbers, args });
  await compare(() => classification("categoricalCrossentropy"), { x, y: rows, args });
  tf.dispose([x, y, numbers, rows]);
});

Deno.test("fit() is model.fit() with classWeight", async () => {
  const { x, y } = regressionData();
  const numbers = tf.tensor(classes(), [N, 1]), rows = tf.oneHot(classes(), 3);
  const args = { batchSize: 8, epochs: 2, validationSplit: 0.2, classWeight: { 0: 1, 1: 5, 2: 0.25 } };
  await compare(() => classification("sparseCategoricalCrossentropy"), { x, y: numbers, args });
  const named = () => classification("categoricalCrossentropy");
  await compare(named, { x, y: rows, args: { ...args, classWeight: [args.classWeight] } });
  tf.dispose([x, y, numbers, rows]);
});

Deno.test("fit() takes classWeight of an output with the name of what every object has", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.simpleRNN({ units: 2, inputShape: [T, C], recurrentInitializer: "zeros" }),
      tf.layers.dense({ units: 3, activation: "softmax", name: "constructor" }),
    ],
  });
  model.compile({ loss: "sparseCategoricalCrossentropy", optimizer: "sgd" });
  const { x, y } = regressionData(), classWeight = { 0: 0, 1: 0, 2: 0 };
  for (const given of [classWeight, { constructor: classWeight }]) {
    const { history } = await fit(model, x, classes(), { ...ARGS, classWeight: given });
    assert.deepEqual(history.loss, [0]);
  }
  await closeFit(model);
  tf.dispose([x, y]);
});

Deno.test("fit() stops at model.stopTraining where model.fit() does", async () => {
  const { x, y } = regressionData(), args = { batchSize: 4, epochs: 3, validationSplit: 0.2 };
  for (const hook of ["onTrainBegin", "onEpochBegin", "onBatchBegin", "onBatchEnd", "onEpochEnd"] as const) {
    for (const at of [0, 1, 4]) { // 4 is the last batch of an epoch
      const { epoch } = await compare(regression, {
        x,
        y,
        args,
        watch: (model) => ({ [hook]: (index = 0) => void (index === at && (model.stopTraining = true)) }),
      });
      assert.ok(hook === "onTrainBegin" || at === 4 || epoch.length < 3, `${hook}(${at})`);
    }
  }
  tf.dispose([x, y]);
});

Deno.test("fit() takes tf.callbacks.earlyStopping, alone or in a list with tf.CustomCallback", async () => {
  const { x, y } = regressionData(), args = { batchSize: 4, epochs: 30, validationSplit: 0.3 };
  const build = () => regression(tf.train.adam(0.1));
  const alone = await compare(build, {
    x,
    y,
    args,
    watch: () => tf.callbacks.earlyStopping({ patience: 2 }) as never,
  });
  assert.ok(alone.epoch.length < 30);
  await compare(build, {
    x,
    y,
    args,
    watch: () => [tf.callbacks.earlyStopping({ monitor: "mae", mode: "max" }), new tf.CustomCallback({})],
  });
  tf.dispose([x, y]);
});

Deno.test("fit() lets a callback change the learning rate, the weights and the logs", async () => {
  const { x, y } = regressionData(), args = { batchSize: 4, epochs: 3 };
  await compare(() => regression(tf.train.adam(0.1)), {
    x,
    y,
    args,
    watch: (model) => ({
      onBatchEnd: (batch) => {
        if (batch === 2) (model.optimizer as unknown as { learningRate: number }).learningRate *= 0.5;
      },
      onEpochEnd: (epoch, logs) => {
        logs!.chosen = epoch + 0.5;
        if (epoch !== 1) return;
        tf.tidy(() => model.setWeights(model.getWeights().map((weight) => weight.mul(0.5))));
      },
    }),
  });
  tf.dispose([x, y]);
});

Deno.test("fit() has the current weights in the model when a callback is called", async () => {
  const { x, y } = regressionData(), args = { batchSize: 8, epochs: 2 };
  const [ours, stock] = twins(regression);
  const watch = (model: tf.Sequential) => {
    const losses: number[] = [];
    const look = () =>
      void losses.push(tf.tidy(() => (model.evaluate(x, y) as tf.Scalar[])[0].dataSync()[0]));
    const callbacks = {
      onBatchBegin: look,
      onBatchEnd: look,
      onEpochBegin: look,
      onEpochEnd: look,
      onTrainEnd: look,
    };
    return { losses, callbacks };
  };
  const mine = watch(ours), theirs = watch(stock);
  await fit(ours, x, y, { ...args, ...ARGS, callbacks: mine.callbacks });
  await stock.fit(x, y, { ...args, shuffle: false, callbacks: theirs.callbacks });
  assert.equal(mine.losses.length, 17);
  assertClose(mine.losses, theirs.losses, { atol: 1e-6, rtol: 1e-5, name: "losses" });
  assert.ok(new Set(theirs.losses).size > 5);
  await closeFit(ours);
  tf.dispose([x, y]);
});

Deno.test("fit() and model.fit() can take turns, and the optimizer goes on", async () => {
  const { x, y } = regressionData();
  for (
    const make of [
      () => tf.train.adam(0.05),
      () => tf.train.rmsprop(0.05, 0.9, 0.5),
      () => tf.train.adadelta(1),
    ]
  ) {
    const [ours, stock] = twins(() => regression(make()));
    for (let turn = 0; turn < 4; turn++) {
      const args = { batchSize: 6, epochs: 2, shuffle: false };
      const stockHistory = await stock.fit(x, y, args);
      const history = turn % 2 === 0
        ? await fit(ours, x, y, { ...args, ...ARGS })
        : await ours.fit(x, y, args);
      assertSame(await outcomeOf(ours, history, []), await outcomeOf(stock, stockHistory, []));
    }
    await closeFit(ours);
  }
  tf.dispose([x, y]);
});

Deno.test("fit() takes a learning rate of 0, from the start or from a callback, and keeps the slots", async () => {
  const { x, y } = regressionData(), args = { batchSize: 8, epochs: 3 };
  const watch = (model: tf.Sequential) => ({
    onEpochEnd: () => void Reflect.set(model.optimizer, "learningRate", 0),
  });
  for (const learningRate of [0, 0.05]) {
    const { history } = await compare(() => regression(tf.train.adam(learningRate)), { x, y, args, watch });
    assert.equal(history.loss[1], history.loss[2]);
  }
  const [ours] = twins(() => regression(tf.train.adam(0.05)));
  const callbacks = { onEpochEnd: () => void Reflect.set(ours.optimizer, "learningRate", -1) };
  await assert.rejects(
    fit(ours, x, y, { ...args, ...ARGS, callbacks }),
    /^RangeError: Cannot train: learningRate must be a number from 0 on: current value is -1$/,
  );
  assert.equal(ours.optimizer.iterations, 3); // those of the first epoch
  await closeFit(ours);
  tf.dispose([x, y]);
});

Deno.test({
  name: named("fit() needs no memory for sequences that a batch cannot have", needs),
  ignore: lacks(needs),
  fn: async () => {
    const { x, y } = regressionData();
    for (const batchSize of [N + 1, 1e9, Number.MAX_SAFE_INTEGER]) {
      const [ours, same] = twins(regression), args = { epochs: 2, shuffle: false, device: "wasm" } as const;
      const { history } = await fit(ours, x, y, { ...args, batchSize });
      assert.deepEqual(history, (await fit(same, x, y, { ...args, batchSize: N })).history);
      await closeFit(ours);
      await closeFit(same);
    }
    tf.dispose([x, y]);
  },
});

Deno.test("fit() rejects weights that nobody has started, and canFit() a model that was disposed", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.gru({ units: 2, returnSequences: true, recurrentInitializer: "zeros", inputShape: [T, C] }),
      lstm({ units: 2, name: "upper" }),
      tf.layers.dense({ units: 2 }),
    ],
  });
  model.compile({ loss: "meanSquaredError", optimizer: "adam" });
  const { x, y } = regressionData(), before = model.getWeights().map((weight) => weight.dataSync());
  await assert.rejects(
    fit(model, x, y, ARGS),
    /^RangeError: Cannot fit the model: its weights must be started: current value is zero for all of upper\/kernel and /,
  );
  assert.deepEqual(model.getWeights().map((weight) => weight.dataSync()), before);
  model.layers[1].setWeights(model.layers[1].getWeights().map((weight) => tf.onesLike(weight)));
  await fit(model, x, y, ARGS);
  await closeFit(model);
  model.dispose();
  assert.match(canFit(model)!, /the model must be in use: current value is disposed$/);
  tf.dispose([x, y]);
});

Deno.test("fit() gives back weights and slots if a callback throws", async () => {
  const { x, y } = regressionData(), [ours, stock] = twins(regression);
  const callbacks = {
    onBatchEnd: (batch: number) => {
      if (batch === 1) throw new Error("enough");
    },
  };
  const args = { batchSize: 4, shuffle: false, callbacks };
  await assert.rejects(fit(ours, x, y, { ...args, ...ARGS }), /^Error: enough$/);
  await assert.rejects(stock.fit(x, y, args), /^Error: enough$/);
  const none = new tf.History();
  none.history = {};
  assertSame(await outcomeOf(ours, none, []), await outcomeOf(stock, none, []));
  await fit(ours, x, y, ARGS); // nothing is locked
  await closeFit(ours);
  tf.dispose([x, y]);
});

Deno.test("fit() takes the same steps however many an engine is given at once", async () => {
  const { x, y } = regressionData(), [one, many] = twins(regression);
  const args = { batchSize: 2, epochs: 4, validationSplit: 0.2, device: "reference" } as const;
  const { history } = await fit(one, x, y, { ...args, callbacks: { onBatchEnd: () => {} } });
  assert.deepEqual((await fit(many, x, y, args)).history, history);
  const byBatch = await fit(twins(regression)[0], x, y, { ...args, yieldEvery: "batch" });
  assert.deepEqual(byBatch.history, history);
  await closeFit(one);
  await closeFit(many);
  tf.dispose([x, y]);
});

Deno.test("fit() shuffles by seed and step: alike in each program, anew in each epoch and call", async () => {
  const { x, y } = regressionData(), args = { batchSize: 5, device: "reference" } as const;
  const train = async (calls: readonly FitArgs[]) => {
    const [model] = twins(regression), losses: number[] = [];
    for (const call of calls) losses.push(...(await fit(model, x, y, { ...args, ...call })).history.loss);
    await closeFit(model);
    return losses;
  };
  const whole = await train([{ epochs: 3 }]);
  // Between two calls the weights are float32, here: 1e-7 in weights of 1.
  assertClose(await train([{}, {}, {}]), whole, { atol: 0, rtol: 1e-6, name: "losses of three calls" });
  assert.deepEqual(await train([{ epochs: 3, seed: 1 }]), whole);
  assert.notDeepEqual(await train([{ epochs: 3, seed: 2 }]), whole);
  assert.notDeepEqual(await train([{ epochs: 3, shuffle: false }]), whole);
  tf.dispose([x, y]);
});

Deno.test("fit() goes on where the loss is not finite, as model.fit() does", async () => {
  const { x, y } = regressionData();
  const watch = (model: tf.Sequential) => ({
    onBatchEnd: (batch: number) => {
      if (batch === 1) tf.tidy(() => model.setWeights(model.getWeights().map((weight) => weight.mul(NaN))));
    },
  });
  const args = { batchSize: 8, epochs: 2, validationSplit: 0.2 };
  const { history, epoch } = await compare(regression, { x, y, args, watch });
  assert.deepEqual(epoch, [0, 1]);
  assert.ok([history.loss[0], history.loss[1], history.val_mae[1]].every(Number.isNaN));
  tf.dispose([x, y]);
});

/** A callback of a class of its own, as people write them. */
class Watcher extends tf.Callback {
  readonly told: unknown[] = [];

  override setModel(model: tf.LayersModel): void {
    super.setModel(model);
    this.told.push(model.constructor.name);
  }

  override setParams(params: Record<string, number>): void {
    super.setParams(params);
    this.told.push(params);
  }

  override onBatchEnd(batch: number, logs?: Record<string, number | tf.Tensor>): Promise<void> {
    this.told.push([batch, Object.keys(logs!)]);
    return Promise.resolve();
  }
}

Deno.test("fit() tells instances of tf.Callback model and parameters, and the model its History", async () => {
  const { x, y } = regressionData(), [ours, stock] = twins(regression), args = { batchSize: 9, epochs: 2 };
  const mine = new Watcher(), theirs = new Watcher();
  const history = await fit(ours, x, y, { ...args, ...ARGS, callbacks: [mine] });
  await stock.fit(x, y, { ...args, shuffle: false, callbacks: [theirs] });
  assert.deepEqual(mine.told, theirs.told);
  assert.equal(mine.told.length, 2 + 2 * 3);
  assert.equal((mine as unknown as { model: { history: unknown } }).model.history, history);
  await closeFit(ours);
  tf.dispose([x, y]);
});

Deno.test("fit() takes a tf.model that is one chain", async () => {
  const build = () => {
    const input = tf.input({ shape: [T, C] });
    const hidden = tf.layers.simpleRNN({ units: 3, recurrentInitializer: "zeros" }).apply(input);
    const output = tf.layers.dense({ units: 2 }).apply(hidden) as tf.SymbolicTensor;
    const model = tf.model({ inputs: input, outputs: output });
    model.compile({ loss: "meanAbsoluteError", optimizer: "sgd" });
    return model as unknown as tf.Sequential;
  };
  const { x, y } = regressionData();
  await compare(build, { x, y, args: { batchSize: 8, epochs: 2, validationSplit: 0.2 } });
  tf.dispose([x, y]);
});

Deno.test("fit() yields as model.fit() does: onYield is called, nextFrameFunc is used", async () => {
  const { x, y } = regressionData();
  for (const yieldEvery of ["batch", "epoch", 0, 1e9] as const) {
    const counts = await Promise.all([0, 1].map(async (which) => {
      const model = twins(regression)[which];
      let frames = 0, yields = 0;
      const callbacks = {
        onYield: (_epoch: number, _batch: number, logs: tf.Logs) => void (yields += Object.keys(logs).length),
        nextFrameFunc: () => void frames++,
      };
      const args = { batchSize: 4, epochs: 2, shuffle: false, yieldEvery, callbacks };
      await (which === 0 ? fit(model, x, y, { ...args, ...ARGS }) : model.fit(x, y, args));
      await closeFit(model);
      return [frames, yields];
    }));
    assert.deepEqual(counts[0], counts[1], String(yieldEvery));
  }
  tf.dispose([x, y]);
});

Deno.test("fit() has the terms of regularizers in loss, not in val_loss, as model.fit()", async () => {
  const build = () => {
    const model = tf.sequential({
      layers: [
        tf.layers.simpleRNN({ units: 3, inputShape: [T, C], recurrentInitializer: "zeros" }),
        tf.layers.dense({ units: 2, kernelRegularizer: tf.regularizers.l1l2({ l1: 0.1, l2: 0.2 }) }),
      ],
    });
    model.compile({ loss: "meanSquaredError", optimizer: "sgd", metrics: ["mse"] });
    return model;
  };
  const { x, y } = regressionData();
  const { history } = await compare(build, { x, y, args: { batchSize: 8, epochs: 2, validationSplit: 0.2 } });
  assert.ok(history.loss[0] as number - (history.mse[0] as number) > 0.01);
  assert.equal(history.val_loss[0], history.val_mse[0]);
  tf.dispose([x, y]);
});
