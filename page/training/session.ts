/**
 * One training, in chunks that are short enough to be watched and stopped.
 *
 * @module
 */
import {
  modelSha256,
  scoreLogits,
  type Split,
  toSafetensors,
  type TrainedModel,
  type Training,
} from "../../core.ts";
import { asyncDispose } from "../../lib/symbols.ts";
import type { TrainerNews, TrainRequest } from "../workers/messages.ts";
import { findRecipe, openRecipe, type PageRecipe } from "./recipes.ts";
import type { EpochFigures, TrainedRun } from "./run_files.ts";
import { ownSteps, stepsPerEpoch } from "./settings.ts";

/** What a training needs of its surroundings. */
export interface SessionParts {
  /** The first images of a split; null for all. */
  readonly images: (split: "train" | "test", count: number | null) => Promise<Split>;
  readonly tell: (news: TrainerNews) => void;
  /** Called once when training begins: what a longer one would need can load meanwhile. */
  readonly begun?: () => void;
}

/** About how long a chunk takes: curves move a few times a second, and a pause comes soon. */
const CHUNK_MS = 120;
const MOST_GROWTH = 4; // one lucky measurement must not lead to a chunk that lasts for seconds

/** Trains as a request says; pauses, resumes and ends between two chunks. */
export class Session {
  readonly #request: TrainRequest;
  readonly #parts: SessionParts;
  readonly #stop = new AbortController();
  /** Resolves when a pause ends; null while there is none. */
  #pause: PromiseWithResolvers<void> | null = null;
  #training: Training | null = null;
  #startedAt = new Date();
  /** When the last chunk was taken. */
  #endedAt = this.#startedAt;
  #losses: number[] = [];
  #epochs: EpochFigures[] = [];
  #testImages = 0;
  #seconds = 0;
  #totalSteps = 0;
  /** After the last chunk. */
  #model: TrainedModel | null = null;

  constructor(request: TrainRequest, parts: SessionParts) {
    this.#request = request;
    this.#parts = parts;
  }

  pause(): void {
    this.#pause ??= Promise.withResolvers();
  }

  resume(): void {
    this.#pause?.resolve();
    this.#pause = null;
  }

  /** Ends the training after the running chunk; {@link run} then returns. */
  stop(): void {
    this.#stop.abort();
    this.resume();
  }

