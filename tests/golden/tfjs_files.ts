/**
 * tfjs.safetensors: trainings of TensorFlow.js, as the pure functions of `reference` take them.
 *
 * @module
 */
import type { SequenceLayout, Sequences, Targets } from "../../lib/data/sequences.ts";
import { createNetwork } from "../../lib/model/create_network.ts";
import type { Network } from "../../lib/model/network.ts";
import type { Optimizer } from "../../lib/model/optimizers.ts";
import { decodeSafetensors } from "../../lib/model/safetensors.ts";
import { layoutOf } from "../engines/chain_data.ts";
import { STEPS_IN, TF_CASES, type TfCase } from "./tfjs_cases.ts";
import tfjs from "./tfjs.safetensors" with { type: "bytes" };

/** One training of TensorFlow.js, in float32. */
export interface TfTraining {
  readonly name: string;
  readonly network: Network;
  readonly optimizer: Optimizer;
  readonly layout: SequenceLayout;
  readonly sequences: Sequences;
  readonly targets: Targets;
  /** The positions of each step's batch. */
  readonly batches: readonly Uint32Array[];
  readonly start: Float32Array;
  readonly trained: Float32Array;
  /** Of each step, before its update. */
  readonly losses: Float32Array;
  /** Of each metric, of each step: its mean over the batch. */
  readonly metrics: readonly Float32Array[];
}

const { tensors, metadata } = decodeSafetensors(tfjs);
const { batchSize } = JSON.parse(metadata.golden) as { batchSize: number };

/** All trainings of the file. */
export const TF_TRAININGS: readonly TfTraining[] = [...TF_CASES].map(([name, test]) =>
  readTraining(name, test)
);

function readTraining(name: string, { network: options, ourLoss, ourOptimizer }: TfCase): TfTraining {
  const network = createNetwork({ ...options, loss: ourLoss });
  const read = <Data>(key: string) => tensors.get(`${name}/${key}`)?.data as Data;
  const shape = tensors.get(`${name}/sequences`)!.shape, losses = read<Float32Array>("losses");
  const data = read<Int32Array | Float32Array>("targets"), isClasses = data instanceof Int32Array;
  return {
    name,
    network,
    optimizer: ourOptimizer,
    layout: layoutOf(network, STEPS_IN),
    sequences: { data: read<Sequences["data"]>("sequences"), count: shape[0] },
    targets: {
      kind: isClasses ? "classes" : "rows",
      data,
      weights: read<Float32Array | undefined>("weights"),
    },
    batches: batchesOf(shape[0], losses.length),
    start: read("start"),
    trained: read("trained"),
    losses,
    metrics: network.metrics.map((_, index) => read(`metric${index}`)),
  };
}

/** In order, without shuffling; the last batch of an epoch is short. */
function batchesOf(count: number, steps: number): Uint32Array[] {
  const epoch = Math.ceil(count / batchSize);
  return Array.from({ length: steps }, (_, step) => {
    const first = step % epoch * batchSize;
    return Uint32Array.from({ length: Math.min(batchSize, count - first) }, (_, k) => first + k);
  });
}
