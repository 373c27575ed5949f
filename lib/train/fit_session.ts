/**
 * A model and the engine that trains it, from one call of `fit()` to the next: weights and the optimizer's slots go from the model
 * into the engine and back.
 *
 * @module
 */
import type { SequenceLayout, Sequences, Targets } from "../data/sequences.ts";
import { printable } from "../excerpt.ts";
import { turnOfEventLoop } from "../engines/assets.ts";
import type { Engine, EngineState, StepResult } from "../engines/engine.ts";
import { type DeviceOptions, openEngine, pickDeviceOptions } from "../engines/open.ts";
import type { LayersModel } from "../model/from_tensorflow.ts";
import { isTraining } from "../model/tensorflow_callbacks.ts";
import { recurrentLayers } from "../model/network.ts";
import type { Optimizer } from "../model/optimizers.ts";
import {
  FIT,
  readLearningRate,
  readOptimizer,
  readOptimizerState,
  writeOptimizerState,
} from "../model/tensorflow_optimizers.ts";
import type { ModelTraining } from "../model/tensorflow_training.ts";
import { markWeights, matchedVariables, readWeights, writeWeights } from "../model/tensorflow_weights.ts";
import { asyncDispose } from "../symbols.ts";
import { cutSequences } from "./fit_data.ts";
import { Pace } from "./pace.ts";
import { sumScores } from "./scores.ts";
import { findUnstarted } from "./started.ts";

/** What is trained on, or measured. */
export interface SessionData {
  readonly layout: SequenceLayout;
  readonly sequences: Sequences;
  readonly targets: Targets;
  /** Equal ones stand for equal data; null for data that may have changed. */
  readonly identity: readonly unknown[] | null;
}

/** What a session is opened for. */
export interface SessionOptions extends DeviceOptions {
  /** Of the dropout masks; 1 by default. */
  readonly seed?: number;
  /** Whether steps are taken one by one, since something is to happen between them. */
  readonly singly: boolean;
}

/** An engine with the data that it has. */
interface Opened {
  readonly engine: Engine;
  /** All that an engine must be opened again for if it changes, as text. */
  readonly key: string;
  /** How many sequences a step can have, if there are as many. */
  readonly batchSize: number;
  /** How many it has room for: no more than {@link batchSize}. */
  readonly room: number;
  readonly pace: Pace;
  identity: SessionData["identity"];
}

/** The engines of models that may be trained again. */
const OPENED = new WeakMap<LayersModel, Opened>();

/** Ends the threads of a model that is not there any more. */
const GARBAGE = new FinalizationRegistry<Engine>((engine) => void engine[asyncDispose]());

/** How many sequences are predicted at once: outputs of that many lie in memory. */
const MOST_PREDICTED = 1024;

/**
 * Frees the device that {@link fit} keeps for the next call with the same model: threads and memory. Without it that happens when
 * the model is garbage, or the program ends.
 */
export async function closeFit(model: LayersModel): Promise<void> {
  const opened = OPENED.get(model);
  if (!opened) return;
  if (isTraining(model)) {
    throw new Error("Cannot close the device: no call to fit() must be going on: current value is one");
  }
  forget(model);
  await opened.engine[asyncDispose]();
}

function forget(model: LayersModel): void {
  OPENED.delete(model);
  GARBAGE.unregister(model);
}

/** One call of `fit()` or `fitDataset()`: a model in training on an engine. */
export class FitSession {
  readonly model: LayersModel;
  readonly training: ModelTraining;
  /** As in {@link SessionOptions}. */
  readonly singly: boolean;
  readonly #options: DeviceOptions & { readonly seed: number };
  readonly #optimizer: Optimizer;
  /** What `model.compile()` was given when the call began. */
  readonly #compiled: LayersModel["optimizer"];
  #opened: Opened | null = null;
  /** Of the weights in the model that the engine has. */
  #marks: readonly object[] = [];
  /** Whether the model has the weights of the engine. */
  #isPublished = true;
  #step = 0;
  #firstStep = 0;

  /** Reads the model's optimizer. */
  static async begin(
    model: LayersModel,
    training: ModelTraining,
    { seed = 1, singly, ...choice }: SessionOptions,
  ): Promise<FitSession> {
    const options = { ...pickDeviceOptions(choice), seed };
    return new FitSession(model, training, { options, optimizer: await readOptimizer(model), singly });
  }

