import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { toOnnx } from "../../lib/model/formats.ts";
import { openPredictor } from "../../lib/train/sequence_predictor.ts";
import { assertClose } from "../support/assert_close.ts";
import { tinySplit } from "../support/tiny_data.ts";
import { noise, twins } from "./support/stock.ts";

const DEVICE = { device: "reference" } as const;
/** One rounding of float32 in numbers of 1; twice what is needed. */
const CLOSE = { atol: 5e-7, rtol: 0, name: "answers" };

function build({ everyStep = false, tokens = false, T = null as number | null } = {}): tf.Sequential {
  const [model] = twins(() => {
    const model = tf.sequential();
    if (tokens) model.add(tf.layers.embedding({ inputDim: 6, outputDim: 2, inputLength: T ?? undefined }));
    const inputShape = tokens ? {} : { inputShape: [T, 2] };
    model.add(
      tf.layers.lstm({ units: 3, returnSequences: true, recurrentInitializer: "zeros", ...inputShape }),
    );
    model.add(tf.layers.dropout({ rate: 0.5 }));
    model.add(tf.layers.gru({ units: 3, returnSequences: everyStep, recurrentInitializer: "zeros" }));
    model.add(tf.layers.dense({ units: 2, activation: "softmax" }));
    return model;
  });
  return model;
}

/** What stock TensorFlow.js predicts. */
function stock(model: tf.Sequential, data: Float32Array | Int32Array, shape: number[]): Float32Array {
  return tf.tidy(() => (model.predict(tf.tensor(data, shape)) as tf.Tensor).dataSync() as Float32Array);
}

Deno.test("predict() answers as model.predict(), for many sequences and for one, of any length", async () => {
  const model = build();
  await using predictor = await openPredictor(model, DEVICE);
  assert.equal(predictor.device, null);
  for (const T of [4, 4, 7]) {
    const x = noise(`x ${T}`, 5 * T * 2), expected = stock(model, x, [5, T, 2]);
    const { data, shape } = await predictor.predict({ data: x, shape: [5, T, 2] });
    assert.deepEqual(shape, [5, 2]);
    assertClose(data, expected, CLOSE);
    const one = await predictor.predict({ data: x.subarray(0, T * 2), shape: [T, 2] });
    assert.deepEqual(one, { data: data.slice(0, 2), shape: [2] });
  }
  assert.equal(predictor.device!.kind, "reference");
});

Deno.test("predict() answers at every step, to tokens, tensors and images", async () => {
  const model = build({ everyStep: true, tokens: true, T: 5 });
  await using predictor = await openPredictor(model, DEVICE);
  const tokens = Int32Array.of(0, 1, 2, 3, 4, 5, 4, 3, 2, 1), x = tf.tensor(tokens, [2, 5]);
  const { data, shape } = await predictor.predict([x]);
  assert.deepEqual(shape, [2, 5, 2]);
  assertClose(data, stock(model, tokens, [2, 5]), CLOSE);
  assert.deepEqual(await predictor.predict([0, 1, 2, 3, 4]), { data: data.slice(0, 10), shape: [5, 2] });
  x.dispose();

  const reading = build({ T: 3 });
  await using reader = await openPredictor(reading, DEVICE);
  const images = {
    ...tinySplit({ count: 4, height: 3, width: 2, classes: 2 }),
    sequence: { axis: "rows", range: [0, 1] },
  } as const;
  const floats = Float32Array.from(images.pixels, (byte) => byte / 255);
  assertClose((await reader.predict(images)).data, stock(reading, floats, [4, 3, 2]), CLOSE);
});

Deno.test("a predictor takes the weights that the model has", async () => {
  const model = build({ T: 4 }), x = noise("x", 4 * 2);
  await using predictor = await openPredictor(model, DEVICE);
  const before = await predictor.predict({ data: x, shape: [4, 2] });
  tf.tidy(() => model.setWeights(model.getWeights().map((weight) => weight.mul(2))));
  const { data } = await predictor.predict({ data: x, shape: [4, 2] });
  assert.notDeepEqual(data, before.data);
  assertClose(data, stock(model, x, [1, 4, 2]), CLOSE);
});

