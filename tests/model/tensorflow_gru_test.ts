import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import type { GruArgs } from "../../lib/model/tensorflow_gru.ts";
import { gru } from "../../lib/model/to_tensorflow.ts";
import { serializeModel } from "../../lib/model/tensorflow_files.ts";
import { assertClose } from "../support/assert_close.ts";
import { randomizeWeights } from "./models.ts";
import { testStream } from "../support/tiny_data.ts";

const [T, C, H] = [4, 2, 3];

function modelOf(args: Partial<Parameters<typeof gru>[0]> = {}): tf.Sequential {
  const layers = [
    gru({ units: H, resetAfter: true, inputShape: [T, C], ...args }),
    tf.layers.dense({ units: 2 }),
  ];
  const model = tf.sequential({ layers });
  randomizeWeights(model);
  return model;
}

function randomTensor(name: string, shape: number[]): tf.Tensor {
  const random = testStream(name);
  return tf.tensor(
    Array.from({ length: tf.util.sizeFromShape(shape) }, () => 2 * random.uniform() - 1),
    shape,
  );
}

Deno.test("gru() without reset after is tf.layers.gru(), with gates of sigmoid", () => {
  const layer = gru({ units: H, inputShape: [T, C] });
  assert.equal(layer.getClassName(), "GRU");
  assert.equal(layer.getConfig().recurrentActivation, "sigmoid");
  assert.throws(
    () => gru({ units: H, reset_after: true } as object as GruArgs),
    /resetAfter .* current value is reset_after/,
  );
  assert.throws(
    () => gru(null as unknown as GruArgs),
    /TypeError: .* arguments of gru\(\) must be an object/,
  );
  assert.throws(() => gru({ units: H, resetAfter: 1 as unknown as boolean }), {
    name: "TypeError",
    message: /resetAfter/,
  });
});

Deno.test("gru() with reset after computes h' = z∘h + (1 − z)∘tanh(x W_g + b_g + r∘(h R_g + b'_g))", () => {
  const model = modelOf({ returnSequences: true });
  const x = randomTensor("x", [1, T, C]);
  const [W, R, b] = model.layers[0].getWeights().map((tensor) => tensor.arraySync() as number[][]);
  const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
  let h = [0, 0, 0];
  for (const [t, features] of (x.arraySync() as number[][][])[0].entries()) {
    const ofX = (j: number) => features.reduce((sum, value, c) => sum + value * W[c][j], b[0][j]);
    const before = h, ofH = (j: number) => before.reduce((sum, value, k) => sum + value * R[k][j], b[1][j]);
    h = before.map((old, j) => {
      const z = sigmoid(ofX(j) + ofH(j)), r = sigmoid(ofX(H + j) + ofH(H + j));
      return z * old + (1 - z) * Math.tanh(ofX(2 * H + j) + r * ofH(2 * H + j));
    });
    const actual = (model.layers[0].apply(x) as tf.Tensor).slice([0, t, 0], [1, 1, H]).dataSync();
    assertClose(actual, h, { atol: 1e-6, rtol: 0, name: `h at t = ${t}` });
  }
});

Deno.test("a model with such a layer learns, evaluates, saves and loads as any other, in both directions too", async () => {
  const layer = gru({ units: H, resetAfter: true, dropout: 0.2, recurrentDropout: 0.2 }) as tf.RNN;
  const model = tf.sequential({
    layers: [
      tf.layers.masking({ inputShape: [T, C] }),
      tf.layers.bidirectional({ layer, mergeMode: "sum" }),
      tf.layers.dense({ units: 2 }),
    ],
  });
  model.compile({ loss: "meanSquaredError", optimizer: tf.train.adam(0.05) });
  const x = randomTensor("x", [16, T, C]), y = tf.tidy(() => tf.sum(x, 1));
  const before = tf.memory().numTensors;
  const { history } = await model.fit(x, y, { epochs: 30, verbose: 0 });
  // TensorFlow.js draws weights and masks anew each time: in 40 runs the loss fell to .40 at most.
  assert.ok(Number(history.loss.at(-1)) < 0.75 * Number(history.loss[0]), `${history.loss}`);
  const perWeight = 2; // Adam's slots
  const masks = 4; // of the last step, as in the layers of TensorFlow.js
  assert.equal(tf.memory().numTensors, before + perWeight * model.getWeights().length + masks);

  const { json, weights } = await serializeModel(model);
  const loaded = await tf.loadLayersModel(tf.io.fromMemory({
    modelTopology: JSON.parse(json).modelTopology,
    weightSpecs: JSON.parse(json).weightsManifest[0].weights,
    weightData: weights.buffer,
  }));
  const [expected, actual] = [model, loaded].map((one) => (one.predict(x) as tf.Tensor).dataSync());
  assert.deepEqual(actual, expected);
  const config = (loaded.layers[1] as unknown as { forwardLayer: tf.RNN }).forwardLayer.getConfig();
  assert.equal(config.resetAfter, true);
});

Deno.test("cell dropout with reset after uses one mask for all steps of a sequence, and a new one each call", () => {
  const layer = gru({ units: H, resetAfter: true, dropout: 0.5, inputShape: [T, C], returnSequences: true });
  const model = tf.sequential({ layers: [layer] });
  randomizeWeights(model);
  const x = tf.ones([64, T, C]);
  const call = () => (layer.apply(x, { training: true }) as tf.Tensor).dataSync();
  const [first, second] = [call(), call()];
  const kinds = new Set(Array.from({ length: 64 }, (_, n) => first.slice(n * T * H, (n + 1) * T * H).join()));
  assert.equal(kinds.size, 4); // two features, each dropped or not, all the way
  assert.notDeepEqual(first, second);
  assert.equal(
    (layer.apply(x) as tf.Tensor).dataSync().slice(0, T * H).join(),
    (layer.apply(x) as tf.Tensor).dataSync().slice(T * H, 2 * T * H).join(),
  );
});
