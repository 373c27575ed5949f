/**
 * Two GRU layers read each image row by row.
 *
 *     deno task train-gru
 *
 * Source: patrickloeber, pytorch-examples, rnn-lstm-gru/main.py, which has an RNN, a GRU and an LSTM to choose from; this trains
 * its GRU (`--cell rnn` and `--cell lstm` the others). It publishes no figure.
 */
import "./support/deno_version.ts";
import * as tf from "@tensorflow/tfjs";
import * as scanline from "../mod.ts";
import type { Recipe } from "./recipe/flags.ts";
import { runRecipe } from "./recipe/recipe.ts";

const recipe = {
  name: "train-gru",
  about: "Trains two GRU layers that read each image row by row.",
  cell: "gru",
  units: [128, 128],
  sequence: { axis: "rows", range: [0, 1] },
  initialize: "pytorch", // with its two bias vectors a layer
  optimizer: scanline.adam({ learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
  length: { epochs: 2 },
  batchSize: 100,
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

  const onSteps = run.printSteps({ every: 100 }, ({ epoch, epochs, step, steps }, { loss }) => {
    return `Epoch [${epoch}/${epochs}], Step [${step}/${steps}], Loss: ${loss.toFixed(4)}`;
  });
  for await (const epoch of trainer.epochs(run.length, { ...call.loop, onSteps })) {
    await run.epoch(epoch, await trainer.evaluate("test", call.loop));
  }

  const { correct, count } = await trainer.evaluate("test", call.loop);
  call.print(`Accuracy of the network on the ${count} test images: ${100 * correct / count} %`);
  await run.finish();
});
