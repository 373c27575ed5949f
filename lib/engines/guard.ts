/**
 * The guard in front of every engine: it checks all arguments once, so that engines need not.
 *
 * @module
 */
import { checkPositions } from "../data/images.ts";
import type { Sequences } from "../data/sequences.ts";
import { TRANSFORM_SIZE } from "../data/transform.ts";
import { isRecurrent } from "../model/network.ts";
import { SLOT_COUNT } from "../model/optimizers.ts";
import { check, checkOptions, number, optional, type Rule, type Rules, UINT32 } from "../options.ts";
import { asyncDispose } from "../symbols.ts";
import {
  type DeviceDescription,
  type Engine,
  type EngineOptions,
  type EngineState,
  type EngineTraining,
  MAX_BEGUN,
  MAX_STEPS,
  type StepOptions,
  type StepResult,
  type TrainingData,
} from "./engine.ts";
import { checkFlat, checkSequences, checkTargets } from "./check_options.ts";
import { Turns } from "./turns.ts";

/** An engine that checks nothing: its arguments are valid, and it is asked to train only if it has a training. */
export interface UnguardedEngine
  extends Omit<Engine, "train" | "begin" | "collect" | "runsAhead" | "predict" | "outputs"> {
  /** @param options.transforms Where the training has them */
  train(batches: readonly Uint32Array[], options: CheckedStepOptions): Promise<StepResult[]>;
  /**
   * Only where the device works by itself: hands steps to it.
   *
   * @returns Waits for their results; called once, in the order of the calls, and no more after one that failed
   */
  begin?(batches: readonly Uint32Array[], options: CheckedStepOptions): Promise<() => Promise<StepResult[]>>;
  /** @param positions Which of the sequences, each below their count */
  predict(sequences: Sequences, positions: Uint32Array): Promise<Float32Array>;
  /** @param positions Which of the sequences, each below their count */
  outputs(sequences: Sequences, positions: Uint32Array): Promise<Float32Array>;
}

/** What an engine takes besides batches, with one learning rate for each of them. */
export interface CheckedStepOptions extends StepOptions {
  readonly learningRates: readonly number[];
}

const ARRAY: Rule = { must: "an array", isKind: Array.isArray };
const RATE = number("a number from 0 on", (value) => value >= 0);
const STEP_RULES: Rules<StepOptions> = { learningRates: optional(ARRAY), transforms: optional(ARRAY) };

/** The guard of one engine: checks the arguments of calls, and lets through one call at a time, until it is disposed. */
export class GuardedEngine<E extends UnguardedEngine = UnguardedEngine> implements Engine {
  readonly #engine: E;
  #options: EngineOptions;
  readonly #turns = new Turns("the engine");
  /** What waits for the steps that were begun, a function a call. */
  #begun: (() => Promise<StepResult[]>)[] = [];

