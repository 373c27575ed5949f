/** What people have at hand for `model.fit()` has the right type for `fit()`: nothing here is cast. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import * as scanline from "../../mod.ts";

class Count extends tf.Callback {
  epochs = 0;

  override onEpochEnd(): Promise<void> {
    this.epochs++;
    return Promise.resolve();
  }
}

Deno.test("fit() and fitDataset() take arguments of TensorFlow.js's types, without a cast", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.simpleRNN({ units: 2, inputShape: [3, 4], recurrentInitializer: "zeros" }),
      tf.layers.dense({ units: 1 }),
    ],
  });
  model.compile({ loss: "meanSquaredError", optimizer: "sgd" });
  const device = "reference" as const, seen: number[] = [], count = new Count();
  const x: tf.Tensor | tf.Tensor[] = tf.ones([5, 3, 4]), y: tf.Tensor = tf.ones([5, 1]);
  const args: tf.ModelFitArgs = {
    epochs: 2,
    validationData: [x, y],
    callbacks: { onEpochEnd: (_epoch, logs) => void seen.push(logs!.val_loss) },
  };
  const first: tf.History = await scanline.fit(model, x, y, { ...args, device });
  const { history } = await scanline.fit(model, [x], y, {
    device,
    callbacks: [tf.callbacks.earlyStopping({ monitor: "loss" }), count, {
      onBatchEnd: (_batch, logs) => void seen.push(logs!.loss),
    }],
  });
  const losses: number[] = history.loss;
  await scanline.fit(model, [[[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]]], [1], {
    device,
    callbacks: tf.callbacks.earlyStopping({ monitor: "loss" }),
    sampleWeight: tf.ones([1]),
  });
  const dataset = tf.data.array([{ xs: x.arraySync() as number[][][], ys: y.arraySync() as number[][] }])
    .map(({ xs, ys }) => ({ xs: tf.tensor(xs), ys: tf.tensor(ys) }));
  const datasetArgs: tf.ModelFitDatasetArgs<tf.TensorContainer> = { epochs: 1, validationData: [x, y] };
  await scanline.fitDataset(model, dataset, { ...datasetArgs, device });
  await scanline.fitDataset(model, dataset, { epochs: 1, validationData: dataset, callbacks: count, device });
  assert.deepEqual([first.epoch.length, seen.length, count.epochs, losses.length], [2, 3, 2, 1]);
  await using predictor = await scanline.openPredictor(model, { device });
  const answers = await predictor.predict(x);
  const tensor = tf.tensor(answers.data, [...answers.shape]);
  assert.deepEqual(tensor.shape, [5, 1]);
  await scanline.closeFit(model);
  tf.dispose([x, y, tensor]);
});
