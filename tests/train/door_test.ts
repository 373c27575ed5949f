import * as tf from "@tensorflow/tfjs";
import type { BatchNormLayer } from "../../lib/model/network.ts";
import assert from "node:assert/strict";
import { excerpt } from "../../lib/excerpt.ts";
import { readWeights } from "../../lib/model/tensorflow_weights.ts";
import { adam, sgd } from "../../lib/model/optimizers.ts";
import { compile } from "../../lib/train/compile.ts";
import type { CompileOptions } from "../../lib/train/open_parts.ts";
import { openModel as openPlain } from "../../lib/train/open_model.ts";
import { openTraining } from "../../lib/train/open_training.ts";
import { fromTensorflow, toNetwork } from "../../lib/model/from_tensorflow.ts";
import { lstm, simpleRNN } from "../../lib/model/to_tensorflow.ts";
import { toSafetensors } from "../../lib/model/formats.ts";
import { openModel } from "../../lib/run/open_model.ts";
import { Tally } from "../../lib/train/figures.ts";
import type { Trainer } from "../../lib/train/trainer.ts";
import { tinySplit } from "../support/tiny_data.ts";
import { lacks, named } from "../support/permissions.ts";

tf.enableProdMode();

const train = tinySplit({ count: 22, height: 5, width: 4, classes: 3 });
const test = tinySplit({ count: 13, height: 5, width: 4, classes: 3, seed: 2 });
const sequence = { axis: "rows", range: [0, 1] } as const;

const options = {
  train,
  test,
  sequence,
  optimizer: adam({ learningRate: 0.02 }),
  initialize: "pytorch",
  batchSize: 4,
  device: "reference",
} as const satisfies CompileOptions;

function tinyModel(activation: "linear" | "softmax" = "linear"): tf.Sequential {
  return tf.sequential({
    layers: [
      tf.layers.lstm({
        units: 3,
        recurrentActivation: "sigmoid",
        recurrentInitializer: "zeros",
        inputShape: [5, 4],
      }),
      tf.layers.dense({ units: 3, activation }),
    ],
  });
}

function open(changes: Partial<CompileOptions> = {}, model = tinyModel()): Promise<Trainer> {
  return compile(model, { ...options, ...changes });
}

/** Values that no compiler has looked at. */
const raw = (changes: object) => changes as Partial<CompileOptions>;

const { optimizer: _, ...withoutOptimizer } = options;

