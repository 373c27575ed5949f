/**
 * From a TensorFlow.js model to a training on a device.
 *
 * @module
 */
import { checkSplit, type Split, takeImages } from "../data/images.ts";
import { layOutSequence, type Sequence } from "../data/sequence.ts";
import { sequencesOf } from "../data/sequences.ts";
import { DEVICE_RULES, type DeviceOptions, openEngine } from "../engines/open.ts";
import { FORGET_BIAS, initialize, type Start, STARTS } from "../model/initialize.ts";
import { type LayersModel, type ModelNetwork, toNetwork } from "../model/from_tensorflow.ts";
import { markWeights, readWeights, writeWeights } from "../model/tensorflow_weights.ts";
import { checkOptimizer, type Optimizer } from "../model/optimizers.ts";
import {
  BOOLEAN,
  check,
  checkOptions,
  FUNCTION,
  number,
  OBJECT,
  oneOf,
  optional,
  type Rules,
} from "../options.ts";
import type { Classifier } from "../model/classifier.ts";
import { recurrentLayers } from "../model/network.ts";
import { readsImagesOf } from "../model/trained_model.ts";
import { BATCH_RULES, BatchOrder } from "./batches.ts";
import { findUnstarted } from "./started.ts";
import { checkRefinements, REFINEMENT_RULES, type RefinementOptions, toClip } from "./refinements.ts";
import { Trainer } from "./trainer.ts";

/** What {@link compile} takes besides the model. */
export interface CompileOptions extends DeviceOptions, RefinementOptions {
  /**
   * The images to train on. They, and those to test with, are read where they lie: they must stay as they are until the
   * trainer is disposed.
   */
  readonly train: Split;
  /** The images to test with, of the same size; without them there is no `evaluate("test")`. */
  readonly test?: Split;
  /**
   * How many of the first training images are held out, or, below 1, which share of them: never trained on, but evaluated
   * as `validation`. None by default.
   */
  readonly validation?: number;
  /** How the network reads an image. */
  readonly sequence: Sequence;
  /** What turns gradients into updates. */
  readonly optimizer: Optimizer;
  /** Whose initializers start the weights; without it the model keeps its own weights. */
  readonly initialize?: Start;
  /** With a start, the bias of the forget gate of every LSTM in the place of its own; of two bias vectors their sum. */
  readonly forgetBias?: number;
  /**
   * 2 to train the sum of two bias vectors a recurrent layer, as PyTorch keeps them. By default 2 with PyTorch's start, else 1.
   */
  readonly biases?: 1 | 2;
  /**
   * Whether batch normalization averages the variance of the population, `v·n / (n − 1)`, as in PyTorch. By default true with
   * PyTorch's start, else false, as in TensorFlow.js.
   */
  readonly unbiased?: boolean;
  /** 64 by default. */
  readonly batchSize?: number;
  /** Whether the last batch of an epoch is `short` (the default), or batches run on into the next epoch: `carry`. */
  readonly lastBatch?: "short" | "carry";
  /** Seeds weights, order, dropout and how images are moved, an unsigned 32-bit integer; 1 by default. */
  readonly seed?: number;
  /**
   * Called before the device takes memory, with how many bytes: for weights, optimizer, activations and gradients, on `webgpu`
   * for the images too. `reference`, which plans none, does not call it. What TensorFlow.js keeps comes on top.
   */
  readonly onMemory?: (bytes: number) => void;
}

