/**
 * Adapters that were not at hand, from published figures. What is published in clocks is turned into nanoseconds here.
 *
 * @module
 */
import type { AdapterModel } from "./adapter_model.ts";
import type { PerOperation } from "./operations.ts";

/** A card by its published figures. */
interface Card {
  readonly name: string;
  readonly source: string;
  readonly clockGHz: number;
  readonly cores: number;
  readonly width: number;
  readonly schedulers: number;
  readonly residentWarps: number;
  /** Of a core in a clock: multiply-adds; exponentials and reciprocals; bytes of loads and stores. */
  readonly lanes: number;
  readonly specials: number;
  readonly loadBytes: number;
  readonly latencyClocks: AdapterModel["latencyNs"];
  readonly coreCacheBytes: number;
  readonly cacheBytes: number;
  readonly cacheBandwidth: number;
  readonly bandwidth: number;
  readonly gapNs: number;
}

const KIB = 2 ** 10, MIB = 2 ** 20;

/** Clocks of NVIDIA's cores: a multiply-add, workgroup memory and the second cache; that of the first is assumed. */
const NVIDIA_CLOCKS = { mad: 4, coreLoad: 33, load: 200, local: 20, barrier: 30 };

/** Instructions besides those that {@link Card} counts. */
const OF_SIGMOID = { specials: 8, simple: 40 }; // of four numbers: exp and a reciprocal; limits, NaN
const OF_TANH = { specials: 8, simple: 40 };
const OF_DIVISION = 20, OF_LOOP = 10; // naga counts every loop in 64 bits besides
const BEGIN_CLOCKS = 20;

/** What an H100, an RTX 4070, an M2 and an Iris Xe are by what is published of them. */
export const CARDS: readonly AdapterModel[] = [
  modelOf({
    name: "H100",
    source:
      "cores, clock, caches, bandwidths and latencies: Ultrasonics Sonochemistry 99 (2023) 106546, table 3, for the 132 cores " +
      "of the SXM card; latency of the first cache, of a barrier, and the gap between dispatches: assumed",
    ...{ clockGHz: 1.755, cores: 132, width: 32, schedulers: 4, residentWarps: 64 },
    ...{ lanes: 128, specials: 16, loadBytes: 128, latencyClocks: NVIDIA_CLOCKS },
    ...{
      coreCacheBytes: 256 * KIB,
      cacheBytes: 50 * MIB,
      cacheBandwidth: 8986,
      bandwidth: 3352,
      gapNs: 3000,
    },
  }),
  modelOf({
    name: "RTX 4070",
    source:
      "cores, clock, caches and bandwidth: NVIDIA's specifications of the card and of Ada; latencies in clocks as the H100's, " +
      "bandwidth of the second cache and the gap between dispatches: assumed",
    ...{ clockGHz: 2.475, cores: 46, width: 32, schedulers: 4, residentWarps: 48 },
    ...{ lanes: 128, specials: 16, loadBytes: 128, latencyClocks: NVIDIA_CLOCKS },
    ...{ coreCacheBytes: 128 * KIB, cacheBytes: 36 * MIB, cacheBandwidth: 2500, bandwidth: 504, gapNs: 3000 },
  }),
  modelOf({
    name: "M2",
    source:
      "cores, clock, lanes, occupancy, first cache and multiply-add: github.com/philipturner/metal-benchmarks; bandwidth: " +
      "Apple's specifications; other latencies and caches, and the gap between dispatches: assumed",
    ...{ clockGHz: 1.398, cores: 10, width: 32, schedulers: 4, residentWarps: 48 },
    ...{ lanes: 128, specials: 32, loadBytes: 64 },
    latencyClocks: { mad: 4, coreLoad: 60, load: 200, local: 40, barrier: 40 },
    ...{ coreCacheBytes: 8 * KIB, cacheBytes: 8 * MIB, cacheBandwidth: 400, bandwidth: 100, gapNs: 8000 },
  }),
  modelOf({
    name: "Iris Xe",
    source:
      "96 execution units in six cores, 64 KiB and 3.8 MB of caches: AnandTech's The Intel Xe-LP GPU Architecture Deep Dive " +
      "(2020); clock and bandwidth: Intel's specifications with LPDDR4x-4266; latencies and the gap between dispatches: assumed",
    ...{ clockGHz: 1.35, cores: 6, width: 16, schedulers: 16, residentWarps: 112 },
    ...{ lanes: 128, specials: 32, loadBytes: 64 },
    latencyClocks: { mad: 8, coreLoad: 100, load: 250, local: 60, barrier: 60 },
    ...{ coreCacheBytes: 64 * KIB, cacheBytes: 3.8 * MIB, cacheBandwidth: 300, bandwidth: 68, gapNs: 12_000 },
  }),
];

function modelOf(card: Card): AdapterModel {
  const { name, source, clockGHz, cores, width, schedulers, residentWarps } = card;
  const { lanes, specials, loadBytes, latencyClocks, gapNs } = card;
  const { coreCacheBytes, cacheBytes, cacheBandwidth, bandwidth } = card;
  const ns = (clocks: number) => clocks / clockGHz,
    simple = ns(width / lanes),
    special = ns(width / specials);
  const moved = (bytes: number) => ns(bytes * width / loadBytes), once = ns(1); // what is the same for all goes at once
  const issueNs: PerOperation = {
    mads: simple,
    vectors: moved(16),
    shared: once,
    words: moved(4),
    locals: once,
    stores: moved(16),
    wordStores: moved(4),
    localStores: moved(16),
    sigmoids: OF_SIGMOID.specials * special + OF_SIGMOID.simple * simple,
    tanhs: OF_TANH.specials * special + OF_TANH.simple * simple,
    divisions: OF_DIVISION * simple,
    loops: OF_LOOP * simple,
  };
  const { mad, coreLoad, load, local, barrier } = latencyClocks;
  return {
    ...{ name, source, cores, width, overlaps: true, schedulers, residentWarps },
    ...{ issueNs, issueBesideBarriersNs: issueNs, barrierNs: once, beginNs: ns(BEGIN_CLOCKS) },
    latencyNs: {
      mad: ns(mad),
      coreLoad: ns(coreLoad),
      load: ns(load),
      local: ns(local),
      barrier: ns(barrier),
    },
    ...{ coreCacheBytes, cacheBytes, cacheBandwidth, bandwidth, passNs: gapNs, gapNs },
  };
}
