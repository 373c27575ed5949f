/**
 * A plan on a device: its buffers, pipelines and bind groups, and methods to run and read them.
 *
 * @module
 */
import { MAX_STEPS } from "../engine.ts";
import { roundUp } from "../round_up.ts";
import { type Dispatch, KERNELS, type Piece, sourceOf } from "./kernels.ts";
import { bytesOf } from "./limits.ts";
import type { Plan } from "./plan.ts";
import { type Readback, Readbacks } from "./readback.ts";

/** From the uniform of one step to the next: the largest alignment that an adapter needs. */
export const STEP_BYTES = 256;

/** A set of queries has 4,096 at most, two for each dispatch. */
const TIMED_TOGETHER = 2048;

/** How long to wait, after a call failed, for the news that the device is lost. */
const LOSS_MS = 100;

/** The most bytes that are read at once: every device has buffers of that size. */
const MOST_TOGETHER = 2 ** 26;

const BUFFER_TYPES = {
  step: "uniform",
  piece: "uniform",
  read: "read-only-storage",
  write: "storage",
} as const;

/** A dispatch that is ready to be encoded. */
export interface Prepared {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
  readonly readsStep: boolean;
  readonly workgroups: readonly [number, number];
}

/** The first bytes of a buffer. */
interface Part {
  readonly name: string;
  readonly bytes: number;
}

/** A compiled kernel with its constants, and the layout of its bindings. */
interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** The GPU side of the engine. Owns the device. */
export class Program {
  readonly #device: GPUDevice;
  readonly #buffers = new Map<string, GPUBuffer>();
  readonly #pipelines = new Map<string, Pipeline>();
  readonly #readbacks: Readbacks;
  /** What was submitted last to be read, until it is asked for. */
  #unasked: Readback | undefined;
  #failure: Error | undefined;
  #destroyed = false;
  /** One training step: the gradient, then the update. */
  training: readonly Prepared[] = [];
  gradient: readonly Prepared[] = [];
  pack: readonly Prepared[] = [];
  predict: readonly Prepared[] = [];

