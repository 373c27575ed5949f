/**
 * From a network to its training on a device.
 *
 * @module
 */
import { checkSplit, type Split, takeImages } from "../data/images.ts";
import { layOutSequence, type Sequence } from "../data/sequence.ts";
import { sequencesOf } from "../data/sequences.ts";
import { DEVICE_RULES, type DeviceOptions, openEngine, pickDeviceOptions } from "../engines/open.ts";
import type { Classifier } from "../model/classifier.ts";
import { FORGET_BIAS, initialize, type Start, STARTS } from "../model/initialize.ts";
import { recurrentLayers } from "../model/network.ts";
import { checkOptimizer, type Optimizer } from "../model/optimizers.ts";
import { readsImagesOf } from "../model/trained_model.ts";
import { BOOLEAN, check, FUNCTION, number, OBJECT, oneOf, optional, type Rules } from "../options.ts";
import { asyncDispose } from "../symbols.ts";
import { BATCH_RULES, BatchOrder } from "./batches.ts";
import { checkRefinements, REFINEMENT_RULES, type RefinementOptions, toClip } from "./refinements.ts";
import { findUnstarted } from "./started.ts";
import type { TrainingParts } from "./training.ts";
import type { WeightsHome } from "./weights_home.ts";

/** What a training takes besides its network. */
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
   * for the images too. `reference`, which plans none, does not call it; `auto` does for each device that it tries. What
   * TensorFlow.js keeps comes on top.
   */
  readonly onMemory?: (bytes: number) => void;
}

/** What the options must be; `checkSplit()` and `checkOptimizer()` check images and the optimizer further. */
export const COMPILE_RULES: Rules<CompileOptions> = {
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

/** What is trained. */
export interface NetworkSource {
  /** For messages: `Cannot <action>`. */
  readonly action: string;
  readonly network: Classifier;
  /** The length of a sequence, null where it is open. */
  readonly T: number | null;
  /** It has the weights to begin with, unless `initialize` starts them. */
  readonly home: WeightsHome;
}

/** Whether a network has PyTorch's two bias vectors and its average of variances: as the options say, or as the start does. */
export function traitsOf(
  { initialize, biases, unbiased }: CompileOptions,
): Required<Pick<CompileOptions, "biases" | "unbiased">> {
  const isPyTorch = initialize === "pytorch";
  return { biases: biases ?? (isPyTorch ? 2 : 1), unbiased: unbiased ?? isPyTorch };
}

/**
 * Opens an engine for the training of a network, and gives it images and weights.
 *
 * @param options Checked by {@link COMPILE_RULES}
 * @throws {TypeError} If the network does not fit the images, or images and labels are not as many as they say.
 * @throws {RangeError} If an option or a label is out of range, or the device is not there.
 */
export async function openParts(source: NetworkSource, options: CompileOptions): Promise<TrainingParts> {
  const { action, network, T, home } = source;
  const optimizer = checkOptimizer(action, options.optimizer);
  const { batchSize = 64, lastBatch = "short", seed = 1 } = options;
  const { initialize: start, forgetBias } = options;
  if (forgetBias !== undefined && !start) {
    throw new RangeError(
      `Cannot ${action}: forgetBias must be given with initialize: current value is ${forgetBias}`,
    );
  }
  const splits = cut(source, options);
  const { clip, labelSmoothing, augment, schedule, monitor } = options;
  const refinements = checkRefinements(action, { clip, labelSmoothing, augment, schedule, monitor }, {
    size: splits.train,
    validation: splits.validation.count,
  });
  const sequence = { ...options.sequence };
  checkShape(source, sequence, options.train);
  const order = new BatchOrder({ count: splits.train.count, batchSize, lastBatch, seed });

  checkSize(source);
  const parameters = start
    ? initialize(network, start, seed, { forgetBias })
    : checkStarted(source, await home.read());
  const { engine, reason } = await openEngine(pickDeviceOptions(options), {
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
    onMemory: options.onMemory,
  });
  try {
    if (start) home.write(parameters);
  } catch (error) {
    await engine[asyncDispose]();
    throw error;
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
  return { network, T, home, sequence, engine, reason, order, splits, config };
}

/** The most weights of a network: as float32, 4 GiB, all that 32-bit addresses reach. */
const MOST_WEIGHTS = 2 ** 30;

/** Before weights are drawn, which takes long for so many. */
function checkSize({ action, network: { size } }: NetworkSource): void {
  if (size < MOST_WEIGHTS) return;
  const gigabytes = (4 * size / 2 ** 30).toFixed(1);
  throw new RangeError(
    `Cannot ${action}: its weights must fit into 4 GiB: they need ${gigabytes} GiB; fewer units take less`,
  );
}

/** From weights that are not finite nothing is learned, and where all are zero all units learn the same. */
function checkStarted({ action, network }: NetworkSource, parameters: Float32Array): Float32Array {
  const wrong = parameters.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) {
    const zeros = findUnstarted(parameters, recurrentLayers(network));
    if (!zeros) return parameters;
    throw new RangeError(
      `Cannot ${action}: its weights must be started: current value is zero for all of ${zeros.name} ` +
        '(`initialize: "pytorch"` starts them)',
    );
  }
  const { name } = network.parameters.find(({ offset, size }) => wrong < offset + size)!;
  throw new RangeError(
    `Cannot ${action}: its weights must be finite: current value is ${parameters[wrong]}, in ${name} ` +
      "(`initialize` starts them anew)",
  );
}

/** The images in three parts; only the first must have any. */
function cut(
  { action, network: { classes } }: NetworkSource,
  options: CompileOptions,
): Record<"train" | "validation" | "test", Split> {
  const train = checkSplit(action, "train", options.train, classes);
  const test = options.test && checkSplit(action, "test", options.test, classes);
  if (test && (test.height !== train.height || test.width !== train.width)) {
    throw new RangeError(
      `Cannot ${action}: test images must be ${train.height}×${train.width} like the training images: ` +
        `current value is ${test.height}×${test.width}`,
    );
  }
  const { validation = 0 } = options;
  const held = validation < 1 ? Math.round(validation * train.count) : validation;
  const holds = (value: number) => (value > 0 || validation === 0) && value < train.count;
  const must = `at least one and less than all of the ${train.count} training images`;
  check(action, "validation", { value: held, rule: number(must, holds) });
  return {
    train: Object.freeze(takeImages(train, held, train.count)),
    validation: Object.freeze(takeImages(train, 0, held)),
    test: Object.freeze(test ?? takeImages(train, 0, 0)),
  };
}

/** @throws {TypeError} If the model does not read sequences that images of this size become. */
function checkShape({ action, network, T: length }: NetworkSource, sequence: Sequence, images: Split): void {
  if (readsImagesOf(images, { network, T: length, sequence })) return;
  const { T, C } = layOutSequence(sequence, images);
  throw new TypeError(
    `Cannot ${action}: its inputShape must be [${T}, ${C}] to read images of ` +
      `${images.height} × ${images.width} by ${sequence.axis}: current value is ` +
      `[${length}, ${network.input.size}]`,
  );
}
