/**
 * The GPU engine: a training step takes a dozen dispatches, and a submission many steps.
 *
 * @module
 */
import { pickSequences, type Sequences, type Targets } from "../../data/sequences.ts";
import { TRANSFORM_SIZE } from "../../data/transform.ts";
import type { Network } from "../../model/network.ts";
import { slotStart, stepFactors } from "../../model/optimizers.ts";
import { asyncDispose } from "../../symbols.ts";
import { type CheckedStepOptions, GuardedEngine, type UnguardedEngine } from "../guard.ts";
import type {
  DeviceDescription,
  EngineOptions,
  EngineState,
  StepOptions,
  StepResult,
  TrainingData,
} from "../engine.ts";
import { inParts } from "../in_parts.ts";
import { sortedOccurrences } from "./occurrences.ts";
import { PLACE_BYTES, type Plan, TRANSFORM_BYTES } from "./plan.ts";
import { type Program, STEP_BYTES } from "./program.ts";
import { possibleShapes, type Shape } from "./shapes.ts";
import { isRegularized } from "./update.ts";

/** The time and the traffic of one training step. */
export interface StepProfile {
  /** The milliseconds of each dispatch, by its label. */
  readonly kernelMs: ReadonlyMap<string, number>;
  /** Bytes to the GPU. */
  readonly uploadedBytes: number;
  /** Bytes from the GPU. */
  readonly downloadedBytes: number;
}

/** The GPU engine behind its guard. */
export class GuardedWebgpu extends GuardedEngine<WebgpuEngine> {
  /** The shapes that the kernels of its training can have, by the names under which `shapes` chooses one. */
  readonly possibleShapes: Readonly<Record<string, readonly Shape[]>>;

  constructor(engine: WebgpuEngine, options: EngineOptions) {
    super(engine, options);
    this.possibleShapes = engine.possibleShapes;
  }

  /**
   * Takes one training step for each batch, one submission each, and measures the kernels on the GPU.
   *
   * @returns The mean over the steps
   * @throws {RangeError} If the adapter has no timestamp queries
   */
  profile(
    batches: readonly Uint32Array[],
    { transforms }: Pick<StepOptions, "transforms"> = {},
  ): Promise<StepProfile> {
    return this.step("profile", { batches, transforms }, (engine) => engine.profile(batches, transforms));
  }
}

/** The GPU engine. */
export class WebgpuEngine implements UnguardedEngine {
  readonly device: DeviceDescription;
  readonly #options: EngineOptions;
  readonly #plan: Plan;
  readonly #program: Program;
  readonly #regularized: boolean;
  #step = 0;
  /** Steps that were submitted, and whose results have not come. */
  #begun = 0;
  /** The sequences to train on, and their weights. */
  #sequences: Sequences | undefined;
  #weights: Float32Array | undefined;

  constructor(
    options: EngineOptions,
    plan: Plan,
    program: Program,
    adapter: { description: string; software: boolean },
  ) {
    this.#options = options;
    this.#plan = plan;
    this.#program = program;
    this.#regularized = isRegularized(options.network);
    const kind = adapter.software ? "software adapter" : "hardware adapter";
    this.device = { kind: "webgpu", threads: 1, detail: `WebGPU, ${adapter.description}, ${kind}` };
  }

  /** The shapes that the kernels of a training can have. */
  get possibleShapes(): Record<string, readonly Shape[]> {
    return possibleShapes(this.#plan.gradient);
  }

  /** Uploads the training, what the input needs, and the initial parameters. */
  async load({ training, layout, parameters }: EngineOptions): Promise<void> {
    if (training) {
      this.#loadData(training);
      const { size } = this.#options.network, start = slotStart(training.optimizer);
      for (let slot = 0; start !== 0 && slot < this.#plan.slots; slot++) {
        this.#program.write(`slot ${slot}`, new Float32Array(size).fill(start));
      }
    }
    if (layout.kind === "bytes") {
      this.#program.write("scale", layout.scale);
      this.#program.write("order", layout.order);
    }
    await this.writeParameters(parameters);
  }

  #loadData({ sequences, targets }: TrainingData): void {
    this.#sequences = sequences;
    this.#weights = targets.weights;
    this.#program.write("train sequences", sequences.data);
    this.#program.write("targets", wordsOf(targets));
  }

  // deno-lint-ignore require-await -- the contract is asynchronous
  async replaceData(data: TrainingData): Promise<boolean> {
    const { sequences, targets } = this.#options.training!; // of which the buffers have the size
    if (data.sequences.count > sequences.count || data.targets.kind !== targets.kind) return false;
    this.#loadData(data);
    return true;
  }

  async train(batches: readonly Uint32Array[], options: CheckedStepOptions): Promise<StepResult[]> {
    const collect = await this.begin(batches, options);
    return await collect();
  }

