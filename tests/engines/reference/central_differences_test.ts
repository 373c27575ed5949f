import assert from "node:assert/strict";
import { recurrentLayers } from "../../../lib/model/network.ts";
import { measureBatch, openReference } from "../../../lib/engines/reference/engine.ts";
import { gatherBatch } from "../../../lib/engines/reference/gather.ts";
import { linear } from "../../../lib/engines/reference/linear.ts";
import { CLIP } from "../../../lib/model/losses.ts";
import type { Network } from "../../../lib/model/network.ts";
import type { LayerOptions } from "../../../lib/model/network_options.ts";
import { assertClose } from "../../support/assert_close.ts";
import { type ChainCase, describeChain } from "../chain_case.ts";
import { CHAINS, MIXED } from "../chain_cases.ts";
import { NORMED } from "../chain_norms.ts";
import { chainOptions } from "../chain_data.ts";
import {
  type Case,
  type CaseOptions,
  describe,
  type ImageOptions,
  optionsOf,
  scattered,
} from "../contract_cases.ts";

/** About 10⁻³. */
const DELTA = 2 ** -10;
/** A normalization over few rows bends the loss: its differences are nearer, and round by as much more. */
const NEAR = DELTA / 8;

// The error of the differences is the rounding of a loss near 1, 2e-16, over DELTA, and what Richardson's formula leaves:
// five times the largest errors measured, 4e-13 and in units of the largest gradient of a tensor 8.2e-11.
const ROUNDING = 2e-12, LEFT = 4e-10;
/** Of probabilities near 1: `ln(p / (1 − p))` loses nine digits. Twice the largest error measured. */
const ROUNDING_NEAR_ONE = 3e-8;

// Sizes and weights for which no kink of ReLU or hardSigmoid lies within the differences.
const CASES: readonly Case[] = [
  { kind: "LSTM", hidden: [5], images: 3, size: [4, 3], classes: 3 },
  {
    kind: "LSTM",
    hidden: [5, 3],
    images: 3,
    size: [3, 4],
    classes: 4,
    scaled: { range: [-1, 1] },
    axis: "columns",
  },
  { kind: "LSTM", hidden: [3, 5], images: 3, size: [4, 3], classes: 3, dropout: [0.3, 0.5] },
  { kind: "LSTM, hardSigmoid", hidden: [5], images: 4, size: [4, 3], classes: 3, scale: 5 },
  {
    kind: "LSTM, hardSigmoid",
    hidden: [3, 5],
    images: 3,
    size: [3, 2],
    classes: 3,
    dropout: [0.5, 0],
    scale: 2,
  },
  { kind: "ReLU RNN", hidden: [7], images: 3, size: [5, 3], classes: 3 },
  {
    kind: "ReLU RNN",
    hidden: [5, 7],
    images: 3,
    size: [4, 3],
    classes: 3,
    scaled: { range: [-1, 1] },
    dropout: [0.5, 0.3],
  },
  { kind: "tanh RNN", hidden: [5], images: 1, size: [2, 3], axis: "pixels", classes: 2 },
  { kind: "tanh RNN", hidden: [3, 1, 5], images: 3, size: [4, 3], classes: 3, dropout: [0.5, 0, 0.3] },
];

function assertAlike(
  { parameters }: Network,
  { actual, expected }: { actual: Float64Array; expected: Float64Array },
  rounding = ROUNDING,
): void {
  for (const { name, offset, size } of parameters) {
    const [found, wanted] = [actual, expected].map((flat) => flat.subarray(offset, offset + size));
    const largest = wanted.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    assertClose(found, wanted, { atol: rounding + LEFT * largest, rtol: 0, name });
  }
}

/** The gradient of a case, and its central differences. */
function bothWays(
  options: CaseOptions,
  batch: Uint32Array,
  delta = DELTA,
): { actual: Float64Array; expected: Float64Array } {
  const p = Float64Array.from(options.parameters);
  const measure = (p: Float64Array) => measureBatch(options, batch, { p, step: 1 });
  const lossAt = (k: number, value: number) => measure(p.with(k, value)).loss;
  const difference = (k: number, delta: number) =>
    (lossAt(k, p[k] + delta) - lossAt(k, p[k] - delta)) / (2 * delta);
  const expected = p.map((_, k) => (4 * difference(k, delta) - difference(k, 2 * delta)) / 3);
  return { actual: measure(p).gradient, expected };
}

