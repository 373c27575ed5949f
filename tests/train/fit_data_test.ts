import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { canFit, fit } from "../../lib/train/fit.ts";
import type { FitArgs } from "../../lib/train/fit_arguments.ts";
import { closeFit } from "../../lib/train/fit_session.ts";
import { tinySplit } from "../support/tiny_data.ts";
import { noise, twins } from "./support/stock.ts";

const N = 6, T = 4, C = 2, K = 3;
const REFERENCE = { device: "reference" } as const;

/** What a model reads and answers. */
interface Form {
  readonly tokens?: boolean;
  readonly everyStep?: boolean;
  /** mean squared error by default. */
  readonly loss?: tf.ModelCompileArgs["loss"];
  readonly units?: number;
  readonly features?: number;
  readonly length?: number | null;
}

function build(
  { tokens, everyStep = false, loss = "meanSquaredError", units = K, features = C, length = T }: Form,
): tf.Sequential {
  const isClassifier = String(loss).includes("ategorical");
  const model = tf.sequential();
  if (tokens) model.add(tf.layers.embedding({ inputDim: 5, outputDim: 2, inputLength: T }));
  const inputShape = tokens ? {} : { inputShape: [length, features] };
  model.add(
    tf.layers.simpleRNN({
      units: 3,
      returnSequences: everyStep,
      recurrentInitializer: "zeros",
      ...inputShape,
    }),
  );
  model.add(tf.layers.dense({ units, activation: isClassifier ? "softmax" : "linear" }));
  model.compile({ loss, optimizer: "sgd" });
  return model;
}

/** The losses of two epochs, and how many tensors were left over. */
async function losses(form: Form, x: unknown, y: unknown, args: FitArgs = {}): Promise<number[]> {
  const [model] = twins(() => build(form)), before = tf.memory().numTensors;
  const { history } = await fit(model, x as never, y as never, { epochs: 2, ...REFERENCE, ...args });
  assert.equal(tf.memory().numTensors, before, "tensors");
  await closeFit(model);
  return history.loss;
}

const FLOATS = noise("x", N * T * C), ROWS = noise("y", N * K);
const TOKENS = Int32Array.from({ length: N * T }, (_, at) => at % 5);
const CLASSES = Int32Array.of(0, 1, 2, 2, 1, 0);

/** Numbers as nested arrays. */
function nest(data: ArrayLike<number>, shape: readonly number[]): unknown {
  if (shape.length === 0) return data[0];
  const size = data.length / shape[0], all = Array.from(data);
  return Array.from(
    { length: shape[0] },
    (_, at) => nest(all.slice(at * size, (at + 1) * size), shape.slice(1)),
  );
}

Deno.test("fit() takes tensors, typed arrays and nested arrays alike, in a list or by name", async () => {
  const x = tf.tensor(FLOATS, [N, T, C]), y = tf.tensor(ROWS, [N, K]);
  const expected = await losses({}, x, y);
  const shaped = { data: FLOATS, shape: [N, T, C] };
  assert.deepEqual(await losses({}, shaped, { data: ROWS, shape: [N, K] }), expected);
  assert.deepEqual(await losses({}, nest(FLOATS, [N, T, C]), nest(ROWS, [N, K])), expected);
  const steps = nest(FLOATS, [N, T, C]) as number[][][]; // typed arrays at the lowest level
  assert.deepEqual(
    await losses({}, steps.map((one) => one.map((features) => Float32Array.from(features))), y),
    expected,
  );
  assert.deepEqual(await losses({}, { data: Float64Array.from(FLOATS), shape: [N, T, C] }, y), expected);
  assert.deepEqual(await losses({}, [x], [y]), expected);
  const [model] = twins(() => build({}));
  const byName = { [model.inputNames[0]]: x }, yByName = { [model.outputNames[0]]: y };
  assert.deepEqual((await fit(model, byName, yByName, { epochs: 2, ...REFERENCE })).history.loss, expected);
  await closeFit(model);
  tf.dispose([x, y]);
});

