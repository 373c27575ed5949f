/**
 * The training loop: epochs and steps, evaluation, and the weights back to where they are at home.
 *
 * @module
 */
import type { Images, Split } from "../data/images.ts";
import type { Sequence } from "../data/sequence.ts";
import { turnOfEventLoop } from "../engines/assets.ts";
import type { DeviceDescription, Engine, EngineState } from "../engines/engine.ts";
import { Turns } from "../engines/turns.ts";
import type { Classifier } from "../model/classifier.ts";
import { defaultClassNames, type TrainedModel } from "../model/trained_model.ts";
import { check, checkOptions, OBJECT, optional } from "../options.ts";
import { asyncDispose } from "../symbols.ts";
import type { BatchOrder } from "./batches.ts";
import { checkEpochs, Course } from "./course.ts";
import { type Length, toLength } from "./length.ts";
import type { MonitorState } from "./monitor.ts";
import type { Predictor } from "./predict.ts";
import { progressIn, type Span } from "./span.ts";
import { SplitPredictor, type Splits } from "./split_predictor.ts";
import { Stepper } from "./stepper.ts";
import type { TrainingConfig } from "./training_config.ts";
import type { WeightsHome } from "./weights_home.ts";
import {
  type EpochReport,
  type Evaluation,
  NonFiniteLossError,
  type StepsReport,
  Tally,
  type TrainerState,
  type TrainingState,
} from "./figures.ts";
import { LOOP_RULES, type LoopOptions, type Selection, type SplitName, STEPS_RULES } from "./call_options.ts";

/** What a {@link Training} is made of. */
export interface TrainingParts extends Predictor {
  /** It has the weights that the engine has. */
  readonly home: WeightsHome;
  readonly T: number | null;
  readonly reason: string;
  readonly order: BatchOrder;
  readonly splits: Splits;
  readonly config: TrainingConfig;
}

/**
 * A network in training on a device. Made by `openTraining()`; that of a TensorFlow.js model is a `Trainer`.
 *
 * One call at a time: a call during another one is an error, and so is a call that runs when the trainer is disposed, or
 * comes after that. Between two reports of a loop all methods can be called; a new loop ends the one before.
 */
export class Training implements AsyncDisposable {
  /** Layers and parameters. */
  readonly network: Classifier;
  /** The length of a sequence, null where it is open. */
  readonly T: number | null;
  /** How the network reads an image. */
  readonly sequence: Sequence;
  /** The training with all defaults filled in. */
  readonly config: TrainingConfig;
  /** Why the device is this one, for people, in a few words. */
  readonly reason: string;
  readonly #engine: Engine;
  readonly #home: WeightsHome;
  readonly #order: BatchOrder;
  readonly #images: SplitPredictor;
  readonly #course: Course;
  readonly #stepper: Stepper;
  readonly #turns = new Turns("the training");
  /** The sums for a report that `writeState()` restored; the next loop takes them. */
  #begun: Tally | null = null;
  /** Of the steps since the last checkpoint, for the next one. */
  #losses: number[] = [];
  /** The parameters of the training, while engine and home have those of the best epoch; else null. */
  #last: Float32Array | null = null;
  /** The last loop that began. */
  #loop: object | null = null;

  /** @ignore `openTraining()` makes trainings. The engine is disposed with the training. */
  constructor(parts: TrainingParts) {
    this.network = parts.network;
    this.T = parts.T;
    this.sequence = parts.sequence;
    this.config = parts.config;
    this.reason = parts.reason;
    this.#engine = parts.engine;
    this.#home = parts.home;
    this.#order = parts.order;
    this.#images = new SplitPredictor(parts, parts.splits);
    this.#course = new Course(parts.config, parts.order);
    const { engine, order, config, splits: { train: size } } = parts;
    this.#stepper = new Stepper({ engine, order, config, course: this.#course, size });
  }

  /** The device that computes. */
  get device(): DeviceDescription {
    return this.#engine.device;
  }

  /** Steps taken since the start of the training. */
  get step(): number {
    return this.#stepper.step;
  }

  /** The learning rate of the next step. */
  get learningRate(): number {
    return this.#course.rateAt(this.step);
  }

