/**
 * One LSTM layer reads each image pixel by pixel, 784 steps, from the first to the last or in a random order.
 *
 *     deno task train-pixels --epochs 1
 *     deno task train-pixels --permuted
 *
 * Source: the LSTM without normalization of Cooijmans et al., "Recurrent Batch Normalization" (arXiv:1603.09025), and its program,
 * cooijmanstim/recurrent-batch-normalization, sequential_mnist.py. It reached .989 on the test images after 200 epochs
 * (`--epochs 200`), and .902 with the pixels in a random order; ten epochs fit into a coffee break. Its program draws that order with
 * replacement, so that a third of the pixels are never read; here each is read once. It holds out the last 10,000 training
 * images, here it is the first 10,000; and its states at the first step are trained too, here they are zero.
 */
import "./support/deno_version.ts";
import * as tf from "@tensorflow/tfjs";
import * as scanline from "../mod.ts";
import type { Recipe } from "./recipe/flags.ts";
import { runRecipe } from "./recipe/recipe.ts";

const recipe = {
  name: "train-pixels",
  about: "Trains an LSTM layer that reads each image pixel by pixel.",
  cell: "lstm",
  units: [100],
  sequence: { axis: "pixels", range: [0, 1] },
  initialize: "identity",
  optimizer: scanline.rmsprop({ learningRate: 0.001, alpha: 0.9, momentum: 0.9, epsilon: 1e-5 }),
  clip: "1",
  validation: 10_000,
  watch: true,
  length: { epochs: 10 },
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

  for await (const epoch of trainer.epochs(run.length, call.loop)) {
    const tested = await trainer.evaluate("test", call.loop);
    call.print(
      `Log records from the iteration ${trainer.step}:`,
      ...linesOf("train", epoch),
      ...(epoch.validation ? linesOf("valid", epoch.validation) : []),
      ...linesOf("test", tested),
      "",
    );
    await run.epoch(epoch, tested);
  }
  await run.finish();
});

function linesOf(split: string, { loss, accuracy }: { loss: number; accuracy: number }): string[] {
  return [
    `\t ${split}_cross_entropy: ${loss.toFixed(6)}`,
    `\t ${split}_error_rate: ${(1 - accuracy).toFixed(6)}`,
  ];
}