Deno.test("fit() takes whole numbers as features, and bool", async () => {
  const ones = FLOATS.map((value) => value > 0 ? 1 : 0), shape: [number, number, number] = [N, T, C];
  const y = { data: ROWS, shape: [N, K] };
  const expected = await losses({}, { data: ones, shape }, y);
  for (const dtype of ["int32", "bool"] as const) {
    const x = tf.tensor(Int32Array.from(ones), shape, dtype);
    assert.deepEqual(await losses({}, x, y), expected);
    x.dispose();
  }
  assert.deepEqual(await losses({}, { data: Uint8Array.from(ones), shape }, y), expected);
  assert.deepEqual(
    await losses({}, (nest(ones, shape) as number[][][]).map((a) => a.map((b) => b.map(Boolean))), y),
    expected,
  );
});

Deno.test("fit() takes tokens, as whole numbers of any type", async () => {
  const form = { tokens: true }, y = { data: ROWS, shape: [N, K] };
  const x = tf.tensor(TOKENS, [N, T], "int32"), floats = tf.tensor([...TOKENS], [N, T]);
  const expected = await losses(form, x, y);
  assert.deepEqual(await losses(form, floats, y), expected);
  assert.deepEqual(await losses(form, nest(TOKENS, [N, T]), y), expected);
  assert.deepEqual(await losses(form, { data: Uint16Array.from(TOKENS), shape: [N, T] }, y), expected);
  tf.dispose([x, floats]);
});

Deno.test("fit() takes targets in every form that the loss has", async () => {
  const x = { data: FLOATS, shape: [N, T, C] };
  const sparse = { loss: "sparseCategoricalCrossentropy" };
  const expected = await losses(
    { loss: "categoricalCrossentropy" },
    x,
    nest([...CLASSES].flatMap((k) => [0, 1, 2].map((c) => c === k ? 1 : 0)), [N, K]),
  );
  for (const y of [CLASSES, Uint8Array.from(CLASSES), [...CLASSES], nest(CLASSES, [N, 1])]) {
    assert.deepEqual(await losses(sparse, x, y), expected);
  }
  const single = { units: 1 }, values = ROWS.slice(0, N);
  assert.deepEqual(await losses(single, x, values), await losses(single, x, { data: values, shape: [N, 1] }));
  const every = { everyStep: true, units: 1 }, each = noise("each", N * T);
  assert.deepEqual(
    await losses(every, x, { data: each, shape: [N, T] }),
    await losses(every, x, { data: each, shape: [N, T, 1] }),
  );
  const perStep = { everyStep: true, ...sparse };
  const steps = Int32Array.from({ length: N * T }, (_, at) => at % K);
  assert.deepEqual(
    await losses(perStep, x, nest(steps, [N, T])),
    await losses(perStep, x, nest(steps, [N, T, 1])),
  );
});

Deno.test("fit() reads images as they lie, in any order", async () => {
  const { labels, ...images } = tinySplit({ count: N, height: 4, width: 2, classes: K });
  const form = { loss: "sparseCategoricalCrossentropy" };
  const rows = await losses(form, { ...images, sequence: { axis: "rows", range: [0, 1] } }, labels);
  const floats = Float32Array.from(images.pixels, (byte) => Math.fround(byte / 255));
  assert.deepEqual(rows, await losses(form, { data: floats, shape: [N, 4, 2] }, labels));
  const turned = { ...form, features: 4, length: 2 };
  const columns = await losses(turned, { ...images, sequence: { axis: "columns", range: [0, 1] } }, labels);
  const swapped = tf.tidy(() => tf.tensor(floats, [N, 4, 2]).transpose([0, 2, 1]).dataSync());
  assert.deepEqual(columns, await losses(turned, { data: swapped, shape: [N, 2, 4] }, labels));
});

