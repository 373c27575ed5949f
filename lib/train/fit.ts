/**
 * `model.fit()` on an engine.
 *
 * @module
 */
import type { LayersModel } from "../model/from_tensorflow.ts";
import type { NumberArray } from "../model/tensorflow_arrays.ts";
import {
  Callbacks,
  type History,
  isTraining,
  type Logs,
  setTraining,
} from "../model/tensorflow_callbacks.ts";
import { FIT } from "../model/tensorflow_optimizers.ts";
import { type ModelTraining, toTraining } from "../model/tensorflow_training.ts";
import { shuffledOrder } from "../random.ts";
import { checkFitArgs, type FitArgs } from "./fit_arguments.ts";
import type { Named, SequenceSource } from "./fit_data.ts";
import { FitLoop, givingBack, takesSingly, Tally } from "./fit_loop.ts";
import { type FitData, formOf, takeData } from "./fit_parts.ts";
import { FitSession, type SessionData } from "./fit_session.ts";

/**
 * Trains a model as `model.fit(x, y, args)` does, faster: the same arguments, the same callbacks in the same order, the same
 * `History`.
 *
 * Loss, metrics and optimizer are those of `model.compile()`. The weights are in the model whenever a callback is called, and
 * weights and optimizer in the end, also if a callback throws: `fit()` and `model.fit()` can take turns. A loss that is not finite
 * ends nothing, as in TensorFlow.js: it stands in the `History`.
 *
 * What differs: `seed` makes order and dropout the same in each run of a program. All logs are numbers. `sampleWeight` works.
 * Callbacks that do not ask for batches are called as often as they would be, but steps are not taken one by one.
 * `model.stopTraining`, set by something else than a callback, is seen some 50 ms later. The device stays open for the next call
 * with this model, see {@link closeFit}.
 *
 * @param model What {@link canFit} says nothing against
 * @param x `[N, T, C]`, or tokens `[N, T]`: a tensor, a typed array with its shape, nested arrays; or images with an order
 * @param y As the loss needs it, `[N, K]`, `[N, T, K]`, or classes `[N, 1]`, `[N, T, 1]`
 * @throws {TypeError} If the model cannot be computed, an argument is unknown, or data are of another kind or shape: before
 * anything is trained.
 * @throws {RangeError} If an argument is out of range, or a number of x or y is not finite or not in its range.
 *
 * @example
 * ```ts
 * import * as tf from "npm:@tensorflow/tfjs@4.22.0";
 * import { fit } from "./fit.ts";
 * import assert from "node:assert/strict";
 *
 * const model = tf.sequential({
 *   layers: [
 *     tf.layers.simpleRNN({ units: 4, inputShape: [6, 1] }),
 *     tf.layers.dense({ units: 1 }),
 *   ],
 * });
 * model.compile({ loss: "meanSquaredError", optimizer: tf.train.adam(0.01) });
 * const x = Float32Array.from({ length: 20 * 6 }, (_, i) => Math.sin(i)); // 20 sequences of 6 steps
 * const y = Float32Array.from({ length: 20 }, (_, n) => Math.sin(6 * n + 6)); // what comes next
 * const { history } = await fit(model, { data: x, shape: [20, 6, 1] }, y, {
 *   epochs: 20,
 *   batchSize: 4,
 *   validationSplit: 0.2,
 *   device: "reference", // leave it out to train fast
 * });
 * assert.equal(history.val_loss.length, 20);
 * assert.ok(history.loss[19] < history.loss[0]);
 * ```
 */
export async function fit(
  model: LayersModel,
  x: Named<SequenceSource>,
  y: Named<NumberArray>,
  args: FitArgs = {},
): Promise<History> {
  const training = toTraining(model), taken = checkFitArgs(FIT, args);
  checkClassWeight(training, taken);
  return await alone(model, async () => {
    const callbacks = new Callbacks(FIT, taken.callbacks, taken.yieldEvery);
    const data = await takeData(formOf(model, training), { x, y, args: taken });
    const singly = takesSingly(callbacks, taken);
    const session = await FitSession.begin(model, training, { ...taken, singly });
    const loop = new FitLoop(session, callbacks);
    return await givingBack(session, async () => {
      await session.setData(data.train, taken.batchSize ?? 32);
      await train(loop, { ...data, args: taken });
      return callbacks.history;
    });
  });
}

