/**
 * The best that reading row by row gives in two and a half minutes on two cores: two small LSTM layers, images that are moved a
 * little, and a learning rate that rises and falls once.
 *
 *     deno task train-best
 *
 * No source: nobody seems to have published more than .99 for a plain LSTM that reads MNIST row by row. Its settings were chosen on
 * 5,000 held-out training images, never on the test images.
 */
import "./support/deno_version.ts";
import * as tf from "@tensorflow/tfjs";
import * as scanline from "../mod.ts";
import type { Recipe } from "./recipe/flags.ts";
import { runRecipe } from "./recipe/recipe.ts";

const recipe = {
  name: "train-best",
  about: "Trains the best network that reads row by row: two LSTM layers and moved images.",
  cell: "lstm",
  units: [64, 64],
  sequence: { axis: "rows", range: [0, 1] },
  initialize: "pytorch", // with its two bias vectors a layer
  forgetBias: 1, // begins by remembering
  augment: { shift: 2, rotate: 12, scale: 0.15 }, // pixels, degrees, a share: drawn anew for every image and epoch
  optimizer: scanline.adamw({
    learningRate: 0.004,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 1e-4,
  }),
  schedule: "one-cycle:0.2", // rises over a fifth of the steps
  clip: "1",
  validation: 5_000,
  watch: true,
  length: { epochs: 18 },
  batchSize: 128,
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
    const tested = await trainer.evaluate("test", call.loop);
    const figures = { train: epoch, validation: epoch.validation, test: tested };
    const parts = Object.entries(figures).map(([split, score]) =>
      score && `${split} loss ${score.loss.toFixed(4)}, accuracy ${score.accuracy.toFixed(4)}`
    );
    call.print(`Epoch ${epoch.index + 1}: ${parts.filter(Boolean).join("; ")}`);
    await run.epoch(epoch, tested);
  }
  await run.finish();
});