const REJECTED: [changes: object, RegExp][] = [
  [
    { forgetBias: Infinity },
    /^RangeError: .* forgetBias must be a finite number: current value is Infinity$/,
  ],
  [
    { initialize: undefined, forgetBias: 1 },
    /^RangeError: .* forgetBias must be given with initialize: current value is 1$/,
  ],
  [{ unbiased: 1 }, /^TypeError: .* unbiased must be true or false: current value is 1$/],
  [
    { sequence: { axis: "columns", range: [0, 1] } },
    /^TypeError: .* its inputShape must be \[4, 5\] .* is \[5, 4\]$/,
  ],
  [
    { test: tinySplit({ count: 3, height: 4, width: 4, classes: 3 }) },
    /^RangeError: .* test images must be 5×4 .* is 4×4$/,
  ],
  [
    { test: tinySplit({ count: 30, height: 5, width: 4, classes: 9 }) },
    /labels of test must be below the 3 classes/,
  ],
  [
    { train: undefined },
    /^TypeError: Cannot compile the model: train must be images and labels: current value is missing$/,
  ],
  [{ train: null }, /train must be images and labels: current value is null$/],
  [{ train: { ...train, pixels: Float32Array.from(train.pixels) } }, /pixels of train must be a Uint8Array/],
  [
    { train: { ...train, labels: Int8Array.from(train.labels, () => -1) } },
    /labels of train must be a Uint8Array/,
  ],
  [{ test: { ...test, count: 14 } }, /pixels of test must be 14 × 5 × 4 = 280 bytes: current value is 260$/],
  [
    { validation: 22 },
    /^RangeError: .* validation must be at least one and less than all of the 22 .* is 22$/,
  ],
  [
    { validation: 0.01 },
    /validation must be at least one and less than all of the 22 training images: current value is 0$/,
  ],
  [{ validation: 0.99 }, /validation must be at least one .* current value is 22$/],
  [
    { validation: 1.5 },
    /^RangeError: .* validation must be a whole number, or a share below 1: current value is 1.5$/,
  ],
  [{ validation: -1 }, /validation must be a whole number, or a share below 1: current value is -1$/],
  [{ validation: "6" }, /^TypeError: .* validation must be .* is "6"$/],
  [
    { optimizer: undefined },
    /^TypeError: .* optimizer must be made by one of sgd, .*: current value is missing \(/,
  ],
  [
    { optimizer: "adam" },
    /^TypeError: .* current value is "adam" \(scanline\.adam\(\{ learningRate: 0.01 \}\) makes one\)$/,
  ],
  [{ optimizer: tf.train.sgd(0.1) }, /current value is SGDOptimizer \(scanline\.sgd\(/],
  [
    { optimizer: { ...options.optimizer, epsilon: 0 } },
    /^RangeError: .* epsilon must be a positive number: .* is 0$/,
  ],
  [
    { sequence: undefined },
    /^TypeError: .* sequence must be an object with axis, and range or mean and deviation: current value is missing$/,
  ],
  [
    { sequence: "rows" },
    /sequence must be an object with axis, and range or mean and deviation: current value is "rows"$/,
  ],
  [
    { initialize: "torch" },
    /^RangeError: .* initialize must be one of pytorch, tf1, keras, irnn, identity: current value is "torch"$/,
  ],
  [{ initialize: null }, /^TypeError: .* initialize must be .*: current value is null$/],
  [{ biases: "2" }, /^TypeError: .* biases must be one of 1, 2: current value is "2"$/],
  [{ biases: 3 }, /^RangeError: .* biases must be one of 1, 2: current value is 3$/],
  [
    { batchSize: 0 },
    /^RangeError: .* batchSize must be a whole number from 1 to 2097152: current value is 0$/,
  ],
  [{ batchSize: "64" }, /^TypeError: .* batchSize must be .*: current value is "64"$/],
  [{ lastBatch: "drop" }, /^RangeError: .* lastBatch must be one of short, carry: current value is "drop"$/],
  [{ seed: -1 }, /^RangeError: .* seed must be a whole number from 0 to 4294967295: current value is -1$/],
  [{ seed: null }, /^TypeError: .* seed must be .*: current value is null$/],
  [
    { device: "gpu" },
    /^RangeError: .* device must be one of auto, webgpu, wasm, reference: current value is "gpu"$/,
  ],
  [{ threads: 2 }, /it has no option threads/],
  [
    { threads: 0, device: "wasm" },
    /^RangeError: .* threads must be a whole number from 1 to 64: current value is 0$/,
  ],
  [
    { math: "fast", device: "wasm" },
    /^RangeError: .* math must be one of fused, plain: current value is "fast"$/,
  ],
  [
    { selfCheck: "no", device: "webgpu" },
    /^TypeError: .* selfCheck must be true or false: current value is "no"$/,
  ],
  [{ epochs: 3 }, /^TypeError: .* options must be among train, test, .*: current value has "epochs"$/],
  [{ learningRate: 0.1 }, /options must be among .*: current value has "learningRate"$/],
];

Deno.test("compile() rejects what is missing, unknown, of another kind or out of range, and changes nothing", async () => {
  const model = tinyModel();
  const before = model.getWeights().map((weight) => weight.dataSync().slice());
  for (const [changes, message] of REJECTED) await assert.rejects(open(raw(changes), model), message);
  await assert.rejects(
    compile(model, withoutOptimizer as CompileOptions),
    /optimizer must be .*: current value is missing/,
  );
  for (const none of [undefined, null, 3, [options]]) {
    await assert.rejects(compile(model, none as never), /^TypeError: .* options must be an object/);
  }
  await assert.rejects(
    compile(null as never, options),
    /^TypeError: .* must be a tf.Sequential or a tf.model: current value is null/,
  );
  assert.deepEqual(model.getWeights().map((weight) => weight.dataSync()), before);
});

Deno.test("compile() takes copies of what it is given: changing it later changes nothing", async () => {
  const given = {
    ...options,
    optimizer: { ...options.optimizer },
    sequence: { ...sequence },
    train: { ...train },
  };
  const states = [];
  for (const change of [false, true]) {
    await using trainer = await compile(tinyModel(), given);
    if (change) {
      given.optimizer.learningRate = 5;
      Object.assign(given.train, { count: 1 });
      Object.assign(given.sequence, { axis: "pixels" });
      assert.throws(() => Object.assign(trainer.split("train"), { count: 1 }), /read only/);
    }
    for await (const _ of trainer.epochs(1));
    assert.deepEqual(trainer.config.optimizer, options.optimizer);
    assert.deepEqual(trainer.sequence, sequence);
    states.push(await trainer.readState());
  }
  assert.deepEqual(states[1], states[0]);
});

Deno.test("validation takes a share as well as a number", async () => {
  for (const [validation, held] of [[0.25, 6], [6, 6], [1, 1], [0, 0], [0.5, 11]]) {
    await using trainer = await open({ validation });
    assert.deepEqual(trainer.config.images, { train: 22 - held, validation: held, test: 13 });
  }
});

Deno.test("test can be left out, and then there is nothing to test with", async () => {
  const { test: _, ...without } = options;
  await using trainer = await compile(tinyModel(), without);
  const [epoch] = await Array.fromAsync(trainer.epochs(1));
  assert.equal(epoch.images, 22);
  assert.equal((await trainer.evaluate("train")).count, 22);
  assert.deepEqual(trainer.config.images, { train: 22, validation: 0, test: 0 });
  assert.equal(trainer.split("test").count, 0);
  for (
    const call of [() => trainer.evaluate("test"), () => trainer.predict("test"), () => trainer.read("test")]
  ) {
    await assert.rejects(
      call,
      /^RangeError: Cannot .*: images for test must have been given before the training began: current value is none$/,
    );
  }
});

Deno.test("a loss that toNetwork() takes is the loss that is trained with", async () => {
  const cases = [
    ["softmax", "categoricalCrossentropy", false],
    ["softmax", "sparseCategoricalCrossentropy", true],
    ["linear", tf.losses.softmaxCrossEntropy, false],
  ] as const;
  for (const [activation, loss, sparse] of cases) {
    const model = tinyModel(activation);
    model.compile({ optimizer: "rmsprop", loss: loss as tf.ModelCompileArgs["loss"], metrics: ["accuracy"] });
    await using trainer = await open({}, model);
    const { loss: ours } = await trainer.evaluate("test");
    const theirs = tf.tidy(() => {
      const x = tf.tensor(Float32Array.from(test.pixels, (byte) => byte / 255), [13, 5, 4]);
      const y = tf.tensor1d([...test.labels], "int32");
      const [value] = model.evaluate(x, sparse ? y.toFloat() : tf.oneHot(y, 3).toFloat()) as tf.Scalar[];
      return value.dataSync()[0];
    });
    assert.ok(Math.abs(ours - theirs) < 1e-6, `${loss}: ${ours}, ${theirs}`);
  }
});

Deno.test("the methods of a trainer reject what they do not know, and go on afterwards", async () => {
  await using trainer = await open();
  const before = await trainer.readState();
  const any = (value: unknown) => value as never;
  const loop = (value: object) => Array.fromAsync(trainer.epochs(1, any(value)));
  const state = { ...before, tally: new Tally().state() };
  const wrong: [call: () => Promise<unknown>, RegExp][] = [
    [
      () => Array.fromAsync(trainer.epochs(any(undefined))),
      /length must be a number of either epochs or steps/,
    ],
    [
      () => Array.fromAsync(trainer.epochs(any("3"))),
      /^TypeError: .* epochs must be a whole number .* is "3"$/,
    ],
    [() => Array.fromAsync(trainer.epochs(-1)), /^RangeError: .* epochs must be a whole number from 0 on/],
    [() => Array.fromAsync(trainer.steps(1e300)), /^RangeError: .* steps must be a whole number/],
    [
      () => Array.fromAsync(trainer.epochs(any({ epochs: 1, steps: 2 }))),
      /^TypeError: .* either epochs or steps/,
    ],
    [() => Array.fromAsync(trainer.epochs(any({}))), /either epochs or steps: current value is \{\}/],
    [
      () => Array.fromAsync(trainer.epochs(any({ epoch: 1 }))),
      /length must be among epochs, steps: .* has "epoch"$/,
    ],
    [
      () => Array.fromAsync(trainer.epochs(any(null))),
      /^TypeError: .* length must be an object: current value is null/,
    ],
    [() => loop({ every: 3 }), /options must be among signal, .* current value has "every"$/],
    [
      () => loop({ signal: new AbortController() }),
      /^TypeError: .* signal must be an AbortSignal: .* AbortController$/,
    ],
    [() => loop({ onProgress: "log" }), /^TypeError: .* onProgress must be a function/],
    [() => loop({ checkpointEvery: 0 }), /^RangeError: .* checkpointEvery must be a whole number from 1 on/],
    [
      () => Array.fromAsync(trainer.steps(2, { every: 0 })),
      /^RangeError: .* every must be a whole number from 1 on/,
    ],
    [
      () => trainer.evaluate(any("tset")),
      /^RangeError: Cannot evaluate: split must be one of train, validation, test: .* "tset"$/,
    ],
    [() => trainer.evaluate(any(test)), /^TypeError: Cannot evaluate: split must be one of/],
    [() => trainer.evaluate("test", any({ limit: 3 })), /options must be among from, to, .* has "limit"$/],
    [() => trainer.predict("test", { from: 0.5 }), /^RangeError: Cannot predict: from must be/],
    [() => trainer.predict("test", any({ to: "5" })), /^TypeError: Cannot predict: to must be/],
    [() => trainer.predict("test", { from: 5, to: 5 }), /must be selected: current value is none$/],
    [
      () => trainer.predict("test", { from: 2 ** 40, to: 2 ** 40 + 1 }),
      /must be selected: current value is none$/,
    ],
    [
      () => trainer.predict("test", { positions: Uint32Array.of(13) }),
      /positions must be below 13: current value is 13$/,
    ],
    [
      () => trainer.predict("test", any({ positions: [1] })),
      /positions must be a Uint32Array: current value is \[1\]/,
    ],
    [
      () => trainer.predict("test", { positions: Uint32Array.of(1), to: 3 }),
      /either positions or from and to/,
    ],
    [
      () => trainer.predict(any(test.pixels)),
      /pixels of images must be a Uint8Array|count of images must be/,
    ],
    [
      () => trainer.predict({ ...test, pixels: test.pixels.subarray(1) }),
      /pixels of images must be 13 × 5 × 4/,
    ],
    [
      () => trainer.predict(tinySplit({ count: 1, height: 4, width: 5, classes: 3 })),
      /images must be 5×4: .* is 4×5$/,
    ],
    [
      () => trainer.read("test", any({ signal: null })),
      /options must be among from, to, positions: .* has "signal"$/,
    ],
    [() => trainer.read(any(undefined)), /^TypeError: Cannot read the images: images must be an object/],
    [() => trainer.writeState(any(null)), /^TypeError: Cannot write the state: state must be an object/],
    [
      () => trainer.writeState(any({})),
      /^TypeError: Cannot write the state: parameters must be a Float32Array/,
    ],
    [() => trainer.writeState({ ...before, step: -1 }), /^RangeError: .* step must be/],
    [() => trainer.writeState(any({ ...state, tally: null })), /^TypeError: .* tally must be an object/],
    [
      () => trainer.writeState(any({ ...state, tally: { ...state.tally, loss: NaN } })),
      /^RangeError: .* loss must be/,
    ],
    [
      () => trainer.writeState({ ...state, tally: { ...state.tally, steps: 5 } }),
      /at most 0 steps: current value is 5$/,
    ],
  ];
  for (const [call, message] of wrong) await assert.rejects(call, message);
  assert.throws(() => trainer.split(any("tset")), /^RangeError: .* split must be one of/);
  assert.deepEqual(await trainer.readState(), before);
  assert.equal((await Array.fromAsync(trainer.epochs(1))).length, 1);
});

for (const device of ["reference", "wasm"] as const) {
  const needs = device === "wasm" ? [{ name: "read", path: "lib" }] as const : [];
  const deviceTest = (name: string, fn: () => Promise<void>) =>
    Deno.test({ name: named(`${device}: ${name}`, needs), ignore: lacks(needs), fn });

  deviceTest("two loops at once: the second one is an error, the first one trains as if alone", async () => {
    await using alone = await open({ device });
    const wanted = await Array.fromAsync(alone.epochs(2));
    await using trainer = await open({ device });
    const results = await Promise.allSettled([1, 2].map(() => Array.fromAsync(trainer.epochs(2))));
    assert.equal(results[1].status, "rejected");
    assert.match(
      `${results[1].reason}`,
      /Cannot train: the training must have nothing else to do: .* a call to train/,
    );
    assert.equal(results[0].status, "fulfilled");
    const losses = (reports: { loss: number }[]) => reports.map(({ loss }) => loss);
    assert.deepEqual(losses(results[0].value), losses(wanted));
    assert.deepEqual(await trainer.readState(), await alone.readState());
  });

  deviceTest("any call while a loop trains is an error, and disturbs nothing", async () => {
    await using trainer = await open({ device });
    const state = await trainer.readState();
    const running = Array.fromAsync(trainer.steps(6));
    const calls = [
      () => trainer.evaluate("test"),
      () => trainer.predict("test"),
      () => trainer.read("test"),
      () => trainer.readState(),
      () => trainer.writeState(state),
    ];
    await Promise.all(
      calls.map((call) => assert.rejects(call(), /must have nothing else to do: .* a call to train/)),
    );
    assert.equal((await running)[0].steps, 6);
    assert.equal(trainer.step, 6);
  });

  deviceTest("disposed in the middle of a loop: one clear error, and no later call hangs", async () => {
    const trainer = await open({ device });
    const running = Array.fromAsync(trainer.epochs(1000));
    const ended = assert.rejects(
      running,
      /^Error: Cannot train: the training must stay open until the call is done/,
    );
    await trainer[Symbol.asyncDispose]();
    await trainer[Symbol.asyncDispose]();
    await ended;
    const calls = [
      () => trainer.evaluate("test"),
      () => trainer.predict(test),
      () => trainer.read("test"),
      () => trainer.readState(),
      () => Array.fromAsync(trainer.epochs(0)),
      () => Array.fromAsync(trainer.steps(1)),
    ];
    for (const call of calls) {
      await assert.rejects(call, /the training must be open: current value is disposed$/);
    }
  });

  deviceTest("a loop can be left midway and another begun", async () => {
    await using trainer = await open({ device });
    for await (const { index } of trainer.epochs(5)) if (index === 1) break;
    assert.equal(trainer.step, 12);
    assert.deepEqual((await Array.fromAsync(trainer.epochs(1))).map(({ index }) => index), [2]);
  });
}

Deno.test("a loop that was begun ends the one before, which says so when it is asked for more", async () => {
  await using trainer = await open();
  const older = trainer.epochs(3);
  assert.equal((await older.next()).value.index, 0);
  assert.deepEqual((await Array.fromAsync(trainer.epochs(1))).map(({ index }) => index), [1]);
  await assert.rejects(older.next(), /^Error: Cannot train: a loop must be the last that was begun/);
  assert.equal((await Array.fromAsync(trainer.steps(1))).length, 1);
});

/** Weights that are nowhere else. */
async function otherWeights(model: tf.LayersModel, network: Trainer["network"]): Promise<Float32Array> {
  const weights = model.getWeights().map((weight, index) => tf.fill(weight.shape, 0.01 * (index + 1)));
  model.setWeights(weights);
  tf.dispose(weights);
  return await readWeights(model, network);
}

Deno.test("weights that are put into the model after compile() are those that are trained, evaluated and read", async () => {
  await using trainer = await open({ optimizer: sgd({ learningRate: 0.1 }) });
  const first = await trainer.evaluate("test");
  const parameters = await otherWeights(trainer.model, trainer.network);
  assert.notEqual((await trainer.evaluate("test")).loss, first.loss);
  assert.deepEqual((await trainer.readState()).parameters, parameters);
  await using other = await open(
    { optimizer: sgd({ learningRate: 0.1 }), initialize: undefined, biases: 2 },
    tinyModel(),
  );
  await otherWeights(other.model, other.network);
  await Array.fromAsync(other.epochs(1));
  await Array.fromAsync(trainer.epochs(1));
  assert.deepEqual(await trainer.readState(), await other.readState());
  assert.deepEqual(await readWeights(trainer.model, trainer.network), (await trainer.readState()).parameters);
});

Deno.test("so are those put there between two reports, and while a loop runs; the optimizer keeps its averages", async () => {
  await using trainer = await open();
  for await (const { index } of trainer.epochs(2)) {
    const { slots, step } = await trainer.readState();
    if (index > 0) continue;
    const parameters = await otherWeights(trainer.model, trainer.network);
    assert.deepEqual(await trainer.readState(), { parameters, slots, step });
  }
  const zeros = trainer.model.getWeights().map((weight) => tf.zerosLike(weight));
  const onProgress = ({ done }: { done: number }) => done === 22 && trainer.model.setWeights(zeros);
  await Array.fromAsync(trainer.epochs(1, { onProgress }));
  assert.ok((await readWeights(trainer.model, trainer.network)).every((value) => value === 0));
  assert.ok((await trainer.readState()).parameters.every((value) => value === 0));
  tf.dispose(zeros);
});

Deno.test("model.fit() and a trainer can take turns, and so can two trainers", async () => {
  const model = tinyModel();
  model.compile({ optimizer: "sgd", loss: tf.losses.softmaxCrossEntropy as tf.ModelCompileArgs["loss"] });
  await using trainer = await open({}, model);
  await Array.fromAsync(trainer.epochs(1));
  const [x, y] = [tf.zeros([4, 5, 4]), tf.oneHot(tf.tensor1d([0, 1, 2, 1], "int32"), 3).toFloat()];
  await model.fit(x, y, { verbose: 0 });
  const fitted = await readWeights(model, trainer.network);
  assert.deepEqual((await trainer.readState()).parameters, fitted);
  await using second = await open({ initialize: undefined }, model);
  await Array.fromAsync(second.steps(1));
  assert.deepEqual((await trainer.readState()).parameters, (await second.readState()).parameters);
  tf.dispose([x, y]);
});

Deno.test("a model that means something else by now is not trained, and nothing is overwritten", async () => {
  const changes: [(model: tf.Sequential) => void, RegExp][] = [
    [(model) => model.layers[0].trainable = false, /trainable of layer .* must be true/],
    [(model) => model.compile({ optimizer: "sgd", loss: "meanSquaredError" }), /loss of model .* must be/],
    [
      (model) => model.add(tf.layers.dense({ units: 3 })),
      /layers of the model must be those that were compiled/,
    ],
    [(model) => model.pop(), /layers of the model must be those that were compiled/],
    [(model) => model.dispose(), /the model must be in use: current value is disposed$/],
  ];
  for (const [change, message] of changes) {
    const model = tinyModel();
    await using trainer = await open({}, model);
    change(model);
    await assert.rejects(Array.fromAsync(trainer.epochs(1)), message);
    assert.equal(trainer.step, 0);
  }
});

Deno.test("openModel() and fromTensorflow() say what they miss", async () => {
  const any = (value: unknown) => value as never;
  const trained = await fromTensorflow(tinyModel(), { sequence });
  await using model = await openModel(trained, { device: "reference" });
  assert.equal((await model.predict(test)).length, 39);
  const wrong: [() => Promise<unknown>, RegExp][] = [
    [
      () => openModel(any(undefined)),
      /^TypeError: Cannot open the model: it must be the folder .* is missing$/,
    ],
    [() => openModel(any({})), /^TypeError: Cannot open the model: it must be the folder of a run/],
    [() => fromTensorflow(tinyModel(), any({})), /^TypeError: .* sequence must be an object with axis/],
    [
      () => fromTensorflow(tinyModel(), any({ sequence: { axis: "x", range: [0, 1] } })),
      /axis must be "rows"/,
    ],
    [
      () => fromTensorflow(tinyModel(), { sequence, classNames: ["a"] }),
      /^RangeError: .* current value is 1$/,
    ],
    [() => model.predict(any("test")), /^TypeError: Cannot predict: images must be an object/],
    [
      () => model.predict(test, { from: 13 }),
      /^RangeError: Cannot predict: .* selected: current value is none$/,
    ],
    [() => model.read(any(undefined)), /^TypeError: Cannot read the images: images must be an object/],
    [
      () => model.read(tinySplit({ count: 1, height: 4, width: 5, classes: 3 })),
      /^RangeError: .* images must be 5×4, .*imageSize\): current value is 4×5$/,
    ],
    [
      () => openModel({ ...trained, T: any(0) }),
      /^TypeError: .* T must be a whole number from 1 to \d+, or null/,
    ],
    [() => openModel({ ...trained, classNames: ["a"] }), /classNames must be 2 to 256 short texts/],
    [
      () => openModel({ ...trained, classNames: ["a", "b"] }),
      /one for each of the 3 classes: current value is 2$/,
    ],
    [
      () => openModel({ ...trained, parameters: new Float32Array(3) }),
      /parameters must be \d+ float32 numbers/,
    ],
    [() => openModel({ ...trained, network: any({ size: 3 }) }), /input of network must be an object/],
    [
      () =>
        openModel({ ...trained, network: any({ input: { size: 4 }, layers: [{ kind: "bidirectional" }] }) }),
      /layers of network must be a list of layers/,
    ],
    [
      () => openModel({ ...trained, network: any({ input: {}, layers: [{ kind: "transformer" }] }) }),
      /inputSize must be a whole number from 1 on: current value is missing$/,
    ],
    [
      () =>
        openModel({ ...trained, network: any({ input: { size: 4 }, layers: [{ kind: "transformer" }] }) }),
      /kind of layer 0 must be one of lstm, gru, /,
    ],
    [() => openModel({ ...trained, sequence: any({ axis: "x", range: [0, 1] }) }), /axis must be "rows"/],
    [
      () => Promise.reject(assertThrown(() => toSafetensors(any(undefined)))),
      /^TypeError: Cannot write safetensors/,
    ],
    [() => openModel(trained, any({ batchSize: 9 })), /options must be among device/],
    [() => openModel(trained, any({ imageSize: { height: "5", width: 4 } })), /height of imageSize must be/],
    [() => openModel(trained, any("wasm")), /options must be an object/],
  ];
  for (const [call, message] of wrong) await assert.rejects(call, message);
});

function assertThrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  assert.fail("it was taken");
}

Deno.test("lstm() and simpleRNN() take what they can keep, and nothing else", () => {
  assert.throws(
    () => lstm({ units: 3, kernelInitializer: "ones" } as never),
    /must be among units, .* has "kernelInit/,
  );
  assert.throws(
    () => lstm({ units: 3, activation: "relu" }),
    /activation must be one of tanh: current value is "relu"$/,
  );
  assert.throws(() => simpleRNN({ units: 0 }), /units must be a whole number from 1 on: current value is 0$/);
});

/** One of every kind of value that JavaScript has, all of them wrong wherever {@link takes} does not say otherwise. */
const STRANGE: readonly unknown[] = [
  ...[null, -1, 0.3, NaN, Infinity, 2 ** 60, "", "x", "x".repeat(1e6), true, 10n, Symbol("s"), [], [1], {}],
  ...[
    { valueOf: 1 },
    Object.create(null),
    new Date(0),
    new Map(),
    new Float32Array(3),
    new Uint8Array(3),
    tf.scalar(1),
  ],
];

/** That a call fails, and with an error of ours: one bounded sentence, whatever the value. */
async function failsClearly(what: string, call: () => unknown): Promise<void> {
  try {
    await call();
  } catch (error) {
    const { message } = error as Error;
    assert.match(message, /^Cannot [^:]+: .*: current value (is|has) /, what);
    assert.doesNotMatch(message, /^Cannot (read prop|destructure|convert|mix)/, what);
    return assert.ok(message.length < 400, `${what}: ${message.length} characters`);
  }
  assert.fail(`${what} was taken`);
}

Deno.test("every strange value of every option and argument is one error of ours, and harms nothing", async () => {
  const model = tinyModel(), { network } = toNetwork(model);
  await using trainer = await open();
  const state = await trainer.readState(), full = { ...state, tally: new Tally().state() };
  const any = (value: unknown) => value as never;
  const takes = {
    validation: [0.3],
    epsilon: [0.3, 2 ** 60],
    learningRate: [0.3, 2 ** 60],
    beta1: [0.3],
    beta2: [0.3],
  };
  const parts = (of: object) => Object.entries(of).map(([name]) => name);
  for (const value of STRANGE) {
    const each = async (names: string[], call: (changes: object) => unknown) => {
      for (const name of names) {
        if ((takes as Record<string, unknown[]>)[name]?.includes(value)) continue;
        await failsClearly(`${name}: ${excerpt(value, 20)}`, () => call({ [name]: value }));
      }
    };
    const own = ["validation", "biases", "lastBatch", "seed", "threads", "math", "selfCheck", "unknown"];
    await each([...parts(options), ...own], (changes) => open(raw(changes), model));
    const plain = [...parts(options), ...own, "parameters"].filter((name) => name !== "biases");
    await each(plain, (changes) => openTraining(network, { ...options, ...changes }));
    await each(["input", "layers", "biases"], (changes) => openTraining({ ...network, ...changes }, options));
    await each(parts(train), (changes) => open({ train: { ...train, ...changes } }, model));
    await each(parts(sequence), (changes) => open({ sequence: { ...sequence, ...changes } }, model));
    await each(parts(options.optimizer), (c) => open({ optimizer: { ...options.optimizer, ...c } }, model));
    await each(
      ["parameters", "slots", "step", "tally"],
      (changes) => trainer.writeState({ ...full, ...changes }),
    );
    await each(
      ["from", "to", "positions", "signal", "onProgress", "unknown"],
      (c) => trainer.evaluate("test", c),
    );
    await each(["every", "checkpointEvery", "onCheckpoint"], (c) => Array.fromAsync(trainer.steps(1, c)));
    const calls: Record<string, () => unknown> = {
      model: () => compile(any(value), options),
      options: () => compile(model, any(value)),
      network: () => openTraining(any(value), options),
      plainOptions: () => openTraining(network, any(value)),
      plainSource: () => openPlain(any(value)),
      length: () => Array.fromAsync(trainer.epochs(any(value))),
      split: () => trainer.evaluate(any(value)),
      images: () => trainer.predict(any(value)),
      read: () => trainer.read(any(value)),
      state: () => trainer.writeState(any(value)),
      source: () => openModel(any(value)),
      about: () => fromTensorflow(model, any(value)),
    };
    for (const [name, call] of Object.entries(calls)) await failsClearly(name, call);
  }
  assert.deepEqual(await trainer.readState(), state);
  assert.equal((await Array.fromAsync(trainer.epochs(1))).length, 1);
});

Deno.test("compile() rejects weights that are no numbers, unless it starts them anew", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.simpleRNN({ units: 3, recurrentInitializer: "zeros", inputShape: [2, 2] }),
      tf.layers.dense({ units: 2 }),
    ],
  });
  model.setWeights(model.getWeights().map((weight, i) => i === 1 ? tf.fill(weight.shape, NaN) : weight));
  const train = tinySplit({ count: 8, height: 2, width: 2, classes: 2 });
  const options = {
    train,
    sequence: { axis: "rows", range: [0, 1] },
    optimizer: sgd({ learningRate: 0.1 }),
    device: "reference",
  } as const;
  await assert.rejects(
    compile(model, options),
    /^RangeError: .* its weights must be finite: current value is NaN, in layer0\.recurrentKernel/,
  );
  await using trainer = await compile(model, { ...options, initialize: "pytorch" });
  for await (const { loss } of trainer.steps(1)) assert.ok(Number.isFinite(loss));
});

