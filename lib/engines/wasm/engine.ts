/**
 * The CPU engine: SIMD kernels in WebAssembly, threads over shared memory.
 *
 * Reproducible to the bit: the same seed gives the same parameters with any number of threads, and on every machine with
 * the same {@link MathName}.
 *
 * @module
 */
import type { Images } from "../../data/images.ts";
import { pickImages } from "../../data/pick_images.ts";
import { isShared, shareBytes } from "../../data/shared.ts";
import { check } from "../../options.ts";
import { checkEngineOptions, GuardedEngine, type UnguardedEngine } from "../guard.ts";
import type { DeviceDescription, EngineOptions, EngineState, StepResult } from "../engine.ts";
import { inParts } from "../in_parts.ts";
import { DEVICE_RULES, type DeviceOptions, type MathName } from "../open.ts";
import { chooseKernels } from "./kernels.ts";
import { orderParameters } from "./parameter_order.ts";
import type { Profile } from "./profile.ts";
import { MAX_PREDICTED, PAGE_BYTES, type Plan, planMemory } from "./plan.ts";
import { countBlankLines, sortByBlankLines } from "./prefix.ts";
import { GROUP, WORD } from "./strides.ts";
import type { SharedBytes } from "./thread.ts";
import { WorkerPool } from "./worker_pool.ts";

/** The options of the wasm engine. By default it has a thread for each core, at most one for each group of a batch. */
export interface WasmOptions extends EngineOptions, Pick<DeviceOptions, "threads" | "math"> {
  /** Whether the threads measure times for {@link GuardedWasm.profile}, which costs a few percent; false by default. */
  readonly profile?: boolean;
}

/** How often a waiting thread looks before it sleeps: some tens of microseconds, longer than threads usually wait. */
const SPINS = 20_000;

/** The most threads of an engine that only predicts: more would take longer to start than they save. */
const PREDICTING_THREADS = 8;

/**
 * Opens the wasm engine: copies the training images to shared memory, unless they are there already, and starts the threads.
 * Needs permission to read `lib`.
 *
 * @throws {RangeError} If an option is out of range, or more than 4 GiB are needed
 */
export async function openWasm(options: WasmOptions): Promise<GuardedWasm> {
  const { training, math: asked } = options;
  const layout = checkEngineOptions(options);
  check("open the engine", "threads", { value: options.threads, rule: DEVICE_RULES.threads });
  const most = training ? Math.ceil(training.batchSize / GROUP) : PREDICTING_THREADS;
  const threads = options.threads ?? Math.min(navigator.hardwareConcurrency, most);
  const plan = planMemory(options, layout, threads);
  const { math, module } = await chooseKernels(asked);
  const memory = allocateMemory(plan.memoryPages);
  if (training) new Uint8Array(memory.buffer).set(training.train.labels, plan.trainLabels);

  // With more threads than cores, spinning would keep the awaited thread from running.
  const spins = threads <= navigator.hardwareConcurrency ? SPINS : 0;
  const pool = await WorkerPool.start({
    module,
    memory,
    plan,
    training: training && {
      optimizer: training.optimizer,
      seed: training.seed,
      images: shareBytes(training.train.pixels),
    },
    spins,
    profile: options.profile ?? false,
  });
  const engine = new WasmEngine({ options, plan, memory, pool, math });
  await engine.writeParameters(options.parameters);
  return new GuardedWasm(engine, options);
}

/**
 * Allocates the memory that all threads share.
 *
 * @param allocate Replaced by tests
 * @throws {RangeError} If the machine does not have as much
 */
