/**
 * Measures a training step of Scanline's engines, TensorFlow.js, jax-js and PyTorch, in turn.
 *
 *     deno task bench --quick
 *     deno task bench --python /path/to/python3    with PyTorch: pip install torch
 *     deno task bench --device webgpu              this machine's GPU alone, kernel by kernel
 */
import "./support/deno_version.ts";
import { SharedFiles } from "./bench/files.ts";
import {
  findPytorch,
  type LibraryDevice,
  type PeerName,
  PEERS,
  startLibraries,
  startPytorch,
  startScanline,
  startVariants,
  stop,
} from "./bench/lineup.ts";
import { measureMachine } from "./bench/machine.ts";
import { drawBench } from "./bench/picture.ts";
import {
  type BenchResult,
  best,
  type Comparison,
  fitSweep,
  formatResult,
  type SweepResult,
} from "./bench/results.ts";
import { measureStandings, type Player } from "./bench/rounds.ts";
import { measureMemory, measureRecipe, type Python } from "./bench/whole_recipe.ts";
import { countFlops, fitted, recipeWorkloads, sweepPoints } from "./bench/workloads.ts";
import type { WebgpuBenchResult } from "./bench/webgpu/results.ts";
import { benchWebgpu } from "./bench/webgpu/run.ts";
import { formatWebgpu } from "./bench/webgpu/table.ts";
import { excerpt } from "../lib/excerpt.ts";
import * as scanline from "../mod.ts";
import { createRunFolder } from "../run.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { FlagError } from "./support/flags.ts";
import { toPng } from "../lib/view/rasterize.ts";
import { StatusLine } from "./support/terminal.ts";

const spec = {
  name: "bench",
  about: "Measures a training step beside TensorFlow.js, jax-js and PyTorch.",
  flags: {
    quick: { kind: "switch", help: "a minute and a half: fewer rounds, slow peers on one network only" },
    device: {
      kind: "choice",
      choices: ["webgpu"],
      help:
        "one device kernel by kernel, its peers on the same device, and a cost model; by default all devices",
    },
    python: {
      kind: "text",
      placeholder: "PATH",
      help: "a Python with torch (default python3, if it has torch)",
    },
    peers: {
      kind: "text",
      placeholder: "NAMES",
      help: `who takes part besides Scanline: some of ${PEERS.join(",")} (default all), or none`,
    },
    ...OUTPUT_FLAGS,
  },
} as const;

const EFFORT = {
  full: {
    train: { sampleMs: 200, rounds: 9, slowRounds: 3 },
    forward: { sampleMs: 100, rounds: 5, slowRounds: 1 },
    sweep: { sampleMs: 100, rounds: 5, slowRounds: 3 },
  },
  quick: {
    train: { sampleMs: 60, rounds: 5, slowRounds: 1 },
    forward: { sampleMs: 30, rounds: 3, slowRounds: 1 },
    sweep: { sampleMs: 60, rounds: 2, slowRounds: 1 },
  },
};
const SWEPT_IMAGES = 4096;
const EPOCH_BATCHES = 937; // the full ones
const EPOCH_PATIENCE_MS = 120_000;
const MEMORY_STEPS = 200;
const SLOW = /^(tfjs|jax-js)|webgpu/; // with --quick only measured on the first network

/** What all measurements need. */
interface Bench {
  readonly quick: boolean;
  readonly peers: readonly PeerName[];
  readonly python: string | null;
  /** Whether there is a WebGPU adapter. */
  readonly webgpu: boolean;
  readonly files: SharedFiles;
  readonly imageCount: number;
  readonly say: (what: string) => void;
}

await runCommand(spec, async (flags) => {
  const started = performance.now(), startedAt = new Date().toISOString();
  const status = new StatusLine(!flags.quiet);
  const say = (what: string) => status.draw((width) => `Measuring ${what}`.slice(0, width));
  const { quick, device } = flags;
  const peers = parsePeers(flags.peers);
  if (device && flags.python && !peers.includes("pytorch")) {
    throw new FlagError("Cannot use --python: --peers must name pytorch beside it");
  }
  const dataset = await scanline.loadDataset();
  const run = await createRunFolder({ recipe: "bench" });
  say("this machine");
  const machine = await measureMachine();
  await using files = new SharedFiles(`${run.path}/work`, dataset);
  const python = peers.includes("pytorch") ? await findPytorch(flags.python) : null;
  const save = async (result: { readonly startedAt: string }, text: readonly string[]) => {
    status.clear();
    await run.write("bench.json", JSON.stringify(result, null, 2) + "\n");
    await run.write("bench.txt", text.join("\n") + "\n");
    if (flags.json) console.log(JSON.stringify(result));
    else [...text, `saved ${run.path}`].forEach((line) => console.log(line));
  };
  const elapsed = () => (performance.now() - started) / 1000;
  if (device === "webgpu") {
    const measured = await benchWebgpu({ quick, peers, python, machine, dataset, files, say });
    const result: WebgpuBenchResult = { startedAt, ...measured, elapsedSeconds: elapsed() };
    await save(result, formatWebgpu(result));
    return 0;
  }
  const bench: Bench = {
    ...{ quick, peers, python, files, say },
    imageCount: dataset.train.count,
    webgpu: machine.adapter !== null,
  };
  const comparisons = await compare(bench);
  const sweep = await sweepAll(bench, comparisons);
  say("train-lstm-adam");
  const recipe = await measureRecipe({
    folder: `${run.path}/work`,
    python: betterPython(bench.python, comparisons),
    rounds: quick ? 1 : 3,
  });
  say("the memory of train-lstm");
  const memoryBytes = await measureMemory(`${run.path}/work`, MEMORY_STEPS);

  const result: BenchResult = {
    ...{ startedAt, quick, machine, comparisons, sweep, recipe, memoryBytes },
    exponents: fitSweep(sweep),
    elapsedSeconds: elapsed(),
  };
  const picture = drawBench(result);
  await run.write("bench.svg", picture);
  await run.write("bench.png", await toPng(picture));
  await save(result, formatResult(result));
  return 0;
});

