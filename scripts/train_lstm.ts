/**
 * Two LSTM layers read each image column by column.
 *
 *     deno task train-lstm --epochs 1
 *
 * Source: L1aoXingyu, code-of-learn-deep-learning-with-pytorch, chapter5_RNN/rnn-for-image.ipynb (PyTorch 0.3). It
 * reached a test accuracy of .980716 after ten epochs. Its figures were means of batch means, in which an image of a
 * short last batch weighed more; here every image weighs the same. Its time was the training of this epoch and the
 * validation of the one before; here it is this epoch's.
 */
import "./support/deno_version.ts";
import * as tf from "@tensorflow/tfjs";
import * as scanline from "../mod.ts";
import type { Recipe } from "./recipe/flags.ts";
import { runRecipe } from "./recipe/recipe.ts";

const recipe = {
  name: "train-lstm",
  about: "Trains two LSTM layers that read each image column by column.",
  cell: "lstm",
  units: [100, 100],
  sequence: { axis: "columns", range: [-1, 1] }, // step t is image column t
  initialize: "pytorch", // with its two bias vectors a layer
  optimizer: scanline.adadelta({ learningRate: 0.1, rho: 0.9, epsilon: 1e-6 }),
  length: { epochs: 10 },
  batchSize: 64,
  seed: 1,
} as const satisfies Recipe;

await runRecipe(recipe, async (call) => {
  const data = await call.loadData();
  const { train, test, classes } = data;

  const model = await call.model([
    ...call.recurrent(train),
    tf.layers.dense({ units: classes }),
  ]);

  await using trainer = await scanline.compile(model, { train, test, ...call.training });
  const run = await call.begin(trainer, data);

  for await (const epoch of trainer.epochs(run.length, call.loop)) {
    const valid = await trainer.evaluate("test", call.loop);
    const figures = [epoch.loss, epoch.accuracy, valid.loss, valid.accuracy].map((x) => x.toFixed(6));
    const [trainLoss, trainAcc, validLoss, validAcc] = figures;
    call.print(
      `Epoch ${epoch.index}. Train Loss: ${trainLoss}, Train Acc: ${trainAcc}, ` +
        `Valid Loss: ${validLoss}, Valid Acc: ${validAcc}, Time ${formatTime(epoch.seconds + valid.seconds)}`,
    );
    await run.epoch(epoch, valid);
  }
  await run.finish();
});

/** `00:01:09`, as the source prints times. */
function formatTime(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}