  private constructor(
    model: LayersModel,
    training: ModelTraining,
    { options, optimizer, singly }: {
      options: DeviceOptions & { readonly seed: number };
      optimizer: Optimizer;
      singly: boolean;
    },
  ) {
    this.model = model;
    this.training = training;
    this.singly = singly;
    this.#options = options;
    this.#optimizer = optimizer;
    this.#compiled = model.optimizer;
  }

  /** How many steps the next call to {@link train} should take, if it need not be one. */
  get steps(): number {
    return this.#opened?.pace.steps ?? 1;
  }

  /** Steps that the model's optimizer has taken, before the call and in it. */
  get step(): number {
    return this.#step;
  }

  /** Makes the data those to train on, in batches of at most so many sequences. The engine of an earlier call is used again if it fits. */
  async setData(data: SessionData, batchSize: number): Promise<void> {
    const key = this.#keyOf(data.layout), largest = Math.min(batchSize, data.sequences.count);
    const kept = this.#opened ?? OPENED.get(this.model) ?? null;
    const isFitting = kept !== null && kept.key === key && kept.room >= largest &&
      (kept === this.#opened || kept.batchSize === batchSize);
    if (isFitting && await this.#reuse(kept, data)) return;
    const state = this.#opened && await this.#opened.engine.readState();
    await this.abandon();
    await this.#open(data, { key, batchSize, state });
  }

  /** Goes on with an engine that has been opened before; false if it has no room for the data. */
  async #reuse(kept: Opened, data: SessionData): Promise<boolean> {
    try {
      if (!isSame(kept.identity, data.identity) && !await kept.engine.replaceData(data)) return false;
      kept.identity = data.identity;
      if (kept !== this.#opened) await this.#use(kept, null);
      return true;
    } catch (error) {
      await this.abandon(); // it has failed, now or earlier
      throw error;
    }
  }

  /** Takes one step for each batch, with the learning rate that the model's optimizer has now. */
  async train(batches: readonly Uint32Array[]): Promise<StepResult[]> {
    const { engine, pace } = this.#engine;
    if (this.model.optimizer !== this.#compiled) {
      throw new Error(
        "Cannot train: no callback must call model.compile(): current value is another optimizer",
      );
    }
    const rate = await readLearningRate(this.model.optimizer);
    this.#isPublished = false;
    const started = performance.now();
    const results = await engine.train(batches, { learningRates: batches.map(() => rate) });
    pace.record(batches.length, performance.now() - started);
    await turnOfEventLoop(); // tf.nextFrame(), by which callbacks yield, lets no signals through
    this.#step += results.length;
    return results;
  }

  /** The means of loss and metrics over sequences, without dropout. */
  async evaluate({ layout, sequences, targets }: SessionData): Promise<number[]> {
    const { network } = this.training, { count } = sequences;
    await using other = await this.#openOther(layout);
    const engine = other ?? this.#engine.engine;
    const totals = [0, ...network.metrics.map(() => 0)];
    for (let first = 0; first < count; first += MOST_PREDICTED) {
      const part = cutSequences(sequences, layout, [first, Math.min(first + MOST_PREDICTED, count)]);
      const outputs = await engine.predict(part);
      const { loss, metrics } = sumScores(outputs, { network, targets, first, count: part.count });
      [loss, ...metrics].forEach((sum, index) => totals[index] += sum);
      await turnOfEventLoop();
    }
    return totals.map((total) => total / count);
  }

  /** Gives the model the weights that the engine has. */
  async publish(): Promise<void> {
    if (this.#isPublished || !this.#opened) return;
    this.#write(await this.#opened.engine.readParameters());
  }

  /** Takes weights that others have put into the model; the optimizer keeps its slots. */
  async adopt(): Promise<void> {
    if (!this.#opened) return;
    const { network } = this.training, marks = markWeights(this.model, network);
    if (marks.every((mark, index) => mark === this.#marks[index])) return;
    await this.#opened.engine.writeParameters(await readWeights(this.model, network));
    this.#marks = marks;
    this.#isPublished = true;
  }

  /** Gives the model weights, slots and steps, so that it goes on as if it had been trained by `model.fit()`. */
  async end(): Promise<void> {
    if (!this.#opened) return;
    const { parameters, ...state } = await this.#opened.engine.readState(); // fails if the engine has
    if (state.step === this.#firstStep) return;
    if (!this.#isPublished) this.#write(parameters);
    writeOptimizerState(this.model, this.training.network, state);
  }

  /** Frees the engine of the model, if there is one. */
  async abandon(): Promise<void> {
    const opened = OPENED.get(this.model);
    forget(this.model);
    await opened?.engine[asyncDispose]();
  }

  get #engine(): Opened {
    if (this.#opened) return this.#opened;
    throw new Error("Cannot train: the data must be set: current value is none");
  }

  /** η is told to the engine at every step, so it may change. */
  #keyOf(layout: SequenceLayout): string {
    const { learningRate: _, ...optimizer } = this.#optimizer;
    const described = layout.kind === "bytes"
      ? { ...layout, scale: [...layout.scale], order: [...layout.order] }
      : layout;
    const { tuning: __, ...options } = this.#options;
    return JSON.stringify([this.training.network, described, optimizer, options]);
  }

  /** An engine for sequences of another layout, such as longer ones; null if the one that trains can read them. */
  async #openOther(layout: SequenceLayout): Promise<Engine | null> {
    const { engine, key } = this.#engine;
    if (this.#keyOf(layout) === key) return null;
    const { seed: _, ...choice } = this.#options, { network } = this.training;
    const parameters = await engine.readParameters();
    return (await openEngine(choice, { network, layout, parameters, training: null })).engine;
  }

  async #open(
    { layout, sequences, targets, identity }: SessionData,
    { key, batchSize, state }: { key: string; batchSize: number; state: EngineState | null },
  ): Promise<void> {
    const { network } = this.training, { seed, ...choice } = this.#options;
    // Memory is for a batch of all sequences at most, and of some more: they may be a few more each call.
    const room = Math.min(batchSize, 2 ** Math.ceil(Math.log2(sequences.count)));
    const { engine } = await openEngine(choice, {
      network,
      layout,
      parameters: state?.parameters ?? await this.#readStarted(),
      training: { optimizer: this.#optimizer, sequences, targets, seed, batchSize: room },
    }, { singly: this.singly });
    const opened = { engine, key, batchSize, room, pace: new Pace(), identity };
    OPENED.set(this.model, opened);
    GARBAGE.register(this.model, engine, this.model);
    await this.#use(opened, state);
  }

  /** Goes on with an engine from a state; from that of the model, if it is null. */
  async #use(opened: Opened, state: EngineState | null): Promise<void> {
    const from = state ?? await this.#readModel();
    await opened.engine.writeState(from);
    if (!this.#opened) this.#firstStep = from.step;
    this.#step = from.step;
    this.#opened = opened;
  }

  async #readModel(): Promise<EngineState> {
    const { network } = this.training;
    this.#marks = markWeights(this.model, network);
    const parameters = await this.#readStarted();
    return { parameters, ...await readOptimizerState(this.model, network) };
  }

  /** @throws {RangeError} If the weights of a recurrent layer are zero, as `scanline.lstm()` leaves them. */
  async #readStarted(): Promise<Float32Array> {
    const { model, training: { network } } = this, parameters = await readWeights(model, network);
    const zeros = findUnstarted(parameters, recurrentLayers(network));
    if (!zeros) return parameters;
    const index = network.parameters.indexOf(zeros.kernel);
    throw new RangeError(
      `Cannot ${FIT}: its weights must be started: current value is zero for all of ` +
        `${printable(matchedVariables(model, network, "find")[index].name)} and its recurrent weights ` +
        "(tf.layers.lstm() starts them, scanline.lstm() leaves that to compile())",
    );
  }

  #write(parameters: Float32Array): void {
    const { network } = this.training;
    writeWeights(this.model, network, parameters);
    this.#marks = markWeights(this.model, network);
    this.#isPublished = true;
  }
}

/** Whether the data are those that the engine has. */
function isSame(a: SessionData["identity"], b: SessionData["identity"]): boolean {
  return a !== null && b !== null && a.length === b.length && a.every((one, index) => one === b[index]);
}