  /** The model after the last chunk, with all that is known of it; null before the first one. */
  get trained(): TrainedRun | null {
    const training = this.#training, model = this.#model;
    if (!training || !model) return null;
    const step = this.#losses.length;
    return {
      recipe: this.#request.recipe,
      model,
      training: training.config,
      device: training.device,
      limit: this.#request.limit,
      testImages: this.#testImages,
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      step,
      interrupted: step < this.#totalSteps,
      modelSha256: modelSha256(model),
      losses: Float32Array.from(this.#losses),
      epochs: this.#epochs,
    };
  }

  /** Trains to the end, unless it is stopped. Throws whatever keeps it from that. */
  async run(): Promise<void> {
    const { limit, device, threads, seed, learningRate } = this.#request, { images, tell } = this.#parts;
    const recipe = findRecipe(this.#request.recipe);
    const train = await this.#unlessStopped(images("train", limit));
    if (!train) return;
    tell({ kind: "opening" });
    const chosen = device === "wasm" && threads !== null ? { device, threads } : { device };
    const training = await openRecipe(recipe, { train, seed, learningRate, ...chosen });
    try {
      await this.#begin(training, recipe, train.count);
    } finally {
      await training[asyncDispose](); // Safari does not support `await using`
    }
  }

  async #begin(training: Training, recipe: PageRecipe, count: number): Promise<void> {
    const { images, tell } = this.#parts;
    this.#training = training;
    this.#startedAt = new Date();
    const size = { recipe: recipe.name, limit: count };
    const totalSteps = this.#totalSteps = this.#request.steps ?? ownSteps(size);
    const { detail, math = null } = training.device;
    tell({
      kind: "opened",
      device: detail,
      math,
      parameterCount: training.network.parameterCount,
      stepsPerEpoch: stepsPerEpoch(size),
      totalSteps,
    });
    if (this.#stopped) return;
    images("test", null).catch(() => {}); // they are asked for again where they are needed
    this.#parts.begun?.();
    await this.#train(training, { totalSteps, stepsPerEpoch: stepsPerEpoch(size) });
  }

  /** What was waited for; null if the training is stopped meanwhile. */
  async #unlessStopped<Value>(promise: Promise<Value>): Promise<Value | null> {
    const { signal } = this.#stop,
      stopped = Promise.withResolvers<null>(),
      stop = () => stopped.resolve(null);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    try {
      return await Promise.race([stopped.promise, promise]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  async #train(
    training: Training,
    { totalSteps, stepsPerEpoch }: { totalSteps: number; stepsPerEpoch: number },
  ): Promise<void> {
    let epoch = new Means(), pace = 1;
    while (training.step < totalSteps) {
      await this.#waitWhilePaused();
      if (this.#stopped) return;
      const toEpoch = stepsPerEpoch - training.step % stepsPerEpoch;
      const steps = Math.min(pace, toEpoch, totalSteps - training.step), started = performance.now();
      epoch.add(await this.#takeChunk(training, steps));
      const elapsedMs = Math.max(performance.now() - started, 0.01);
      pace = Math.max(1, Math.min(Math.floor(steps * CHUNK_MS / elapsedMs), steps * MOST_GROWTH));
      if (steps < toEpoch && training.step < totalSteps) continue;
      const figures = {
        epoch: Math.ceil(training.step / stepsPerEpoch) - 1,
        step: training.step,
        ...epoch.figures(),
      };
      this.#epochs.push({ ...figures, ...await this.#test(training) });
      epoch = new Means();
    }
    if (this.#stopped) return;
    const { step, modelSha256: sha256 } = this.trained!;
    this.#parts.tell({ kind: "ended", step, sha256, seconds: this.#seconds });
  }

  async #waitWhilePaused(): Promise<void> {
    if (!this.#pause) return;
    this.#parts.tell({ kind: "paused" });
    while (this.#pause) await this.#pause.promise;
    if (!this.#stopped) this.#parts.tell({ kind: "resumed" });
  }

  async #takeChunk(training: Training, steps: number): Promise<ChunkFigures> {
    const losses: number[] = [];
    let figures = { loss: NaN, accuracy: NaN, images: 0, seconds: 0 };
    const onSteps = (results: readonly { readonly loss: number }[]) => {
      for (const { loss } of results) losses.push(loss);
    };
    for await (const report of training.steps(steps, { onSteps })) figures = report;
    this.#losses.push(...losses);
    this.#seconds += figures.seconds;
    this.#model = { ...await training.trained(), dataset: "mnist", preparation: "digit" };
    this.#endedAt = new Date();
    this.#parts.tell({
      kind: "steps",
      step: training.step,
      losses: Float32Array.from(losses),
      accuracy: figures.accuracy,
      seconds: this.#seconds,
      model: toSafetensors(this.#model),
    });
    return figures;
  }

  /** Null if the training is stopped meanwhile. Without the test images there are no figures, but the training goes on. */
  async #test(training: Training): Promise<Pick<EpochFigures, "testLoss" | "testAccuracy"> | null> {
    const { images, tell } = this.#parts, { step } = training, { signal } = this.#stop;
    let split: Split | null;
    try {
      split = await this.#unlessStopped(images("test", null));
    } catch (error) {
      tell({ kind: "notice", message: `Accuracy was not measured. ${(error as Error).message}` });
      return null;
    }
    if (!split) return null;
    const logits = await training.predict(split, { signal }).catch((error) => {
      if (error !== signal.reason) throw error;
    });
    if (!logits) return null;
    const { loss, accuracy } = scoreLogits(logits, split.labels, training.network.classes);
    this.#testImages = split.count;
    tell({ kind: "tested", step, loss, accuracy });
    return { testLoss: loss, testAccuracy: accuracy };
  }
}

/** What a chunk measured. */
interface ChunkFigures {
  readonly loss: number;
  readonly accuracy: number;
  readonly images: number;
  readonly seconds: number;
}

/** Sums over the chunks of an epoch; every image has the same weight. */
class Means {
  #loss = 0;
  #correct = 0;
  #images = 0;
  #seconds = 0;

  add({ loss, accuracy, images, seconds }: ChunkFigures): void {
    this.#loss += loss * images;
    this.#correct += accuracy * images;
    this.#images += images;
    this.#seconds += seconds;
  }

  figures(): { trainLoss: number; trainAccuracy: number; seconds: number } {
    const images = this.#images;
    return {
      trainLoss: this.#loss / images,
      trainAccuracy: this.#correct / images,
      seconds: this.#seconds,
    };
  }
}