Deno.test("compile() rejects weights that nobody has started: all units would learn the same", async () => {
  const model = tf.sequential({
    layers: [
      lstm({ units: 3, inputShape: [2, 2], returnSequences: true }),
      simpleRNN({ units: 3 }),
      tf.layers.dense({ units: 2 }),
    ],
  });
  const options = {
    train: tinySplit({ count: 8, height: 2, width: 2, classes: 2 }),
    sequence: { axis: "rows", range: [0, 1] },
    optimizer: sgd({ learningRate: 0.1 }),
    device: "reference",
  } as const;
  await assert.rejects(compile(model, options), /must be started: current value is zero for all of layer0 /);
  model.layers[0].setWeights(model.layers[0].getWeights().map((weight) => tf.onesLike(weight)));
  await assert.rejects(
    compile(model, options),
    /zero for all of layer1 \(`initialize: "pytorch"` starts them\)$/,
  );
  await using trainer = await compile(model, { ...options, initialize: "keras" });
  assert.equal((await Array.fromAsync(trainer.epochs(1))).length, 1);
});

Deno.test("compile() starts forget gates as it is told, and says so; batch normalization is PyTorch's with its start", async () => {
  const model = tf.sequential({
    layers: [
      lstm({ units: 3, inputShape: [2, 2] }),
      tf.layers.batchNormalization({ epsilon: 1e-5, momentum: 0.9 }),
      tf.layers.dense({ units: 2 }),
    ],
  });
  const options = {
    train: tinySplit({ count: 8, height: 2, width: 2, classes: 2 }),
    sequence: { axis: "rows", range: [0, 1] },
    optimizer: sgd({ learningRate: 0.1 }),
    device: "reference",
  } as const;
  for (
    const [changes, forgetBias, unbiased] of [
      [{ initialize: "pytorch", forgetBias: 2 }, 2, true],
      [{ initialize: "pytorch", unbiased: false, forgetBias: -1 }, -1, false],
      [{ initialize: "keras" }, undefined, false],
    ] as const
  ) {
    await using trainer = await compile(model, { ...options, ...changes });
    assert.equal(trainer.config.forgetBias, forgetBias);
    assert.deepEqual([...await model.getWeights()[2].data()].slice(3, 6), new Array(3).fill(forgetBias ?? 1));
    assert.partialDeepStrictEqual(trainer.network.layers[1], { kind: "batchNorm", unbiased });
    assert.equal((await Array.fromAsync(trainer.epochs(1))).length, 1);
    assert.partialDeepStrictEqual((await trainer.trained()).network.layers[1], { unbiased });
    const parameters = (await trainer.trained()).parameters,
      { movingMean } = trainer.network.layers[1] as BatchNormLayer;
    const means = parameters.subarray(movingMean.offset, movingMean.offset + movingMean.size);
    assert.ok(means.every((mean) => mean !== 0), "averages return into the model");
  }
});
