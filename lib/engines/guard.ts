/**
 * The guard in front of every engine: it checks all arguments once, so that engines need not.
 *
 * @module
 */
import { checkImages, checkPositions, checkSplit, FLOATS } from "../data/images.ts";
import type { Images } from "../data/images.ts";
import { layOutSequence, type SequenceLayout } from "../data/sequence.ts";
import { checkOptimizer, SLOT_COUNT } from "../model/optimizers.ts";
import { check, OBJECT, type Rule, UINT32, whole } from "../options.ts";
import {
  type DeviceDescription,
  type Engine,
  type EngineOptions,
  type EngineState,
  type EngineTraining,
  MAX_STEPS,
  type StepResult,
} from "./engine.ts";
import { Turns } from "./turns.ts";

/** An engine that checks nothing: its arguments are valid, and it is asked to train only if it has a training. */
export interface UnguardedEngine extends Omit<Engine, "predict" | "outputs"> {
  /** @param positions Which of the images, each below their count */
  predict(images: Images, positions: Uint32Array): Promise<Float32Array>;
  /** @param positions Which of the images, each below their count */
  outputs(images: Images, positions: Uint32Array): Promise<Float32Array>;
}

const SIZE = whole(1);
const ARRAY: Rule = { must: "an array", isKind: Array.isArray };

/**
 * Checks the options of an engine.
 *
 * @returns How the network reads the images
 * @throws {TypeError} If an option has the wrong type, or the number of pixels or labels is wrong.
 * @throws {RangeError} If the options do not fit together, or a value is out of range.
 */
export function checkEngineOptions(options: EngineOptions): SequenceLayout {
  const action = "open the engine";
  const { network, parameters, sequence, imageSize, training } = options;
  checkFlat(action, "parameters", parameters, network.size);
  check(action, "imageSize", { value: imageSize, rule: OBJECT });
  for (const side of ["height", "width"] as const) {
    check(action, side, { value: imageSize[side], rule: SIZE });
  }
  if (training) checkTraining(action, training, options);
  const layout = layOutSequence(sequence, imageSize);
  if (layout.C !== network.inputSize) {
    throw new RangeError(
      `Cannot ${action}: the sequence must give the ${network.inputSize} features that the network reads: ` +
        `current value is ${layout.C}`,
    );
  }
  return layout;
}

function checkTraining(
  action: string,
  { optimizer, train, seed, batchSize }: EngineTraining,
  { network, imageSize }: EngineOptions,
): void {
  check(action, "batchSize", { value: batchSize, rule: SIZE });
  check(action, "seed", { value: seed, rule: UINT32 });
  checkOptimizer(action, optimizer);
  checkSplit(action, "train", train, network.head.classes);
  checkSize(action, "training images", train, imageSize);
}

/** The guard of one engine: checks the arguments of calls, and lets through one call at a time, until it is disposed. */
export class GuardedEngine<E extends UnguardedEngine = UnguardedEngine> implements Engine {
  readonly #engine: E;
  readonly #options: EngineOptions;
  readonly #turns = new Turns("the engine");

  /** @param options The engine's options, after {@link checkEngineOptions} */
  constructor(engine: E, options: EngineOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  get device(): DeviceDescription {
    return this.#engine.device;
  }

  train(batches: readonly Uint32Array[]): Promise<StepResult[]> {
    return this.step(
      "train",
      batches,
      async (engine) => batches.length > 0 ? await engine.train(batches) : [],
    );
  }

  gradient(batch: Uint32Array): Promise<Float32Array> {
    return this.step("compute the gradient", [batch], (engine) => engine.gradient(batch));
  }

  predict(images: Images, positions?: Uint32Array): Promise<Float32Array> {
    return this.#turns.take("predict", () => {
      return this.#engine.predict(images, this.#select("predict", images, positions));
    });
  }

  outputs(images: Images, positions?: Uint32Array): Promise<Float32Array> {
    return this.#turns.take("read outputs", () => {
      return this.#engine.outputs(images, this.#select("read outputs", images, positions));
    });
  }

  readParameters(): Promise<Float32Array> {
    return this.#turns.take("read the parameters", () => this.#engine.readParameters());
  }

  writeParameters(parameters: Float32Array): Promise<void> {
    const action = "write the parameters";
    return this.#turns.take(action, () => {
      checkFlat(action, "parameters", parameters, this.#options.network.size);
      return this.#engine.writeParameters(parameters);
    });
  }

  readState(): Promise<EngineState> {
    return this.#turns.take("read the state", () => {
      this.#training("read the state");
      return this.#engine.readState();
    });
  }

  writeState(state: EngineState): Promise<void> {
    const action = "write the state";
    return this.#turns.take(action, () => {
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

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#turns.open) return;
    this.#turns.close();
    await this.#engine[Symbol.asyncDispose]();
  }

  /** Calls the engine with batches, after checking all of them: a refused call changes nothing. */
  protected step<T>(
    action: string,
    batches: readonly Uint32Array[],
    call: (engine: E) => Promise<T>,
  ): Promise<T> {
    return this.#turns.take(action, () => {
      const { batchSize, train } = this.#training(action);
      check(action, "batches", { value: batches, rule: ARRAY });
      if (batches.length > MAX_STEPS) {
        throw new RangeError(
          `Cannot ${action}: there must be at most ${MAX_STEPS} batches: current value is ${batches.length}`,
        );
      }
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

  /** The training, for a call that needs one. */
  #training(action: string): EngineTraining {
    const { training } = this.#options;
    if (training) return training;
    throw new Error(`Cannot ${action}: the engine must have been opened with a training: it only predicts`);
  }

  /** The positions of a call: all by default. */
  #select(action: string, images: Images, positions?: Uint32Array): Uint32Array {
    const { count } = checkImages(action, "the images", images);
    checkSize(action, "images", images, this.#options.imageSize);
    const all = positions ?? Uint32Array.from({ length: count }, (_, position) => position);
    checkPositions(action, all, count);
    return all;
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

function checkSize(
  action: string,
  name: string,
  { height, width }: Images,
  imageSize: EngineOptions["imageSize"],
): void {
  if (height === imageSize.height && width === imageSize.width) return;
  throw new RangeError(
    `Cannot ${action}: ${name} must be ${imageSize.height}×${imageSize.width}: ` +
      `current value is ${height}×${width}`,
  );
}
