/**
 * The results of the bench of WebGPU: what was measured beside what the cost model predicts.
 *
 * @module
 */
import type { Dispatch } from "../../../lib/engines/webgpu/kernels.ts";
import { describeShape } from "../../../lib/engines/webgpu/shapes.ts";
import type { MeasuredMachine } from "../machine.ts";
import type { Standing } from "../rounds.ts";
import type { Spread } from "../statistics.ts";
import { type AdapterModel, peakMads } from "./adapter_model.ts";
import { epochSeconds, type Forecast } from "./forecast.ts";
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

/** Compares what was measured with what is predicted. @param options.dispatches Of a step, labelled as the measurements are */
export function networkResult(
  { name, about, batchSize }: RecipeNetwork,
  { measured, dispatches, adapter }: {
    measured: MeasuredSteps;
    dispatches: readonly Dispatch[];
    adapter: AdapterModel;
  },
): NetworkResult {
  const { stepMs, kernelMs } = measured,
    total = dispatches.reduce((sum, { label }) => sum + kernelMs[label], 0);
  const whole = sumOf(dispatches.map(workOf));
  return {
    ...{ name, about, batchSize, dispatches: dispatches.length, stepMs },
    epochSeconds: epochSeconds(stepMs.median, batchSize),
    ...sharesOf(whole, stepMs.median, adapter),
    kernels: Array.from(
      Map.groupBy(dispatches, ({ label }) => label.replace(/, part .*/, "")),
      ([label, pieces]) => kernelResult(label, { pieces, kernelMs, total, adapter }),
    ),
  };
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
  const works = pieces.map(workOf), predictions = works.map((work) => predict(work, adapter));
  const ms = pieces.reduce((sum, piece) => sum + kernelMs[piece.label], 0);
  const predictedMs = predictions.reduce((sum, { ns }) => sum + ns + adapter.passNs, 0) / 1e6;
  const [{ shaped }] = pieces;
  return {
    ...{ label, dispatches: pieces.length, ms, predictedMs },
    shape: shaped ? describeShape(shaped.shape) : null,
    share: ms / total,
    ...sharesOf(sumOf(works), ms, adapter),
    ratio: predictedMs / ms,
    bound: predictions[0].bound,
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
