/**
 * What the cost model knows of an adapter, probed on it or published.
 *
 * @module
 */
import type { PerOperation } from "./operations.ts";

/**
 * An adapter. A warp is the invocations that execute as one, and a core what executes a workgroup: a streaming
 * multiprocessor, or a thread of a driver that computes on the CPU.
 */
export interface AdapterModel {
  readonly name: string;
  /** Where the figures come from. */
  readonly source: string;
  readonly cores: number;
  /** The invocations of a warp. */
  readonly width: number;
  /**
   * Whether a core hides the waiting of a warp behind other warps, and executes each in the order of its instructions, as GPUs do.
   * If not, it executes one warp after another, and hides some of its waiting by itself, as CPUs do.
   */
  readonly overlaps: boolean;
  /** The parts of a core that each issue instructions of their own warps. */
  readonly schedulers: number;
  /** The most warps on a core at the same time. */
  readonly residentWarps: number;
  /** The time of a busy core for an operation of a warp. */
  readonly issueNs: PerOperation;
  /** The same in kernels with barriers, where a driver on the CPU keeps the variables of waiting warps in memory. */
  readonly issueBesideBarriersNs: PerOperation;
  /** What a barrier costs a busy core for each warp. */
  readonly barrierNs: number;
  /** What it costs a core to begin a warp. */
  readonly beginNs: number;
  /** From an operation to the next one that needs its result. */
  readonly latencyNs: Latency;
  /** What the cache of a core holds. */
  readonly coreCacheBytes: number;
  /** What the cache of all cores holds. */
  readonly cacheBytes: number;
  /** From that cache, in bytes a nanosecond, which is GB/s. */
  readonly cacheBandwidth: number;
  /** From and to memory. */
  readonly bandwidth: number;
  /** An empty dispatch in a pass of its own, between its time stamps. */
  readonly passNs: number;
  /** From a dispatch to the next one in a pass. */
  readonly gapNs: number;
}

/** The latencies of an adapter. */
export interface Latency {
  readonly mad: number;
  /** A load that the cache of the core answers. */
  readonly coreLoad: number;
  /** A load that the cache of all cores answers. */
  readonly load: number;
  /** A load from workgroup memory. */
  readonly local: number;
  readonly barrier: number;
}

/** The most multiply-adds in a nanosecond: half of the peak in GFLOP/s. */
export function peakMads(
  { cores, width, issueNs }: Pick<AdapterModel, "cores" | "width" | "issueNs">,
): number {
  return cores * width / issueNs.mads;
}
