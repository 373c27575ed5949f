import assert from "node:assert/strict";
import { drawMasks } from "../../../lib/engines/reference/dropout.ts";
import { gatherBatch, gatherLabels } from "../../../lib/engines/reference/gather.ts";
import { GATE_ACTIVATIONS, lstmForward } from "../../../lib/engines/reference/lstm.ts";
import { networkGradient } from "../../../lib/engines/reference/network.ts";
import { weightsOf } from "../../../lib/engines/reference/recurrent.ts";
import { RNN_ACTIVATIONS, rnnForward } from "../../../lib/engines/reference/rnn.ts";
import { layOutSequence } from "../../../lib/data/sequence.ts";
import { compareTensors } from "../comparison.ts";
import { type Case, describe, optionsOf, scattered } from "../contract_cases.ts";

/** About 10⁻³. */
const DELTA = 2 ** -10;

// In units of the largest gradient of a tensor: five times the largest error measured, 8.2e-11. That is the error of the
// differences, the rounding of a loss near 1 (1e-16) over DELTA, in tensors whose largest gradient is 4e-3.
const TOLERANCE = { atol: 4e-10, rtol: 0 };

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

function prepare(test: Case) {
  const { network, sequence, parameters, training: { train, seed } } = optionsOf(test);
  const positions = scattered(test.images, train.count);
  const batch = gatherBatch(train, positions, layOutSequence(sequence, train));
  const labels = gatherLabels(train.labels, positions);
  const masks = drawMasks(network, { seed, step: 1, ...batch });
  return { network, p: Float64Array.from(parameters), batch, labels, masks };
}

for (const test of CASES) {
  const dropped = test.dropout === undefined ? "" : `, dropout ${test.dropout}`;
  Deno.test(`networkGradient() agrees with central differences: ${describe(test)}${dropped}`, () => {
    const { network, p, ...given } = prepare(test);
    const lossAt = (k: number, value: number) => networkGradient(network, p.with(k, value), given).loss;
    const difference = (k: number, delta: number) =>
      (lossAt(k, p[k] + delta) - lossAt(k, p[k] - delta)) / (2 * delta);
    const expected = p.map((_, k) => (4 * difference(k, DELTA) - difference(k, 2 * DELTA)) / 3);
    const { gradient } = networkGradient(network, p, given);
    const by = { tolerance: { gradient: TOLERANCE } };
    compareTensors(by, "gradient", { network, actual: gradient, expected });
  });
}

Deno.test("the cases above reach both sides of every kink", () => {
  const hard = prepare(CASES[3]);
  const sizes = (H: number) => ({ ...hard.batch, C: hard.network.inputSize, H });
  const { gates } = lstmForward(hard.batch.x, weightsOf(hard.network.layers[0], hard.p), {
    sizes: sizes(5),
    gateActivation: GATE_ACTIVATIONS.hardSigmoid,
  });
  const outer = gates.filter((_, k) => Math.floor(k / 5) % 4 !== 2); // i f o
  for (const [what, is] of [["0", 0], ["1", 1]] as const) assert(outer.includes(is), `no gate is ${what}`);
  assert(outer.some((y) => y > 0 && y < 1), "no gate lies between 0 and 1");

  const relu = prepare(CASES[5]);
  const h = rnnForward(relu.batch.x, weightsOf(relu.network.layers[0], relu.p), {
    sizes: { ...relu.batch, C: relu.network.inputSize, H: 7 },
    activation: RNN_ACTIVATIONS.relu,
  });
  const states = h.subarray(relu.batch.N * 7);
  assert(states.includes(0) && states.some((value) => value > 0), "all units are on one side");
});