/** What the options must be; `checkSplit()` and `checkOptimizer()` check images and the optimizer further. */
const RULES: Rules<CompileOptions> = {
  train: { ...OBJECT, must: "images and labels" },
  test: optional({ ...OBJECT, must: "images and labels" }),
  validation: optional(
    number("a whole number, or a share below 1", (v) => v >= 0 && (v < 1 || Number.isInteger(v))),
  ),
  sequence: { ...OBJECT, must: "an object with axis, and range or mean and deviation" },
  optimizer: { must: "one of Scanline's", isKind: () => true }, // checkOptimizer() checks it
  initialize: optional(oneOf(...STARTS)),
  forgetBias: optional(FORGET_BIAS),
  biases: optional(oneOf(1, 2)),
  unbiased: optional(BOOLEAN),
  batchSize: optional(BATCH_RULES.batchSize),
  lastBatch: optional(BATCH_RULES.lastBatch),
  seed: optional(BATCH_RULES.seed),
  onMemory: optional(FUNCTION),
  ...REFINEMENT_RULES,
  ...DEVICE_RULES,
};

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
  const taken = checkOptions(ACTION, options, RULES);
  const optimizer = checkOptimizer(ACTION, taken.optimizer);
  const { batchSize = 64, lastBatch = "short", seed = 1, device, threads, math, selfCheck } = taken;
  const isPyTorch = taken.initialize === "pytorch",
    { biases = isPyTorch ? 2 : 1, unbiased = isPyTorch } = taken;
  const { initialize: start, forgetBias } = taken;
  if (forgetBias !== undefined && !start) {
    throw new RangeError(
      `Cannot ${ACTION}: forgetBias must be given with initialize: current value is ${forgetBias}`,
    );
  }
  const compiled = toNetwork(model, { biases, unbiased });
  const { network, T } = compiled;
  const splits = cut(taken, network.classes);
  const { clip, labelSmoothing, augment, schedule, monitor } = taken;
  const refinements = checkRefinements(ACTION, { clip, labelSmoothing, augment, schedule, monitor }, {
    size: splits.train,
    validation: splits.validation.count,
  });
  const sequence = { ...taken.sequence };
  checkShape(compiled, sequence, taken.train);
  const order = new BatchOrder({ count: splits.train.count, batchSize, lastBatch, seed });

  checkSize(network);
  let marks = markWeights(model, network);
  const parameters = start
    ? initialize(network, start, seed, { forgetBias })
    : checkStarted(await readWeights(model, network), network);
  await using opened = new AsyncDisposableStack(); // until it is the trainer's
  const { engine, reason } = await openEngine({ device, threads, math, selfCheck }, {
    network,
    layout: layOutSequence(sequence, splits.train),
    parameters,
    training: {
      optimizer,
      sequences: sequencesOf(splits.train),
      targets: { kind: "classes", data: splits.train.labels },
      seed,
      batchSize,
      clip: refinements.clip && toClip(refinements.clip),
      labelSmoothing: refinements.labelSmoothing,
      transforms: refinements.augment !== undefined,
    },
    onMemory: taken.onMemory,
  });
  opened.use(engine);
  if (start) {
    writeWeights(model, network, parameters);
    marks = markWeights(model, network);
  }
  const config = {
    optimizer,
    initialize: start ?? null,
    ...(forgetBias === undefined ? {} : { forgetBias }),
    batchSize,
    lastBatch,
    seed,
    images: { train: splits.train.count, validation: splits.validation.count, test: splits.test.count },
    ...refinements,
  };
  opened.move();
  return new Trainer({ model, network, T, sequence, engine, reason, order, splits, config, marks });
}

const ACTION = "compile the model";

/** The most weights of a network: as float32, 4 GiB, all that 32-bit addresses reach. */
const MOST_WEIGHTS = 2 ** 30;

/** Before weights are drawn, which takes long for so many. */
function checkSize({ size }: Classifier): void {
  if (size < MOST_WEIGHTS) return;
  const gigabytes = (4 * size / 2 ** 30).toFixed(1);
  throw new RangeError(
    `Cannot ${ACTION}: its weights must fit into 4 GiB: they need ${gigabytes} GiB; fewer units take less`,
  );
}

/** From weights that are not finite nothing is learned, and where all are zero all units learn the same. */
function checkStarted(parameters: Float32Array, network: Classifier): Float32Array {
  const wrong = parameters.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) {
    const zeros = findUnstarted(parameters, recurrentLayers(network));
    if (!zeros) return parameters;
    throw new RangeError(
      `Cannot ${ACTION}: its weights must be started: current value is zero for all of ${zeros.name} ` +
        '(`initialize: "pytorch"` starts them)',
    );
  }
  const { name } = network.parameters.find(({ offset, size }) => wrong < offset + size)!;
  throw new RangeError(
    `Cannot ${ACTION}: its weights must be finite: current value is ${parameters[wrong]}, in ${name} ` +
      "(`initialize` starts them anew)",
  );
}

/** The images in three parts; only the first must have any. */
function cut(options: CompileOptions, classes: number): Record<"train" | "validation" | "test", Split> {
  const train = checkSplit(ACTION, "train", options.train, classes);
  const test = options.test && checkSplit(ACTION, "test", options.test, classes);
  if (test && (test.height !== train.height || test.width !== train.width)) {
    throw new RangeError(
      `Cannot ${ACTION}: test images must be ${train.height}×${train.width} like the training images: ` +
        `current value is ${test.height}×${test.width}`,
    );
  }
  const { validation = 0 } = options;
  const held = validation < 1 ? Math.round(validation * train.count) : validation;
  const holds = (value: number) => (value > 0 || validation === 0) && value < train.count;
  const must = `at least one and less than all of the ${train.count} training images`;
  check(ACTION, "validation", { value: held, rule: number(must, holds) });
  return {
    train: Object.freeze(takeImages(train, held, train.count)),
    validation: Object.freeze(takeImages(train, 0, held)),
    test: Object.freeze(test ?? takeImages(train, 0, 0)),
  };
}

/** @throws {TypeError} If the model does not read sequences that images of this size become. */
function checkShape(compiled: ModelNetwork, sequence: Sequence, images: Split): void {
  if (readsImagesOf(images, { ...compiled, sequence })) return;
  const { T, C } = layOutSequence(sequence, images);
  throw new TypeError(
    `Cannot ${ACTION}: its inputShape must be [${T}, ${C}] to read images of ` +
      `${images.height} × ${images.width} by ${sequence.axis}: current value is ` +
      `[${compiled.T}, ${compiled.network.input.size}]`,
  );
}