function parsePeers(text = PEERS.join(",")): PeerName[] {
  if (text === "none") return [];
  return text.split(",").map((name) => {
    const peer = PEERS.find((peer) => peer === name);
    if (peer) return peer;
    throw new FlagError(
      `Cannot use --peers: it must be none or some of ${PEERS.join(",")}: current value is ${excerpt(text)}`,
    );
  });
}

function libraryDevices(webgpu: boolean): readonly LibraryDevice[] {
  return webgpu ? ["cpu", "wasm", "webgpu"] : ["cpu", "wasm"];
}

/** Measures the three networks of the recipes. */
async function compare(bench: Bench): Promise<Comparison[]> {
  const { quick, peers, python, webgpu, files, say, imageCount } = bench;
  const effort = quick ? EFFORT.quick : EFFORT.full;
  const comparisons: Comparison[] = [];
  for (const [index, workload] of recipeWorkloads().entries()) {
    say(workload.name);
    const ours = startScanline();
    const others = [
      ...startVariants(),
      ...(webgpu ? [startScanline("Scanline webgpu", "webgpu")] : []),
      ...(python ? startPytorch(python) : []),
      ...startLibraries(peers, { devices: libraryDevices(webgpu) }),
    ].filter(({ label }) => !quick || index === 0 || !SLOW.test(label));
    try {
      const { name, about, batchSize } = workload;
      const standings = await measureStandings(await files.request(workload, imageCount), {
        ...{ ours, peers: others, train: effort.train, forward: effort.forward },
      });
      const quickest = best(standings, ["PyTorch"])?.label;
      const epochSeconds = quick
        ? {}
        : await measureEpochs([ours, ...others.filter(({ label }) => label === quickest)]);
      comparisons.push({ name, about, batchSize, flops: countFlops(workload), standings, epochSeconds });
    } finally {
      await stop([ours, ...others]);
    }
  }
  return comparisons;
}

/** Measures one epoch of each player, without evaluation. */
async function measureEpochs(players: readonly Player[]): Promise<Record<string, number>> {
  const seconds: Record<string, number> = {};
  for (const { label, contender } of players) {
    const { ms } = await contender.work("train", EPOCH_BATCHES, { withinMs: EPOCH_PATIENCE_MS });
    seconds[label] = ms / 1000;
  }
  return seconds;
}

/** Measures one LSTM layer of many sizes with Scanline, PyTorch, and what was best of tfjs and of jax-js for the first network. */
async function sweepAll(bench: Bench, [first]: readonly Comparison[]): Promise<SweepResult[]> {
  const { quick, python, webgpu, peers, files, say } = bench;
  const chosen = ["tfjs", "jax-js"].map((library) => best(first.standings, [library])?.label);
  const ours = startScanline();
  const players = [
    ...(python ? startPytorch(python) : []),
    ...(webgpu ? [startScanline("Scanline webgpu", "webgpu")] : []),
    ...startLibraries(peers, { devices: libraryDevices(webgpu) }).filter(({ label }) =>
      chosen.includes(label)
    ),
  ].filter(({ label }) => !quick || !SLOW.test(label));
  const results: SweepResult[] = [];
  try {
    for (const point of sweepPoints({ quick })) {
      const { axis, size, workload } = point;
      say(`${axis} = ${size}`);
      const standings = await measureStandings(await files.request(workload, SWEPT_IMAGES), {
        ...{ ours, peers: players, train: (quick ? EFFORT.quick : EFFORT.full).sweep },
      });
      results.push({ axis, size, fitted: fitted(point), flops: countFlops(workload), standings });
    }
  } finally {
    await stop([ours, ...players]);
  }
  return results;
}

/** PyTorch with the number of threads that was faster at a step of the same network. */
function betterPython(path: string | null, comparisons: readonly Comparison[]): Python | null {
  const lstm = comparisons.find(({ name }) => name === "lstm-64");
  const label = lstm && best(lstm.standings, ["PyTorch"])?.label;
  return path && label ? { path, threads: Number(label.match(/\d+/)![0]) } : null;
}
