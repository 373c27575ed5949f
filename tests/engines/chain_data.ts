/**
 * Random sequences and targets for chains of layers.
 *
 * @module
 */
import type { SequenceLayout, Sequences, Targets } from "../../lib/data/sequences.ts";
import type { EngineTraining } from "../../lib/engines/engine.ts";
import { CATEGORICAL } from "../../lib/model/losses.ts";
import { createNetwork } from "../../lib/model/create_network.ts";
import { type Network, stepsOf } from "../../lib/model/network.ts";
import { sgd } from "../../lib/model/optimizers.ts";
import type { RandomStream } from "../../lib/random.ts";
import { testStream, tinyParameters } from "../support/tiny_data.ts";
import type { ChainCase } from "./chain_case.ts";
import type { CaseOptions } from "./contract_cases.ts";

/** The options of a {@link ChainCase}; the optimizer is SGD by default. */
export function chainOptions(test: ChainCase, changes: Partial<EngineTraining> = {}): CaseOptions {
  const { T, N, loss, metrics, layers, biases, labelSmoothing } = test;
  const input = typeof test.input === "number"
    ? { kind: "features" as const, size: test.input, maskValue: test.maskValue }
    : { kind: "tokens" as const, ...test.input };
  const network = createNetwork({ input, layers, loss, metrics, biases });
  return {
    network,
    layout: layoutOf(network, T),
    parameters: tinyParameters(network, { scale: test.scale }),
    training: {
      optimizer: sgd({ learningRate: 0.1 }),
      sequences: tinySequences(network, { T, count: N + 5, seed: 1 }),
      targets: tinyTargets(network, { ...test, count: N + 5 }),
      seed: 7,
      batchSize: test.batchSize ?? N,
      labelSmoothing,
      ...changes,
    },
    test: tinySequences(network, { T, count: N + 2, seed: 2 }),
  };
}

/** How the sequences of a network lie in memory; features are numbers. */
export function layoutOf({ input }: Network, T: number): SequenceLayout {
  if (input.kind === "tokens") return { kind: "tokens", T, stride: T };
  return { kind: "floats", T, C: input.size, stride: T * input.size };
}

/**
 * Random sequences. Where the network masks steps, the first sequence has none to mask and the last nothing else; of the others
 * some steps at the end and one in the middle are masked.
 */
export function tinySequences(
  { input }: Network,
  { T, count, seed }: { T: number; count: number; seed: number },
): Sequences {
  const random = testStream("sequences", seed);
  const isMasked = maskedSteps(random, { T, count });
  if (input.kind === "tokens") {
    const { vocabulary, maskZero } = input;
    const data = Int32Array.from(isMasked, (masked) => masked && maskZero ? 0 : random.below(vocabulary));
    return { data, count };
  }
  const { size: C, maskValue } = input;
  const data = Float32Array.from({ length: count * T * C }, (_, k) => {
    const value = 2 * random.uniform() - 1;
    if (maskValue === null) return value;
    return isMasked[Math.floor(k / C)] || C > 1 && k % C === 0 && random.below(2) ? maskValue : value;
  });
  return { data, count };
}

/** `[count, T]`. */
function maskedSteps(random: RandomStream, { T, count }: { T: number; count: number }): boolean[] {
  return Array.from({ length: count }, (_, n) => {
    const end = random.below(T + 1), middle = random.below(T);
    return Array.from({ length: T }, (_, t) => n === count - 1 || n > 0 && (t >= end || t === middle));
  }).flat();
}

/**
 * Random targets: classes, rows that sum to 1 (eighths, exact in float32), zeros and ones, or numbers. Every third weight is 0.
 */
export function tinyTargets(
  network: Network,
  { T, count, targets, weighted }: Pick<ChainCase, "T" | "targets" | "weighted"> & { count: number },
): Targets {
  const random = testStream("targets"), { loss, output: { size: K, everyStep }, layers } = network;
  const rows = count * (everyStep ? stepsOf(network, T)[layers.length].count : 1);
  const isCategorical = CATEGORICAL.includes(loss);
  const kind = targets ?? (isCategorical ? "classes" : "rows");
  const weights = weighted
    ? Float32Array.from({ length: count }, (_, n) => n % 3 === 2 ? 0 : 0.5 + random.uniform())
    : undefined;
  if (kind === "classes") {
    return { kind, data: Int32Array.from({ length: rows }, () => random.below(K)), weights };
  }
  const data = new Float32Array(rows * K);
  const isBinary = loss === "binaryCrossEntropy" || loss === "sigmoidCrossEntropy";
  for (let i = 0; i < rows; i++) {
    if (isCategorical) { for (let part = 0; part < 8; part++) data[i * K + random.below(K)] += 1 / 8; }
    else for (let k = 0; k < K; k++) data[i * K + k] = isBinary ? random.below(2) : 4 * random.uniform() - 2;
  }
  return { kind, data, weights };
}