/**
 * Why a model cannot be trained by {@link fit}, with these arguments; null if it can.
 *
 * @param model One on which `compile()` was called
 *
 * @example
 * ```ts
 * import * as tf from "npm:@tensorflow/tfjs@4.22.0";
 * import { canFit } from "./fit.ts";
 * import assert from "node:assert/strict";
 *
 * const model = tf.sequential({ layers: [tf.layers.conv1d({ filters: 2, kernelSize: 3, inputShape: [6, 1] })] });
 * model.compile({ loss: "meanSquaredError", optimizer: "sgd" });
 * assert.match(canFit(model)!, /Conv1D/);
 * ```
 */
export function canFit(model: LayersModel, args: FitArgs = {}): string | null {
  try {
    checkClassWeight(toTraining(model), checkFitArgs(FIT, args));
    return null;
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return error.message;
    throw error;
  }
}

/** @throws {TypeError} If weights of classes would mean something else than to TensorFlow.js. */
export function checkClassWeight(
  { weighted }: ModelTraining,
  { classWeight }: Pick<FitArgs, "classWeight">,
): void {
  if (weighted || classWeight === undefined) return;
  throw new TypeError(
    `Cannot ${FIT}: classWeight must be used with a loss that has a name: current value is a function of tf.losses ` +
      "(TensorFlow.js multiplies its one number for the batch by all weights)",
  );
}

/** Keeps other calls of `fit()` away from a model, as TensorFlow.js does. */
export async function alone<T>(model: LayersModel, work: () => Promise<T>): Promise<T> {
  if (isTraining(model)) {
    throw new Error(
      `Cannot ${FIT}: another call to fit() must be over: current value is one that goes on`,
    );
  }
  setTraining(model, true);
  try {
    return await work();
  } finally {
    setTraining(model, false);
  }
}

async function train(
  loop: FitLoop,
  { train, validation, args }: FitData & { args: FitArgs },
): Promise<void> {
  const { session, model } = loop, { count } = train.sequences;
  const { batchSize = 32, epochs = 1, initialEpoch = 0, verbose = 1, shuffle = true, seed = 1 } = args;
  await loop.begin({
    epochs,
    initialEpoch,
    samples: count,
    steps: null,
    batchSize,
    verbose,
    doValidation: validation !== null,
  });
  for (let epoch = initialEpoch; epoch < epochs; epoch++) {
    await loop.call("onEpochBegin", epoch);
    const order = shuffle
      ? shuffledOrder(count, seed, session.step) // a second call has other orders
      : Uint32Array.from({ length: count }, (_, n) => n);
    await trainEpoch(loop, { epoch, order, batchSize, validation });
    if (model.stopTraining) break;
  }
  await loop.call("onTrainEnd");
}

async function trainEpoch(
  loop: FitLoop,
  { epoch, order, batchSize, validation }: {
    epoch: number;
    order: Uint32Array;
    batchSize: number;
    validation: SessionData | null;
  },
): Promise<void> {
  const batches = Array.from(
    { length: Math.ceil(order.length / batchSize) },
    (_, index) => order.slice(index * batchSize, (index + 1) * batchSize),
  );
  const tally = new Tally(), logs: Logs = {};
  for (let done = 0; done < batches.length;) {
    const next = batches.slice(done, done + loop.steps);
    await loop.call("onBatchBegin", done, {});
    const results = await loop.session.train(next);
    tally.add(results);
    done += results.length;
    if (done === batches.length && validation) Object.assign(logs, await loop.validate(validation));
    await loop.call("onBatchEnd", done - 1, loop.batchLogs(done - 1, results[results.length - 1]));
    if (loop.model.stopTraining) break;
  }
  await loop.call("onEpochEnd", epoch, Object.assign(logs, loop.epochLogs(tally)));
}
