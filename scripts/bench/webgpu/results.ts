/**
 * The results of the bench of WebGPU: what was measured beside what the cost model predicts.
 *
 * @module
 */
import type { Dispatch } from "../../../lib/engines/webgpu/kernels.ts";
import type { Limits } from "../../../lib/engines/webgpu/limits.ts";
import { describeShape, type Shapes } from "../../../lib/engines/webgpu/shapes.ts";
import type { TimedShape } from "../../../lib/engines/webgpu/tune.ts";
import type { MeasuredMachine } from "../machine.ts";
import type { Standing } from "../rounds.ts";
import type { Spread } from "../statistics.ts";
import { type AdapterModel, peakMads } from "./adapter_model.ts";
import { epochSeconds, type Forecast, stepDispatches } from "./forecast.ts";
import type { MeasuredSteps } from "./measure.ts";
import type { RecipeNetwork } from "./networks.ts";
import { predict, type Prediction } from "./predict.ts";
import { madsOf, type Work, workOf } from "./work.ts";

/** A kernel of a network, all pieces of it together. */
export interface KernelResult {
  readonly label: string;
  readonly dispatches: number;
  /** In words, of kernels that have several. */
  readonly shape: string | null;
  readonly ms: number;
  /** Of the time of all kernels. */
  readonly share: number;
  /** Of the adapter's multiply-adds, and of its bandwidth, if every byte were moved once. */
  readonly shareOfPeak: number;
  readonly shareOfBandwidth: number;
  readonly predictedMs: number;
  /** Of the prediction to the measurement. */
  readonly ratio: number;
  readonly bound: Prediction["bound"];
}

/** A kernel in one of its shapes. */
export interface ShapeResult {
  readonly kernel: string;
  readonly shape: string;
  /** Null where the adapter computes other bits in it, or refuses it. */
  readonly ms: number | null;
  readonly fault: string | null;
  readonly predictedMs: number;
}

/** A network on this machine's adapter. */
export interface NetworkResult {
  readonly name: string;
  readonly about: string;
  readonly batchSize: number;
  readonly dispatches: number;
  readonly stepMs: Spread;
  /** Computed from the median step. */
  readonly epochSeconds: number;
  readonly shareOfPeak: number;
  readonly shareOfBandwidth: number;
  /** In the order of a step. */
  readonly kernels: readonly KernelResult[];
  /** Empty where only one shape was measured. */
  readonly shapes: readonly ShapeResult[];
}

/** The players of a network. */
export interface PeersResult {
  readonly name: string;
  readonly standings: readonly Standing[];
}

/** A network on a card that is not at hand. */
export interface CardForecast {
  readonly card: string;
  readonly network: string;
  readonly usual: Forecast;
  readonly best: Forecast;
}

/** All results. */
export interface WebgpuBenchResult {
  readonly device: "webgpu";
  readonly startedAt: string;
  readonly quick: boolean;
  readonly machine: MeasuredMachine;
  readonly adapter: AdapterModel;
  readonly networks: readonly NetworkResult[];
  readonly peers: readonly PeersResult[];
  /** Why PyTorch with CUDA takes no part; null if it does, or was not asked for. */
  readonly noCuda: string | null;
  readonly cards: readonly AdapterModel[];
  readonly forecasts: readonly CardForecast[];
  readonly elapsedSeconds: number;
}

/** A prediction that is not within this factor is said to be off. */
export const FACTOR = 2;
/** Of the kernels that take at least this share of a step. */
export const LEAST_SHARE = 0.02;

/** What was measured of a network. */
export interface Measured {
  readonly network: RecipeNetwork;
  readonly steps: MeasuredSteps;
  /** Of its kernels, where they are not the usual ones. */
  readonly shapes: Shapes;
  /** What each shape of each kernel took, if they were timed. */
  readonly timed: readonly TimedShape[];
}

/** Compares what was measured of a network with what is predicted. */
export function networkResult(
  { network, steps: { stepMs, kernelMs }, shapes, timed }: Measured,
  { adapter, limits }: { adapter: AdapterModel; limits: Limits },
): NetworkResult {
  const { name, about, batchSize } = network, dispatches = stepDispatches(network, { limits, shapes });
  const total = dispatches.reduce((sum, { label }) => sum + kernelMs[label], 0);
  return {
    ...{ name, about, batchSize, dispatches: dispatches.length, stepMs },
    epochSeconds: epochSeconds(stepMs.median, batchSize),
    ...sharesOf(sumOf(dispatches.map(workOf)), stepMs.median, adapter),
    kernels: Array.from(
      Map.groupBy(dispatches, ({ label }) => label.replace(/, part .*/, "")),
      ([label, pieces]) => kernelResult(label, { pieces, kernelMs, total, adapter }),
    ),
    shapes: timed.map(({ kernel, shape, ms, fault }) => {
      const pieces = stepDispatches(network, { limits, shapes: { [kernel]: shape } })
        .filter(({ shaped }) => shaped?.label === kernel);
      return { kernel, shape: describeShape(shape), ms, fault, predictedMs: predictedMsOf(pieces, adapter) };
    }),
  };
}

/** What dispatches are predicted to take where each is timed in a pass of its own. */
function predictedMsOf(pieces: readonly Dispatch[], adapter: AdapterModel): number {
  return pieces.reduce((sum, piece) => sum + predict(workOf(piece), adapter).ns + adapter.passNs, 0) / 1e6;
}

function kernelResult(
  label: string,
  { pieces, kernelMs, total, adapter }: {
    pieces: readonly Dispatch[];
    kernelMs: MeasuredSteps["kernelMs"];
    total: number;
    adapter: AdapterModel;
  },
): KernelResult {
  const works = pieces.map(workOf), predictedMs = predictedMsOf(pieces, adapter);
  const ms = pieces.reduce((sum, piece) => sum + kernelMs[piece.label], 0);
  const [{ shaped }] = pieces;
  return {
    ...{ label, dispatches: pieces.length, ms, predictedMs },
    shape: shaped ? describeShape(shaped.shape) : null,
    share: ms / total,
    ...sharesOf(sumOf(works), ms, adapter),
    ratio: predictedMs / ms,
    bound: predict(works[0], adapter).bound,
  };
}

function sumOf(works: readonly Work[]): { mads: number; bytes: number } {
  return works.reduce((sum, work) => ({
    mads: sum.mads + madsOf(work),
    bytes: sum.bytes + work.footprintBytes,
  }), { mads: 0, bytes: 0 });
}

function sharesOf(
  { mads, bytes }: { mads: number; bytes: number },
  ms: number,
  adapter: AdapterModel,
): { shareOfPeak: number; shareOfBandwidth: number } {
  const ns = 1e6 * ms;
  return {
    shareOfPeak: mads / ns / peakMads(adapter),
    shareOfBandwidth: bytes / ns / adapter.bandwidth,
  };
}

/** The kernels that take a share worth naming, and are predicted wrong. */
export function missed({ kernels }: NetworkResult): KernelResult[] {
  return kernels.filter(({ share, ratio }) => share >= LEAST_SHARE && (ratio > FACTOR || ratio < 1 / FACTOR));
}
