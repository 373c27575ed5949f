/**
 * Measures the training steps of a network on this machine's adapter, kernel by kernel.
 *
 * @module
 */
import { layOutSequence } from "../../../lib/data/sequence.ts";
import { sequencesOf } from "../../../lib/data/sequences.ts";
import { openWebgpu } from "../../../lib/engines/webgpu/engine.ts";
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

/** Measures a network; the kernels by the time stamps of the adapter. */
export async function measureSteps(
  { network, optimizer, sequence, batchSize }: RecipeNetwork,
  { train, effort: { sampleMs, rounds } }: { train: Split; effort: StepEffort },
): Promise<MeasuredSteps> {
  const order = shuffledOrder(train.count, 1, 0);
  let taken = 0;
  const take = (steps: number) =>
    Array.from({ length: steps }, () => {
      const first = taken++ * batchSize % (train.count - batchSize + 1);
      return order.subarray(first, first + batchSize);
    });
  await using engine = await openWebgpu({
    network,
    layout: layOutSequence(sequence, train),
    parameters: initialize(network, "pytorch", 1),
    training: {
      optimizer,
      sequences: sequencesOf(train),
      targets: { kind: "classes", data: train.labels },
      seed: 1,
      batchSize,
    },
    selfCheck: false,
  });
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
