/**
 * A ReLU RNN that starts with the identity as its recurrent weights reads each image pixel by pixel, 784 steps.
 *
 *     deno task train-irnn --epochs 1
 *
 * Source: Keras's example mnist_irnn.py, after Le, Jaitly and Hinton, "A Simple Way to Initialize Recurrent Networks of Rectified
 * Linear Units" (arXiv:1504.00941). It trains for 200 epochs (`--epochs 200`), and reached .93 after 900; ten fit into a coffee
 * break. It names a limit for the gradient, as the paper has one, but does not use it; here the gradient is limited.
 */
import "./support/deno_version.ts";
import * as tf from "@tensorflow/tfjs";
import * as scanline from "../mod.ts";
import type { Recipe } from "./recipe/flags.ts";
import { runRecipe } from "./recipe/recipe.ts";

const recipe = {
  name: "train-irnn",
  about: "Trains an RNN with ReLU and the identity start, which reads each image pixel by pixel.",
  cell: "rnn",
  activation: "relu",
  units: [100],
  sequence: { axis: "pixels", range: [0, 1] },
  initialize: "irnn",
  optimizer: scanline.rmsprop({ learningRate: 1e-6, alpha: 0.9, epsilon: 1e-7 }),
  clip: "1",
  length: { epochs: 10 },
  batchSize: 32,
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
    const { images } = epoch, figures = [epoch.loss, epoch.accuracy, tested.loss, tested.accuracy];
    const [loss, accuracy, testLoss, testAccuracy] = figures.map((x) => x.toFixed(4));
    call.print(
      `Epoch ${epoch.index + 1}/${run.place(trainer.step).epochs}`,
      `${images}/${images} [==============================] - ${epoch.seconds.toFixed(0)}s - ` +
        `loss: ${loss} - acc: ${accuracy} - val_loss: ${testLoss} - val_acc: ${testAccuracy}`,
    );
    await run.epoch(epoch, tested);
  }

  const { loss, accuracy } = await trainer.evaluate("test", call.loop);
  call.print(`IRNN test score: ${loss}`, `IRNN test accuracy: ${accuracy}`);
  await run.finish();
});