Deno.test("fit() takes any length where the model leaves it open, another one to validate too", async () => {
  const form = { length: null }, y = { data: ROWS, shape: [N, K] };
  const x = { data: noise("long", N * 7 * C), shape: [N, 7, C] };
  const short = { data: FLOATS, shape: [N, T, C] };
  const [model] = twins(() => build(form));
  const { history } = await fit(model, x, y, { validationData: [short, y], ...REFERENCE });
  const stock = tf.tidy(() => {
    const [a, b] = [tf.tensor(FLOATS, [N, T, C]), tf.tensor(ROWS, [N, K])];
    return (model.evaluate(a, b) as tf.Scalar).dataSync()[0];
  });
  assert.ok(Math.abs(history.val_loss[0] - stock) < 1e-6);
  await closeFit(model);
});

Deno.test("fit() weighs sequences by sampleWeight, times the weight of their class", async () => {
  const x = { data: FLOATS, shape: [N, T, C] }, y = { data: CLASSES, shape: [N] };
  const form = { loss: "sparseCategoricalCrossentropy" };
  const sampleWeight = Float32Array.of(1, 5, 2, 2, 5, 1);
  const classWeight = { 0: 1, 1: 5, 2: 2 };
  const args = { batchSize: 2, shuffle: false };
  const expected = await losses(form, x, y, { ...args, classWeight });
  assert.deepEqual(await losses(form, x, y, { ...args, sampleWeight }), expected);
  assert.notDeepEqual(await losses(form, x, y, args), expected);
  const squared = sampleWeight.map((weight) => weight * weight);
  assert.deepEqual(
    await losses(form, x, y, { ...args, sampleWeight, classWeight }),
    await losses(form, x, y, { ...args, sampleWeight: [...squared] }),
  );
});

const X = { data: FLOATS, shape: [N, T, C] }, Y = { data: ROWS, shape: [N, K] };
const withNaN = (data: Float32Array, at: number) => ({ ...X, data: data.with(at, NaN) });
const SPARSE = { loss: "sparseCategoricalCrossentropy" }, ONE_HOT = { loss: "categoricalCrossentropy" };
const IMAGES = {
  ...tinySplit({ count: N, height: 4, width: 2, classes: K }),
  sequence: { axis: "rows", range: [0, 1] },
};

