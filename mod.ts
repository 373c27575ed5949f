/**
 * Scanline trains recurrent networks, from models of TensorFlow.js: train and predict.
 *
 * {@link fit} stands in for `model.fit()`, and {@link fitDataset} for `model.fitDataset()`: one changed line, and the same result,
 * sooner. {@link canFit} tells what speaks against it; {@link openPredictor} predicts, also step by step.
 *
 * {@link compile} trains classifiers that read an image one line at a time, with checkpoints and progress: it turns the training
 * step of a `tf.Sequential` into fused kernels of a device; the trained weights return into the model. {@link openModel} opens
 * a trained classifier to predict with. `run.ts` keeps a training in a folder, to resume it and to look at it; `view.ts` draws.
 *
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import * as scanline from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * // Sixty-four pictures of 6 × 6 with one bright line: lying (class 0) or standing (class 1).
 * const labels = Uint8Array.from({ length: 64 }, (_, n) => n % 2);
 * const pixels = Uint8Array.from({ length: 64 * 36 }, (_, i) => {
 *   const n = Math.floor(i / 36), y = Math.floor(i / 6) % 6, x = i % 6;
 *   return (labels[n] === 0 ? y : x) === (n >> 1) % 6 ? 255 : 0;
 * });
 * const images = { pixels, labels, count: 64, height: 6, width: 6 }; // or loadDataset({ dataset: "mnist" })
 *
 * const model = tf.sequential({
 *   layers: [
 *     scanline.lstm({ units: 8, inputShape: [6, 6] }),
 *     tf.layers.dense({ units: 2 }),
 *   ],
 * });
 * await using trainer = await scanline.compile(model, {
 *   train: images,
 *   test: images,
 *   sequence: { axis: "rows", range: [0, 1] },
 *   optimizer: scanline.adam({ learningRate: 0.05 }),
 *   initialize: "pytorch",
 *   batchSize: 16,
 *   device: "reference", // slow, and needs no permission; leave it out to train fast
 * });
 * for await (const epoch of trainer.epochs(10)) {
 *   console.log(epoch.index, epoch.loss, epoch.accuracy);
 * }
 * assert.equal((await trainer.evaluate("test")).accuracy, 1);
 * ```
 *
 * @module
 */
export { acquireDataset } from "./lib/data/acquire.ts";
export { type Images, type Split, takeImages } from "./lib/data/images.ts";
export { type Dataset, loadDataset, type LoadOptions } from "./lib/data/dataset.ts";
export { decodePicture } from "./lib/data/picture.ts";
export { preparePicture } from "./lib/data/prepare_picture.ts";
export type { Raster } from "./lib/data/raster.ts";
export type { Sequence } from "./lib/data/sequence.ts";
export { chooseDevice, type DeviceOptions } from "./lib/engines/open.ts";
export type { History } from "./lib/model/tensorflow_callbacks.ts";
export { toOnnx, toSafetensors, toTensorflowFiles } from "./lib/model/formats.ts";
export { fromPyTorch } from "./lib/model/from_pytorch.ts";
export { fromTensorflow } from "./lib/model/from_tensorflow.ts";
export { modelSha256 } from "./lib/model/hash.ts";
export { loadKeras } from "./lib/model/load_keras.ts";
export { adadelta, adam, adamw, momentum, type Optimizer, rmsprop, sgd } from "./lib/model/optimizers.ts";
export { gru, lastStep, lstm, simpleRNN, toTensorflow } from "./lib/model/to_tensorflow.ts";
export type { TrainedModel } from "./lib/model/trained_model.ts";
export { loadModel, openModel } from "./lib/run/open_model.ts";
export { BatchOrder } from "./lib/train/batches.ts";
export { compile } from "./lib/train/compile.ts";
export type { CompileOptions } from "./lib/train/open_parts.ts";
export { predictedClasses, type Score } from "./lib/train/metrics.ts";
export { imageSize, Model, type OpenOptions } from "./lib/train/model.ts";
export { softmax } from "./lib/train/probabilities.ts";
export type { LoopOptions, LoopProgress } from "./lib/train/call_options.ts";
export type { Length } from "./lib/train/length.ts";
export { type Schedule, schedules } from "./lib/train/schedule.ts";
export { Trainer } from "./lib/train/trainer.ts";
export { canFit, fit } from "./lib/train/fit.ts";
export type { FitArgs } from "./lib/train/fit_arguments.ts";
export { fitDataset } from "./lib/train/fit_dataset.ts";
export { closeFit } from "./lib/train/fit_session.ts";
export { openPredictor } from "./lib/train/sequence_predictor.ts";
export { NonFiniteLossError } from "./lib/train/figures.ts";
