/**
 * The CPU engine: SIMD kernels in WebAssembly, threads over shared memory.
 *
 * Reproducible to the bit: the same seed gives the same parameters with any number of threads, and on every machine with
 * the same {@link MathName}.
 *
 * @module
 */
import {
  type ByteLayout,
  pickSequences,
  type SequenceLayout,
  type Sequences,
  type Targets,
} from "../../data/sequences.ts";
import { TRANSFORM_SIZE } from "../../data/transform.ts";
import { allocateShared, canShare, isShared, share } from "../../data/shared.ts";
import { isRecurrent, type Layer, stepsOf } from "../../model/network.ts";
import { slotStart } from "../../model/optimizers.ts";
import { check } from "../../options.ts";
import { asyncDispose } from "../../symbols.ts";
import { checkEngineOptions } from "../check_options.ts";
import { type CheckedStepOptions, GuardedEngine, type UnguardedEngine } from "../guard.ts";
import type { DeviceDescription, EngineOptions, EngineState, StepResult, TrainingData } from "../engine.ts";
import { inParts } from "../in_parts.ts";
import { DEVICE_RULES, type DeviceOptions, type MathName } from "../open.ts";
import { type BlankLines, MovedImages, orderByBlankLines, StillImages } from "./blank_lines.ts";
import { chooseKernels } from "./kernels.ts";
import { ParameterOrder } from "./parameter_order.ts";
import type { Profile } from "./profile.ts";
import { TRANSFORM_BYTES } from "./passes/input.ts";
import type { SharedTargets } from "./passes/loss.ts";
import { PAGE_BYTES, type Plan, planMemory } from "./plan.ts";
import type { CellPlan, GruPlan } from "./pass_plans.ts";
import { GROUP, WORD } from "./strides.ts";
import type { SharedData } from "./training_steps.ts";
import { WorkerPool } from "./worker_pool.ts";

/**
 * The options of the wasm engine. By default it has a thread for each core, but no more than can be kept busy: at most one for
 * each group of a batch, and one for every few million operations of a step; one where memory cannot be
 * shared.
 */
export interface WasmOptions extends EngineOptions, Pick<DeviceOptions, "threads" | "math"> {
  /** Whether the threads measure times for {@link GuardedWasm.profile}, which costs a few percent; false by default. */
  readonly profile?: boolean;
}

/** How often a waiting thread looks before it sleeps: some tens of microseconds, longer than threads usually wait. */
const SPINS = 20_000;

/** Operations of a training step, at least, for each thread: some 100 microseconds, many times what threads wait for each other. */
const OPERATIONS_A_THREAD = 4e6;

/** The most threads of an engine that only predicts: more would take longer to start than they save. */
const PREDICTING_THREADS = 8;

/**
 * Opens the wasm engine: copies the training data to shared memory, unless they are there already, and starts the threads.
 * Needs permission to read `lib`. Where memory cannot be shared, the calling thread computes.
 *
 * @throws {RangeError} If an option is out of range, more than 4 GiB are needed, or several threads where memory cannot be shared
 */
export async function openWasm(options: WasmOptions): Promise<GuardedWasm> {
  const { training, math: asked } = options;
  checkEngineOptions(options);
  check("open the engine", "threads", { value: options.threads, rule: DEVICE_RULES.threads });
  const threads = countThreads(options);
  const plan = planMemory(options, threads);
  const { math, module } = await chooseKernels(asked);
  options.onMemory?.(plan.memoryPages * PAGE_BYTES);
  const memory = allocateMemory(plan.memoryPages);
  // With more threads than cores, spinning would keep the awaited thread from running.
  const spins = threads <= navigator.hardwareConcurrency ? SPINS : 0;
  const pool = await WorkerPool.start({
    module,
    memory,
    plan,
    training: training && {
      optimizer: training.optimizer,
      seed: training.seed,
      data: share(training.sequences.data),
      targets: shareTargets(training.targets),
    },
    spins,
    profile: options.profile ?? false,
  });
  const engine = new WasmEngine({ options, plan, memory, pool, math });
  if (training) {
    const start = new Float32Array(options.network.size).fill(slotStart(training.optimizer));
    await engine.writeState({ parameters: options.parameters, slots: plan.slots.map(() => start), step: 0 });
  } else await engine.writeParameters(options.parameters);
  return new GuardedWasm(engine, options);
}