  /** Submits many steps at once, which are read once. */
  async begin(
    batches: readonly Uint32Array[],
    { learningRates, transforms }: CheckedStepOptions,
  ): Promise<() => Promise<StepResult[]>> {
    const submitted: (() => Promise<StepResult[]>)[] = [], { stepsTogether } = this.#plan;
    for (let start = 0; start < batches.length; start += stepsTogether) {
      const end = start + stepsTogether;
      const together = {
        learningRates: learningRates.slice(start, end),
        transforms: transforms?.slice(start, end),
      };
      submitted.push(await this.#beginTogether(batches.slice(start, end), together));
    }
    return async () => {
      const results: StepResult[] = [];
      for (const collect of submitted) results.push(...await collect());
      return results;
    };
  }

  async #beginTogether(
    batches: readonly Uint32Array[],
    options: CheckedStepOptions,
  ): Promise<() => Promise<StepResult[]>> {
    const firstStep = this.#step + this.#begun + 1, { resultsAStep } = this.#plan;
    const counts = batches.map(({ length }) => length), steps = counts.length;
    this.#writeSteps(batches, { firstStep, ...options });
    const parts = [{ name: "results", bytes: 4 * resultsAStep * steps }];
    const read = await this.#program.submitReading(this.#program.training, { steps, parts });
    this.#begun += steps;
    return async () => {
      const results = new Float32Array(await this.#arrival(read));
      this.#begun -= steps;
      this.#step += steps;
      return counts.map((count, index) => {
        const ofStep = results.subarray(index * resultsAStep, (index + 1) * resultsAStep);
        return { step: firstStep + index, ...this.#summarize(ofStep, count), count };
      });
    };
  }

  /** Waits for results. If they do not come, nothing of what was begun counts as taken. */
  async #arrival(read: () => Promise<ArrayBuffer>): Promise<ArrayBuffer> {
    try {
      return await read();
    } catch (error) {
      this.#begun = 0;
      throw error;
    }
  }

  /** The loss and the metrics of a step, from the sums over the steps of its sequences. */
  #summarize(results: Float32Array, count: number): Pick<StepResult, "loss" | "metrics"> {
    const { measures, steps } = this.#plan, sums = new Float64Array(measures);
    for (let n = 0; n < count; n++) {
      for (let m = 0; m < measures; m++) sums[m] += results[measures * n + m] / steps.out;
    }
    const [loss, ...metrics] = sums;
    return { loss: loss / count + (this.#regularized ? results[results.length - 1] : 0), metrics };
  }

  async gradient(batch: Uint32Array, transforms?: Int32Array): Promise<Float32Array> {
    const { parts } = this.#plan, { size } = this.#options.network, firstStep = this.#step + 1;
    this.#writeSteps([batch], { firstStep, learningRates: [0], transforms: transforms && [transforms] });
    this.#program.submit(this.#program.gradient);
    const partials = new Float32Array(await this.#program.read("partials", 4 * size * parts));
    const gradient = Float32Array.from({ length: size }, (_, index) => {
      let sum = 0;
      for (let part = 0; part < parts; part++) sum = Math.fround(sum + partials[part * size + index]);
      return sum;
    });
    if (this.#regularized) addPenalties(gradient, this.#options.network, await this.readParameters());
    return gradient;
  }

  async predict(sequences: Sequences, positions: Uint32Array): Promise<Float32Array> {
    const { answerSize: size, stagedSequences: most } = this.#plan;
    return await inParts(positions, { most, size }, async (part) => {
      this.#submitPrediction(sequences, part);
      return new Float32Array(await this.#program.read("results", 4 * size * part.length));
    });
  }

  async outputs(sequences: Sequences, positions: Uint32Array): Promise<Float32Array> {
    const { N4, states } = this.#plan, { buffer, stride, first, units, steps: T } = states!;
    return await inParts(positions, { most: 4 * N4, size: T * units }, async (part) => {
      this.#submitPrediction(sequences, part);
      const inputs = new Float32Array(await this.#program.read(buffer, 16 * (T + 1) * N4 * stride));
      const outputs = new Float32Array(part.length * T * units);
      for (let n = 0; n < part.length; n++) {
        for (let t = 0; t < T; t++) {
          const row = ((t + 1) * N4 + (n >> 2)) * stride + first; // h after t is stored as the input of t + 1
          for (let unit = 0; unit < units; unit++) {
            outputs[(n * T + t) * units + unit] = inputs[4 * (row + unit) + n % 4];
          }
        }
      }
      return outputs;
    });
  }

  async readParameters(): Promise<Float32Array> {
    return new Float32Array(await this.#program.read("parameters", 4 * this.#options.network.size));
  }

  async writeParameters(parameters: Float32Array): Promise<void> {
    this.#program.write("parameters", parameters);
    this.#program.submit(this.#program.pack);
    await this.#program.finished();
  }

  async readState(): Promise<EngineState> {
    const names = ["parameters", ...Array.from({ length: this.#plan.slots }, (_, slot) => `slot ${slot}`)];
    const all = await this.#program.readAll(names, 4 * this.#options.network.size);
    const [parameters, ...slots] = all.map((bytes) => new Float32Array(bytes));
    return { parameters, slots, step: this.#step };
  }

  async writeState(state: EngineState): Promise<void> {
    state.slots.forEach((slot, index) => this.#program.write(`slot ${index}`, slot));
    this.#step = state.step;
    await this.writeParameters(state.parameters);
  }

  /** Takes one training step for each batch, one submission each, and measures them. */
  async profile(
    batches: readonly Uint32Array[],
    transforms: readonly Int32Array[] | undefined,
  ): Promise<StepProfile> {
    const kernelMs = new Map(this.#program.training.map(({ label }) => [label, 0]));
    const { optimizer: { learningRate } } = this.#options.training!;
    for (const [index, batch] of batches.entries()) {
      this.#writeSteps([batch], {
        firstStep: ++this.#step,
        learningRates: [learningRate],
        transforms: transforms?.slice(index, index + 1),
      });
      const times = await this.#program.time(this.#program.training);
      this.#program.training.forEach(({ label }, index) => {
        kernelMs.set(label, kernelMs.get(label)! + times[index] / batches.length);
      });
    }
    const { N4, resultsAStep } = this.#plan;
    const placeBytes = PLACE_BYTES + (transforms ? TRANSFORM_BYTES : 0);
    return { kernelMs, uploadedBytes: STEP_BYTES + placeBytes * 4 * N4, downloadedBytes: 4 * resultsAStep };
  }

  // deno-lint-ignore require-await -- the contract is asynchronous, because some devices are
  async [asyncDispose](): Promise<void> {
    this.#program.destroy();
  }

  /** Uploads sequences, and computes them without dropout. */
  #submitPrediction(sequences: Sequences, positions: Uint32Array): void {
    this.#program.write("staged sequences", pickSequences(sequences, this.#options.layout, { positions }));
    const count = positions.length;
    const { N4 } = this.#plan, batches: Uint32Array[] = [];
    for (let start = 0; start < count; start += 4 * N4) {
      batches.push(Uint32Array.from({ length: Math.min(4 * N4, count - start) }, (_, n) => start + n));
    }
    this.#writeSteps(batches, null);
    this.#program.submit(this.#program.predict, batches.length);
  }

  /** Uploads the positions of some batches, and the uniforms of their steps; null stands for a prediction. */
  #writeSteps(
    batches: readonly Uint32Array[],
    training: CheckedStepOptions & { firstStep: number } | null,
  ): void {
    const { N4, resultsAStep, answerSize } = this.#plan;
    const most = 4 * N4, results = training ? resultsAStep : most * answerSize;
    const places = new Uint32Array(2 * most * batches.length), weights = new Float32Array(places.buffer);
    const steps = new DataView(new ArrayBuffer(batches.length * STEP_BYTES));
    batches.forEach((batch, index) => {
      batch.forEach((position, n) => {
        const place = 2 * (most * index + n);
        places[place] = position;
        weights[place + 1] = training ? this.#weights?.[position] ?? 1 : 0;
      });
      const number = training ? training.firstStep + index : 0, at = index * STEP_BYTES;
      const words = [number, batch.length, most * index, results * index, training ? 1 : 0];
      words.forEach((word, field) => steps.setUint32(at + 4 * field, word, true));
      if (!training) return;
      const { optimizer } = this.#options.training!, learningRate = training.learningRates[index];
      const { rate, correction, keep } = stepFactors(optimizer, { learningRate, step: number });
      [rate, correction, keep].forEach((factor, field) =>
        steps.setFloat32(at + 20 + 4 * field, factor, true)
      );
    });
    this.#program.write("positions", places);
    this.#program.write("steps", new Uint8Array(steps.buffer));
    if (training?.transforms) {
      const all = new Int32Array(TRANSFORM_SIZE * most * batches.length);
      training.transforms.forEach((ofBatch, index) => all.set(ofBatch, TRANSFORM_SIZE * most * index));
      this.#program.write("transforms", all);
    }
    const { network: { input }, layout: { T } } = this.#options;
    if (!training || input.kind !== "tokens") return;
    const tokens = this.#sequences!.data as Int32Array;
    this.#program.write(
      "occurrences",
      sortedOccurrences(tokens, batches, { T, most, vocabulary: input.vocabulary }),
    );
  }
}

/** Targets as words: classes as they are, rows as their bits. */
function wordsOf({ kind, data }: Targets): Uint32Array {
  return kind === "classes"
    ? Uint32Array.from(data)
    : new Uint32Array(data.buffer, data.byteOffset, data.length);
}

/** Adds the gradient of the regularizers, in float32 as the update does. */
function addPenalties(gradient: Float32Array, { parameters }: Network, p: Float32Array): void {
  for (const { offset, size, l1, l2 } of parameters) {
    for (let k = offset; k < offset + size; k++) gradient[k] += l1 * Math.sign(p[k]) + 2 * l2 * p[k];
  }
}
