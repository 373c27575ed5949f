/** A program of its own that calls fit() three times, and then has nothing more to do. */
import * as tf from "@tensorflow/tfjs";
import { fit } from "../../../lib/train/fit.ts";

const model = tf.sequential({
  layers: [
    tf.layers.simpleRNN({ units: 3, inputShape: [4, 2], recurrentInitializer: "zeros" }),
    tf.layers.dense({ units: 1 }),
  ],
});
model.compile({ loss: "meanSquaredError", optimizer: "adam" });
model.setWeights(model.getWeights().map(({ shape, size }) => tf.linspace(-1, 1, size).reshape(shape)));
const losses: number[] = [];
for (const seed of [1, 2, 3]) {
  const x = tf.randomNormal([40, 4, 2], 0, 1, "float32", seed),
    y = tf.randomNormal([40, 1], 0, 1, "float32", seed);
  losses.push(...(await fit(model, x, y, { epochs: 2, threads: 2, device: "wasm" })).history.loss);
}
console.log(JSON.stringify(losses));