Deno.test("step() answers what predict() answers to what was read so far", async () => {
  const T = 6;
  for (const tokens of [false, true]) {
    const model = build({ tokens, everyStep: true });
    await using predictor = await openPredictor(model, DEVICE);
    const x = tokens ? Int32Array.from({ length: 2 * T }, (_, at) => at * 5 % 6) : noise("steps", 2 * T * 2);
    const size = tokens ? 1 : 2, shape = tokens ? [2, T] : [2, T, 2];
    const expected = stock(model, x, shape);
    const one = await predictor.start(), both = await predictor.start(2);
    for (let t = 0; t < T; t++) {
      const steps = [0, 1].map((n) => [...x.subarray((n * T + t) * size, (n * T + t + 1) * size)]);
      const answers = [0, 1].flatMap((n) => [...expected.subarray((n * T + t) * 2, (n * T + t + 1) * 2)]);
      assertClose(one.step(tokens ? steps[0][0] : steps[0]), answers.slice(0, 2), CLOSE);
      assertClose(both.step(steps.flat()), answers, CLOSE);
    }
  }
});

Deno.test("a predictor refuses what it cannot compute or read", async () => {
  const conv = tf.sequential({
    layers: [tf.layers.conv1d({ filters: 1, kernelSize: 2, inputShape: [4, 2] })],
  });
  await assert.rejects(openPredictor(conv, DEVICE), /^TypeError: Cannot predict: .*Conv1D/);
  await assert.rejects(
    openPredictor(build(), { devise: "reference" } as object),
    /^TypeError: .* current value has "devise"$/,
  );
  const predictor = await openPredictor(build(), DEVICE);
  await assert.rejects(
    predictor.predict([[[1, 2, 3]]]),
    /^TypeError: Cannot predict: x must have the shape \[N, T, 2\]: current value is \[1, 1, 3\]$/,
  );
  await assert.rejects(
    predictor.predict([[1, NaN]]),
    /^RangeError: Cannot predict: x must be finite: current value is NaN, in sequence 0, at \[0, 1\]$/,
  );
  const reader = await predictor.start();
  assert.throws(
    () => reader.step([1]),
    /^TypeError: Cannot predict: a step must have 2 numbers: current value is 1$/,
  );
  assert.throws(() => reader.step(undefined as never), /a step must have 2 numbers: current value is 0$/);
  assert.throws(
    () => reader.step([1, Infinity]),
    /^RangeError: Cannot predict: number 1 of the step must be finite: current value is Infinity$/,
  );
  await predictor[Symbol.asyncDispose]();
  await assert.rejects(
    predictor.predict([[1, 2]]),
    /^Error: Cannot predict: the predictor must be open: current value is disposed$/,
  );
  const backwards = tf.sequential({
    layers: [
      tf.layers.bidirectional(
        {
          layer: tf.layers.simpleRNN({ units: 2 }) as never,
          mergeMode: "sum",
          inputShape: [null, 2],
        } as never,
      ),
    ],
  });
  await using whole = await openPredictor(backwards, DEVICE);
  await assert.rejects(whole.start(), /^TypeError: Cannot predict step by step: .* bidirectional/);
});

Deno.test("frozen weights are predicted with and written as any others", async () => {
  const model = build(), written = await toOnnx(model), shape = [3, 4, 2], data = noise("x", 24);
  for (const frozen of [model.layers[0], model]) {
    frozen.trainable = false;
    await using predictor = await openPredictor(model, DEVICE);
    assertClose((await predictor.predict({ data, shape })).data, stock(model, data, shape), CLOSE);
    assert.deepEqual(await toOnnx(model), written);
  }
});