export function allocateMemory(
  pages: number,
  allocate = (descriptor: WebAssembly.MemoryDescriptor) => new WebAssembly.Memory(descriptor),
): WebAssembly.Memory {
  try {
    return allocate({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    const mebibytes = Math.ceil(pages * PAGE_BYTES / 2 ** 20);
    throw new RangeError(
      `Cannot open the device wasm: the machine must give ${mebibytes} MiB of memory: ` +
        `${cause instanceof Error ? cause.message : cause}; a smaller --batch-size, fewer --threads or ` +
        "a smaller model needs less",
      { cause },
    );
  }
}

/** The CPU engine behind its guard. */
export class GuardedWasm extends GuardedEngine<WasmEngine> {
  /**
   * Takes one training step for each batch, as {@link train} does, and measures what each thread spends its time on.
   *
   * @throws {Error} Unless the engine was opened with `profile`
   */
  profile(batches: readonly Uint32Array[]): Promise<Profile[]> {
    return this.step("profile", batches, (engine) => engine.profile(batches));
  }
}

/** The images at `positions` in shared memory: those given, if they are there already, else copies. */
function shareImages(
  images: Images,
  positions: Uint32Array,
): { pixels: SharedBytes; positions: Uint32Array } {
  const { pixels, height, width } = images;
  if (isShared(pixels)) return { pixels, positions };
  const copies = new Uint8Array(new SharedArrayBuffer(positions.length * height * width));
  pickImages(images, positions, copies);
  return { pixels: copies, positions: positions.map((_, index) => index) };
}

/** The CPU engine. */
class WasmEngine implements UnguardedEngine {
  readonly device: DeviceDescription;
  readonly #options: EngineOptions;
  readonly #plan: Plan;
  readonly #memory: WebAssembly.Memory;
  readonly #pool: WorkerPool;
  readonly #order: Int32Array;
  /** The leading blank lines of each training image; null without a training, and with dropout. */
  readonly #blankLines: Uint16Array | null;
  #step = 0;

  constructor(
    { options, plan, memory, pool, math }: {
      options: EngineOptions;
      plan: Plan;
      memory: WebAssembly.Memory;
      pool: WorkerPool;
      math: MathName;
    },
  ) {
    const { threads } = plan;
    this.device = {
      kind: "wasm",
      threads,
      math,
      detail: `WebAssembly SIMD, ${threads} thread${threads === 1 ? "" : "s"}, ${math} multiply-add`,
    };
    this.#options = options;
    this.#plan = plan;
    this.#memory = memory;
    this.#pool = pool;
    this.#order = orderParameters(options.network, plan);
    const { training, network: { layers } } = options;
    const shares = training && layers.every(({ dropout }) => dropout === 0);
    this.#blankLines = shares ? countBlankLines(training.train, plan.sequence) : null;
  }

  async train(batches: readonly Uint32Array[]): Promise<StepResult[]> {
    const firstStep = this.#step + 1;
    await this.#runSteps(batches);
    const measured = new Float64Array(this.#memory.buffer, this.#plan.results, 2 * batches.length);
    return batches.map((batch, index) => ({
      step: firstStep + index,
      loss: measured[2 * index],
      correct: measured[2 * index + 1],
      count: batch.length,
    }));
  }

  async gradient(batch: Uint32Array): Promise<Float32Array> {
    this.#writeBatch(batch, 0);
    await this.#pool.run({ kind: "gradient", count: batch.length, step: this.#step + 1 });
    return this.#readFlat(this.#plan.gradients);
  }

  async predict(images: Images, positions: Uint32Array): Promise<Float32Array> {
    const { classes: size } = this.#options.network.head;
    return await inParts(positions, { most: MAX_PREDICTED, size }, async (part) => {
      await this.#infer("predict", images, part);
      return this.#floats(this.#plan.logits, part.length * size);
    });
  }

  async outputs(images: Images, positions: Uint32Array): Promise<Float32Array> {
    const size = this.#plan.sequence.T * this.#options.network.head.inputSize;
    return await inParts(positions, { most: GROUP, size }, async (part) => {
      await this.#infer("outputs", images, part);
      return this.#floats(this.#plan.outputs, part.length * size);
    });
  }

  /** Takes one training step for each batch, and measures what each thread spends its time on. */
  async profile(batches: readonly Uint32Array[]): Promise<Profile[]> {
    const profiles = await this.#runSteps(batches);
    if (profiles.every((one) => one !== undefined)) return profiles;
    throw new Error("Cannot profile: the engine must be opened with profile: current value is false");
  }

  // deno-lint-ignore require-await -- the contract is asynchronous, because some devices are
  async readParameters(): Promise<Float32Array> {
    return this.#readFlat(this.#plan.parameters);
  }

  async writeParameters(parameters: Float32Array): Promise<void> {
    this.#writeFlat(this.#plan.parameters, parameters);
    await this.#pool.run({ kind: "pack" });
  }

  async readState(): Promise<EngineState> {
    return {
      parameters: await this.readParameters(),
      slots: this.#plan.slots.map((address) => this.#readFlat(address)),
      step: this.#step,
    };
  }

  async writeState(state: EngineState): Promise<void> {
    this.#plan.slots.forEach((address, index) => this.#writeFlat(address, state.slots[index]));
    this.#step = state.step;
    await this.writeParameters(state.parameters);
  }

  // deno-lint-ignore require-await -- as above
  async [Symbol.asyncDispose](): Promise<void> {
    this.#pool.stop();
  }

  /** Takes steps in one command, without waiting for the threads between two steps. */
  async #runSteps(batches: readonly Uint32Array[]): Promise<(Profile | undefined)[]> {
    batches.forEach((batch, index) => this.#writeBatch(batch, index));
    const counts = batches.map((batch) => batch.length);
    const profiles = await this.#pool.run({ kind: "train", counts, firstStep: this.#step + 1 });
    this.#step += batches.length;
    return profiles;
  }

  /** Writes a batch to where the threads read it, sorted so that the images of a group share their blank lines. */
  #writeBatch(batch: Uint32Array, index: number): void {
    const { positions, batchSize, starts, groupsABatch } = this.#plan, blank = this.#blankLines;
    const sorted = blank ? sortByBlankLines(batch, blank) : batch;
    this.#words(positions + WORD * batchSize * index, batch.length).set(sorted);
    const first = this.#words(starts + WORD * groupsABatch * index, groupsABatch);
    for (let group = 0; group < groupsABatch; group++) {
      first[group] = blank && group * GROUP < batch.length ? blank[sorted[group * GROUP]] : 0;
    }
  }

  /** Runs a command over images, which leaves the results in memory. */
  async #infer(kind: "predict" | "outputs", images: Images, positions: Uint32Array): Promise<void> {
    const shared = shareImages(images, positions), count = positions.length;
    this.#words(this.#plan.positions, count).set(shared.positions);
    await this.#pool.run({ kind, images: shared.pixels, count });
  }

  #readFlat(address: number): Float32Array {
    const flat = new Float32Array(this.#options.network.size);
    const floats = this.#floats(address, this.#order.length);
    this.#order.forEach((index, at) => {
      if (index >= 0) flat[index] = floats[at];
    });
    return flat;
  }

  #writeFlat(address: number, flat: Float32Array): void {
    const floats = this.#floats(address, this.#order.length);
    this.#order.forEach((index, at) => {
      if (index >= 0) floats[at] = flat[index];
    });
  }

  #floats(address: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, address, length);
  }

  #words(address: number, length: number): Uint32Array {
    return new Uint32Array(this.#memory.buffer, address, length);
  }
}
