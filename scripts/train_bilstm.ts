/**
 * Two LSTM layers read each image row by row, from the top and from the bottom.
 *
 *     deno task train-bilstm
 *     deno task train-bilstm --last own
 *
 * Source: yunjey, pytorch-tutorial, tutorials/02-intermediate/bidirectional_recurrent_neural_network/main.py. It classifies by the
 * outputs at the last row, `out[:, -1]`, where the half that reads from the bottom has seen one row only; `--last own` takes of each
 * half the output after its own last row, as issue 149 there asks for. It publishes no figure.
 */
import "./support/deno_version.ts";
import * as tf from "@tensorflow/tfjs";
import * as scanline from "../mod.ts";
import type { Recipe } from "./recipe/flags.ts";
import { runRecipe } from "./recipe/recipe.ts";

const recipe = {
  name: "train-bilstm",
  about: "Trains two bidirectional LSTM layers that read each image row by row.",
  cell: "lstm",
  units: [128, 128],
  bidirectional: true,
  last: "step", // both halves at the last row
  sequence: { axis: "rows", range: [0, 1] },
  initialize: "pytorch", // with its two bias vectors a layer and direction
  optimizer: scanline.adam({ learningRate: 0.003, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
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
  call.print(`Test Accuracy of the model on the ${count} test images: ${100 * correct / count} %`);
  await run.finish();
});