/** @throws {RangeError} If more than one were asked for, and cannot share memory. */
function countThreads(options: WasmOptions): number {
  const { threads } = options;
  if (canShare()) return threads ?? chooseThreads(options);
  if (threads === undefined || threads === 1) return 1;
  throw new RangeError(
    `Cannot open the device wasm: threads must be 1 where memory cannot be shared: current value is ${threads} ` +
      "(a page can share it if its host sends the headers Cross-Origin-Opener-Policy: same-origin and " +
      "Cross-Origin-Embedder-Policy: require-corp)",
  );
}

/** How many threads a training can keep busy. */
function chooseThreads({ network, layout: { T }, training }: WasmOptions): number {
  const cores = navigator.hardwareConcurrency;
  if (!training) return Math.min(cores, PREDICTING_THREADS);
  const { batchSize } = training, steps = stepsOf(network, T);
  // Two for each parameter that a product reads, in three products: forward, backward, and for the gradient.
  const operations = network.layers.reduce((sum, layer, index) => {
    return sum + 6 * batchSize * steps[index].count * weightsOf(layer);
  }, 0);
  return Math.max(
    1,
    Math.min(cores, Math.ceil(batchSize / GROUP), Math.floor(operations / OPERATIONS_A_THREAD)),
  );
}

/** How many parameters a layer multiplies with at each step. */
function weightsOf(layer: Layer): number {
  if (layer.kind === "bidirectional") return weightsOf(layer.forward) + weightsOf(layer.backward);
  if (layer.kind === "dense") return layer.kernel.size;
  return isRecurrent(layer) ? layer.kernel.size + layer.recurrentKernel.size : 0;
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
    return this.step("profile", { batches }, (engine) => engine.profile(batches));
  }
}

function shareTargets({ kind, data, weights }: Targets): SharedTargets {
  return { kind, data: share(data), weights: weights ? share(weights) : null };
}

/** The sequences at `positions` in shared memory: those given, if they are there already, else copies. */
function shareSequences(
  { data }: Sequences,
  positions: Uint32Array,
  layout: SequenceLayout,
): { data: SharedData; positions: Uint32Array } {
  if (isShared(data)) return { data: share(data), positions };
  const into = allocateShared(data, positions.length * layout.stride);
  pickSequences<Sequences["data"]>({ data }, layout, { positions, into });
  return { data: into, positions: positions.map((_, index) => index) };
}

