/**
 * From a TensorFlow.js model to a training on a device.
 *
 * @module
 */
import { type Images, type Split, takeImages } from "../data/dataset.ts";
import { layOutSequence, type Sequence } from "../data/sequence.ts";
import { type DeviceOptions, openEngine } from "../engines/open.ts";
import { initialize, type Start } from "../model/initialize.ts";
import { type LayersModel, readWeights, toNetwork, writeWeights } from "../model/layers_model.ts";
import type { Network } from "../model/network.ts";
import type { Optimizer } from "../model/optimizers.ts";
import { BatchOrder } from "./batches.ts";
import { Trainer, type TrainingConfig } from "./trainer.ts";

/** What {@link compile} takes besides the model. */
export interface CompileOptions extends DeviceOptions {
  /** The images to train on. */
  readonly train: Split;
  /** The images to test with, of the same size. */
  readonly test: Split;
  /** How many of the first training images are held out: never trained on, but evaluated as `validation`. None by default. */
  readonly validation?: number;
  /** How the network reads an image. */
  readonly sequence: Sequence;
  /** What turns gradients into updates. */
  readonly optimizer: Optimizer;
  /** Whose start the weights get; without it the model keeps its own. */
  readonly initialize?: Start;
  /** 2 to train the sum of two bias vectors a recurrent layer, as PyTorch keeps them; 1 by default. */
  readonly biases?: 1 | 2;
  /** 64 by default. */
  readonly batchSize?: number;
  /** Whether the last batch of an epoch is `short` (the default), or batches run on into the next epoch: `carry`. */
  readonly lastBatch?: "short" | "carry";
  /** Seeds weights, order and dropout, an unsigned 32-bit integer; 1 by default. */
  readonly seed?: number;
}

/**
 * Compiles the training step of a `tf.Sequential` for a device, and hands the images over to it.
 *
 * The same options give the same bits, on `wasm` whatever the machine and the number of threads. The trained weights
 * return into the model.
 *
 * @throws {TypeError} If the model has a layer or a property that is not supported, or does not fit the images.
 * @throws {RangeError} If an option is out of range, or the device is not there.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
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
  const config = resolve(options);
  const { network, steps } = toNetwork(model, { biases: config.biases });
  checkImages(network, steps, options);
  const { train, test, validation = 0, device, threads, math, selfCheck } = options;
  const splits = {
    train: takeImages(train, validation, train.count),
    validation: takeImages(train, 0, validation),
    test,
  };
  const { batchSize, lastBatch, seed, sequence, optimizer } = config;
  const order = new BatchOrder({ count: splits.train.count, batchSize, lastBatch, seed });
  const parameters = options.initialize
    ? initialize(network, options.initialize, seed)
    : await readWeights(model, network);
  const { engine, reason } = await openEngine({ device, threads, math, selfCheck }, {
    network,
    optimizer,
    train: splits.train,
    test,
    sequence,
    seed,
    batchSize,
    parameters,
  });
  writeWeights(model, network, parameters);
  return new Trainer({ model, network, engine, reason, order, splits, config });
}

function resolve(options: CompileOptions): TrainingConfig {
  const { train, test, validation = 0, sequence, optimizer } = options;
  if (!Number.isInteger(validation) || validation < 0 || validation >= train.count) {
    throw new RangeError(
      `Cannot hold images out: validation must be a whole number below the ${train.count} training images: ` +
        `current value is ${validation}`,
    );
  }
  return {
    sequence,
    optimizer,
    initialize: options.initialize ?? null,
    biases: options.biases ?? 1,
    batchSize: options.batchSize ?? 64,
    lastBatch: options.lastBatch ?? "short",
    seed: options.seed ?? 1,
    images: { train: train.count - validation, validation, test: test.count },
  };
}

/** The model reads sequences of the images' size, and tells as many classes apart as there are. */
function checkImages(
  network: Network,
  steps: number | null,
  { train, test, sequence }: CompileOptions,
): void {
  const sizeOf = ({ height, width }: Images) => `${height} × ${width}`;
  if (sizeOf(test) !== sizeOf(train)) {
    throw new TypeError(
      `Cannot train: test images must be as large as training images, ${sizeOf(train)}: ` +
        `current value is ${sizeOf(test)}`,
    );
  }
  const layout = layOutSequence(sequence, train);
  if (layout.inputSize !== network.inputSize || layout.steps !== (steps ?? layout.steps)) {
    throw new TypeError(
      `Cannot train: inputShape of the model must be [${layout.steps}, ${layout.inputSize}] to read images of ` +
        `${sizeOf(train)} by ${sequence.axis}: current value is [${steps}, ${network.inputSize}]`,
    );
  }
  const { classes } = network.head;
  for (const [name, { labels }] of Object.entries({ train, test })) {
    const wrong = labels.findIndex((label) => label >= classes);
    if (wrong !== -1) {
      throw new RangeError(
        `Cannot train: labels must be below the ${classes} units of the model's last layer: ` +
          `current value is ${labels[wrong]}, of ${name} image ${wrong}`,
      );
    }
  }
}
