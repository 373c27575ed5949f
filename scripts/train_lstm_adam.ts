/**
 * One LSTM layer reads each image row by row, trained with Adam for one epoch.
 *
 *     deno task train-lstm-adam
 *
 * Source: MorvanZhou, PyTorch-Tutorial, tutorial-contents/402_RNN_classifier.py. It reached .94 to .96 on the first 2,000
 * test images, which are easier than the rest; here the accuracy on all of them is printed as well.
 */
import "./support/deno_version.ts";
import * as tf from "@tensorflow/tfjs";
import * as scanline from "../mod.ts";
import { formatQuantity } from "../view.ts";
import type { Recipe } from "./recipe/flags.ts";
import { runRecipe } from "./recipe/recipe.ts";

const recipe = {
  name: "train-lstm-adam",
  about: "Trains one LSTM layer that reads each image row by row, with Adam.",
  cell: "lstm",
  units: [64],
  sequence: { axis: "rows", range: [0, 1] },
  initialize: "pytorch", // with its two bias vectors a layer
  optimizer: scanline.adam({ learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
  length: { epochs: 1 },
  batchSize: 64,
  seed: 1,
} as const satisfies Recipe;
const reportEvery = 50; // steps
const peekImages = 2_000; // the first of the test images, as in the source

await runRecipe(recipe, async (call) => {
  const data = await call.loadData();
  const { train, test, classes, classNames } = data;

  const model = await call.model([
    ...call.recurrent(train),
    tf.layers.dense({ units: classes }),
  ]);

  await using trainer = await scanline.compile(model, { train, test, ...call.training });
  const peeked = Math.min(peekImages, test.count);
  const run = await call.begin(trainer, data, {
    train: `mean over the ${reportEvery} steps before each report (${
      formatQuantity(reportEvery * call.training.batchSize, "images")
    }), while the weights move`,
    test: `the first ${formatQuantity(peeked, "test images")} at each report`,
    testImages: peeked,
  });

  for await (const report of trainer.steps(run.length, { every: reportEvery, ...call.loop })) {
    const { step, epoch, batch } = report; // printed is the loss of one batch, as in the source; kept is the mean
    const peek = await trainer.evaluate("test", { to: peeked });
    call.print(
      `Epoch:  ${epoch} | train loss: ${batch.loss.toFixed(4)} | test accuracy: ${peek.accuracy.toFixed(2)}`,
    );
    await run.report({ epoch, step }, {
      trainLoss: report.loss,
      trainAccuracy: report.accuracy,
      testLoss: peek.loss,
      testAccuracy: peek.accuracy,
      seconds: report.seconds + peek.seconds,
    });
  }

  const all = await trainer.evaluate("test", call.loop);
  const firstTen = await trainer.predict("test", { to: Math.min(10, test.count) });
  const namesOf = (labels: Iterable<number>) => Array.from(labels, (label) => classNames[label]).join(" ");
  call.print(
    `[${namesOf(scanline.predictedClasses(firstTen, classes))}] prediction number`,
    `[${namesOf(test.labels.slice(0, 10))}] real number`,
    `Accuracy on all ${test.count} test images: ${all.accuracy.toFixed(4)}`,
  );
  await run.finish({ testLoss: all.loss, testAccuracy: all.accuracy });
});
