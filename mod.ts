/**
 * Scanline trains recurrent networks that read an image one line at a time.
 *
 * The network is a `tf.Sequential` of TensorFlow.js. {@link compile} turns its training step into fused kernels of a
 * device; the trained weights return into the model.
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
 *     tf.layers.lstm({ units: 8, recurrentActivation: "sigmoid", inputShape: [6, 6] }),
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
export * from "./lib/data/catalogue.ts";
export {
  type Dataset,
  type Images,
  loadDataset,
  type LoadOptions,
  type Split,
  takeImages,
} from "./lib/data/dataset.ts";
export * from "./lib/data/describe_input.ts";
export * from "./lib/data/idx.ts";
export { decodePicture } from "./lib/data/picture.ts";
export { encodePng } from "./lib/data/png.ts";
export * from "./lib/data/prepare_picture.ts";
export { PictureError, type Raster } from "./lib/data/raster.ts";
export type { Normalization, Order, PixelScale, Range, Sequence } from "./lib/data/sequence.ts";
export type { DeviceDescription, EngineState, StepResult } from "./lib/engines/engine.ts";
export {
  chooseDevice,
  type DeviceName,
  type DeviceOptions,
  DEVICES,
  type MathName,
  MATHS,
} from "./lib/engines/open.ts";
export * from "./lib/model/to_tensorflow.ts";
export type { Start } from "./lib/model/initialize.ts";
export * from "./lib/model/metadata.ts";
export { type LayersModel, type ModelNetwork, readWeights, toNetwork } from "./lib/model/from_tensorflow.ts";
export * from "./lib/model/network.ts";
export * from "./lib/model/onnx.ts";
export {
  type Adadelta,
  adadelta,
  type Adam,
  adam,
  adamFactors,
  integerPower,
  type Momentum,
  momentum,
  type Optimizer,
  type RmsProp,
  rmsprop,
  type Sgd,
  sgd,
  SLOT_COUNT,
} from "./lib/model/optimizers.ts";
export * from "./lib/model/pytorch.ts";
export * from "./lib/model/safetensors.ts";
export { type SavedModel, serializeModel, type SerializeOptions } from "./lib/model/tensorflow_files.ts";
export { type BatchOptions, BatchOrder } from "./lib/train/batches.ts";
export * from "./lib/run/checkpoint.ts";
export * from "./lib/run/checkpoint_folder.ts";
export { compile, type CompileOptions } from "./lib/train/compile.ts";
export * from "./lib/train/metrics.ts";
export * from "./lib/train/reader.ts";
export * from "./lib/train/reading.ts";
export {
  type BatchReport,
  type EpochReport,
  type Evaluation,
  type LoopOptions,
  type LoopProgress,
  NonFiniteLossError,
  type SplitName,
  type StepsReport,
  Tally,
  type TallyState,
  type TrainingFigures,
  type TrainingState,
} from "./lib/train/training_figures.ts";
export * from "./lib/run/run.ts";
export type { Length, Selection } from "./lib/train/requests.ts";
export { Trainer, type TrainingConfig } from "./lib/train/trainer.ts";
export * from "./lib/view/confusion.ts";
export * from "./lib/view/curves.ts";
export * from "./lib/view/digits.ts";
export * from "./lib/view/events.ts";
export * from "./lib/view/history.ts";
export * from "./lib/view/progress.ts";
export * from "./lib/view/reading.ts";
export { decidedAt, likeliest, type Reading } from "./lib/view/reading_lines.ts";
export * from "./lib/view/reading_text.ts";
export * from "./lib/view/report.ts";
export * from "./lib/view/sheet.ts";
export * from "./lib/view/structure.ts";
export { formatShare } from "./lib/view/words.ts";
