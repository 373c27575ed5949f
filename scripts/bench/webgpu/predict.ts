/**
 * The cost model: the time of a dispatch from what it does and what an adapter can do.
 *
 * @module
 */
import type { AdapterModel } from "./adapter_model.ts";
import { OPERATION_NAMES, type PerOperation } from "./operations.ts";
import type { Phase, Work } from "./work.ts";

/** What a dispatch is predicted to take. */
export interface Prediction {
  /** Without what it costs to begin a dispatch. */
  readonly ns: number;
  /** What it waits for most. */
  readonly bound: "instructions" | "latency" | "caches" | "memory";
}

/**
 * The time of a dispatch is the longest of four:
 *
 *     instructions   workgroups a core · (Σ phases times · warps · Σ operations · issue + barriers · warps + beginning)
 *     latency        rounds of workgroups that are together on a core · Σ phases times · turns · chain
 *     caches         traffic / bandwidth of the cache of all cores
 *     memory         footprint / bandwidth of memory, where that cache does not hold it
 */
export function predict(work: Work, adapter: AdapterModel): Prediction {
  const { cores, width, residentWarps } = adapter, warps = Math.ceil(work.threads / width);
  const groups = Math.ceil(work.groups / cores); // on the core with the most
  const together = Math.max(1, Math.min(groups, Math.floor(residentWarps / warps)));
  const times = {
    instructions: groups * issueOf(work, adapter),
    latency: Math.ceil(groups / together) * waitOf(work, adapter),
    caches: work.trafficBytes / adapter.cacheBandwidth,
    memory: work.footprintBytes > adapter.cacheBytes ? work.footprintBytes / adapter.bandwidth : 0,
  };
  const [bound, ns] = Object.entries(times).reduce((most, one) => one[1] > most[1] ? one : most);
  return { ns, bound: bound as Prediction["bound"] };
}

/** What a workgroup costs a busy core. */
function issueOf({ phases, threads }: Work, adapter: AdapterModel): number {
  const { width, barrierNs, beginNs } = adapter, warps = Math.ceil(threads / width);
  const costs = costsOf(phases, adapter);
  return phases.reduce((sum, { times, lanes, operations, barriers = 0 }) => {
    return sum +
      times * (warpsOf(lanes, threads, width) * issued(operations, costs) + barriers * warps * barrierNs);
  }, beginNs * warps);
}

/** How long a workgroup takes where nothing else is in its way. */
function waitOf(work: Work, adapter: AdapterModel): number {
  const { phases, threads } = work, { width, overlaps, schedulers, latencyNs } = adapter;
  const costs = costsOf(phases, adapter);
  return phases.reduce((sum, { times, lanes, operations, chain, barriers = 0 }) => {
    const waiting = chainOf(chain, work, adapter);
    // In order: a warp issues its own instructions, on one of the schedulers, besides waiting.
    const turn = overlaps ? waiting + schedulers * issued(operations, costs) : waiting;
    const turns = overlaps ? Math.ceil(lanes / threads) : warpsOf(lanes, threads, width);
    return sum + times * (turns * turn + (overlaps ? barriers * latencyNs.barrier : 0));
  }, 0);
}

function chainOf(
  { loads = 0, mads = 0, locals = 0 }: Phase["chain"],
  work: Work,
  adapter: AdapterModel,
): number {
  const { latencyNs, coreCacheBytes } = adapter;
  const far = work.fenced || work.rereadBytes > coreCacheBytes;
  return loads * (far ? latencyNs.load : latencyNs.coreLoad) + mads * latencyNs.mad +
    locals * latencyNs.local;
}

function costsOf(phases: readonly Phase[], { issueNs, issueBesideBarriersNs }: AdapterModel): PerOperation {
  return phases.some(({ barriers = 0 }) => barriers > 0) ? issueBesideBarriersNs : issueNs;
}

function issued(operations: Partial<PerOperation>, costs: PerOperation): number {
  return OPERATION_NAMES.reduce((sum, name) => sum + (operations[name] ?? 0) * costs[name], 0);
}

/** The warps that do the jobs of a phase: all those of a workgroup again and again, then some. */
function warpsOf(lanes: number, threads: number, width: number): number {
  const rounds = Math.floor(lanes / threads);
  return rounds * Math.ceil(threads / width) + Math.ceil((lanes - rounds * threads) / width);
}
