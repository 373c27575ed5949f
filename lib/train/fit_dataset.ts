/**
 * `model.fitDataset()` on an engine.
 *
 * @module
 */
import type { LayersModel } from "../model/from_tensorflow.ts";
import { disposeTensors, type NumberArray } from "../model/tensorflow_arrays.ts";
import { Callbacks, type History, type Logs, warnOfTraining } from "../model/tensorflow_callbacks.ts";
import { FIT } from "../model/tensorflow_optimizers.ts";
import { toTraining } from "../model/tensorflow_training.ts";
import { excerpt } from "../excerpt.ts";
import { alone, checkClassWeight } from "./fit.ts";
import {
  type BatchDataset,
  checkFitDatasetArgs,
  type ClassWeightOption,
  type FitDatasetArgs,
  isDataset,
} from "./fit_arguments.ts";
import type { DataForm, Named, SequenceSource } from "./fit_data.ts";
import { joinBatches } from "./fit_join.ts";
import { FitLoop, givingBack, takesSingly, Tally } from "./fit_loop.ts";
import { formOf, takePair } from "./fit_parts.ts";
import { FitSession, type SessionData } from "./fit_session.ts";
import { weighSequences } from "./fit_weights.ts";

/** The most numbers of the sequences that are taken ahead of their steps. */
const MOST_AHEAD = 2 ** 24;

type Batches = Awaited<ReturnType<BatchDataset["iterator"]>>;

/**
 * Trains a model as `model.fitDataset(dataset, args)` does, faster: the same arguments, callbacks and `History`. All that is said
 * of {@link fit} holds here too; the order is that of the dataset.
 *
 * Batches are taken as they come, at most some hundred ahead where no callback asks for them, and their tensors are disposed, as
 * in TensorFlow.js. They can have different sizes.
 *
 * @throws {TypeError} If the model cannot be computed, an argument is unknown, or a batch is of another kind or shape.
 * @throws {RangeError} If an argument is out of range, or a number of a batch is not finite or not in its range.
 *
 * @example
 * ```ts
 * import * as tf from "npm:@tensorflow/tfjs@4.22.0";
 * import { fitDataset } from "./fit_dataset.ts";
 * import assert from "node:assert/strict";
 *
 * const model = tf.sequential({
 *   layers: [
 *     tf.layers.simpleRNN({ units: 4, inputShape: [6, 1] }),
 *     tf.layers.dense({ units: 1 }),
 *   ],
 * });
 * model.compile({ loss: "meanSquaredError", optimizer: "sgd" });
 * const examples = tf.data.array(Array.from({ length: 20 }, (_, n) => ({
 *   xs: Array.from({ length: 6 }, (_, t) => [Math.sin(6 * n + t)]),
 *   ys: [Math.sin(6 * n + 6)],
 * })));
 * const { history } = await fitDataset(model, examples.batch(8), { epochs: 2, device: "reference" });
 * assert.equal(history.loss.length, 2);
 * ```
 */
export async function fitDataset(
  model: LayersModel,
  dataset: BatchDataset,
  args: FitDatasetArgs,
): Promise<History> {
  const training = toTraining(model), taken = checkFitDatasetArgs(FIT, args);
  checkClassWeight(training, taken);
  if (!isDataset(dataset)) {
    throw new TypeError(
      `Cannot ${FIT}: dataset must be a tf.data.Dataset of { xs, ys }: current value is ${excerpt(dataset)}`,
    );
  }
  return await alone(model, async () => {
    const callbacks = new Callbacks(FIT, taken.callbacks, taken.yieldEvery);
    const form = formOf(model, training), source = new BatchSource(form, taken.classWeight);
    const validation = await takeValidation(form, taken.validationData);
    const singly = takesSingly(callbacks, taken);
    const session = await FitSession.begin(model, training, { ...taken, singly });
    const loop = new FitLoop(session, callbacks);
    return await givingBack(session, async () => {
      const { epochs, initialEpoch = 0, verbose = 1, batchesPerEpoch } = taken;
      await loop.begin({
        epochs,
        initialEpoch: null,
        samples: null,
        steps: batchesPerEpoch ?? (Number.isFinite(dataset.size) ? dataset.size! : null),
        batchSize: null,
        verbose,
        doValidation: validation !== null,
      });
      let batches = await dataset.iterator();
      for (let epoch = initialEpoch; epoch < epochs; epoch++) {
        await loop.call("onEpochBegin", epoch);
        if (batchesPerEpoch === undefined) batches = await dataset.iterator();
        await trainEpoch(loop, { epoch, batches, source, validation, args: taken });
        if (model.stopTraining) break;
      }
      await loop.call("onTrainEnd");
      return callbacks.history;
    });
  });
}

/** A dataset to measure. */
interface Validation {
  readonly dataset: BatchDataset;
  readonly source: BatchSource;
}

/** What is measured after each epoch. */
async function takeValidation(
  form: DataForm,
  given: FitDatasetArgs["validationData"],
): Promise<SessionData | Validation | null> {
  if (given === undefined) return null;
  if (isDataset(given)) return { dataset: given, source: new BatchSource(form, undefined) };
  const names = ["x of validationData", "y of validationData"] as const;
  return await takePair({ form, x: given[0], y: given[1], names });
}

