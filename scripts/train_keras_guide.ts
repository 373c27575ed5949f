/**
 * One LSTM layer reads each image row by row, and batch normalization stands between it and the classes.
 *
 *     deno task train-keras-guide
 *
 * Source: Keras's guide "Working with RNNs" (keras-io, guides/working_with_rnns.py), which trains this network for an epoch, and
 * then the same weights for another one. It reached .80 on the test images after the first and .89 after the second.
 */
import "./support/deno_version.ts";
import * as tf from "@tensorflow/tfjs";
import * as scanline from "../mod.ts";
import type { Recipe } from "./recipe/flags.ts";
import { runRecipe } from "./recipe/recipe.ts";

const recipe = {
  name: "train-keras-guide",
  about: "Trains the LSTM with batch normalization of Keras's guide to RNNs.",
  cell: "lstm",
  units: [64],
  sequence: { axis: "rows", range: [0, 1] },
  initialize: "keras",
  optimizer: scanline.sgd({ learningRate: 0.01 }),
  length: { epochs: 2 },
  batchSize: 64,
  seed: 1,
} as const satisfies Recipe;

await runRecipe(recipe, async (call) => {
  const data = await call.loadData();
  const { train, test, classes } = data;

  const model = await call.model([
    ...call.recurrent(train),
    tf.layers.batchNormalization(),
    tf.layers.dense({ units: classes }),
  ]);

  await using trainer = await scanline.compile(model, { train, test, ...call.training });
  const run = await call.begin(trainer, data);

  for await (const epoch of trainer.epochs(run.length, call.loop)) {
    const tested = await trainer.evaluate("test", call.loop);
    const { steps, seconds } = epoch, figures = [epoch.accuracy, epoch.loss, tested.accuracy, tested.loss];
    const [accuracy, loss, testAccuracy, testLoss] = figures.map((x) => x.toFixed(4));
    const pace = `${seconds.toFixed(0)}s ${(1000 * seconds / steps).toFixed(0)}ms/step`;
    call.print(
      `Epoch ${epoch.index + 1}/${run.place(trainer.step).epochs}`,
      `${steps}/${steps} ━━━━━━━━━━━━━━━━━━━━ ${pace} - accuracy: ${accuracy} - loss: ${loss} - ` +
        `val_accuracy: ${testAccuracy} - val_loss: ${testLoss}`,
    );
    await run.epoch(epoch, tested);
  }
  await run.finish();
});
