/**
 * The folder of a run: a training that is kept, resumed and read back.
 *
 * ```ts ignore
 * import { compile } from "./mod.ts";
 * import { Run, StoppedRun } from "./run.ts";
 *
 * await using trainer = await compile(model, options);
 * using run = await Run.begin(trainer, { recipe: "mine" }); // or Run.resume(await StoppedRun.open(folder), trainer)
 * for await (const epoch of trainer.epochs(run.remaining({ epochs: 10 }), { onCheckpoint: run.keep })) {
 *   // …
 * }
 * await run.end();
 * ```
 *
 * @module
 */
export { CATALOGUE, type DatasetName, type Preparation } from "./lib/data/catalogue.ts";
export { inReadingOrder } from "./lib/data/sequence.ts";
export {
  cutSeries,
  type ForecastErrors,
  measureForecast,
  type Series,
  type WindowedSeries,
  type WindowOptions,
  type Windows,
} from "./lib/data/series.ts";
export { type Column, describeGaps, numbersOf, parseTable } from "./lib/data/table.ts";
export { makeFolders, readWhole, sha256, writeNamed } from "./lib/data/files.ts";
export { checkAllowed, NotAllowedError, NotCapable, shown } from "./lib/data/places.ts";
export { AXES } from "./lib/data/sequence.ts";
export { type DeviceName, DEVICES, type MathName, MATHS } from "./lib/engines/open.ts";
export { excerpt, messageOf, printable, printableLines } from "./lib/excerpt.ts";
export { describedNetwork, readMetadata } from "./lib/model/metadata.ts";
export { classifierOptions, createClassifier } from "./lib/model/classifier.ts";
export { type Loss, LOSSES, type Metric, METRICS } from "./lib/model/losses.ts";
export { CELL_ACTIVATIONS, isRecurrent, MERGES, recurrentLayers } from "./lib/model/network.ts";
export { readPyTorch } from "./lib/model/pytorch.ts";
export { readChainMetadata } from "./lib/model/torch_chain.ts";
export { decodeSafetensors } from "./lib/model/safetensors.ts";
export { defaultClassNames, readsImagesOf } from "./lib/model/trained_model.ts";
export { type Checkpoint, CheckpointError } from "./lib/run/checkpoint.ts";
export { CheckpointFolder, type FoundCheckpoint } from "./lib/run/checkpoint_folder.ts";
export {
  checkConfig,
  type DataConfig,
  type ModelConfig,
  modelConfig,
  type RunConfig,
  type TrainedRunConfig,
} from "./lib/run/config.ts";
export type { Metrics } from "./lib/run/event_files.ts";
export { CAPTIONS, countMistakes, type Findings, findOut, type Tested } from "./lib/run/findings.ts";
export {
  createRunFolder,
  openMetrics,
  openRun,
  RunFolder,
  type RunOptions,
  type SavedMetrics,
  type SavedRun,
} from "./lib/run/folder.ts";
export { dataFolder, imagesOf, loadImagesFor, pictureOptions } from "./lib/run/images.ts";
export { historyOf, type MetricsLine, type PictureSource, RunPictures } from "./lib/run/pictures.ts";
export { type EndedRun, Run } from "./lib/run/run.ts";
export type { RunAbout, RunSettings } from "./lib/run/run_options.ts";
export { StoppedRun } from "./lib/run/stopped_run.ts";

// Types that signatures here and in mod.ts name.
export type { Acquired, AcquireEvent, AcquireOptions } from "./lib/data/acquire.ts";
export type { CatalogueEntry, CatalogueFile, SourceSpec } from "./lib/data/catalogue.ts";
export type { Limits } from "./lib/data/sources.ts";
export type { Access, Files } from "./lib/data/places.ts";
export type { ImageSize, PreparedPicture, PreparePictureOptions } from "./lib/data/prepare_picture.ts";
export type { Augmentation } from "./lib/data/transform.ts";
export type { Normalization, Order, PixelScale, Range } from "./lib/data/sequence.ts";
export type { DeviceDescription, EngineState } from "./lib/engines/engine.ts";
export type { FromPyTorchOptions } from "./lib/model/from_pytorch.ts";
export type { LayersModel } from "./lib/model/from_tensorflow.ts";
export { type Start, STARTS } from "./lib/model/initialize.ts";
export type { CellOptions, LayerOptions, RecurrentOptions } from "./lib/model/network_options.ts";
export type { FoundMetadata, LayerTraits, Metadata } from "./lib/model/metadata.ts";
export type { Classifier, ClassifierOptions } from "./lib/model/classifier.ts";
export type {
  Activation,
  ActivationLayer,
  BatchNormLayer,
  BidirectionalLayer,
  CellActivation,
  CellLayer,
  DenseLayer,
  DropoutLayer,
  FeatureInput,
  GruLayer,
  Input,
  LastLayer,
  Layer,
  LstmLayer,
  Network,
  Parameter,
  RecurrentLayer,
  Regularizer,
  RepeatLayer,
  RnnLayer,
  TokenInput,
} from "./lib/model/network.ts";
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
export type { ChainOptions } from "./lib/model/torch_chain.ts";
export type { PyTorchNames, PyTorchNetwork, Tensors } from "./lib/model/pytorch.ts";
export type { SafetensorsContent, Tensor, TensorData } from "./lib/model/safetensors.ts";
export type {
  NestedArray,
  NumberArray,
  ShapedArray,
  TensorflowTensor,
  TypedNumbers,
} from "./lib/model/tensorflow_arrays.ts";
export type {
  CallbackFunctions,
  CallbacksOption,
  TensorflowHistory,
  YieldEvery,
} from "./lib/model/tensorflow_callbacks.ts";
export type { GruArgs } from "./lib/model/tensorflow_gru.ts";
export type { LastStepArgs } from "./lib/model/tensorflow_last_step.ts";
export type { TensorflowFiles } from "./lib/model/tensorflow_files.ts";
export type { LSTMLayerArgs, SimpleRNNLayerArgs, TensorflowLayer } from "./lib/model/to_tensorflow.ts";
export type { ModelDescription } from "./lib/model/trained_model.ts";
export type {
  BatchDataset,
  ClassWeightOption,
  ClassWeights,
  CommonArgs,
  FitDatasetArgs,
} from "./lib/train/fit_arguments.ts";
export type { ImageSequences, Named, SequenceSource } from "./lib/train/fit_data.ts";
export type { ModelSource } from "./lib/run/open_model.ts";
export type { Answers, SequencePredictor, SequenceReader } from "./lib/train/sequence_predictor.ts";
export type { BatchOptions } from "./lib/train/batches.ts";
export type { Selection, SplitName } from "./lib/train/call_options.ts";
export type { BestEpoch, Monitor, MonitorOptions, MonitorState } from "./lib/train/monitor.ts";
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
