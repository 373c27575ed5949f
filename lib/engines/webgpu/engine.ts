/**
 * The GPU engine: a training step takes a dozen dispatches, and a submission many steps.
 *
 * @module
 */
import type { Images } from "../../data/images.ts";
import { pickImages } from "../../data/pick_images.ts";
import { layOutSequence } from "../../data/sequence.ts";
import { adamFactors } from "../../model/optimizers.ts";
import { checkEngineOptions, GuardedEngine, type UnguardedEngine } from "../guard.ts";
import type { DeviceDescription, EngineOptions, EngineState, StepResult } from "../engine.ts";
import { inParts } from "../in_parts.ts";
import type { DeviceOptions } from "../open.ts";
import { describeAdapter, findAdapter, requestDevice } from "./device.ts";
import { planNeeds, planPrediction, planWithin } from "./limits.ts";
import type { Plan } from "./plan.ts";
import { Program, STEP_BYTES } from "./program.ts";
import { checkDevice } from "./self_check.ts";

/** The options of the webgpu engine. */
export interface WebgpuOptions extends EngineOptions, Pick<DeviceOptions, "selfCheck"> {
  /** Called with the device of the engine, so that tests can break it. */
  readonly onDevice?: (device: GPUDevice) => void;
}

/** The time and the traffic of one training step. */
export interface StepProfile {
  /** The milliseconds of each dispatch, by its label. */
  readonly kernelMs: ReadonlyMap<string, number>;
  /** Bytes to the GPU. */
  readonly uploadedBytes: number;
  /** Bytes from the GPU. */
  readonly downloadedBytes: number;
}

/**
 * Opens the engine on this machine's adapter.
 *
 * @throws {Error} If there is no adapter, or it computes wrong numbers
 * @throws {RangeError} If an option is out of range, or a limit of the adapter is below what is needed
 */