for (const test of CASES) {
  const dropped = test.dropout === undefined ? "" : `, dropout ${test.dropout}`;
  Deno.test(`measureBatch() agrees with central differences: ${describe(test)}${dropped}`, () => {
    const options = optionsOf(test), { network, training } = options;
    const found = bothWays(options, scattered(test.images, training.sequences.count));
    assertAlike(network, found);
  });
}

/** A chain of the same layers, of few units, for few and short sequences. */
function shrunk(test: ChainCase): ChainCase {
  const input = typeof test.input === "number"
    ? Math.min(test.input, 3)
    : { ...test.input, vocabulary: Math.min(test.input.vocabulary, 4), size: Math.min(test.input.size, 3) };
  const { T, N, layers, batchSize = N } = test;
  return {
    ...test,
    input,
    T: Math.min(T, 4),
    N: Math.min(N, 3),
    batchSize: Math.min(batchSize, 4),
    layers: layers.map(shrunkLayer),
  };
}

function shrunkLayer<L extends LayerOptions>(layer: L): L {
  if (layer.kind === "bidirectional") {
    const { forward, backward } = layer;
    return { ...layer, forward: shrunkLayer(forward), backward: backward && shrunkLayer(backward) };
  }
  if (layer.kind === "repeat") return { ...layer, steps: Math.min(layer.steps, 3) };
  if (layer.kind === "dense") return { ...layer, units: Math.min(layer.units, 4) };
  return "hiddenSize" in layer ? { ...layer, hiddenSize: Math.min(layer.hiddenSize, 4) } : layer;
}

for (const test of [...CHAINS, MIXED, NORMED].map(shrunk)) {
  Deno.test(`measureBatch() agrees with central differences: ${describeChain(test)}`, () => {
    const options = chainOptions(test), { network, training } = options;
    const delta = test.layers.some(({ kind }) => kind === "batchNorm") ? NEAR : DELTA;
    const found = bothWays(options, scattered(test.N, training.sequences.count), delta);
    assertAlike(network, found, test.scale ? ROUNDING_NEAR_ONE : ROUNDING * DELTA / delta);
  });
}

/** The sums `x W + b` of the first layer's gates at the first step, where h is 0. */
function firstSums({ network, parameters, layout, training: { sequences } }: ImageOptions): Float64Array {
  const { x } = gatherBatch(sequences, Uint32Array.of(0, 1, 2, 3), layout);
  return linear(x.subarray(0, 4 * layout.C), recurrentLayers(network)[0], Float64Array.from(parameters)).z;
}

Deno.test("the cases above reach both sides of every kink", async () => {
  const answers = async (options: CaseOptions, read: "predict" | "outputs" = "predict") => {
    await using engine = await openReference(options);
    return await engine[read](options.training.sequences);
  };
  const chain = (name: string) => shrunk(CHAINS.find((test) => test.name === name)!);
  const relu = await answers(optionsOf(CASES[5]), "outputs");
  assert(relu.includes(0) && relu.some((y) => y > 0), "ReLU: all units are on one side");
  const gates = firstSums(optionsOf(CASES[3])).filter((_, k) => Math.floor(k / 5) % 4 !== 2); // i f o
  assert(gates.some((z) => z < -2.5) && gates.some((z) => z > 2.5), "hardSigmoid: no gate is 0 or none is 1");
  assert(gates.some((z) => Math.abs(z) < 2.5), "hardSigmoid: no gate lies between 0 and 1");
  for (const loss of ["categoricalCrossEntropy", "binaryCrossEntropy"]) {
    const p = await answers(chainOptions(chain(`${loss} where it is clipped`)));
    assert(p.some((p) => p < CLIP[0]) && p.some((p) => p > CLIP[0]), `${loss}: all outputs are on one side`);
  }
  const options = chainOptions(chain("huber")), { data } = options.training.targets;
  const errors = (await answers(options)).map((p, k) => Math.abs(p - data[k]));
  assert(errors.some((e) => e < 1) && errors.some((e) => e > 1), "huber: all errors are on one side");
});
