/**
 * Two LSTM layers with dropout on what each of them puts out read each image row by row.
 *
 *     deno task train-lstm-dropout --steps 1000
 *
 * Source: the TensorFlow 1 sibling of L1aoXingyu's notebook that `train_lstm.ts` follows. It reached a train accuracy of
 * .989364 after 10,000 steps, and about .98 on the test images. Its last pass over the test images started where its
 * reports had stopped, so some 1,100 counted twice and as many never; here all count once.
 */
import "./support/deno_version.ts";
import * as tf from "@tensorflow/tfjs";
import * as scanline from "../mod.ts";
import type { Recipe } from "./recipe/flags.ts";
import { runRecipe } from "./recipe/recipe.ts";

const recipe = {
  name: "train-lstm-dropout",
  about: "Trains two LSTM layers with dropout that read each image row by row.",
  cell: "lstm",
  units: [100, 100],
  dropout: 0.5, // of what each layer puts out; its state goes on whole
  sequence: { axis: "rows", range: [0, 1] },
  initialize: "tf1",
  optimizer: scanline.momentum({ learningRate: 0.01, momentum: 0.9 }),
  validation: 5_000, // held out, as the source's loader does
  length: { steps: 10_000 },
  batchSize: 64,
  lastBatch: "carry", // batches run on across the end of an epoch
  seed: 2017,
} as const satisfies Recipe;
const reportEvery = 1_000; // steps
const testBatchSize = 128;

await runRecipe(recipe, async (call) => {
  const data = await call.loadData();
  const { train, test, classes } = data;

  const model = await call.model([
    ...call.recurrent(train),
    tf.layers.dense({ units: classes }),
  ]);

  await using trainer = await scanline.compile(model, { train, test, ...call.training });
  const run = await call.begin(trainer, data, {
    train: `the batch of ${call.training.batchSize} just trained on, without dropout: few, so it jumps`,
    test: `the next ${testBatchSize} test images, without dropout`,
    testImages: testBatchSize,
  });

  const testBatches = new scanline.BatchOrder({
    count: test.count,
    batchSize: testBatchSize,
    seed: call.training.seed,
    lastBatch: "carry",
  });
  for await (const report of trainer.steps(run.length, { every: reportEvery, ...call.loop })) {
    const reportsBefore = Math.ceil(report.step / reportEvery) - 1;
    // Both without dropout: the batch just trained on, and the next one of the test images.
    const ofTrain = await trainer.evaluate("train", { positions: report.batch.positions });
    const ofTest = await trainer.evaluate("test", { positions: testBatches.batch(reportsBefore) });
    call.print(`STEP ${report.step}: ${formatLine(ofTrain, ofTest)}`);
    await run.report({ epoch: report.epoch, step: report.step }, {
      trainLoss: ofTrain.loss,
      trainAccuracy: ofTrain.accuracy,
      testLoss: ofTest.loss,
      testAccuracy: ofTest.accuracy,
      seconds: report.seconds + ofTrain.seconds + ofTest.seconds,
    });
  }

  const allTrain = await trainer.evaluate("train", call.loop);
  const allTest = await trainer.evaluate("test", call.loop);
  call.print("Train Done!", "-".repeat(30));
  call.print(`Train loss: ${allTrain.loss.toFixed(6)}`, `Train accuracy: ${allTrain.accuracy.toFixed(6)}`);
  call.print(`Test loss: ${allTest.loss.toFixed(6)}`, `Test accuracy: ${allTest.accuracy.toFixed(6)}`);
  await run.finish({
    trainLoss: allTrain.loss,
    trainAccuracy: allTrain.accuracy,
    testLoss: allTest.loss,
    testAccuracy: allTest.accuracy,
  });
});

function formatLine(ofTrain: scanline.Score, ofTest: scanline.Score): string {
  return `train_loss: ${ofTrain.loss.toFixed(6)} train_acc: ${ofTrain.accuracy.toFixed(6)} ` +
    `test_loss: ${ofTest.loss.toFixed(6)} test_acc: ${ofTest.accuracy.toFixed(6)}`;
}