export async function openWebgpu(options: WebgpuOptions): Promise<GuardedWebgpu> {
  const adapter = await findAdapter();
  if (!adapter) {
    throw new Error(
      "Cannot open the device webgpu: this machine must have a WebGPU adapter; " +
        "`deno task devices` describes the machine, --device wasm runs everywhere",
    );
  }
  const engine = await openOn(adapter, options);
  try {
    if (options.selfCheck !== false) {
      await checkDevice(engine, options, async (smaller) => await openOn((await findAdapter())!, smaller));
    }
    await engine.load(options);
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
  return new GuardedWebgpu(engine, options);
}

/** Opens the engine without images and weights. */
async function openOn(adapter: GPUAdapter, options: WebgpuOptions): Promise<WebgpuEngine> {
  const { network, imageSize, training } = options;
  const sequence = checkEngineOptions(options);
  const shapes = { network, sequence, imageBytes: imageSize.height * imageSize.width };
  const plan = training
    ? planWithin(adapter.limits, {
      ...shapes,
      batchSize: training.batchSize,
      training: { optimizer: training.optimizer, seed: training.seed, trainCount: training.train.count },
    })
    : planPrediction(adapter.limits, shapes);
  const device = await requestDevice(adapter, planNeeds(plan));
  options.onDevice?.(device);
  const program = await Program.create(device, plan);
  return new WebgpuEngine(options, plan, program, describeAdapter(adapter));
}

/** The GPU engine behind its guard. */
export class GuardedWebgpu extends GuardedEngine<WebgpuEngine> {
  /**
   * Takes one training step for each batch, one submission each, and measures the kernels on the GPU.
   *
   * @returns The mean over the steps
   * @throws {RangeError} If the adapter has no timestamp queries
   */
  profile(batches: readonly Uint32Array[]): Promise<StepProfile> {
    return this.step("profile", batches, (engine) => engine.profile(batches));
  }
}

/** The GPU engine. */
class WebgpuEngine implements UnguardedEngine {
  readonly device: DeviceDescription;
  readonly #options: EngineOptions;
  readonly #plan: Plan;
  readonly #program: Program;
  #step = 0;

  constructor(
    options: EngineOptions,
    plan: Plan,
    program: Program,
    adapter: { description: string; software: boolean },
  ) {
    this.#options = options;
    this.#plan = plan;
    this.#program = program;
    const kind = adapter.software ? "software adapter" : "hardware adapter";
    this.device = { kind: "webgpu", threads: 1, detail: `WebGPU, ${adapter.description}, ${kind}` };
  }

  /** Uploads the training images, the number that each byte becomes, and the initial parameters. */
  async load({ training, sequence, imageSize, parameters }: EngineOptions): Promise<void> {
    if (training) {
      this.#program.write("train images", training.train.pixels);
      this.#program.write("train labels", training.train.labels);
    }
    this.#program.write("scale", layOutSequence(sequence, imageSize).scale);
    await this.writeParameters(parameters);
  }

  /** Takes all steps in one submission, and reads the results once. */
  async train(batches: readonly Uint32Array[]): Promise<StepResult[]> {
    const firstStep = this.#step + 1;
    const imagesAStep = 4 * this.#plan.N4;
    this.#writeSteps(batches, firstStep);
    this.#program.submit(this.#program.training, batches.length);
    const bytes = 8 * (imagesAStep * (batches.length - 1) + batches[batches.length - 1].length);
    const results = new Float32Array(await this.#program.read("results", bytes));
    this.#step += batches.length;
    return batches.map(({ length: count }, index) => {
      let loss = 0, correct = 0;
      for (let n = 0; n < count; n++) {
        loss += results[2 * (imagesAStep * index + n)];
        correct += results[2 * (imagesAStep * index + n) + 1];
      }
      return { step: firstStep + index, loss: loss / count, correct, count };
    });
  }

  async gradient(batch: Uint32Array): Promise<Float32Array> {
    const { parts } = this.#plan, { size } = this.#options.network;
    this.#writeSteps([batch], this.#step + 1);
    this.#program.submit(this.#program.gradient);
    const partials = new Float32Array(await this.#program.read("partials", 4 * size * parts));
    return Float32Array.from({ length: size }, (_, index) => {
      let sum = 0;
      for (let part = 0; part < parts; part++) sum = Math.fround(sum + partials[part * size + index]);
      return sum;
    });
  }

  async predict(images: Images, positions: Uint32Array): Promise<Float32Array> {
    const { classes: size, stagedImages: most } = this.#plan;
    return await inParts(positions, { most, size }, async (part) => {
      this.#submitPrediction(images, part);
      return new Float32Array(await this.#program.read("results", 4 * size * part.length));
    });
  }

  async outputs(images: Images, positions: Uint32Array): Promise<Float32Array> {
    const { N4, top: { name, stride, first, units }, T } = this.#plan;
    return await inParts(positions, { most: 4 * N4, size: T * units }, async (part) => {
      this.#submitPrediction(images, part);
      const inputs = new Float32Array(await this.#program.read(name, 16 * (T + 1) * N4 * stride));
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
    const bytes = 4 * this.#options.network.size;
    const slots: Float32Array[] = [];
    for (let slot = 0; slot < this.#plan.slots; slot++) {
      slots.push(new Float32Array(await this.#program.read(`slot ${slot}`, bytes)));
    }
    return { parameters: await this.readParameters(), slots, step: this.#step };
  }

  async writeState(state: EngineState): Promise<void> {
    state.slots.forEach((slot, index) => this.#program.write(`slot ${index}`, slot));
    this.#step = state.step;
    await this.writeParameters(state.parameters);
  }

  /** Takes one training step for each batch, one submission each, and measures them. */
  async profile(batches: readonly Uint32Array[]): Promise<StepProfile> {
    const kernelMs = new Map(this.#program.training.map(({ label }) => [label, 0]));
    for (const batch of batches) {
      this.#writeSteps([batch], ++this.#step);
      const times = await this.#program.time(this.#program.training);
      this.#program.training.forEach(({ label }, index) => {
        kernelMs.set(label, kernelMs.get(label)! + times[index] / batches.length);
      });
    }
    const images = batches.reduce((sum, batch) => sum + batch.length, 0) / batches.length;
    return { kernelMs, uploadedBytes: STEP_BYTES + 16 * this.#plan.N4, downloadedBytes: 8 * images };
  }

  // deno-lint-ignore require-await -- the contract is asynchronous, because some devices are
  async [Symbol.asyncDispose](): Promise<void> {
    this.#program.destroy();
  }

  /** Uploads images, and computes them without dropout. */
  #submitPrediction(images: Images, positions: Uint32Array): void {
    this.#program.write("staged images", pickImages(images, positions));
    const count = positions.length;
    const { N4 } = this.#plan, batches: Uint32Array[] = [];
    for (let start = 0; start < count; start += 4 * N4) {
      batches.push(Uint32Array.from({ length: Math.min(4 * N4, count - start) }, (_, n) => start + n));
    }
    this.#writeSteps(batches, null);
    this.#program.submit(this.#program.predict, batches.length);
  }

  /** Uploads the positions of some batches, and the uniforms of their steps; `firstStep` is null in a prediction. */
  #writeSteps(batches: readonly Uint32Array[], firstStep: number | null): void {
    const training = firstStep !== null, resultsAnImage = training ? 2 : this.#plan.classes;
    const imagesAStep = 4 * this.#plan.N4;
    const positions = new Uint32Array(batches.length * imagesAStep);
    const steps = new DataView(new ArrayBuffer(batches.length * STEP_BYTES));
    batches.forEach((batch, index) => {
      const number = training ? firstStep + index : 0, firstImage = index * imagesAStep;
      const { rate, correction } = this.#factors(number), at = index * STEP_BYTES;
      const words = [number, batch.length, firstImage, firstImage * resultsAnImage];
      positions.set(batch, firstImage);
      words.forEach((word, field) => steps.setUint32(at + 4 * field, word, true));
      steps.setUint32(at + 16, Number(training), true);
      steps.setFloat32(at + 20, rate, true);
      steps.setFloat32(at + 24, correction, true);
    });
    this.#program.write("positions", positions);
    this.#program.write("steps", new Uint8Array(steps.buffer));
  }

  /** The learning rate and Adam's correction at a step; 0 stands for a prediction. */
  #factors(step: number): { rate: number; correction: number } {
    const { training } = this.#options;
    if (!training || step === 0) return { rate: 0, correction: 1 };
    const { optimizer } = training;
    if (optimizer.kind === "adam") return adamFactors(optimizer, step);
    return { rate: optimizer.learningRate, correction: 1 };
  }
}
