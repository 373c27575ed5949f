/**
 * Trains published models with TensorFlow.js's `model.fit()` and with `scanline.fit()`, from the same start in the same order,
 * and tells how far they differ: one JSON object a model.
 *
 *     deno run -A --no-lock scripts/bench/models/agree.ts
 *     deno run -A --no-lock scripts/bench/models/agree.ts R6 R12
 *     deno run -A --no-lock scripts/bench/models/agree.ts --dropout R6 R11 R12 R31
 *
 * Without dropout, which is random: losses and metrics of three epochs, and the weights after them. With dropout: the loss of
 * the third epoch over many trainings, whose mean must be the same.
 */
import * as tf from "@tensorflow/tfjs";
import * as scanline from "../../../mod.ts";
import { summarize, type Summary } from "../statistics.ts";
import { PUBLISHED_MODELS, type PublishedModel } from "./table.ts";
import { useWasmBackend } from "./tensorflow_wasm.ts";
import { type Course, type Fit, relativeDistance, stockFit, trainModel } from "./train.ts";

/** How far two trainings of a model differ. */
export interface Agreement {
  readonly id: string;
  /** The largest relative difference of a loss or metric of an epoch. */
  readonly history: number;
  /** The largest ‖ours − theirs‖ / ‖theirs‖ of a weight. */
  readonly weights: number;
}

/** The loss of the third epoch with dropout. */
export interface DropoutAgreement {
  readonly id: string;
  readonly ours: Summary;
  readonly theirs: Summary;
  /** The difference of the means, in standard errors of it. */
  readonly errors: number;
}

const EPOCHS = 3;
/** Two batches and half of one. */
const BATCHES = 2.5;
const TRAININGS = 24;

const courseOf = ({ batchSize }: PublishedModel): Course => ({
  count: BATCHES * batchSize,
  batchSize,
  epochs: EPOCHS,
  dropout: false,
});

/** `scanline.fit()`. */
function scanlineFit(seed = 1): Fit {
  return async (model, x, y, args) => {
    const history = await scanline.fit(model, x, y, { ...args, device: "wasm", seed } as scanline.FitArgs);
    await scanline.closeFit(model);
    return history as tf.History;
  };
}

async function agree(published: PublishedModel): Promise<Agreement> {
  const course = courseOf(published);
  const ours = await trainModel(tf, published, course, scanlineFit());
  const theirs = await trainModel(tf, published, course, stockFit);
  const history = Object.entries(theirs.history).flatMap(([name, values]) =>
    values.map((value, epoch) => {
      const difference = Math.abs(ours.history[name][epoch] - value);
      return difference === 0 ? 0 : difference / Math.abs(value);
    })
  );
  const weights = theirs.weights.map((weight, index) => relativeDistance(ours.weights[index], weight));
  return { id: published.id, history: Math.max(...history), weights: Math.max(...weights) };
}

async function agreeWithDropout(published: PublishedModel): Promise<DropoutAgreement> {
  const course = { ...courseOf(published), dropout: true };
  const losses = { ours: [] as number[], theirs: [] as number[] };
  for (let seed = 1; seed <= TRAININGS; seed++) {
    const { history: ours } = await trainModel(tf, published, course, scanlineFit(seed));
    const { history: theirs } = await trainModel(tf, published, course, stockFit);
    losses.ours.push(ours.loss[EPOCHS - 1]);
    losses.theirs.push(theirs.loss[EPOCHS - 1]);
  }
  const ours = summarize(losses.ours), theirs = summarize(losses.theirs);
  const error = Math.hypot(ours.deviation, theirs.deviation) / Math.sqrt(TRAININGS);
  return { id: published.id, ours, theirs, errors: (ours.mean - theirs.mean) / error };
}

if (import.meta.main) {
  tf.enableProdMode();
  await useWasmBackend();
  const ids = Deno.args.filter((word) => word !== "--dropout");
  for (const published of PUBLISHED_MODELS) {
    if (ids.length > 0 && !ids.includes(published.id)) continue;
    const measure = Deno.args.includes("--dropout") ? agreeWithDropout : agree;
    console.log(JSON.stringify(await measure(published)));
  }
  Deno.exit(); // the engine of the last model may still have threads
}
