/**
 * Measures the training steps of a network on this machine's adapter, kernel by kernel.
 *
 * @module
 */
import { layOutSequence } from "../../../lib/data/sequence.ts";
import { sequencesOf } from "../../../lib/data/sequences.ts";
import { openWebgpu, timeShapes, type WebgpuOptions } from "../../../lib/engines/webgpu/open.ts";
import type { Shapes } from "../../../lib/engines/webgpu/shapes.ts";
import type { TimedKernels } from "../../../lib/engines/webgpu/tune.ts";
import { initialize } from "../../../lib/model/initialize.ts";
import { shuffledOrder } from "../../../lib/random.ts";
import type { Split } from "../../../mod.ts";
import { type Spread, spreadOf } from "../statistics.ts";
import type { RecipeNetwork } from "./networks.ts";

/** Steps of a sample, and of those of which each kernel is timed. */
const MOST_STEPS = 250, MOST_PROFILED = 4;

/** How much is measured. */
export interface StepEffort {
  /** The least length of a sample of steps. */
  readonly sampleMs: number;
  /** Samples of steps. */
  readonly rounds: number;
}

/** What was measured of a network. */
export interface MeasuredSteps {
  /** Milliseconds a step, many in a submission. */
  readonly stepMs: Spread;
  /** Milliseconds of each dispatch by its label: the quickest of the rounds, as in the probes. */
  readonly kernelMs: Readonly<Record<string, number>>;
}

/** Times all kernels of a network in all their shapes. */
export function timeKernels(network: RecipeNetwork, train: Split): Promise<TimedKernels> {
  return timeShapes(engineOptions(network, train));
}

/** Measures a network with its kernels in some shapes; the kernels by the time stamps of the adapter. */
export async function measureSteps(
  recipe: RecipeNetwork,
  { train, effort: { sampleMs, rounds }, shapes }: { train: Split; effort: StepEffort; shapes: Shapes },
): Promise<MeasuredSteps> {
  const { batchSize } = recipe;
  const order = shuffledOrder(train.count, 1, 0);
  let taken = 0;
  const take = (steps: number) =>
    Array.from({ length: steps }, () => {
      const first = taken++ * batchSize % (train.count - batchSize + 1);
      return order.subarray(first, first + batchSize);
    });
  await using engine = await openWebgpu({ ...engineOptions(recipe, train), shapes });
  const timed = async (steps: number) => {
    const batches = take(steps), started = performance.now();
    await engine.train(batches);
    return (performance.now() - started) / steps;
  };
  await timed(1); // some drivers compile at the first dispatch
  const expectedMs = await timed(2);
  const [steps, profiled] = [MOST_STEPS, MOST_PROFILED].map((most) =>
    Math.max(1, Math.min(most, Math.round(sampleMs / expectedMs)))
  );
  const samples: number[] = [], kernelMs: Record<string, number> = {};
  for (let round = 0; round < rounds; round++) {
    samples.push(await timed(steps));
    for (const batch of take(profiled)) {
      const profile = await engine.profile([batch]);
      for (const [label, ms] of profile.kernelMs) kernelMs[label] = Math.min(ms, kernelMs[label] ?? Infinity);
    }
  }
  return { stepMs: spreadOf(samples), kernelMs };
}

function engineOptions(
  { network, optimizer, sequence, batchSize }: RecipeNetwork,
  train: Split,
): WebgpuOptions {
  return {
    network,
    layout: layOutSequence(sequence, train),
    parameters: initialize(network, "pytorch", 1),
    training: {
      ...{ optimizer, batchSize, seed: 1 },
      sequences: sequencesOf(train),
      targets: { kind: "classes", data: train.labels },
    },
    selfCheck: false,
  };
}
