/**
 * Training and prediction with networks as plain data, without TensorFlow.js: what runs in a browser too.
 *
 * {@link createClassifier} makes a network, {@link openTraining} trains it, {@link openModel} predicts with what it learned, and
 * {@link toSafetensors} and {@link toOnnx} write that for other programs. What has the same name in `mod.ts` is the same thing, but
 * that only `mod.ts` takes folders of runs and models of TensorFlow.js; the same bits come out of `compile()` and of {@link openTraining}.
 *
 * ```ts
 * import * as scanline from "./core.ts";
 * import assert from "node:assert/strict";
 *
 * // Sixty-four pictures of 6 × 6 with one bright line: lying (class 0) or standing (class 1).
 * const labels = Uint8Array.from({ length: 64 }, (_, n) => n % 2);
 * const pixels = Uint8Array.from({ length: 64 * 36 }, (_, i) => {
 *   const n = Math.floor(i / 36), y = Math.floor(i / 6) % 6, x = i % 6;
 *   return (labels[n] === 0 ? y : x) === (n >> 1) % 6 ? 255 : 0;
 * });
 * const images = { pixels, labels, count: 64, height: 6, width: 6 };
 *
 * const network = scanline.createClassifier({
 *   inputSize: 6,
 *   layers: [{ kind: "lstm", hiddenSize: 8 }, { kind: "dense", units: 2 }],
 *   biases: 2, // as PyTorch has them
 * });
 * await using training = await scanline.openTraining(network, {
 *   train: images,
 *   sequence: { axis: "rows", range: [0, 1] },
 *   optimizer: scanline.adam({ learningRate: 0.05 }),
 *   initialize: "pytorch",
 *   batchSize: 16,
 *   device: "reference", // slow, and needs no permission; leave it out to train fast
 * });
 * for await (const epoch of training.epochs(10)) {
 *   console.log(epoch.index, epoch.loss, epoch.accuracy);
 * }
 * const file = scanline.toSafetensors(await training.trained());
 * await using model = await scanline.openModel(file, { device: "reference" });
 * assert.equal((await model.evaluate(images)).accuracy, 1);
 * ```
 *
 * @module
 */
export { IdxSyntaxError, parseIdx, parseIdxHeader } from "./lib/data/idx.ts";
export { type Images, type Split, takeImages } from "./lib/data/images.ts";
export { preparePicture } from "./lib/data/prepare_picture.ts";
export { type Raster, rasterOf } from "./lib/data/raster.ts";
export { AXES, inReadingOrder, type Sequence } from "./lib/data/sequence.ts";
export {
  chooseDevice,
  type DeviceName,
  type DeviceOptions,
  DEVICES,
  type MathName,
  MATHS,
} from "./lib/engines/open.ts";
export {
  type Classifier,
  type ClassifierOptions,
  classifierOptions,
  createClassifier,
} from "./lib/model/classifier.ts";
export { modelSha256 } from "./lib/model/hash.ts";
export { type Start, STARTS } from "./lib/model/initialize.ts";
export { toOnnx, toSafetensors } from "./lib/model/model_files.ts";
export { isRecurrent, recurrentLayers } from "./lib/model/network.ts";
export { adadelta, adam, adamw, momentum, type Optimizer, rmsprop, sgd } from "./lib/model/optimizers.ts";
export { defaultClassNames, readsImagesOf, type TrainedModel } from "./lib/model/trained_model.ts";
export { modelOfRun, type RunFiles } from "./lib/run/run_files.ts";
export { BatchOrder } from "./lib/train/batches.ts";
export type { LoopOptions, LoopProgress } from "./lib/train/call_options.ts";
export { NonFiniteLossError } from "./lib/train/figures.ts";
export { type ImageTraces, traceImage } from "./lib/train/inspect.ts";
export type { Length } from "./lib/train/length.ts";
export { predictedClasses, type Score, scoreLogits } from "./lib/train/metrics.ts";
export { imageSize, Model, type OpenOptions } from "./lib/train/model.ts";
export { loadModel, type ModelSource, openModel } from "./lib/train/open_model.ts";
export { openTraining, type OpenTrainingOptions } from "./lib/train/open_training.ts";
export { softmax } from "./lib/train/probabilities.ts";
export { type Schedule, schedules } from "./lib/train/schedule.ts";
export { Training } from "./lib/train/training.ts";

// Types that signatures here name.
export type { DatasetName, Preparation } from "./lib/data/catalogue.ts";
export type { IdxArray, IdxElements, IdxHeader, IdxType } from "./lib/data/idx.ts";
export type { PreparedPicture, PreparePictureOptions } from "./lib/data/prepare_picture.ts";
export type { ImageSize } from "./lib/data/raster.ts";
export type { Normalization, Order, PixelScale, Range } from "./lib/data/sequence.ts";
export type { Augmentation } from "./lib/data/transform.ts";
export type { DeviceDescription, EngineState } from "./lib/engines/engine.ts";
export type { LayerTraces, NetworkTraces, PlacedLayer, Trace } from "./lib/engines/reference/inspect.ts";
export { type Loss, LOSSES, type Metric, METRICS } from "./lib/model/losses.ts";
export type { Metadata } from "./lib/model/metadata.ts";
export {
  type Activation,
  type ActivationLayer,
  type BatchNormLayer,
  type BidirectionalLayer,
  CELL_ACTIVATIONS,
  type CellActivation,
  type CellLayer,
  type DenseLayer,
  type DropoutLayer,
  type FeatureInput,
  type GruLayer,
  type Input,
  type LastLayer,
  type Layer,
  type LstmLayer,
  MERGES,
  type Network,
  type Parameter,
  type RecurrentLayer,
  type Regularizer,
  type RepeatLayer,
  type RnnLayer,
  type TokenInput,
} from "./lib/model/network.ts";
export type { CellOptions, LayerOptions, RecurrentOptions } from "./lib/model/network_options.ts";
export type {
  Adadelta,
  Adam,
  AdamW,
  Momentum,
  Nesterov,
  RmsProp,
  RmsPropMomentum,
  Sgd,
  TfAdadelta,
  TfAdagrad,
  TfAdam,
  TfAdamax,
  TfCenteredRmsProp,
  TfRmsProp,
} from "./lib/model/optimizers.ts";
export type { PyTorchNames } from "./lib/model/torch_tensors.ts";
export type { ModelDescription } from "./lib/model/trained_model.ts";
export type { Selection, SplitName } from "./lib/train/call_options.ts";
export type {
  BatchReport,
  EpochReport,
  EpochsState,
  Evaluation,
  StepFigures,
  StepsReport,
  TallyState,
  TrainerState,
  TrainingFigures,
  TrainingState,
} from "./lib/train/figures.ts";
export type { BestEpoch, Monitor, MonitorOptions, MonitorState } from "./lib/train/monitor.ts";
export type { CompileOptions } from "./lib/train/open_parts.ts";
export type { ClipOption, RefinementOptions, Refinements } from "./lib/train/refinements.ts";
export type {
  CosineSchedule,
  ExponentialSchedule,
  OneCycleSchedule,
  PlateauSchedule,
  PlateauState,
  StepSchedule,
} from "./lib/train/schedule.ts";
export type { TrainingConfig } from "./lib/train/training_config.ts";
