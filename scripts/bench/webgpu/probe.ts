/**
 * Probes an adapter: what the cost model needs to know, measured by small kernels and not by those of the engine.
 *
 * @module
 */
import { describeAdapter } from "../../../lib/engines/webgpu/device.ts";
import type { AdapterModel } from "./adapter_model.ts";
import {
  OPERATION_NAMES,
  type OperationName,
  OPERATIONS,
  type PerOperation,
  perOperation,
} from "./operations.ts";
import { ProbeDevice } from "./probe_device.ts";
import {
  chainKernel,
  type CHAINS,
  copyKernel,
  emptyKernel,
  LINKS,
  operationKernel,
  readKernel,
  REPEATS,
  TURNS,
} from "./probe_kernels.ts";

/** The workgroups of the engine, and those that fill a core. */
const THREADS = 64, MANY_THREADS = 256;
/** Enough workgroups of {@link MANY_THREADS} for any adapter. */
const ALL_GROUPS = 1024;
/** Where subgroups have no size, the usual one. */
const USUAL_WIDTH = 32;
/** The words in which a chain of loads moves: those that every core caches, to those that none does. */
const CHASE_SPANS = [2 ** 10, 2 ** 11, 2 ** 12, 2 ** 13, 2 ** 14, 2 ** 15, 2 ** 16, 2 ** 18];
/** Vectors that fit the cache of all cores, and vectors that do not. */
const CACHED_SPAN = 2 ** 15, LARGE_SPAN = 2 ** 22;
const VECTOR_BYTES = 16;
const DISPATCHES = 50;
const OCCUPANCY_ROUNDS = 3;
/** Enough workgroups of {@link THREADS} to keep a core busy. */
const GROUPS_A_CORE = 16;
/** Below it, a difference of two measurements says nothing. */
const LEAST_NS = 1e-3;

/** Probes an adapter; takes some ten seconds. */
export async function probeAdapter(adapter: GPUAdapter): Promise<AdapterModel> {
  using device = await ProbeDevice.open(adapter);
  const { description, software } = describeAdapter(adapter);
  const width = subgroupSize(adapter) ?? USUAL_WIDTH;
  const occupancy = await probeOccupancy(device, { width, software });
  const { cores } = occupancy;
  const alone = await probeOperations(device, { cores, width, barriers: false });
  const besideBarriers = await probeOperations(device, { cores, width, barriers: true });
  const memory = await probeMemory(device, width);
  return {
    name: description,
    source: "probed here",
    width,
    ...occupancy,
    ...await probeDispatches(device, { cores, width }),
    ...memory,
    issueNs: alone.costs,
    issueBesideBarriersNs: besideBarriers.costs,
    barrierNs: besideBarriers.barrierNs,
  };
}

/** The invocations that execute as one, where the adapter tells. */
function subgroupSize({ info }: GPUAdapter): number | undefined {
  return info.subgroupMinSize > 0 ? info.subgroupMinSize : undefined;
}

/** How many workgroups and warps compute at the same time. */
async function probeOccupancy(
  device: ProbeDevice,
  { width, software }: { width: number; software: boolean },
): Promise<Pick<AdapterModel, "cores" | "overlaps" | "schedulers" | "residentWarps">> {
  const busy = (threads: number, groups: number) =>
    device.iteration(operationKernel("mads", { threads, barriers: false }), { groups });
  const waiting = (name: "mad" | "load", threads: number, groups: number) =>
    device.iteration(chainKernel(name, threads), { groups });
  const warps = MANY_THREADS / width;
  let one = Infinity, all = Infinity; // in turn, so that both see the same disturbances
  for (let round = 0; round < OCCUPANCY_ROUNDS; round++) {
    one = Math.min(one, await busy(MANY_THREADS, 1));
    all = Math.min(all, await busy(MANY_THREADS, ALL_GROUPS));
  }
  const most = software ? navigator.hardwareConcurrency : Infinity;
  const cores = Math.max(1, Math.min(most, Math.round(ALL_GROUPS * one / all)));
  const overlaps = await waiting("mad", MANY_THREADS, 1) < warps / 2 * await waiting("mad", width, 1);
  if (!overlaps) return { cores, overlaps, schedulers: 1, residentWarps: 1 };
  const issued = all * cores / ALL_GROUPS / warps; // by a warp, where the core is busy
  const together = ALL_GROUPS * await waiting("load", MANY_THREADS, 1) /
    await waiting("load", MANY_THREADS, ALL_GROUPS) / cores;
  return {
    cores,
    overlaps,
    schedulers: Math.max(1, Math.round(await busy(width, 1) / issued)),
    residentWarps: Math.max(1, Math.round(together)) * warps,
  };
}

