/**
 * One plain recurrent layer with tanh reads each image row by row.
 *
 *     deno task train-tanh-rnn
 *
 * Source: roatienza, Deep-Learning-Experiments, versions/2023/rnn/demo/rnn_mnist.ipynb. It reached .9681 on the test images after ten
 * epochs. The losses that it prints are means of batch means, in which an image of the short last batch weighs more; here every image
 * weighs the same.
 */
import "./support/deno_version.ts";
import * as tf from "@tensorflow/tfjs";
import * as scanline from "../mod.ts";
import type { Recipe } from "./recipe/flags.ts";
import { runRecipe } from "./recipe/recipe.ts";

const recipe = {
  name: "train-tanh-rnn",
  about: "Trains one tanh RNN layer that reads each image row by row.",
  cell: "rnn",
  units: [256],
  sequence: { axis: "rows", range: [-1, 1] },
  initialize: "pytorch", // with its two bias vectors a layer
  optimizer: scanline.adam({ learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
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
    call.print(`Epoch: ${epoch.index + 1}, Loss: ${epoch.loss.toFixed(4)}`);
    await run.epoch(epoch, await trainer.evaluate("test", call.loop));
  }

  const { accuracy } = await trainer.evaluate("test", call.loop);
  call.print(`Test Accuracy: ${accuracy.toFixed(4)}`);
  await run.finish();
});
