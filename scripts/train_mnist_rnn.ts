/**
 * One LSTM layer reads each image row by row; batch normalization, dropout and two dense layers classify what it has read.
 *
 *     deno task train-mnist-rnn
 *
 * Source: PyTorch's own example, pytorch/examples, mnist_rnn/main.py. It publishes no figure. What it prints of a batch, it
 * measures before the update with that batch, as here; its accuracy is a whole number of percent.
 */
import "./support/deno_version.ts";
import * as tf from "@tensorflow/tfjs";
import * as scanline from "../mod.ts";
import type { Recipe } from "./recipe/flags.ts";
import { runRecipe } from "./recipe/recipe.ts";

const recipe = {
  name: "train-mnist-rnn",
  about: "Trains PyTorch's example of an LSTM with batch normalization and dropout.",
  cell: "lstm",
  units: [64],
  sequence: { axis: "rows", mean: 0.1307, deviation: 0.3081 }, // of all pixels of MNIST
  initialize: "pytorch", // with its two bias vectors a layer
  optimizer: scanline.adadelta({ learningRate: 0.1, rho: 0.9, epsilon: 1e-6 }),
  schedule: "step:1:0.7", // StepLR(step_size=1, gamma=0.7)
  length: { epochs: 14 },
  batchSize: 64,
  seed: 1,
} as const satisfies Recipe;

await runRecipe(recipe, async (call) => {
  const data = await call.loadData();
  const { train, test, classes } = data;

  const model = await call.model([
    ...call.recurrent(train),
    tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5 }), // BatchNorm1d, whose momentum is 0.1
    tf.layers.dropout({ rate: 0.25 }),
    tf.layers.dense({ units: 32, activation: "relu" }),
    tf.layers.dropout({ rate: 0.5 }),
    tf.layers.dense({ units: classes }),
  ]);

  await using trainer = await scanline.compile(model, { train, test, ...call.training });
  const run = await call.begin(trainer, data);

  const onSteps = run.printSteps({ every: 10, from: 1 }, ({ epoch, step, steps }, { loss, count }) => {
    const batch = step - 1, share = (100 * batch / steps).toFixed(0);
    const images = trainer.config.images.train;
    return `Train Epoch: ${epoch} [${batch * count}/${images} (${share}%)]\tLoss: ${loss.toFixed(6)}`;
  });
  for await (const epoch of trainer.epochs(run.length, { ...call.loop, onSteps })) {
    const tested = await trainer.evaluate("test", call.loop);
    const { loss, correct, count, accuracy } = tested, share = (100 * accuracy).toFixed(0);
    call.print(`\nTest set: Average loss: ${loss.toFixed(4)}, Accuracy: ${correct}/${count} (${share}%)\n`);
    await run.epoch(epoch, tested);
  }
  await run.finish();
});