/** Reads the batches of a dataset. */
class BatchSource {
  readonly #form: DataForm;
  readonly #classWeight: ClassWeightOption | undefined;
  /** A batch that was taken, but did not fit to those before it. */
  #next: SessionData | null = null;

  constructor(form: DataForm, classWeight: ClassWeightOption | undefined) {
    this.#form = form;
    this.#classWeight = classWeight;
  }

  /** Takes batches that lie in memory alike, at most so many. */
  async take(batches: Batches, most: number): Promise<{ taken: SessionData[]; done: boolean }> {
    const taken: SessionData[] = [];
    for (let size = 0, done = false; taken.length < most && size < MOST_AHEAD;) {
      let next = this.#next;
      if (next === null) ({ data: next, done } = await this.read(batches));
      this.#next = null;
      if (next) {
        if (taken.length > 0 && !isAlike(next, taken[0])) {
          this.#next = next;
          return { taken, done: false };
        }
        taken.push(next);
        size += next.sequences.data.length;
      }
      if (done) return { taken, done };
    }
    return { taken, done: false };
  }

  /** Reads one batch and disposes its tensors. */
  async read(batches: Batches): Promise<{ data: SessionData | null; done: boolean }> {
    const { value, done = false } = await batches.next();
    if (value === undefined || value === null) return { data: null, done };
    try {
      const data = await this.#read(value);
      const { targets, sequences: { count } } = data, form = this.#form, classWeight = this.#classWeight;
      const weights = await weighSequences(FIT, { targets, count, form, classWeight });
      return { data: { ...data, targets: { ...targets, weights } }, done };
    } finally {
      disposeTensors(value);
    }
  }

  async #read(value: unknown): Promise<SessionData> {
    const isPair = typeof value === "object" && value !== null && "xs" in value && "ys" in value;
    if (!isPair) {
      throw new TypeError(
        `Cannot ${FIT}: the dataset must give batches { xs, ys }: current value is ${excerpt(value)}`,
      );
    }
    const { xs, ys } = value as { xs: Named<SequenceSource>; ys: Named<NumberArray> };
    return await takePair({ form: this.#form, x: xs, y: ys, names: ["xs", "ys"] });
  }
}

async function trainEpoch(
  loop: FitLoop,
  { epoch, batches, source, validation, args: { batchesPerEpoch, validationBatches } }: {
    epoch: number;
    batches: Batches;
    source: BatchSource;
    validation: SessionData | Validation | null;
    args: FitDatasetArgs;
  },
): Promise<void> {
  const tally = new Tally(), logs: Logs = {}, last = batchesPerEpoch ?? Infinity;
  for (let batch = 0;;) {
    const { taken, done } = await source.take(batches, Math.min(loop.steps, last - batch));
    if (taken.length > 0) {
      await loop.call("onBatchBegin", batch, { batch, size: taken[0].sequences.count });
      const results = await trainBatches(loop.session, taken);
      tally.add(results);
      batch += results.length;
      await loop.call("onBatchEnd", batch - 1, loop.batchLogs(batch - 1, results[results.length - 1]));
    }
    const isFull = batch === last;
    if (!isFull && taken.length > 0 && loop.model.stopTraining) break;
    if (!isFull && done && batchesPerEpoch !== undefined) {
      warn(`an epoch of ${batchesPerEpoch} batches had ${batch}`);
      break;
    }
    if (!isFull && !done) continue;
    if (validation) Object.assign(logs, await validate(loop, validation, validationBatches));
    break;
  }
  await loop.call("onEpochEnd", epoch, Object.assign(logs, loop.epochLogs(tally)));
}

function isAlike({ layout: a }: SessionData, { layout: b }: SessionData): boolean {
  return a.kind === b.kind && a.T === b.T;
}

/** Takes one step for each batch. */
async function trainBatches(session: FitSession, batches: readonly SessionData[]) {
  const { data, positions } = joinBatches(batches);
  await session.setData(data, Math.max(...positions.map(({ length }) => length)));
  return await session.train(positions);
}

async function validate(
  loop: FitLoop,
  validation: SessionData | Validation,
  most = Infinity,
): Promise<Logs> {
  if (!("dataset" in validation)) return await loop.validate(validation);
  const batches = await validation.dataset.iterator();
  const totals: number[] = [];
  let count = 0;
  for (let read = 0; read < most;) {
    const { data, done } = await validation.source.read(batches);
    if (data) {
      const size = data.sequences.count;
      (await loop.session.evaluate(data)).forEach((mean, index) => {
        totals[index] = (totals[index] ?? 0) + mean * size;
      });
      count += size;
      read++;
    }
    if (!done) continue;
    if (most !== Infinity) warn(`a validation of ${most} batches had ${read}`);
    break;
  }
  return loop.validationLogs(totals.map((total) => total / count));
}

/** What TensorFlow.js says too where a dataset ends too early. */
function warn(what: string): void {
  warnOfTraining(`fitDataset(): ${what}: the dataset has no more (repeat() makes it go on)`);
}