  /** @param options The engine's options, after {@link checkEngineOptions} */
  constructor(engine: E, options: EngineOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  get device(): DeviceDescription {
    return this.#engine.device;
  }

  get runsAhead(): boolean {
    return this.#engine.begin !== undefined;
  }

  train(batches: readonly Uint32Array[], options: StepOptions = {}): Promise<StepResult[]> {
    return this.#alone("train", async () => {
      const checked = this.#checkSteps(batches, options);
      return batches.length > 0 ? await this.#engine.train(batches, checked) : [];
    });
  }

  begin(batches: readonly Uint32Array[], options: StepOptions = {}): Promise<void> {
    return this.#turns.take("train", async () => {
      if (this.#begun.length === MAX_BEGUN) {
        throw new Error(
          `Cannot train: results must be collected before more than ${MAX_BEGUN} calls are begun: ` +
            `current value is ${MAX_BEGUN} calls`,
        );
      }
      const engine = this.#engine, checked = this.#checkSteps(batches, options);
      const begun = batches.length > 0 && engine.begin ? await engine.begin(batches, checked) : null;
      this.#begun.push(begun ?? (async () => batches.length > 0 ? await engine.train(batches, checked) : []));
    });
  }

  collect(): Promise<StepResult[]> {
    const action = "collect results";
    return this.#turns.take(action, async () => {
      const first = this.#begun.shift();
      if (!first) throw new Error(`Cannot ${action}: steps must have been begun: current value is none`);
      try {
        return await first();
      } catch (error) {
        this.#begun = [];
        throw error;
      }
    });
  }

  replaceData({ sequences, targets }: TrainingData): Promise<boolean> {
    const action = "replace the data";
    return this.#alone(action, async () => {
      const training = this.#training(action), { network, layout } = this.#options;
      checkSequences(action, sequences, { layout, network });
      checkTargets(action, targets, { network, count: sequences.count, T: layout.T });
      if (!await this.#engine.replaceData({ sequences, targets })) return false;
      this.#options = { ...this.#options, training: { ...training, sequences, targets } };
      return true;
    });
  }

  gradient(batch: Uint32Array, transforms?: Int32Array): Promise<Float32Array> {
    const one = { batches: [batch], transforms: transforms && [transforms] };
    return this.step("compute the gradient", one, (engine) => engine.gradient(batch, transforms));
  }

  predict(sequences: Sequences, positions?: Uint32Array): Promise<Float32Array> {
    return this.#alone("predict", () => {
      return this.#engine.predict(sequences, this.#select("predict", sequences, positions));
    });
  }

  outputs(sequences: Sequences, positions?: Uint32Array): Promise<Float32Array> {
    const action = "read outputs", { layers } = this.#options.network;
    return this.#alone(action, () => {
      const last = layers.findLast((layer) => isRecurrent(layer) || layer.kind === "bidirectional");
      if (!last || last.kind === "bidirectional") {
        throw new Error(
          `Cannot ${action}: the last recurrent layer must read in one direction: ` +
            `current value is ${last ? "bidirectional" : "none"}`,
        );
      }
      return this.#engine.outputs(sequences, this.#select(action, sequences, positions));
    });
  }

  readParameters(): Promise<Float32Array> {
    return this.#alone("read the parameters", () => this.#engine.readParameters());
  }

  writeParameters(parameters: Float32Array): Promise<void> {
    const action = "write the parameters";
    return this.#alone(action, () => {
      checkFlat(action, "parameters", parameters, this.#options.network.size);
      return this.#engine.writeParameters(parameters);
    });
  }

  readState(): Promise<EngineState> {
    return this.#alone("read the state", () => {
      this.#training("read the state");
      return this.#engine.readState();
    });
  }

  writeState(state: EngineState): Promise<void> {
    const action = "write the state";
    return this.#alone(action, () => {
      const { parameters, slots, step } = state;
      const { size } = this.#options.network, count = SLOT_COUNT[this.#training(action).optimizer.kind];
      checkFlat(action, "parameters", parameters, size);
      check(action, "slots", { value: slots, rule: ARRAY });
      if (slots.length !== count) {
        throw new RangeError(
          `Cannot ${action}: there must be ${count} slots: current value is ${slots.length}`,
        );
      }
      slots.forEach((slot, index) => checkFlat(action, `slot ${index}`, slot, size));
      check(action, "step", { value: step, rule: UINT32 });
      return this.#engine.writeState(state);
    });
  }

  async [asyncDispose](): Promise<void> {
    if (!this.#turns.open) return;
    this.#turns.close();
    await this.#engine[asyncDispose]();
  }

  /** Calls the engine with batches, after checking all of them: a refused call changes nothing. */
  protected step<T>(
    action: string,
    options: { batches: readonly Uint32Array[]; transforms?: readonly Int32Array[] },
    call: (engine: E) => Promise<T>,
  ): Promise<T> {
    return this.#alone(action, () => {
      this.#checkBatches(action, options);
      return call(this.#engine);
    });
  }

  /** Runs a call which needs that all steps that were begun have been taken. */
  #alone<T>(action: string, work: () => T | Promise<T>): Promise<T> {
    return this.#turns.take(action, () => {
      if (this.#begun.length === 0) return work();
      throw new Error(
        `Cannot ${action}: the engine must have nothing else to do: current value is steps that were begun ` +
          "(collect() them before)",
      );
    });
  }

  /** Checks the arguments of a training. */
  #checkSteps(batches: readonly Uint32Array[], options: StepOptions): CheckedStepOptions {
    const action = "train";
    const { learningRates, transforms } = checkOptions(action, options, STEP_RULES);
    for (const rate of learningRates ?? []) check(action, "learningRate", { value: rate, rule: RATE });
    this.#checkBatches(action, { batches, transforms });
    if (learningRates && learningRates.length !== batches.length) {
      throw new RangeError(
        `Cannot train: learningRates must be one for each of ${batches.length} batches: ` +
          `current value is ${learningRates.length}`,
      );
    }
    const rate = this.#options.training!.optimizer.learningRate;
    return { learningRates: learningRates ?? batches.map(() => rate), transforms };
  }

  #checkBatches(
    action: string,
    { batches, transforms }: { batches: readonly Uint32Array[]; transforms?: readonly Int32Array[] },
  ): void {
    const { batchSize, sequences, transforms: transformed = false } = this.#training(action);
    check(action, "batches", { value: batches, rule: ARRAY });
    if (batches.length > MAX_STEPS) {
      throw new RangeError(
        `Cannot ${action}: there must be at most ${MAX_STEPS} batches: current value is ${batches.length}`,
      );
    }
    for (const batch of batches) {
      checkPositions(action, batch, sequences.count);
      if (batch.length >= 1 && batch.length <= batchSize) continue;
      throw new RangeError(
        `Cannot ${action}: a batch must have 1 to ${batchSize} sequences: current value is ${batch.length}`,
      );
    }
    if (transformed || transforms) checkTransforms(action, transforms, { batches, transformed });
  }

  /** The training, for a call that needs one. */
  #training(action: string): EngineTraining {
    const { training } = this.#options;
    if (training) return training;
    throw new Error(`Cannot ${action}: the engine must have been opened with a training: it only predicts`);
  }

  /** The positions of a call: all by default. */
  #select(action: string, sequences: Sequences, positions?: Uint32Array): Uint32Array {
    checkSequences(action, sequences, this.#options);
    const { count } = sequences;
    const all = positions ?? Uint32Array.from({ length: count }, (_, position) => position);
    checkPositions(action, all, count);
    return all;
  }
}

/** @throws {TypeError} If there are transforms and must be none, or the reverse, or they are not as many as they must be. */
function checkTransforms(
  action: string,
  transforms: readonly Int32Array[] | undefined,
  { batches, transformed }: { batches: readonly Uint32Array[]; transformed: boolean },
): void {
  const must = !transformed
    ? "left out, as the engine was opened without them"
    : `one array of ${TRANSFORM_SIZE} int32 numbers a sequence for each batch`;
  const fits = transformed && transforms?.length === batches.length &&
    transforms.every((one, index) =>
      one instanceof Int32Array && one.length === batches[index].length * TRANSFORM_SIZE
    );
  if (fits) return;
  const found = transforms ? transforms.map((one) => one?.length).join(", ") || "none" : "none";
  throw new TypeError(`Cannot ${action}: transforms must be ${must}: current value is ${found}`);
}