/** What each operation costs a busy core for each warp. */
async function probeOperations(
  device: ProbeDevice,
  { cores, width, barriers }: { cores: number; width: number; barriers: boolean },
): Promise<{ costs: PerOperation; barrierNs: number }> {
  const groups = GROUPS_A_CORE * cores, warps = GROUPS_A_CORE * THREADS / width; // on a core
  const ofWarp = async (kernel: ReturnType<typeof emptyKernel>) =>
    await device.iteration(kernel, { groups }) / warps / TURNS;
  const barrierNs = await ofWarp(chainKernel("barrier", THREADS)) / LINKS;
  const turnNs = async (name: OperationName) =>
    await ofWarp(operationKernel(name, { threads: THREADS, barriers })) - (barriers ? barrierNs / TURNS : 0);
  const loops = Math.max(LEAST_NS, await turnNs("loops")),
    costs: Partial<Record<OperationName, number>> = { loops };
  for (const name of OPERATION_NAMES) {
    if (name === "loops") continue;
    costs[name] = Math.max(LEAST_NS, (await turnNs(name) - loops) / REPEATS / OPERATIONS[name].count);
  }
  return { costs: costs as PerOperation, barrierNs };
}

/** Latencies, caches and bandwidths. */
async function probeMemory(
  device: ProbeDevice,
  width: number,
): Promise<
  Pick<AdapterModel, "latencyNs" | "coreCacheBytes" | "cacheBandwidth" | "bandwidth" | "cacheBytes">
> {
  const link = async (name: keyof typeof CHAINS, threads: number, span?: number) =>
    await device.iteration(chainKernel(name, threads), { groups: 1, span }) / TURNS / LINKS;
  const loads: number[] = [];
  for (const span of CHASE_SPANS) loads.push(await link("load", 1, span));
  const near = loads[0], far = loads.at(-1)!;
  const held = CHASE_SPANS.findLastIndex((_, index) => loads[index] <= (near + far) / 2);
  const moved = ALL_GROUPS * MANY_THREADS * VECTOR_BYTES;
  const copy = await device.iteration(copyKernel(MANY_THREADS), { groups: ALL_GROUPS, span: LARGE_SPAN });
  const read = await device.iteration(readKernel(MANY_THREADS), { groups: ALL_GROUPS, span: CACHED_SPAN });
  return {
    latencyNs: {
      mad: await link("mad", width),
      coreLoad: near,
      load: far,
      local: await link("local", width),
      barrier: await link("barrier", THREADS),
    },
    coreCacheBytes: 4 * CHASE_SPANS[held],
    cacheBytes: VECTOR_BYTES * LARGE_SPAN,
    cacheBandwidth: REPEATS * moved / read,
    bandwidth: 2 * moved / copy,
  };
}

/** What a dispatch, a workgroup and a warp cost that do nothing. */
async function probeDispatches(
  device: ProbeDevice,
  { cores, width }: { cores: number; width: number },
): Promise<Pick<AdapterModel, "passNs" | "gapNs" | "beginNs">> {
  const kernel = emptyKernel(THREADS), groups = GROUPS_A_CORE * cores * 16;
  const passNs = await device.pass(kernel, { groups: 1, dispatches: 1 });
  const many = await device.pass(kernel, { groups: 1, dispatches: DISPATCHES });
  const full = await device.pass(kernel, { groups, dispatches: 1 });
  return {
    passNs,
    gapNs: Math.max(0, (many - passNs) / (DISPATCHES - 1)),
    beginNs: Math.max(0, (full - passNs) * cores / groups / (THREADS / width)),
  };
}

/** Of two probes of an adapter the cheaper figures, because other programs only make it slower. */
export function cheaper(one: AdapterModel, other: AdapterModel): AdapterModel {
  const least = (of: (model: AdapterModel) => number) => Math.min(of(one), of(other));
  const most = (of: (model: AdapterModel) => number) => Math.max(of(one), of(other));
  // What a core does is only comparable where both found as many cores.
  const cores = one.cores === other.cores ? [one, other] : [one.cores > other.cores ? one : other];
  const leastOfCore = (of: (model: AdapterModel) => number) => Math.min(...cores.map(of));
  return {
    ...cores[0],
    issueNs: perOperation((name) => leastOfCore(({ issueNs }) => issueNs[name])),
    issueBesideBarriersNs: perOperation((name) =>
      leastOfCore(({ issueBesideBarriersNs }) => issueBesideBarriersNs[name])
    ),
    barrierNs: leastOfCore(({ barrierNs }) => barrierNs),
    beginNs: leastOfCore(({ beginNs }) => beginNs),
    latencyNs: {
      mad: least(({ latencyNs }) => latencyNs.mad),
      coreLoad: least(({ latencyNs }) => latencyNs.coreLoad),
      load: least(({ latencyNs }) => latencyNs.load),
      local: least(({ latencyNs }) => latencyNs.local),
      barrier: least(({ latencyNs }) => latencyNs.barrier),
    },
    cacheBandwidth: most(({ cacheBandwidth }) => cacheBandwidth),
    bandwidth: most(({ bandwidth }) => bandwidth),
    passNs: least(({ passNs }) => passNs),
    gapNs: least(({ gapNs }) => gapNs),
  };
}
