import { measureBatch } from "../../../lib/engines/reference/engine.ts";
import { compareTensors } from "../comparison.ts";
import { type Case, type CaseOptions, describe, optionsOf, scattered } from "../contract_cases.ts";

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

/** The gradient of a case, and its central differences. */
function bothWays(
  options: CaseOptions,
  batch: Uint32Array,
): { actual: Float64Array; expected: Float64Array } {
  const p = Float64Array.from(options.parameters);
  const measure = (p: Float64Array) => measureBatch(options, batch, { p, step: 1 });
  const lossAt = (k: number, value: number) => measure(p.with(k, value)).loss;
  const difference = (k: number, delta: number) =>
    (lossAt(k, p[k] + delta) - lossAt(k, p[k] - delta)) / (2 * delta);
  const expected = p.map((_, k) => (4 * difference(k, DELTA) - difference(k, 2 * DELTA)) / 3);
  return { actual: measure(p).gradient, expected };
}

for (const test of CASES) {
  const dropped = test.dropout === undefined ? "" : `, dropout ${test.dropout}`;
  Deno.test(`measureBatch() agrees with central differences: ${describe(test)}${dropped}`, () => {
    const options = optionsOf(test), { network, training } = options;
    const found = bothWays(options, scattered(test.images, training.sequences.count));
    compareTensors({ tolerance: { gradient: TOLERANCE } }, "gradient", { network, ...found });
  });
}