  /** What was measured on the validation images after the epoch that ended last; null where they are not watched. */
  get validation(): Evaluation | null {
    return this.#course.known.validation;
  }

  /** What the monitor knows of the epochs so far; null without one. */
  get monitored(): MonitorState | null {
    return this.#course.known.monitor;
  }

  /** The images and labels of a split; one without images where `compile()` was given none. */
  split(name: SplitName): Split {
    return this.#images.split(name);
  }

  /**
   * Trains, and yields a report after every epoch. An epoch that has begun is finished first, and counts as one. A monitor can
   * end the training earlier; where it keeps the best epoch, the model has its weights when the loop has ended, and another loop
   * still goes on from the last ones.
   *
   * @param length How many epochs; or how many steps, and then the last epoch may be cut short
   * @throws {NonFiniteLossError} If the loss of a step is not finite.
   */
  async *epochs(length: number | Length, options: LoopOptions = {}): AsyncGenerator<EpochReport> {
    const loop = checkOptions("train", options, LOOP_RULES);
    const lastStep = this.#begin(loop, toLength("epochs", length));
    for (let tally = this.#takeTally(); this.#goesOn(tally, lastStep); tally = new Tally()) {
      const firstStep = this.step - tally.steps;
      const index = this.#order.epochAt(firstStep);
      const end = Math.min(this.#order.stepsThrough(index + 1), lastStep);
      const span = { epoch: index, firstStep, lastStep: end, elapsedMs: 0 };
      if (!await this.#train(tally, { end, lastStep }, span, loop)) break;
      const { ended, validation } = this.#course.known;
      yield { index, ...tally.figures(), validation: ended > index ? validation : null };
    }
    await this.#showBest(loop);
  }

  /**
   * Trains, and yields a report every so many steps, and after the last one. A monitor acts as in {@link epochs}.
   *
   * @param length How many steps; or how many epochs' worth of them
   * @param options.every Steps from one report to the next; all by default
   * @throws {NonFiniteLossError} If the loss of a step is not finite.
   */
  async *steps(
    length: number | Length,
    options: LoopOptions & { every?: number } = {},
  ): AsyncGenerator<StepsReport> {
    const { every = Infinity, ...loop } = checkOptions("train", options, STEPS_RULES);
    const lastStep = this.#begin(loop, toLength("steps", length));
    const span = { epoch: null, firstStep: this.step, lastStep, elapsedMs: 0 };
    for (let tally = this.#takeTally(); this.#goesOn(tally, lastStep); tally = new Tally()) {
      const end = Math.min(this.step - tally.steps + every, lastStep);
      if (!await this.#train(tally, { end, lastStep }, span, loop)) break;
      const { step } = this;
      const batch = tally.batch(this.#order.batch(step - 1));
      yield { step, epoch: this.#order.epochAt(step - 1), ...tally.figures(), batch };
    }
    await this.#showBest(loop);
  }

  /**
   * Loss and accuracy on a split, or on part of it, without dropout.
   *
   * @throws {RangeError} If no image is selected, or one that is not there.
   * @throws {DOMException} `AbortError`, if the signal ends it.
   */
  async evaluate(split: SplitName, options: Selection & LoopOptions = {}): Promise<Evaluation> {
    return await this.#predict("evaluate", () => this.#images.evaluate(split, options));
  }

  /**
   * The logits `[N, K]` of images, without dropout.
   *
   * @param images A split, or any images of the same size
   * @throws {RangeError} If no image is selected, or one that is not there; or if a logit is not finite.
   * @throws {DOMException} `AbortError`, if the signal ends it.
   */
  async predict(images: SplitName | Images, options: Selection & LoopOptions = {}): Promise<Float32Array> {
    const action = "predict";
    return (await this.#predict(action, () => this.#images.predict(action, images, options))).logits;
  }

  /**
   * The probability of each class after every step of reading an image, `[N, T, K]`, without dropout. Where the network also reads
   * from the end, it has seen the image up to that step, and black from there on.
   *
   * @param images A split, or any images of the same size
   * @throws {RangeError} If no image is selected, or one that is not there; or if a probability is not finite.
   */
  async read(images: SplitName | Images, options: Selection = {}): Promise<Float32Array> {
    const action = "read the images";
    return await this.#predict(action, () => this.#images.read(action, images, options));
  }

  /** The model as it is now, without the training: what `openModel()` and `modelSha256()` take. */
  async trained(): Promise<TrainedModel> {
    const { network, T, sequence } = this;
    const classNames = defaultClassNames(network.classes);
    return { network, T, sequence, parameters: await this.#home.read(), classNames };
  }

  /** A copy of all that the training needs to continue to the bit, with the same seed and batch size. */
  readState(): Promise<TrainerState> {
    return this.#turns.take("read the state", async () => {
      await this.#adopt();
      const state = await this.#engine.readState(), parameters = this.#last?.slice() ?? state.parameters;
      return { ...state, parameters, ...this.#course.state() };
    });
  }

  /**
   * Continues from a state; a state from `onCheckpoint` includes the report that had begun.
   *
   * @throws {TypeError} If it is not a state.
   * @throws {RangeError} If it is a state of another network or optimizer.
   */
  writeState(state: EngineState | TrainerState | TrainingState): Promise<void> {
    const action = "write the state";
    return this.#turns.take(action, async () => {
      check(action, "state", { value: state, rule: OBJECT });
      const begun = "tally" in state ? new Tally(state.tally) : null;
      if (begun && typeof state.step === "number" && begun.steps > state.step) {
        throw new RangeError(
          `Cannot ${action}: its tally must have at most ${state.step} steps: current value is ${begun.steps}`,
        );
      }
      const { config, network: { size } } = this;
      const known = "epochs" in state ? state.epochs : undefined;
      check(action, "epochs", { value: known, rule: optional(OBJECT) });
      const epochs = known ? checkEpochs(action, known, { ...config, size }) : undefined;
      this.#last = null;
      this.#images.forget();
      await this.#engine.writeState(state);
      this.#stepper.step = state.step;
      this.#course.restore(state.step, epochs);
      this.#begun = begun;
      this.#losses = [];
      this.#home.write(state.parameters);
    });
  }

  /** Frees the device. A running call fails. */
  async [asyncDispose](): Promise<void> {
    this.#turns.close();
    await this.#engine[asyncDispose]();
  }

  /** Begins a loop, which ends the one before. @returns Its last step */
  #begin(loop: object, length: Length): number {
    this.#turns.check("train");
    this.#home.checkLayers();
    const lastStep = "steps" in length
      ? this.step + length.steps
      : this.#order.stepsThrough(this.#order.epochAt(this.step) + length.epochs);
    this.#course.checkLength(lastStep);
    this.#loop = loop;
    this.#losses = [];
    return lastStep;
  }

  /** Copies weights to the engine that others have changed; the optimizer keeps its averages. */
  async #adopt(): Promise<void> {
    if (!await this.#home.handOver((parameters) => this.#engine.writeParameters(parameters))) return;
    this.#last = null;
    this.#images.forget();
  }

  #takeTally(): Tally {
    const tally = this.#begun ?? new Tally();
    this.#begun = null;
    return tally;
  }

  /** Whether a loop has something to train or to report. */
  #goesOn(tally: Tally, lastStep: number): boolean {
    return this.step - tally.steps < lastStep && (tally.steps > 0 || !this.#course.stopped);
  }

  /**
   * Trains up to step `end`, unless the monitor stops it, and copies the weights home.
   *
   * @returns False if the signal ended it earlier
   */
  #train(
    tally: Tally,
    { end, lastStep }: { end: number; lastStep: number },
    span: Span,
    loop: LoopOptions,
  ): Promise<boolean> {
    const { signal, onProgress, onSteps, onCheckpoint, checkpointEvery = Infinity } = loop;
    let kept = -1; // the step of the last checkpoint
    const keep = async () => {
      if (onCheckpoint && kept !== this.step) {
        const state = { ...await this.#engine.readState(), ...this.#course.state() };
        await onCheckpoint({ ...state, tally: tally.state() }, Float32Array.from(this.#losses));
      }
      this.#losses = [];
      kept = this.step;
    };
    return this.#turns.take("train", async () => {
      if (this.#loop !== loop) {
        throw new Error(
          "Cannot train: a loop must be the last that was begun: current value is an earlier one",
        );
      }
      await this.#takeLast();
      let ended: boolean;
      try {
        ended = await this.#endEpoch(loop); // one whose validation a signal ended
        const stepper = this.#stepper, isStopping = () => signal?.aborted ?? false;
        while (ended && this.step < end && !this.#course.stopped && (!isStopping() || stepper.ahead > 0)) {
          const drains = stepper.ahead > 0 && (isStopping() || this.#home.isChanged);
          if (stepper.ahead === 0) await this.#adopt();
          const next = this.#nextCheckpoint(checkpointEvery);
          this.#images.forget();
          const { results, elapsedMs } = await stepper.take(drains ? 0 : Math.min(end, next) - this.step);
          tally.add(results, elapsedMs);
          for (const { loss } of results) this.#losses.push(loss);
          span.elapsedMs += elapsedMs;
          ended = await this.#endEpoch(loop);
          onSteps?.(results);
          if (this.step === next || this.step === lastStep) await keep();
          const { loss } = tally.figures();
          onProgress?.(progressIn(span, { step: this.step, loss, order: this.#order }));
          await turnOfEventLoop(); // for signals and timers, where the engine computes on this thread
        }
        if (signal?.aborted) await keep();
      } catch (error) {
        await this.#recover(error).catch(() => {}); // the device has failed, or another loss is not finite
        throw error;
      }
      await this.#publish();
      return ended && (this.step >= end || this.#course.stopped);
    });
  }

  /** After an error of a callback, the steps were taken. After a loss that is not finite, the model keeps the weights before. */
  async #recover(error: unknown): Promise<void> {
    while (this.#stepper.ahead > 0) await this.#stepper.take(0);
    if (!(error instanceof NonFiniteLossError)) await this.#publish();
  }

  /** Copies the weights home. */
  async #publish(): Promise<void> {
    await this.#adopt();
    this.#home.write(await this.#engine.readParameters());
  }

  /** Evaluates an epoch that has ended, if that matters; false if the signal ended the evaluation: it comes again then. */
  async #endEpoch(loop: LoopOptions): Promise<boolean> {
    const course = this.#course;
    if (!course.isDue(this.step)) return true;
    const validation = course.validates ? await this.#validate(loop) : null;
    if (course.validates && !validation) return false;
    if (course.endEpoch(this.step, validation)) course.keep(await this.#engine.readParameters());
    return true;
  }

  /** Loss and accuracy on the validation images; null if the signal ended it. */
  async #validate({ signal, onProgress }: LoopOptions): Promise<Evaluation | null> {
    await this.#adopt();
    try {
      return await this.#images.evaluate("validation", { signal, onProgress });
    } catch (error) {
      if (signal?.aborted && error === signal.reason) return null;
      throw error;
    }
  }

  /** Gives engine and home the weights of the best epoch, where a loop has ended and they were kept. */
  async #showBest(loop: LoopOptions): Promise<void> {
    const { best } = this.#course.known;
    if (!best || this.#last || this.#loop !== loop) return;
    await this.#turns.take("train", async () => {
      await this.#adopt();
      const last = await this.#engine.readParameters();
      await this.#engine.writeParameters(best);
      this.#images.forget();
      this.#last = last;
      this.#home.write(best);
    });
  }

  /** Gives the engine its last weights again, after {@link #showBest}. */
  async #takeLast(): Promise<void> {
    await this.#adopt(); // weights of others count more
    if (!this.#last) return;
    await this.#engine.writeParameters(this.#last);
    this.#last = null;
    this.#images.forget();
  }

  /** The end of the epoch, or the next of every so many steps. */
  #nextCheckpoint(every: number): number {
    const endOfEpoch = this.#order.stepsThrough(this.#order.epochAt(this.step) + 1);
    return Math.min(endOfEpoch, every === Infinity ? Infinity : (Math.floor(this.step / every) + 1) * every);
  }

  /** Predicts with the weights that are at home now. */
  #predict<T>(action: string, predict: () => Promise<T>): Promise<T> {
    return this.#turns.take(action, async () => {
      await this.#adopt();
      return await predict();
    });
  }
}