/** The CPU engine. */
class WasmEngine implements UnguardedEngine {
  readonly device: DeviceDescription;
  readonly #options: EngineOptions;
  readonly #plan: Plan;
  readonly #memory: WebAssembly.Memory;
  readonly #pool: WorkerPool;
  readonly #order: ParameterOrder;
  /** Null where groups share none. */
  #blankLines: BlankLines | null;
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
    this.#order = new ParameterOrder(plan);
    this.#blankLines = options.training && this.#countBlankLines(options.training.sequences);
    const { layout } = options;
    if (plan.input.order && layout.kind === "bytes") {
      this.#words(plan.input.order, layout.order.length).set(layout.order);
    }
  }

  async train(
    batches: readonly Uint32Array[],
    options: CheckedStepOptions,
  ): Promise<StepResult[]> {
    const firstStep = this.#step + 1, size = 1 + this.#plan.loss.metrics.length;
    await this.#runSteps(batches, options);
    const measured = new Float64Array(this.#memory.buffer, this.#plan.results, size * batches.length);
    return batches.map((batch, index) => {
      const [loss, ...metrics] = measured.subarray(size * index, size * (index + 1));
      return { step: firstStep + index, loss, metrics, count: batch.length };
    });
  }

  async replaceData({ sequences, targets }: TrainingData): Promise<boolean> {
    await this.#pool.run({ kind: "replace", data: share(sequences.data), targets: shareTargets(targets) });
    this.#blankLines = this.#countBlankLines(sequences);
    return true;
  }

  async gradient(batch: Uint32Array, transforms?: Int32Array): Promise<Float32Array> {
    this.#writeBatch(batch, { index: 0, transforms });
    await this.#pool.run({ kind: "gradient", count: batch.length, step: this.#step + 1 });
    return this.#readFlat(this.#plan.gradients);
  }

  async predict(sequences: Sequences, positions: Uint32Array): Promise<Float32Array> {
    const { output: { steps, features }, predicted, answers } = this.#plan, size = steps * features;
    return await inParts(positions, { most: predicted, size }, async (part) => {
      await this.#infer("predict", sequences, part);
      return this.#floats(answers, part.length * size);
    });
  }

  async outputs(sequences: Sequences, positions: Uint32Array): Promise<Float32Array> {
    const { passes, lastRecurrent, outputs } = this.#plan;
    const { T, H } = passes[lastRecurrent] as CellPlan | GruPlan, size = T * H;
    return await inParts(positions, { most: GROUP, size }, async (part) => {
      await this.#infer("outputs", sequences, part);
      return this.#floats(outputs, part.length * size);
    });
  }

  /** Takes one training step for each batch, and measures what each thread spends its time on. */
  async profile(batches: readonly Uint32Array[]): Promise<Profile[]> {
    const { learningRate } = this.#options.training!.optimizer;
    const profiles = await this.#runSteps(batches, { learningRates: batches.map(() => learningRate) });
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
  async [asyncDispose](): Promise<void> {
    this.#pool.stop();
  }

  #countBlankLines(sequences: Sequences): BlankLines | null {
    const { shared, input: { transform } } = this.#plan, layout = this.#options.layout as ByteLayout;
    if (!shared) return null;
    return transform ? new MovedImages(sequences, layout) : new StillImages(sequences, layout);
  }

  /** Takes steps in one command, without waiting for the threads between two steps. */
  async #runSteps(
    batches: readonly Uint32Array[],
    { learningRates, transforms }: CheckedStepOptions,
  ): Promise<(Profile | undefined)[]> {
    batches.forEach((batch, index) => this.#writeBatch(batch, { index, transforms: transforms?.[index] }));
    const counts = batches.map((batch) => batch.length), firstStep = this.#step + 1;
    const profiles = await this.#pool.run({ kind: "train", counts, firstStep, learningRates });
    this.#step += batches.length;
    return profiles;
  }

  /** Writes a batch to where the threads read it, sorted so that the images of a group share their blank lines. */
  #writeBatch(
    batch: Uint32Array,
    { index, transforms }: { index: number; transforms: Int32Array | undefined },
  ): void {
    const { positions, batchSize, starts, groupsABatch, input } = this.#plan;
    const lines = this.#blankLines?.of(batch, transforms) ?? new Uint16Array(batch.length);
    const order = orderByBlankLines(lines),
      first = this.#words(starts + WORD * groupsABatch * index, groupsABatch);
    this.#words(positions + WORD * batchSize * index, batch.length).set(order.map((place) => batch[place]));
    for (let group = 0; group * GROUP < batch.length; group++) first[group] = lines[order[group * GROUP]];
    if (!transforms) return;
    const { transforms: address } = input.transform!, size = TRANSFORM_SIZE;
    const sorted = this.#words(address + TRANSFORM_BYTES * batchSize * index, transforms.length);
    order.forEach((from, to) => sorted.set(transforms.subarray(from * size, (from + 1) * size), to * size));
  }

  /** Runs a command over sequences, which leaves the results in memory. */
  async #infer(kind: "predict" | "outputs", sequences: Sequences, positions: Uint32Array): Promise<void> {
    const { data, positions: at } = shareSequences(sequences, positions, this.#options.layout);
    this.#words(this.#plan.positions, at.length).set(at);
    await this.#pool.run({ kind, data, count: at.length });
  }

  #readFlat(address: number): Float32Array {
    const flat = new Float32Array(this.#options.network.size);
    this.#order.read(this.#floats(address, this.#plan.size), flat);
    return flat;
  }

  #writeFlat(address: number, flat: Float32Array): void {
    this.#order.write(this.#floats(address, this.#plan.size), flat);
  }

  #floats(address: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, address, length);
  }

  #words(address: number, length: number): Uint32Array {
    return new Uint32Array(this.#memory.buffer, address, length);
  }
}
