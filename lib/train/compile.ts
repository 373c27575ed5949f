/**
 * From a TensorFlow.js model to a training on a device.
 *
 * @module
 */
import { type LayersModel, toNetwork } from "../model/from_tensorflow.ts";
import { ModelWeights } from "../model/tensorflow_home.ts";
import { checkOptions } from "../options.ts";
import { COMPILE_RULES, type CompileOptions, openParts, traitsOf } from "./open_parts.ts";
import { Trainer } from "./trainer.ts";

/**
 * Compiles the training step of a `tf.Sequential` for a device, and hands the images over to it.
 *
 * The same options give the same bits, on `wasm` whatever the machine and the number of threads. The trained weights
 * return into the model. If other weights are put into the model meanwhile, by `model.setWeights()` or `model.fit()`,
 * training continues from those; the optimizer keeps its averages, as in TensorFlow.js.
 *
 * The loss is softmax cross-entropy and the optimizer the one given here. If `model.compile()` was given another loss, that
 * is an error; its optimizer and its metrics are not used.
 *
 * @throws {TypeError} If the model has a layer, a property or a loss that is not supported, or does not fit the images;
 * if an option is unknown, missing or of another kind, or images and labels are not as many as they say.
 * @throws {RangeError} If an option or a label is out of range, or the device is not there.
 *
 * @example
 * ```ts
 * import * as tf from "npm:@tensorflow/tfjs@4.22.0";
 * import { compile } from "./compile.ts";
 * import { adam } from "../model/optimizers.ts";
 * import assert from "node:assert/strict";
 *
 * // Thirty-two pictures of 4 × 4: class 1 is bright, class 0 dark.
 * const labels = Uint8Array.from({ length: 32 }, (_, n) => n % 2);
 * const pixels = Uint8Array.from({ length: 32 * 16 }, (_, i) => labels[i >> 4] * 200 + i % 50);
 * const split = { pixels, labels, count: 32, height: 4, width: 4 };
 *
 * const model = tf.sequential({
 *   layers: [
 *     tf.layers.lstm({ units: 5, recurrentActivation: "sigmoid", inputShape: [4, 4] }),
 *     tf.layers.dense({ units: 2 }),
 *   ],
 * });
 * await using trainer = await compile(model, {
 *   train: split,
 *   test: split,
 *   sequence: { axis: "rows", range: [0, 1] },
 *   optimizer: adam({ learningRate: 0.05 }),
 *   initialize: "pytorch",
 *   batchSize: 8,
 *   device: "reference", // "auto" for speed
 * });
 * for await (const epoch of trainer.epochs(5)) {
 *   assert.equal(epoch.images, 32);
 * }
 * assert.equal((await trainer.evaluate("test")).accuracy, 1);
 * ```
 */
export async function compile(model: LayersModel, options: CompileOptions): Promise<Trainer> {
  const action = "compile the model", taken = checkOptions(action, options, COMPILE_RULES);
  const { network, T } = toNetwork(model, traitsOf(taken));
  const home = new ModelWeights(model, network);
  return new Trainer(model, await openParts({ action, network, T, home }, taken));
}
