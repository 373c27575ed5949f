/**
 * Runs the probes on a device and times them by its time stamps.
 *
 * @module
 */
import type { ProbeKernel } from "./probe_kernels.ts";

/** How a probe is dispatched. */
export interface ProbeRun {
  readonly groups: number;
  /** The vectors or words that it moves in, a power of two. */
  readonly span?: number;
}

interface Timing extends ProbeRun {
  readonly iterations: number;
  readonly dispatches: number;
}

const TARGET_NS = 3e6; // long against a pass, and short against other programs
/** As many, times the turns of an inner loop, are fewer than the 65,535 after which Mesa's software adapter leaves its loops. */
const MOST_ITERATIONS = 1000;
const FEW_SAMPLES = 2, SAMPLES = 9;
const LARGE_BYTES = 2 ** 26;

/** A device with the buffers of the probes. */
export class ProbeDevice implements Disposable {
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet;
  readonly #stamps: GPUBuffer;
  readonly #readback: GPUBuffer;
  readonly #uniform: GPUBuffer;
  readonly #layout: GPUBindGroupLayout;
  readonly #bindings: GPUBindGroup;

  private constructor(device: GPUDevice) {
    this.#device = device;
    this.#queries = device.createQuerySet({ type: "timestamp", count: 2 });
    const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ, UNIFORM, STORAGE } = GPUBufferUsage;
    this.#stamps = device.createBuffer({ size: 16, usage: QUERY_RESOLVE | COPY_SRC });
    this.#readback = device.createBuffer({ size: 16, usage: MAP_READ | COPY_DST });
    this.#uniform = device.createBuffer({ size: 16, usage: UNIFORM | COPY_DST });
    const large = () => device.createBuffer({ size: LARGE_BYTES, usage: STORAGE | COPY_DST });
    const next = chaseOrder(2 ** 18),
      nextBuffer = device.createBuffer({ size: next.byteLength, usage: STORAGE | COPY_DST });
    device.queue.writeBuffer(nextBuffer, 0, next);
    const source = large();
    const types = [
      "uniform",
      "read-only-storage",
      "read-only-storage",
      "read-only-storage",
      "storage",
    ] as const;
    this.#layout = device.createBindGroupLayout({
      entries: types.map((type, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type },
      })),
    });
    this.#bindings = device.createBindGroup({
      layout: this.#layout,
      entries: [this.#uniform, source, source, nextBuffer, large()].map((buffer, binding) => ({
        binding,
        resource: { buffer },
      })),
    });
  }

  /** @throws {RangeError} If the adapter has no time stamps */
  static async open(adapter: GPUAdapter): Promise<ProbeDevice> {
    if (!adapter.features.has("timestamp-query")) {
      throw new RangeError("Cannot probe the adapter: it must have timestamp queries");
    }
    return new ProbeDevice(await adapter.requestDevice({ requiredFeatures: ["timestamp-query"] }));
  }

  /** The nanoseconds of one iteration of a kernel. */
  async iteration(kernel: ProbeKernel, run: ProbeRun): Promise<number> {
    const pipeline = await this.#build(kernel);
    const timed = async (iterations: number, samples: number) =>
      await this.#shortest(pipeline, { ...run, iterations, dispatches: 1 }, samples);
    await timed(0, 1); // some drivers compile at the first dispatch
    const empty = await timed(0, SAMPLES), enough = TARGET_NS + 4 * empty;
    let iterations = 1, elapsed = await timed(1, FEW_SAMPLES);
    while (elapsed < enough && iterations < MOST_ITERATIONS) {
      const factor = Math.max(2, Math.min(16, Math.ceil(enough / elapsed)));
      iterations = Math.min(MOST_ITERATIONS, factor * iterations);
      elapsed = await timed(iterations, FEW_SAMPLES);
    }
    return Math.max(0, (await timed(iterations, SAMPLES) - empty) / iterations);
  }

  /** The nanoseconds of a pass with `dispatches` dispatches of a kernel that runs its loop not once. */
  async pass(kernel: ProbeKernel, run: ProbeRun & { dispatches: number }): Promise<number> {
    return await this.#shortest(await this.#build(kernel), { ...run, iterations: 0 }, 1 + SAMPLES);
  }

  [Symbol.dispose](): void {
    this.#device.destroy();
  }

  /** @throws {Error} If the device refuses the kernel */
  async #build({ wgsl }: ProbeKernel): Promise<GPUComputePipeline> {
    this.#device.pushErrorScope("validation");
    const pipeline = this.#device.createComputePipeline({
      layout: this.#device.createPipelineLayout({ bindGroupLayouts: [this.#layout] }),
      compute: { module: this.#device.createShaderModule({ code: wgsl }), entryPoint: "main" },
    });
    const error = await this.#device.popErrorScope();
    if (error) throw new Error(`Cannot probe the adapter: its device refused a kernel: ${error.message}`);
    return pipeline;
  }

  /** The shortest of several measurements: other programs only make them longer. */
  async #shortest(pipeline: GPUComputePipeline, timing: Timing, samples: number): Promise<number> {
    let shortest = Infinity;
    for (let sample = 0; sample < samples; sample++) {
      shortest = Math.min(shortest, await this.#time(pipeline, timing));
    }
    return shortest;
  }

  async #time(
    pipeline: GPUComputePipeline,
    { groups, span = 1024, iterations, dispatches }: Timing,
  ): Promise<number> {
    const { queue } = this.#device;
    queue.writeBuffer(this.#uniform, 0, new Uint32Array([iterations, 0, 3, span - 1]));
    const encoder = this.#device.createCommandEncoder();
    const timestampWrites = { querySet: this.#queries, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
    const pass = encoder.beginComputePass({ timestampWrites });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, this.#bindings);
    for (let dispatch = 0; dispatch < dispatches; dispatch++) pass.dispatchWorkgroups(groups);
    pass.end();
    encoder.resolveQuerySet(this.#queries, 0, 2, this.#stamps, 0);
    encoder.copyBufferToBuffer(this.#stamps, 0, this.#readback, 0, 16);
    queue.submit([encoder.finish()]);
    await this.#readback.mapAsync(GPUMapMode.READ);
    const [begin, end] = new BigUint64Array(this.#readback.getMappedRange().slice(0));
    this.#readback.unmap();
    return Number(end - begin);
  }
}

/** For each place the next one, so that a walk from 0 sees all of each aligned span, in no order that a cache expects. */
function chaseOrder(count: number): Uint32Array<ArrayBuffer> {
  // Of a power of two, x → 5x + 1 is such a walk, and stays one when its high bits are masked.
  return Uint32Array.from({ length: count }, (_, at) => (5 * at + 1) % count);
}
