/**
 * Opens the GPU engine: a plan within the limits of the adapter, kernels in the shapes that suit it, and a check of its numbers.
 *
 * @module
 */
import { asyncDispose } from "../../symbols.ts";
import { checkEngineOptions } from "../check_options.ts";
import type { EngineOptions, EngineTraining } from "../engine.ts";
import type { DeviceOptions } from "../open.ts";
import { type AdapterDescription, describeAdapter, findAdapter, requestDevice } from "./device.ts";
import { GuardedWebgpu, WebgpuEngine } from "./engine.ts";
import { bytesOf, planNeeds, planPrediction, planWithin } from "./limits.ts";
import type { PlannedTraining, PlanOptions } from "./plan.ts";
import { Program } from "./program.ts";
import { checkDevice, madeUpTransforms } from "./self_check.ts";
import type { Shapes } from "./shapes.ts";
import { describeTuning, type TimedKernels, type TunedEngine, tuneShapes } from "./tune.ts";

/** The options of the webgpu engine. */
export interface WebgpuOptions
  extends
    EngineOptions,
    Pick<DeviceOptions, "selfCheck" | "tuning" | "tune" | "onTuned">,
    Pick<PlanOptions, "windowBytes" | "shapes"> {
  /** Called with the device of the engine, so that tests can break it. */
  readonly onDevice?: (device: GPUDevice) => void;
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
  const shapes = await findShapes(adapter, options);
  const engine = await openOn(adapter, { ...options, shapes });
  try {
    if (options.selfCheck !== false) {
      await checkDevice(engine, options, async (smaller) => {
        return await openOn((await findAdapter())!, { ...smaller, shapes, windowBytes: 1 }); // time is cut, as in a large network
      });
    }
    await engine.load(options);
  } catch (error) {
    await engine[asyncDispose]();
    throw error;
  }
  return new GuardedWebgpu(engine, options);
}

/**
 * The shapes of the kernels of a training: those that were asked for or are remembered, or the fastest ones. Software adapters keep the
 * usual ones.
 */
async function findShapes(adapter: GPUAdapter, options: WebgpuOptions): Promise<Shapes | undefined> {
  const { training, shapes, tune, tuning, onTuned } = options, described = describeAdapter(adapter);
  if (!training || shapes || !(tune ?? (tuning && !described.software))) return shapes;
  const key = keyOf(described, options), remembered = tune ? undefined : await tuning?.get(key);
  if (typeof remembered === "object" && remembered !== null) return remembered as Shapes;
  if (!adapter.features.has("timestamp-query")) {
    onTuned?.(["No kernel was timed: the adapter has no timestamp queries"]);
    return undefined;
  }
  const found = await timeShapes(options).catch((error: Error) => error);
  if (found instanceof Error) {
    onTuned?.([`The usual shapes are kept: ${found.message}`]);
    return undefined;
  }
  if (described.software) {
    onTuned?.([...describeTuning(found), "The usual shapes are kept: the adapter is software"]);
    return undefined;
  }
  onTuned?.(describeTuning(found));
  await tuning?.set(key, found.shapes);
  return found.shapes;
}

/** Counts the versions of the kernels. */
const SHAPES_VERSION = 1;

/** All that the time of a kernel depends on, but for the length of sequences, to which it is proportional. */
function keyOf(adapter: AdapterDescription, { network, training }: WebgpuOptions): string {
  const { input, layers, loss } = network, { batchSize } = training!;
  return `shapes ${SHAPES_VERSION}: ${JSON.stringify({ adapter, batchSize, input, layers, loss })}`;
}

/**
 * Times the kernels of a training in all their shapes.
 *
 * @throws {Error} If the adapter has no timestamp queries, or refuses the usual shapes
 */
export function timeShapes(options: WebgpuOptions): Promise<TimedKernels> {
  return tuneShapes((shapes) => openTimed({ ...options, onMemory: undefined, shapes }));
}

/** Opens the engine of a training to time one batch. */
async function openTimed(options: WebgpuOptions): Promise<TunedEngine> {
  const { sequences, batchSize } = options.training!;
  const batch = Uint32Array.from({ length: Math.min(batchSize, sequences.count) }, (_, position) => position);
  const transforms = madeUpTransforms(options, batch);
  const engine = await openOn((await findAdapter())!, options);
  try {
    await engine.load(options);
  } catch (error) {
    await engine[asyncDispose]();
    throw error;
  }
  return {
    possibleShapes: engine.possibleShapes,
    gradient: () => engine.gradient(batch, transforms),
    timeKernels: async () => (await engine.profile([batch], transforms && [transforms])).kernelMs,
    [asyncDispose]: () => engine[asyncDispose](),
  };
}

/** Opens the engine without sequences and weights. */
async function openOn(adapter: GPUAdapter, options: WebgpuOptions): Promise<WebgpuEngine> {
  checkEngineOptions(options);
  const { network, layout, training, windowBytes, shapes } = options;
  const sizes = { network, layout, windowBytes, shapes };
  const plan = training
    ? planWithin(adapter.limits, { ...sizes, batchSize: training.batchSize, training: planned(training) })
    : planPrediction(adapter.limits, sizes);
  options.onMemory?.(bytesOf(plan));
  const device = await requestDevice(adapter, planNeeds(plan));
  options.onDevice?.(device);
  const program = await Program.create(device, plan);
  return new WebgpuEngine(options, plan, program, describeAdapter(adapter));
}

function planned(
  { sequences, targets, optimizer, seed, transforms = false, labelSmoothing = 0, clip = null }:
    EngineTraining,
): PlannedTraining {
  const { count } = sequences;
  return { count, targets: targets.kind, optimizer, seed, transforms, labelSmoothing, clip };
}
