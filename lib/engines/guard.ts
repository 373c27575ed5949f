/**
 * What stands in front of every engine: all that comes in is checked here, once, so that engines check nothing.
 *
 * @module
 */
import { checkImages, checkPositions, checkSplit, FLOATS } from "../data/check_images.ts";
import type { Images } from "../data/dataset.ts";
import { layOutSequence, type SequenceLayout } from "../data/sequence.ts";
import { checkOptimizer, SLOT_COUNT } from "../model/optimizers.ts";
import { check, type Rule, whole } from "../options.ts";
import type { DeviceDescription, Engine, EngineOptions, EngineState, StepResult } from "./engine.ts";
import { Turns } from "./turns.ts";

/** An engine that believes what it is given. */
export interface UnguardedEngine extends Omit<Engine, "predict" | "outputs"> {
  /** @param positions Which of the images; there are such */
  predict(images: "train" | "test" | Images, positions: Uint32Array): Promise<Float32Array>;
  /** @param positions Which of the images; there are such */
  outputs(images: "train" | "test" | Images, positions: Uint32Array): Promise<Float32Array>;
}

/** The largest number of a step: dropout masks are drawn from 32 bits of it. */
const MAX_STEP = 2 ** 32 - 1;
const STEP = whole(0, MAX_STEP);
const BATCH_SIZE = whole(1);
const SEED = whole(0, 2 ** 32 - 1);
const ARRAY: Rule = { must: "an array", isKind: Array.isArray };

/**
 * Refuses options that make no engine.
 *
 * @returns How the network reads the images
 * @throws {TypeError} If something is of another kind than it must be, or images are not as many as they say.
 * @throws {RangeError} If the options do not fit each other, or a value is out of range.
 */
export function checkEngineOptions(options: EngineOptions): SequenceLayout {
  const action = "open the engine";
  const { network, optimizer, parameters, batchSize, seed, train, test, sequence } = options;
  const fail = (rule: string, value: unknown): never => {
    throw new RangeError(`Cannot ${action}: ${rule}: current value is ${value}`);
  };
  checkFlat(action, "parameters", parameters, network.size);
  check(action, "batchSize", { value: batchSize, rule: BATCH_SIZE });
  check(action, "seed", { value: seed, rule: SEED });
  checkOptimizer(action, optimizer);
  checkSplit(action, "train", train, network.head.classes);
  if (test.count !== 0) checkSplit(action, "test", test, network.head.classes); // there may be none
  const layout = layOutSequence(sequence, train);
  if (layout.C !== network.inputSize) {
    fail(`the sequence must give the ${network.inputSize} features that the network reads`, layout.C);
  }
  if (test.height !== train.height || test.width !== train.width) {
    fail(`test images must be ${sizeOf(train)} like the training images`, sizeOf(test));
  }
  return layout;
}

/** The guard of one engine: checks, lets one call at a time through, and none after the end. */
export class GuardedEngine<E extends UnguardedEngine = UnguardedEngine> implements Engine {
  readonly #engine: E;
  readonly #options: EngineOptions;
  readonly #turns = new Turns("the engine");

  /** @param options Those that the engine was opened with, after {@link checkEngineOptions} */
  constructor(engine: E, options: EngineOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  get device(): DeviceDescription {
    return this.#engine.device;
  }

  train(batches: readonly Uint32Array[]): Promise<StepResult[]> {
    return this.step("train", batches, (engine) => engine.train(batches));
  }

  gradient(batch: Uint32Array): Promise<Float32Array> {
    return this.step("compute the gradient", [batch], (engine) => engine.gradient(batch));
  }

  predict(images: "train" | "test" | Images, positions?: Uint32Array): Promise<Float32Array> {
    return this.#turns.take("predict", () => {
      return this.#engine.predict(images, this.#select("predict", images, positions));
    });
  }

  outputs(images: "train" | "test" | Images, positions?: Uint32Array): Promise<Float32Array> {
    return this.#turns.take("read outputs", () => {
      return this.#engine.outputs(images, this.#select("read outputs", images, positions));
    });
  }

  readState(): Promise<EngineState> {
    return this.#turns.take("read the state", () => this.#engine.readState());
  }

  writeState(state: EngineState): Promise<void> {
    return this.#turns.take("write the state", () => {
      this.#checkState(state);
      return this.#engine.writeState(state);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#turns.open) return;
    this.#turns.close();
    await this.#engine[Symbol.asyncDispose]();
  }

  /** Calls the engine with batches, after all of them were checked: a refused call changes nothing. */
  protected step<T>(
    action: string,
    batches: readonly Uint32Array[],
    call: (engine: E) => Promise<T>,
  ): Promise<T> {
    return this.#turns.take(action, () => {
      const { batchSize, train } = this.#options;
      check(action, "batches", { value: batches, rule: ARRAY });
      for (const batch of batches) {
        checkPositions(action, batch, train.count);
        if (batch.length >= 1 && batch.length <= batchSize) continue;
        throw new RangeError(
          `Cannot ${action}: a batch must have 1 to ${batchSize} images: current value is ${batch.length}`,
        );
      }
      return call(this.#engine);
    });
  }

  /** The positions that a call names: all by default. */
  #select(action: string, images: "train" | "test" | Images, positions?: Uint32Array): Uint32Array {
    const { train, test } = this.#options;
    const source = images === "train"
      ? train
      : images === "test"
      ? test
      : checkImages(action, "the images", images);
    if (source.height !== train.height || source.width !== train.width) {
      throw new RangeError(
        `Cannot ${action}: images must be ${sizeOf(train)}: current value is ${sizeOf(source)}`,
      );
    }
    const all = positions ?? Uint32Array.from({ length: source.count }, (_, position) => position);
    checkPositions(action, all, source.count);
    return all;
  }

  #checkState({ parameters, slots, step }: EngineState): void {
    const action = "write the state", { network: { size }, optimizer } = this.#options;
    checkFlat(action, "parameters", parameters, size);
    check(action, "slots", { value: slots, rule: ARRAY });
    const count = SLOT_COUNT[optimizer.kind];
    if (slots.length !== count) {
      throw new RangeError(
        `Cannot ${action}: there must be ${count} slots: current value is ${slots.length}`,
      );
    }
    slots.forEach((slot, index) => checkFlat(action, `slot ${index}`, slot, size));
    check(action, "step", { value: step, rule: STEP });
  }
}

function checkFlat(action: string, name: string, value: Float32Array, size: number): void {
  check(action, name, { value, rule: FLOATS });
  if (value.length !== size) {
    throw new RangeError(
      `Cannot ${action}: ${name} must have length ${size}: current value is ${value.length}`,
    );
  }
}

function sizeOf({ height, width }: Images): string {
  return `${height}×${width}`;
}
