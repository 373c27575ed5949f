/**
 * Small models of TensorFlow.js, whose layers are named `reader`, `dropped` and `head`.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

tf.enableProdMode(); // else TensorFlow.js prints a banner

/** A layer of TensorFlow.js. */
export type Layer = tf.layers.Layer;
/** Arguments of `tf.layers.lstm`. */
export type LstmArgs = Partial<Parameters<typeof tf.layers.lstm>[0]>;
/** Arguments of `tf.layers.simpleRNN`. */
export type RnnArgs = Partial<Parameters<typeof tf.layers.simpleRNN>[0]>;

/** What the first layer takes: five steps of two features. */
export const INPUT = { inputShape: [5, 2] };

/** Three units. */
export function lstm(args: LstmArgs = {}): Layer {
  return tf.layers.lstm({ units: 3, recurrentInitializer: "zeros", name: "reader", ...args });
}

/** Three units. */
export function rnn(args: RnnArgs = {}): Layer {
  return tf.layers.simpleRNN({ units: 3, recurrentInitializer: "zeros", name: "reader", ...args });
}

/** Four classes. */
export function dense(args: Partial<Parameters<typeof tf.layers.dense>[0]> = {}): Layer {
  return tf.layers.dense({ units: 4, name: "head", ...args });
}

/** Drops a half. */
export function dropout(args: Partial<Parameters<typeof tf.layers.dropout>[0]> = {}): Layer {
  return tf.layers.dropout({ rate: 0.5, name: "dropped", ...args });
}

/** The model `digits`. */
export function sequential(...layers: Layer[]): tf.Sequential {
  return tf.sequential({ layers, name: "digits" });
}

/** Two layers, dropout above each, seven arrays of weights. */
export function deepModel(): tf.Sequential {
  return sequential(
    lstm({ ...INPUT, units: 3, returnSequences: true, name: "lower" }),
    dropout({ rate: 0.25, name: "a" }),
    rnn({ units: 6 }),
    dropout({ rate: 0.5, name: "b" }),
    dense(),
  );
}

/** Gives a model other weights, each another number, biases too. */
export function randomizeWeights(model: tf.LayersModel, seed = 1): void {
  tf.tidy(() => {
    model.setWeights(
      model.getWeights().map(({ shape }, i) => tf.randomUniform(shape, -0.8, 0.8, "float32", 100 * seed + i)),
    );
  });
}