/** What is wrong, and what the message says of it. */
const WRONG: readonly [name: string, message: RegExp, x: unknown, y: unknown, args?: object, form?: Form][] =
  [
    ["x is missing", /^TypeError: .* x must be a tensor, .*: current value is missing$/, undefined, Y],
    ["x is text", /^TypeError: .* x must be a tensor, .*: current value is "hello"$/, "hello", Y],
    [
      "x by a wrong name",
      /^TypeError: .* x must be under the name simple_rnn_\w+_input, or have data and shape: current value is {"input":{/,
      {
        input: X,
      },
      Y,
    ],
    ["x is two", /^TypeError: .* x must be one, .*: current value is a list of 2$/, [X, X], Y],
    ["y is missing", /^TypeError: .* y must be a tensor, .*: current value is missing$/, X, undefined],
    ["numbers that are text", /^TypeError: .* x\[1\]\[0\]\[0\] must be a number: current value is "a"$/, [[[
      1,
      2,
    ]], [["a", 2]]], Y],
    [
      "a number too few",
      /^TypeError: .* x\[1\]\[0\] must have 2 entries, as x\[0\]\[0\]: current value is 1$/,
      [[[1, 2]], [[1]]],
      Y,
    ],
    ["a level too few", /^TypeError: .* x\[1\]\[0\] must be an array of 2: current value is 7$/, [[[1, 2]], [
      7,
    ]], Y],
    [
      "a shape that does not fit",
      /^TypeError: .* data of x must be 6 × 4 × 3 = 72 numbers: current value is 48$/,
      { ...X, shape: [N, T, 3] },
      Y,
    ],
    ["no shape", /^TypeError: .* shape of x must be a list of whole numbers: current value is \[6,4,-2\]$/, {
      ...X,
      shape: [N, T, -2],
    }, Y],
    ["no typed array", /^TypeError: .* data of x must be a typed array: current value is \[1\]$/, {
      data: [1],
      shape: [1],
    }, Y],
    ["another length", /^TypeError: .* x must have the shape \[N, 4, 2\]: current value is \[6, 2, 4\]$/, {
      ...X,
      shape: [N, 2, 4],
    }, Y],
    [
      "no features",
      /^TypeError: .* x must have the shape \[N, 4, 1\]: current value is \[6, 8\] \(one feature a step: \[6, 8, 1\]\)$/,
      { ...X, shape: [N, 8] },
      Y,
      {},
      { features: 1 },
    ],
    [
      "one sequence",
      /^TypeError: .* shape \[N, 4, 2\]: current value is \[4, 2\] \(one sequence\? \[1, 4, 2\] is a batch of it; .*\)$/,
      { data: FLOATS.slice(0, 8), shape: [4, 2] },
      Y,
    ],
    [
      "numbers alone",
      /^TypeError: .* current value is \[48\] \(numbers without a shape\? give \{ data, shape: \[6, 4, 2\] \}\)$/,
      FLOATS,
      Y,
    ],
    ["a dataset", /^TypeError: .* \(a dataset\? fitDataset\(\) takes it\)$/, tf.data.array([1]), Y],
    [
      "NaN in x",
      /^RangeError: .* x must be finite: current value is NaN, in sequence 3, at \[1, 1\]$/,
      withNaN(FLOATS, 3 * 8 + 3),
      Y,
    ],
    [
      "infinite float32",
      /^RangeError: .* x must be finite: current value is 1e\+200, in sequence 0, at \[0, 1\]$/,
      { ...X, data: Float64Array.from(FLOATS).with(1, 1e200) },
      Y,
    ],
    ["NaN in y", /^RangeError: .* y must be finite: current value is NaN, in sequence 2, at \[1\]$/, X, {
      ...Y,
      data: ROWS.with(7, NaN),
    }],
    ["no sequence", /^RangeError: .* x must have one sequence or more: current value is none$/, {
      data: new Float32Array(),
      shape: [0, T, C],
    }, { data: new Float32Array(), shape: [0, K] }],
    [
      "y of other count",
      /^TypeError: .* y must have 6 entries, one for each sequence: current value is 5$/,
      X,
      { data: ROWS.subarray(0, 15), shape: [5, K] },
    ],
    ["y of other width", /^TypeError: .* y must have the shape \[N, 3\]: current value is \[6, 2\]$/, X, {
      data: ROWS.subarray(0, 12),
      shape: [6, 2],
    }],
    [
      "one-hot rows with a sparse loss",
      /^TypeError: .* y must have the shape \[N, 1\]: current value is \[6, 3\] \(one-hot rows\? .*"categoricalCrossentropy".*\)$/,
      X,
      Y,
      {},
      SPARSE,
    ],
    [
      "classes with a loss of rows",
      /^TypeError: .* y must have the shape \[N, 3\]: current value is \[6\] \(classes\? .*"sparseCategoricalCrossentropy".*\)$/,
      X,
      CLASSES,
      {},
      ONE_HOT,
    ],
    [
      "a class out of range",
      /^RangeError: .* y must be classes, whole numbers from 0 to 2: current value is 3, in sequence 4$/,
      X,
      CLASSES.with(4, 3),
      {},
      SPARSE,
    ],
    [
      "half a class",
      /^RangeError: .* y must be classes, whole numbers from 0 to 2: current value is 0.5, in sequence 1$/,
      X,
      [0, 0.5, 0, 0, 0, 0],
      {},
      SPARSE,
    ],
    [
      "y of other steps",
      /^TypeError: .* y must have the shape \[N, 4, 3\]: current value is \[6, 3\]$/,
      X,
      Y,
      {},
      { everyStep: true },
    ],
    [
      "a token out of range",
      /^RangeError: .* x must be tokens, whole numbers from 0 to 4: current value is 5, in sequence 2, at \[1\]$/,
      { data: TOKENS.with(9, 5), shape: [N, T] },
      Y,
      {},
      { tokens: true },
    ],
    [
      "images for tokens",
      /^TypeError: .* x must be tokens: current value is images that are read as sequences of 4 × 2$/,
      IMAGES,
      Y,
      {},
      { tokens: true },
    ],
    [
      "images of another size",
      /^TypeError: .* x must be sequences of 4 × 3: current value is images that are read as sequences of 4 × 2$/,
      IMAGES,
      Y,
      {},
      { features: 3 },
    ],
    ["images without an order", /^TypeError: .* sequence must be an object with an axis/, {
      ...IMAGES,
      sequence: undefined,
    }, Y],
    ["an unknown argument", /^TypeError: .* args must be among .*: current value has "epoch"$/, X, Y, {
      epoch: 3,
    }],
    [
      "arguments that are none",
      /^TypeError: .* args must be an object: current value is 3$/,
      X,
      Y,
      3 as unknown as object,
    ],
    [
      "an argument that does nothing",
      /^TypeError: .* stepsPerEpoch must be left out: current value is 3 \(TensorFlow.js does not use it\)$/,
      X,
      Y,
      { stepsPerEpoch: 3 },
    ],
    ["no batch", /^RangeError: .* batchSize must be a whole number from 1 on: current value is 0$/, X, Y, {
      batchSize: 0,
    }],
    [
      "epochs that are text",
      /^TypeError: .* epochs must be a whole number from 0 on: current value is "3"$/,
      X,
      Y,
      { epochs: "3" },
    ],
    ["shuffle by batch", /^TypeError: .* shuffle must be true or false: current value is "batch"$/, X, Y, {
      shuffle: "batch",
    }],
    [
      "a split that leaves nothing",
      /^RangeError: .* validationSplit must leave one of the 6 sequences or more to both parts: current value is 0.9$/,
      X,
      Y,
      { validationSplit: 0.9 },
    ],
    [
      "a split of all",
      /^RangeError: .* validationSplit must be at least 0 and below 1: current value is 1$/,
      X,
      Y,
      { validationSplit: 1 },
    ],
    ["validation with weights", /^TypeError: .* validationData must be \[x, y\]: current value is \[/, X, Y, {
      validationData: [X, Y, CLASSES],
    }],
    [
      "validation of another form",
      /^TypeError: .* x of validationData must have the shape \[N, 4, 2\]: current value is \[6, 2, 4\]$/,
      X,
      Y,
      { validationData: [{ ...X, shape: [N, 2, 4] }, Y] },
    ],
    [
      "a callback that is none",
      /^TypeError: .* callbacks must be functions by name, .*: current value is 7$/,
      X,
      Y,
      { callbacks: 7 },
    ],
    [
      "a hook with another name",
      /^TypeError: .* callbacks must have functions among .*: current value has "onEpochend"$/,
      X,
      Y,
      { callbacks: { onEpochend: () => {} } },
    ],
    [
      "a hook that is no function",
      /^TypeError: .* onEpochEnd of callbacks must be a function: current value is "log"$/,
      X,
      Y,
      { callbacks: [{ onEpochEnd: "log" }] },
    ],
    [
      "yieldEvery of another kind",
      /^RangeError: .* yieldEvery must be one of .*: current value is "often"$/,
      X,
      Y,
      { yieldEvery: "often" },
    ],
    [
      "a class without a weight",
      /^TypeError: .* classWeight must have a weight for every class of y: current value has none for 2$/,
      X,
      CLASSES,
      { classWeight: { 0: 1, 1: 2 } },
      SPARSE,
    ],
    [
      "a weight that is none",
      /^RangeError: .* classWeight must have finite numbers: current value is NaN, for 1$/,
      X,
      CLASSES,
      { classWeight: { 0: 1, 1: NaN, 2: 1 } },
      SPARSE,
    ],
    [
      "classWeight per step",
      /^TypeError: .* classWeight must be used with one target a sequence: current value is one a step$/,
      X,
      { data: noise("y", N * T * K), shape: [N, T, K] },
      { classWeight: { 0: 1 } },
      { everyStep: true },
    ],
    [
      "classWeight with a loss of the batch",
      /^TypeError: .* classWeight must be used with a loss that has a name: .*tf\.losses/,
      X,
      Y,
      { classWeight: { 0: 1 } },
      { loss: tf.losses.meanSquaredError as never },
    ],
    [
      "too few weights",
      /^TypeError: .* sampleWeight must have the shape \[6\], one for each sequence: current value is \[5\]$/,
      X,
      Y,
      { sampleWeight: [1, 1, 1, 1, 1] },
    ],
    [
      "a weight that is not finite",
      /^RangeError: .* sampleWeight must be finite: current value is Infinity, of sequence 1$/,
      X,
      Y,
      { sampleWeight: [1, Infinity, 1, 1, 1, 1] },
    ],
    ["an option of another device", /^RangeError: .* it has no option threads: current value is 2$/, X, Y, {
      threads: 2,
    }],
  ];

for (const [name, message, x, y, args = {}, form = {}] of WRONG) {
  Deno.test(`fit() refuses ${name}, and nothing is changed`, async () => {
    const [model] = twins(() => build(form)), before = tf.memory().numTensors;
    const weights = tf.tidy(() => model.getWeights().map((weight) => weight.dataSync()));
    const given = typeof args === "object" ? { ...REFERENCE, ...args } : args;
    await assert.rejects(fit(model, x as never, y as never, given as FitArgs), (error: Error) => {
      assert.match(`${error.name}: ${error.message}`, message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
    assert.equal(tf.memory().numTensors, before, "tensors");
    assert.deepEqual(tf.tidy(() => model.getWeights().map((weight) => weight.dataSync())), weights);
    const right = form.tokens || form.everyStep || form.loss || form.features;
    if (!right) await fit(model, X, Y, REFERENCE); // nothing is locked
    await closeFit(model);
  });
}

Deno.test("fit() refuses tensors that are disposed or hold text", async () => {
  const [model] = twins(() => build({})), disposed = tf.ones([N, T, C]), text = tf.tensor(["a"]);
  disposed.dispose();
  await assert.rejects(
    fit(model, disposed, Y, REFERENCE),
    /^TypeError: .* x must be in use: current value is a tensor that was disposed$/,
  );
  await assert.rejects(
    fit(model, text, Y, REFERENCE),
    /^TypeError: .* x must be of float32, int32 or bool: current value is string$/,
  );
  text.dispose();
});

Deno.test("fit() refuses a model that is in training", async () => {
  const [model] = twins(() => build({}));
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = fit(model, X, Y, { ...REFERENCE, callbacks: { onTrainEnd: () => promise } });
  await assert.rejects(
    fit(model, X, Y, REFERENCE),
    /^Error: Cannot fit the model: another call to fit\(\) must be over/,
  );
  const x = tf.tensor(FLOATS, [N, T, C]), y = tf.tensor(ROWS, [N, K]);
  await assert.rejects(model.fit(x, y), /another fit\(\) call is ongoing/);
  resolve();
  await first;
  const stock = model.fit(x, y);
  await assert.rejects(
    fit(model, X, Y, REFERENCE),
    /^Error: Cannot fit the model: another call to fit\(\) must be over/,
  );
  await stock;
  await closeFit(model);
  tf.dispose([x, y]);
});

Deno.test("canFit() tells why a model or its arguments cannot be computed, or null", () => {
  const model = build({});
  assert.equal(canFit(model), null);
  assert.equal(canFit(model, { epochs: 3 }), null);
  assert.match(
    canFit(model, { epochs: -1 })!,
    /^Cannot fit the model: epochs must be a whole number from 0 on/,
  );
  assert.match(
    canFit(build({ loss: tf.losses.huberLoss as never }), { classWeight: { 0: 1 } })!,
    /classWeight/,
  );
  assert.match(canFit(build({ loss: "hinge" }))!, /loss of model .*hinge/);
  const raw = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [3] })] });
  assert.ok(canFit(raw));
  assert.ok(canFit({} as never));
  assert.ok(canFit(undefined as never));
});
