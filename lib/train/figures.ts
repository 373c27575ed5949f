/**
 * What a training measures about itself while it runs, and the sums behind it.
 *
 * @module
 */
import type { EngineState } from "../engines/engine.ts";
import type { MonitorState } from "./monitor.ts";
import type { PlateauState } from "./schedule.ts";
import { checkOptions, number, OBJECT, orNull, type Rules, whole } from "../options.ts";
import type { Score } from "./metrics.ts";

/** All that a training needs to continue to the bit. */
export interface TrainerState extends EngineState {
  /** What goes on from epoch to epoch; absent where nothing does, without a monitor and a schedule `plateau`. */
  readonly epochs?: EpochsState;
}

/** All that a training needs to continue to the bit, its reports included. */
export interface TrainingState extends TrainerState {
  /** The sums for the next report so far. */
  readonly tally: TallyState;
}

/** What a monitor and a schedule `plateau` know of the epochs so far. */
export interface EpochsState {
  /** How many epochs have ended and been evaluated. */
  readonly ended: number;
  /** Of the epoch that has begun: the sum of the losses of its images, in nats, and how many they were. */
  readonly begun: { readonly loss: number; readonly images: number };
  /** What was measured after the epoch that ended last; null without one, or without validation images. */
  readonly validation: Evaluation | null;
  /** Of the schedule; null for another one. */
  readonly plateau: PlateauState | null;
  /** Null without a monitor. */
  readonly monitor: MonitorState | null;
  /** The parameters after the best epoch, flat; null before the first one, and where they are not kept. */
  readonly best: Float32Array | null;
}

/** What one training step measured before its update. */
export interface StepFigures {
  /** The number of the step in the training, from 1 on. */
  readonly step: number;
  /** Mean softmax cross-entropy over the batch, in nats. */
  readonly loss: number;
  /** How many images of the batch were classified correctly. */
  readonly correct: number;
  /** The images of the batch. */
  readonly count: number;
}

/** Sums over the steps since the last report, as plain data. */
export interface TallyState {
  /** Of the losses of all images, in nats. */
  readonly loss: number;
  /** Images that were classified correctly. */
  readonly correct: number;
  /** Images. */
  readonly images: number;
  /** Steps. */
  readonly steps: number;
  /** Time spent on them. */
  readonly elapsedMs: number;
  /** The last step; null before the first one. */
  readonly last: StepFigures | null;
}

/** Figures gathered while the weights move. */
export interface TrainingFigures {
  /** Mean softmax cross-entropy over all images, in nats, each at its own step; of smoothed labels where they are smoothed. */
  readonly loss: number;
  /** The share of the images that were classified correctly, 0 … 1, each at its own step. */
  readonly accuracy: number;
  /** How many steps. */
  readonly steps: number;
  /** How many images in these steps. */
  readonly images: number;
  /** Time spent training them. */
  readonly seconds: number;
}

/** One epoch. */
export interface EpochReport extends TrainingFigures {
  /** From 0 on. */
  readonly index: number;
  /** What was measured on the validation images after it; null where they are not watched, or the epoch was cut short. */
  readonly validation: Evaluation | null;
}

/** The last step before a report, alone. */
export interface BatchReport extends StepFigures {
  /** The share of the batch that was classified correctly before the update, 0 … 1. */
  readonly accuracy: number;
  /** The positions of its images in the training split, `[N]`. */
  readonly positions: Uint32Array;
}

/** The steps since the last report. */
export interface StepsReport extends TrainingFigures {
  /** Steps since the start of the training. */
  readonly step: number;
  /** The epoch, from 0 on, of the last step's first image. */
  readonly epoch: number;
  /** The last step. */
  readonly batch: BatchReport;
}

/** How well a network does on images of one split. */
export interface Evaluation extends Score {
  /** Time it took. */
  readonly seconds: number;
}

/** Training met a loss that is not finite. The model keeps the weights of the last report, or those it began with. */
export class NonFiniteLossError extends RangeError {
  /** The number of the step, from 1 on. */
  readonly step: number;

  /** Names the step, and a remedy. */
  constructor({ step, loss }: { step: number; loss: number }, learningRate: number) {
    super(
      `Cannot continue training: the loss must be finite: current value is ${loss} at step ${step} ` +
        `(try a learning rate below ${learningRate}; the model keeps the weights of the last report, or those it began with)`,
    );
    this.name = "NonFiniteLossError";
    this.step = step;
  }
}

const SUM = number("a number from 0 on", (value) => value >= 0);

/** What a {@link TallyState} must be. */
const TALLY_RULES: Rules<TallyState> = {
  loss: SUM,
  correct: whole(0),
  images: whole(0),
  steps: whole(0),
  elapsedMs: SUM,
  last: orNull({ ...OBJECT, must: "the last step" }),
};

/** Sums up the results of steps to {@link TrainingFigures}: every image has the same weight, whatever the size of its batch. */
export class Tally {
  #loss: number;
  #correct: number;
  #images: number;
  #steps: number;
  #elapsedMs: number;
  #last: StepFigures | null;

  /** Continues from earlier sums; from zero by default. @throws {TypeError} If the state is not one. */
  constructor(state: TallyState = { loss: 0, correct: 0, images: 0, steps: 0, elapsedMs: 0, last: null }) {
    checkOptions("continue the report", state, TALLY_RULES, "tally");
    this.#loss = state.loss;
    this.#correct = state.correct;
    this.#images = state.images;
    this.#steps = state.steps;
    this.#elapsedMs = state.elapsedMs;
    this.#last = state.last;
  }

  /** Steps so far. */
  get steps(): number {
    return this.#steps;
  }

  /** The sums, for the constructor. */
  state(): TallyState {
    return {
      loss: this.#loss,
      correct: this.#correct,
      images: this.#images,
      steps: this.#steps,
      elapsedMs: this.#elapsedMs,
      last: this.#last,
    };
  }

  /** Adds the results of one call to the engine. */
  add(results: readonly StepFigures[], elapsedMs: number): void {
    for (const { loss, correct, count } of results) {
      this.#loss += loss * count;
      this.#correct += correct;
      this.#images += count;
    }
    this.#steps += results.length;
    this.#elapsedMs += elapsedMs;
    this.#last = results.at(-1) ?? this.#last;
  }

  /** The means so far. */
  figures(): TrainingFigures {
    return {
      loss: this.#loss / this.#images,
      accuracy: this.#correct / this.#images,
      steps: this.#steps,
      images: this.#images,
      seconds: this.#elapsedMs / 1000,
    };
  }

  /** The last step alone. @param positions Of its images, `[N]` */
  batch(positions: Uint32Array): BatchReport {
    const last = this.#last!;
    return { ...last, accuracy: last.correct / last.count, positions };
  }
}
