/**
 * Where the time of a training step goes, kernel by kernel.
 *
 *     deno task profile --device webgpu --network lstm-64
 */
import "./support/deno_version.ts";
import { describeAdapter, findAdapter } from "../lib/engines/webgpu/device.ts";
import { layOutSequence } from "../lib/data/sequence.ts";
import { sequencesOf } from "../lib/data/sequences.ts";
import { openWasm } from "../lib/engines/wasm/engine.ts";
import { PARTS, type Profile as WasmProfile } from "../lib/engines/wasm/profile.ts";
import { openWebgpu } from "../lib/engines/webgpu/open.ts";
import { initialize } from "../lib/model/initialize.ts";
import { shuffledOrder } from "../lib/random.ts";
import * as scanline from "../mod.ts";
import { measurePeak } from "./bench/peak.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { type MeasuredNetwork, type NetworkName, networkOf, NETWORKS } from "./bench/workloads.ts";

const { json, help } = OUTPUT_FLAGS;
const spec = {
  name: "profile",
  about: "Says where the time of a training step goes, kernel by kernel.",
  flags: {
    device: { kind: "choice", choices: ["wasm", "webgpu"], default: "wasm", help: "what computes" },
    network: {
      kind: "choice",
      choices: Object.keys(NETWORKS) as NetworkName[],
      default: "lstm-64",
      help: "whose training step",
    },
    "batch-size": { kind: "whole", least: 1, default: 64, help: "images a step" },
    steps: { kind: "whole", least: 1, most: 200, default: 50, help: "how many steps are averaged" },
    threads: { kind: "whole", least: 1, most: 64, help: "threads of wasm, all cores by default" },
    json,
    help,
  },
} as const;

const WARM_UP_STEPS = 10;

await runCommand(spec, async (flags) => {
  const { network: name, steps, device, threads } = flags;
  const { train } = await scanline.loadDataset();
  const chosen: MeasuredNetwork = NETWORKS[name];
  const network = networkOf(chosen.layers, 10);
  const batchSize = flags["batch-size"], order = shuffledOrder(train.count, 1, 0);
  const batches = Array.from({ length: WARM_UP_STEPS + steps }, (_, step) => {
    const first = step * batchSize % (train.count - batchSize);
    return order.subarray(first, first + batchSize);
  });
  const options = {
    network,
    layout: layOutSequence(chosen.sequence, train),
    parameters: initialize(network, "pytorch", 1),
    training: {
      optimizer: chosen.optimizer,
      sequences: sequencesOf(train),
      targets: { kind: "classes", data: train.labels } as const,
      seed: 1,
      batchSize,
    },
  };
  const profile = device === "wasm"
    ? await profileWasm({ ...options, threads }, batches)
    : await profileWebgpu(options, batches);
  if (flags.json) {
    console.log(JSON.stringify({ device, network: name, batchSize, ...profile }));
  } else {
    console.log(`${chosen.about}, batch of ${batchSize}, on ${profile.detail}`);
    for (const { name, ms, share, gflops } of profile.parts) {
      const rate = gflops === undefined ? "" : `${gflops.toFixed(1).padStart(9)} GFLOP/s`;
      const percent = (100 * share).toFixed(1).padStart(6);
      console.log(`  ${name.padEnd(30)} ${ms.toFixed(3).padStart(9)} ms ${percent} %${rate}`);
    }
    for (const note of profile.notes) console.log(note);
  }
  return 0;
});

interface Profile {
  readonly detail: string;
  readonly parts: readonly ProfilePart[];
  readonly notes: readonly string[];
}

interface ProfilePart {
  readonly name: string;
  readonly ms: number;
  readonly share: number;
  /** The rate of one thread, for products. */
  readonly gflops?: number;
}

function shareOut(parts: readonly Omit<ProfilePart, "share">[]): ProfilePart[] {
  const total = parts.reduce((sum, { ms }) => sum + ms, 0);
  return parts.map((part) => ({ ...part, share: part.ms / total }));
}

/** The parts of one thread's step, averaged over steps and threads. */
async function profileWasm(
  options: Parameters<typeof openWasm>[0],
  batches: Uint32Array[],
): Promise<Profile> {
  const timed = batches.slice(WARM_UP_STEPS);
  await using engine = await openWasm({ ...options, profile: true });
  await engine.train(batches.slice(0, WARM_UP_STEPS));
  const started = performance.now();
  const threads = await engine.profile(timed);
  const stepMs = (performance.now() - started) / timed.length;
  const mean = (of: (thread: WasmProfile) => number) =>
    threads.reduce((sum, thread) => sum + of(thread), 0) / timed.length / threads.length;
  const parts = PARTS.map((name) => {
    const ms = mean((thread) => thread.ms[name]), flops = mean((thread) => thread.flops[name]);
    return { name, ms, ...(flops > 0 ? { gflops: flops / ms / 1e6 } : {}) };
  }).filter(({ ms }) => ms > 0);
  const known = parts.reduce((sum, { ms }) => sum + ms, 0);
  const peak = measurePeak()[engine.device.math!].toFixed(1);
  return {
    detail: engine.device.detail,
    parts: shareOut([...parts, { name: "between the kernels", ms: Math.max(0, stepMs - known) }]),
    notes: [
      `${stepMs.toFixed(3)} ms a step; the stopwatches themselves are part of "between the kernels"`,
      `a core does at most ${peak} GFLOP/s, in a loop of nothing but multiply-adds`,
    ],
  };
}

async function profileWebgpu(
  options: Parameters<typeof openWebgpu>[0],
  batches: Uint32Array[],
): Promise<Profile> {
  const timed = batches.slice(WARM_UP_STEPS);
  await using engine = await openWebgpu({ ...options, selfCheck: false });
  await engine.train(batches.slice(0, WARM_UP_STEPS));
  const started = performance.now();
  await engine.train(timed);
  const stepMs = (performance.now() - started) / timed.length;
  const { kernelMs, uploadedBytes, downloadedBytes } = await engine.profile(timed);
  const { software } = describeAdapter((await findAdapter())!);
  const notes = [
    `${stepMs.toFixed(3)} ms a step over ${timed.length} steps in one submission, without time stamps`,
    `${kernelMs.size} dispatches a step, ${(2 / timed.length).toFixed(2)} submissions a step`,
    `${uploadedBytes} bytes to the device and ${downloadedBytes} bytes back a step`,
    ...(software ? ["a software adapter: these figures say nothing about a GPU"] : []),
  ];
  const parts = shareOut([...kernelMs].map(([name, ms]) => ({ name, ms })));
  return { detail: engine.device.detail, parts, notes };
}
