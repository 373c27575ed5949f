/**
 * A model that Scanline cannot compile, because it has a convolution, trained by TensorFlow.js itself on its WebGPU backend.
 *
 *     cd examples/stock_webgpu
 *     deno task train
 *
 * The folder has a `deno.json` and a `deno.lock` of its own: who does not run it does not download the backend. It needs no
 * permission.
 */
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-webgpu";
import * as scanline from "@scanline/scanline";

// Before the first tensor, the weights of a model included.
if (!await tf.setBackend("webgpu")) throw new Error("Cannot train: there must be a WebGPU adapter");

const STEPS = 16, COUNT = 128;
/** The same start in every run. Orthogonal, a recurrent layer's own, takes seconds to draw. */
const start = (seed: number) => tf.initializers.glorotUniform({ seed });

const model = tf.sequential({
  layers: [
    tf.layers.conv1d({
      filters: 8,
      kernelSize: 3,
      activation: "relu",
      inputShape: [STEPS, 1],
      kernelInitializer: start(1),
    }),
    tf.layers.lstm({ units: 16, kernelInitializer: start(2), recurrentInitializer: start(3) }),
    tf.layers.dense({ units: 1, activation: "sigmoid", kernelInitializer: start(4) }),
  ],
});
model.compile({ loss: "binaryCrossentropy", optimizer: tf.train.adam(0.02), metrics: ["accuracy"] });

// Half of the waves are twice as fast as the others.
const fast = Array.from({ length: COUNT }, (_, n) => n % 2);
const waves = fast.map((isFast, n) =>
  Array.from({ length: STEPS }, (_, t) => [Math.sin(n + t * (isFast ? 0.8 : 0.4))])
);
const x = tf.tensor3d(waves), y = tf.tensor2d(fast, [COUNT, 1]);

const reason = scanline.canFit(model); // null for a model that `scanline.fit(model, x, y, args)` trains
if (reason !== null) console.log(`${reason}\n`);
const { history } = await model.fit(x, y, {
  epochs: 6,
  batchSize: 32,
  shuffle: false, // the two kinds alternate already
  verbose: 0,
  callbacks: {
    onEpochEnd: (epoch, logs) =>
      console.log(`Epoch ${epoch}. Loss: ${logs!.loss.toFixed(4)}, accuracy: ${logs!.acc.toFixed(4)}`),
  },
});
console.log(JSON.stringify({ backend: tf.getBackend(), accuracy: history.acc.at(-1) }));