  private constructor(device: GPUDevice) {
    this.#device = device;
    this.#readbacks = new Readbacks(device);
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      this.#failure ??= new Error(
        `Cannot go on: the device webgpu reported an error: ${
          (event as GPUUncapturedErrorEvent).error.message
        }`,
      );
    });
    device.lost.then(({ message }) => {
      if (this.#destroyed) return;
      this.#failure ??= new Error(
        `Cannot go on: the device webgpu was lost: ${
          message || "no reason given"
        }; try again, a smaller --batch-size, or --device wasm`,
      );
    });
  }

  /** Allocates the buffers and compiles the kernels. @throws {Error} If the device refuses one; names the kernel */
  static async create(device: GPUDevice, plan: Plan): Promise<Program> {
    const program = new Program(device);
    try {
      const allocate = `allocate ${Math.ceil(bytesOf(plan) / 2 ** 20)} MiB of buffers`;
      await program.#guarded(allocate, () => program.#allocate(plan));
      await program.#compile([...plan.gradient, ...plan.update, plan.pack, ...plan.predict]);
      const prepare = (dispatches: readonly Dispatch[]) => program.#prepareAll(plan, dispatches);
      program.gradient = await prepare(plan.gradient);
      program.training = [...program.gradient, ...await prepare(plan.update)];
      program.pack = await prepare([plan.pack]);
      program.predict = await prepare(plan.predict);
    } catch (error) {
      program.destroy();
      throw error;
    }
    return program;
  }

  /** Writes from the start of a buffer. */
  write(name: string, data: Uint8Array | Uint32Array | Int32Array | Float32Array): void {
    const buffer = this.#buffers.get(name)!;
    const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    const whole = bytes.length & ~3; // WebGPU writes whole words
    if (whole > 0) this.#device.queue.writeBuffer(buffer, 0, bytes, 0, whole);
    if (whole < bytes.length) {
      const rest = new Uint8Array(4);
      rest.set(bytes.subarray(whole));
      this.#device.queue.writeBuffer(buffer, whole, rest);
    }
  }

  /** Submits dispatches, once for each of `steps` steps, as one command buffer. Returns at once. */
  submit(dispatches: readonly Prepared[], steps = 1): void {
    this.#throwFailure();
    this.#device.queue.submit([this.#encode(dispatches, steps)]);
  }

  /**
   * Submits dispatches as {@link submit} does, with a copy of what they leave in some buffers.
   *
   * The GPU goes from one such submission to the next without a pause: what the one before left is asked for between encoding,
   * which then happens while the GPU works, and the submission, which Deno's `mapAsync()` would wait for.
   *
   * @returns Waits for the copies, one behind another. To be called in the order of the submissions
   */
  async submitReading(
    dispatches: readonly Prepared[],
    { steps, parts }: { steps: number; parts: readonly Part[] },
  ): Promise<() => Promise<ArrayBuffer>> {
    const readback = await this.#explained(() => {
      const readback = this.#readbacks.take(parts.reduce((sum, { bytes }) => sum + bytes, 0));
      const commands = this.#encode(dispatches, steps, { parts, readback });
      this.#unasked?.ask();
      this.#device.queue.submit([commands]);
      return this.#unasked = readback;
    });
    return () =>
      this.#explained(() => {
        if (this.#unasked === readback) this.#unasked = undefined;
        return readback.ask();
      });
  }

  /**
   * Runs each dispatch in a pass of its own and returns the milliseconds that it took. Waits for the GPU.
   *
   * @throws {RangeError} If the adapter has no timestamp queries
   */
  async time(dispatches: readonly Prepared[]): Promise<number[]> {
    const times: number[] = [];
    for (let start = 0; start < dispatches.length; start += TIMED_TOGETHER) {
      times.push(...await this.#timeTogether(dispatches.slice(start, start + TIMED_TOGETHER)));
    }
    return times;
  }

  async #timeTogether(dispatches: readonly Prepared[]): Promise<number[]> {
    if (!this.#device.features.has("timestamp-query")) {
      throw new RangeError(
        "Cannot time kernels: the adapter must have timestamp queries",
      );
    }
    const count = 2 * dispatches.length;
    const querySet = this.#device.createQuerySet({ label: "times", type: "timestamp", count });
    const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
    this.#buffers.set("times", this.#device.createBuffer({ label: "times", size: 8 * count, usage }));
    const encoder = this.#device.createCommandEncoder({ label: "timed" });
    dispatches.forEach((dispatch, index) => {
      const timestampWrites = {
        querySet,
        beginningOfPassWriteIndex: 2 * index,
        endOfPassWriteIndex: 2 * index + 1,
      };
      const pass = encoder.beginComputePass({ label: dispatch.label, timestampWrites });
      encode(pass, dispatch, 0);
      pass.end();
    });
    encoder.resolveQuerySet(querySet, 0, count, this.#buffers.get("times")!, 0);
    this.#device.queue.submit([encoder.finish()]);
    const stamps = new BigUint64Array(await this.read("times", 8 * count));
    querySet.destroy();
    this.#buffers.get("times")!.destroy();
    return dispatches.map((_, index) => Number(stamps[2 * index + 1] - stamps[2 * index]) / 1e6); // from nanoseconds
  }

  /** The first bytes of a buffer, once all submitted work is done. Waits for the GPU. */
  async read(name: string, bytes: number): Promise<ArrayBuffer> {
    const content = await this.submitReading([], { steps: 0, parts: [{ name, bytes }] });
    return await content();
  }

  /** The first bytes of some buffers. They come in the time of one, unless they are many. */
  async readAll(names: readonly string[], bytes: number): Promise<ArrayBuffer[]> {
    if (names.length * bytes > MOST_TOGETHER) {
      const each: ArrayBuffer[] = [];
      for (const name of names) each.push(await this.read(name, bytes));
      return each;
    }
    const content = await this.submitReading([], { steps: 0, parts: names.map((name) => ({ name, bytes })) });
    const all = await content();
    return names.map((_, index) => all.slice(bytes * index, bytes * (index + 1)));
  }

  /** Waits for the GPU. @throws {Error} If the device failed */
  async finished(): Promise<void> {
    await this.#device.queue.onSubmittedWorkDone();
    this.#throwFailure();
  }

  /** Frees the device and all that is on it. */
  destroy(): void {
    this.#destroyed = true;
    this.#device.destroy();
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Does what fails on a device that has failed, and then throws why it has. */
  async #explained<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    this.#throwFailure();
    try {
      const result = await work();
      this.#throwFailure();
      return result;
    } catch (error) {
      // The news that the device is lost arrive after the errors that this causes.
      if (!this.#failure && !this.#destroyed) await new Promise((resolve) => setTimeout(resolve, LOSS_MS));
      this.#throwFailure();
      throw error;
    }
  }

  /** The commands of some steps in one pass, and of the copies of what they leave. */
  #encode(
    dispatches: readonly Prepared[],
    steps: number,
    copy?: { parts: readonly Part[]; readback: Readback },
  ): GPUCommandBuffer {
    const encoder = this.#device.createCommandEncoder({ label: "scanline" });
    if (dispatches.length > 0) {
      const pass = encoder.beginComputePass({ label: "scanline" });
      for (let step = 0; step < steps; step++) {
        for (const dispatch of dispatches) encode(pass, dispatch, step);
      }
      pass.end();
    }
    if (copy) {
      let end = 0;
      for (const { name, bytes } of copy.parts) {
        encoder.copyBufferToBuffer(this.#buffers.get(name)!, 0, copy.readback.buffer, end, bytes);
        end += bytes;
      }
    }
    return encoder.finish();
  }

  #allocate(plan: Plan): void {
    for (const [name, bytes] of plan.buffers) this.#createBuffer(name, bytes, GPUBufferUsage.STORAGE);
    this.#createBuffer("steps", MAX_STEPS * STEP_BYTES, GPUBufferUsage.UNIFORM);
    this.write("segments", plan.segments);
    for (const { buffer, stride, rows, biases } of plan.ones) {
      const inputs = new Float32Array(rows * stride * 4);
      for (let row = 0; row < rows; row++) {
        const first = row * stride + stride - 4;
        inputs.fill(1, first * 4, (first + biases) * 4);
      }
      this.write(buffer, inputs);
    }
  }

  #createBuffer(name: string, bytes: number, kind: number): void {
    const usage = kind | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    this.#buffers.set(name, this.#device.createBuffer({ label: name, size: roundUp(bytes, 4), usage }));
  }

  /** Compiles all kernels at the same time, those of the same constants once. */
  async #compile(dispatches: readonly Dispatch[]): Promise<void> {
    const distinct = new Map(dispatches.map((dispatch) => [keyOf(dispatch), dispatch]));
    await Promise.all(Array.from(distinct, async ([key, dispatch]) => {
      this.#pipelines.set(key, await this.#pipelineOf(dispatch));
    }));
  }

  async #prepareAll(plan: Plan, dispatches: readonly Dispatch[]): Promise<Prepared[]> {
    return await this.#guarded("bind the buffers", () => dispatches.map((one) => this.#prepare(plan, one)));
  }

  #prepare(plan: Plan, dispatch: Dispatch): Prepared {
    const { label, piece, workgroups } = dispatch,
      { pipeline, layout } = this.#pipelines.get(keyOf(dispatch))!;
    const readsStep = KERNELS[dispatch.kernel].bindings[0] === "step";
    const buffers = dispatch.buffers.map((name) => this.#bindingOf(plan, name, piece));
    if (readsStep) buffers.unshift({ buffer: this.#buffers.get("steps")!, size: 32 });
    if (piece) buffers.push({ buffer: this.#createUniform(label, [piece.first, piece.end]) });
    const entries = buffers.map((resource, binding) => ({ binding, resource }));
    const bindings = this.#device.createBindGroup({ label, layout, entries });
    return { label, pipeline, bindings, readsStep, workgroups };
  }

  async #pipelineOf(dispatch: Dispatch): Promise<Pipeline> {
    const device = this.#device, { kernel, label, constants } = dispatch, { bindings } = KERNELS[kernel];
    const layout = device.createBindGroupLayout({
      label,
      entries: bindings.map((kind, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: BUFFER_TYPES[kind], hasDynamicOffset: kind === "step" },
      })),
    });
    const pipeline = await this.#guarded(`build the kernel ${label}`, () => {
      return device.createComputePipelineAsync({
        label,
        layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
        compute: {
          module: device.createShaderModule({ label, code: sourceOf(dispatch) }),
          entryPoint: "main",
          constants: { ...constants },
        },
      });
    });
    return { pipeline, layout };
  }

  #createUniform(label: string, words: readonly number[]): GPUBuffer {
    const descriptor = { label, size: 4 * words.length, usage: GPUBufferUsage.UNIFORM };
    const buffer = this.#device.createBuffer({ ...descriptor, mappedAtCreation: true });
    new Uint32Array(buffer.getMappedRange()).set(words);
    buffer.unmap();
    return buffer;
  }

  #bindingOf({ views }: Plan, name: string, piece: Piece | undefined): GPUBufferBinding {
    const view = piece?.window.buffer === name ? piece.window : views.get(name);
    if (!view) return { buffer: this.#buffers.get(name)! };
    return { buffer: this.#buffers.get(view.buffer)!, offset: view.offset, size: view.size };
  }

  /** Runs `make` and turns errors that the device reports, or that it promises, into one exception. */
  async #guarded<Result>(action: string, make: () => Result | Promise<Result>): Promise<Result> {
    this.#device.pushErrorScope("out-of-memory");
    this.#device.pushErrorScope("validation");
    const result = Promise.resolve(make());
    const reported = [this.#device.popErrorScope(), this.#device.popErrorScope()];
    const refusal = await result.then(() => null, (error) => error as Error);
    const error = (await Promise.all(reported)).find((one) => one !== null) ?? refusal;
    if (error) throw new Error(`Cannot ${action}: the device webgpu refused it: ${error.message}`);
    return await result;
  }
}

/** Dispatches of the same kernel, constants, shape and blocks share their pipeline. */
function keyOf({ kernel, constants, shaped, blocks }: Dispatch): string {
  return JSON.stringify([kernel, constants, shaped?.shape, blocks]);
}

function encode(
  pass: GPUComputePassEncoder,
  { pipeline, bindings, readsStep, workgroups }: Prepared,
  step: number,
): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindings, readsStep ? [step * STEP_BYTES] : []);
  pass.dispatchWorkgroups(...workgroups);
}
