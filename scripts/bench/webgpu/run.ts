/**
 * The bench of WebGPU: one table of this machine's adapter, its peers on it, and the cost model.
 *
 * @module
 */
import { describeAdapter, findAdapter } from "../../../lib/engines/webgpu/device.ts";
import type { Dataset } from "../../../mod.ts";
import type { SharedFiles } from "../files.ts";
import { findCuda, type PeerName, startCuda, startLibraries, startScanline, stop } from "../lineup.ts";
import type { MeasuredMachine } from "../machine.ts";
import { measureStandings } from "../rounds.ts";
import { recipeWorkloads } from "../workloads.ts";
import type { AdapterModel } from "./adapter_model.ts";
import { CARDS } from "./cards.ts";
import { forecastBest, forecastUsual } from "./forecast.ts";
import { measureSteps, timeKernels } from "./measure.ts";
import { recipeNetworks } from "./networks.ts";
import { cheaper, probeAdapter } from "./probe.ts";
import {
  type CardForecast,
  type Measured,
  networkResult,
  type PeersResult,
  type WebgpuBenchResult,
} from "./results.ts";

/** What the bench of WebGPU needs. */
export interface WebgpuBench {
  readonly quick: boolean;
  readonly peers: readonly PeerName[];
  /** A Python with PyTorch. */
  readonly python: string | null;
  readonly machine: MeasuredMachine;
  readonly dataset: Dataset;
  readonly files: SharedFiles;
  readonly say: (what: string) => void;
}

const EFFORT = {
  full: {
    steps: { sampleMs: 500, rounds: 9 },
    peers: { sampleMs: 200, rounds: 7, slowRounds: 3 },
    networks: 5,
    tunedOnSoftware: 1, // in all shapes a step takes some ten times as long there
  },
  quick: {
    steps: { sampleMs: 200, rounds: 5 },
    peers: { sampleMs: 60, rounds: 3, slowRounds: 1 },
    networks: 3,
    tunedOnSoftware: 0,
  },
};

/** Measures; a few minutes on a software adapter. @throws {Error} If there is no adapter */
export async function benchWebgpu(
  bench: WebgpuBench,
): Promise<Omit<WebgpuBenchResult, "startedAt" | "elapsedSeconds">> {
  const { quick, machine, dataset: { train }, say } = bench, effort = quick ? EFFORT.quick : EFFORT.full;
  const gpu = await findAdapter();
  if (!gpu) {
    throw new Error(
      "Cannot bench the device webgpu: this machine must have a WebGPU adapter; `deno task devices` describes the machine",
    );
  }
  const { limits } = gpu,
    { software } = describeAdapter(gpu),
    networks = recipeNetworks().slice(0, effort.networks);
  const probes: AdapterModel[] = [];
  const probe = async () => {
    say("the adapter");
    probes.push(await probeAdapter((await findAdapter())!));
  };
  await probe(); // and two times more: what one sees slowed down by other programs, another does not
  const measured: Measured[] = [];
  for (const [index, network] of networks.entries()) {
    say(network.name);
    const tuned = !software || index < effort.tunedOnSoftware ? await timeKernels(network, train) : null;
    const shapes = software || !tuned ? {} : tuned.shapes; // a software adapter stays with the usual ones
    const steps = await measureSteps(network, { train, effort: effort.steps, shapes });
    measured.push({ network, steps, shapes, timed: tuned?.timed ?? [] });
  }
  await probe();
  const noCuda = await whyNoCuda(bench), peers = await comparePeers(bench, noCuda === null);
  await probe();
  const adapter = probes.reduce(cheaper);
  return {
    ...{ device: "webgpu", quick, machine, adapter, noCuda, peers, cards: CARDS },
    networks: measured.map((one) => networkResult(one, { adapter, limits })),
    forecasts: CARDS.flatMap((card) => forecastsOf(card, limits)),
  };
}

async function whyNoCuda({ peers, python }: WebgpuBench): Promise<string | null> {
  if (!peers.includes("pytorch")) return null;
  if (python === null) return "no Python with torch was found: `pip install torch`, then --python PATH";
  return await findCuda(python) ? null : "its CUDA finds no device here";
}

/** Measures the peers on the same adapter, and PyTorch on CUDA, in turn with ours. */
async function comparePeers(bench: WebgpuBench, cuda: boolean): Promise<PeersResult[]> {
  const { quick, peers, python, files, say, dataset } = bench, results: PeersResult[] = [];
  if (peers.length === 0) return [];
  for (const workload of recipeWorkloads().slice(0, quick ? 1 : undefined)) {
    say(`${workload.name} and its peers`);
    const ours = startScanline("Scanline webgpu", "webgpu");
    const others = [
      ...startLibraries(peers, { devices: ["webgpu"] }),
      ...cuda && python && peers.includes("pytorch") ? [startCuda(python)] : [],
    ];
    try {
      const request = await files.request(workload, dataset.train.count);
      const effort = quick ? EFFORT.quick : EFFORT.full;
      const standings = await measureStandings(request, { ours, peers: others, train: effort.peers });
      results.push({ name: workload.name, standings });
    } finally {
      await stop([ours, ...others]);
    }
  }
  return results;
}

function forecastsOf(card: AdapterModel, limits: GPUSupportedLimits): CardForecast[] {
  return recipeNetworks().map((network) => ({
    card: card.name,
    network: network.name,
    usual: forecastUsual(network, card, limits),
    best: forecastBest(network, card, limits),
  }));
}
