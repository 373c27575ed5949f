/**
 * Chains of layers for `chain_cases.ts`: cells, activations, dense stacks, directions, and numbers of steps.
 *
 * @module
 */
import { CELL_ACTIVATIONS, MERGES } from "../../lib/model/network.ts";
import { type ChainCase, dense, EVERY, gru, lstm, repeat, rnn } from "./chain_case.ts";

/** Layers by what they are. */
const CELLS: readonly ChainCase[] = [
  {
    name: "LSTM of one unit",
    T: 1,
    N: 1,
    input: 1,
    layers: [lstm(1), dense(1)],
    loss: "meanSquaredError",
    coarse: 12,
  },
  { name: "LSTM", T: 28, N: 17, input: 1, layers: [lstm(64), dense(1)], loss: "meanSquaredError" },
  { name: "LSTM", T: 5, N: 16, input: 100, layers: [lstm(128), dense(7)], loss: "softmaxCrossEntropy" },
  { name: "LSTM without a head", T: 2, N: 3, input: 7, layers: [lstm(65)], loss: "meanAbsoluteError" },
  {
    name: "GRU of one unit",
    T: 1,
    N: 1,
    input: 1,
    layers: [gru(1), dense(1)],
    loss: "meanSquaredError",
    coarse: 12,
  },
  { name: "GRU", T: 5, N: 17, input: 7, layers: [gru(65), dense(3)], loss: "softmaxCrossEntropy" },
  { name: "GRU", T: 28, N: 16, input: 14, layers: [gru(64), dense(1)], loss: "meanAbsoluteError" },
  {
    name: "two GRUs",
    T: 28,
    N: 3,
    input: 5,
    layers: [gru(63, EVERY), gru(100), dense(2)],
    loss: "softmaxCrossEntropy",
  },
  {
    name: "GRU, reset after, of one unit",
    T: 2,
    N: 1,
    input: 1,
    layers: [gru(1, { resetAfter: true }), dense(1)],
    loss: "meanSquaredError",
    coarse: 12,
  },
  {
    name: "two GRUs, reset after",
    T: 5,
    N: 17,
    input: 7,
    layers: [gru(65, { ...EVERY, resetAfter: true }), gru(63, { resetAfter: true }), dense(5)],
    loss: "softmaxCrossEntropy",
  },
  {
    name: "GRU, reset after, hardSigmoid",
    T: 28,
    N: 16,
    input: 3,
    layers: [gru(128, { resetAfter: true, gateActivation: "hardSigmoid" }), dense(1)],
    loss: "huber",
  },
  {
    name: "GRU, hardSigmoid",
    T: 5,
    N: 3,
    input: 65,
    layers: [gru(100, { gateActivation: "hardSigmoid" }), dense(1)],
    loss: "huber",
  },
  {
    name: "three cells, one above another",
    T: 5,
    N: 17,
    input: 3,
    layers: [rnn(7, EVERY), gru(9, EVERY), lstm(5), dense(2)],
    loss: "meanSquaredError",
  },
  {
    name: "layers without biases",
    T: 5,
    N: 16,
    input: 7,
    layers: [
      lstm(9, { ...EVERY, useBias: false }),
      gru(7, { ...EVERY, useBias: false }),
      gru(65, { ...EVERY, useBias: false, resetAfter: true }),
      rnn(8, { useBias: false }),
      dense(3, { useBias: false }),
    ],
    loss: "softmaxCrossEntropy",
    coarse: 6, // numbers near 0, where the tanh() of some drivers has fewer digits
  },
];

/** Every activation in every cell, and as that of gates. */
const ACTIVATIONS: readonly ChainCase[] = CELL_ACTIVATIONS.flatMap((activation, index): ChainCase[] => {
  const gateActivation = CELL_ACTIVATIONS[(index + 1) % CELL_ACTIVATIONS.length];
  const common = { T: 5, N: 3 + index, input: 7, loss: "meanSquaredError" } as const;
  const both = { activation, gateActivation };
  return [
    { ...common, name: `LSTM, ${activation}, gates ${gateActivation}`, layers: [lstm(9, both), dense(2)] },
    { ...common, name: `GRU, ${activation}, gates ${gateActivation}`, layers: [gru(9, both), dense(2)] },
    {
      ...common,
      name: `GRU, reset after, ${activation}, gates ${gateActivation}`,
      layers: [gru(9, { ...both, resetAfter: true }), dense(2)],
    },
    { ...common, name: `RNN, ${activation}`, layers: [rnn(65, { activation }), dense(2)] },
    {
      ...common,
      name: `${activation} as a layer, below and above`,
      layers: [{ kind: "activation", activation }, lstm(5), { kind: "activation", activation }, dense(2)],
    },
  ];
});

const DENSE: readonly ChainCase[] = [
  {
    name: "a stack of dense layers of every activation",
    T: 5,
    N: 17,
    input: 3,
    layers: [
      lstm(7),
      dense(100, { activation: "relu" }),
      dense(63, { activation: "tanh" }),
      dense(65, { activation: "sigmoid" }),
      dense(128, { activation: "hardSigmoid" }),
      dense(64),
      dense(9, { activation: "softmax" }),
      dense(1),
    ],
    loss: "huber",
  },
  {
    name: "a stack of dense layers at every step",
    T: 28,
    N: 3,
    input: 7,
    layers: [gru(65, EVERY), dense(64, { activation: "relu" }), dense(1, { activation: "sigmoid" })],
    loss: "meanSquaredError",
  },
  {
    name: "dense layers below",
    T: 5,
    N: 16,
    input: 65,
    layers: [dense(63, { activation: "relu" }), dense(7, { activation: "softmax" }), lstm(9), dense(2)],
    loss: "softmaxCrossEntropy",
  },
  { name: "a dense layer alone", T: 2, N: 17, input: 7, layers: [dense(3)], loss: "meanSquaredError" },
  {
    name: "softmax as a layer",
    T: 28,
    N: 17,
    input: 1,
    layers: [lstm(64), dense(100), { kind: "activation", activation: "softmax" }],
    loss: "categoricalCrossEntropy",
  },
];

const BIDIRECTIONAL: readonly ChainCase[] = [
  ...MERGES.flatMap((merge, index): ChainCase[] => {
    const T = [5, 28, 2, 5][index], N = [17, 3, 16, 1][index], H = [7, 63, 65, 64][index];
    const common = { T, N, input: 7 } as const;
    return [
      {
        ...common,
        name: `bidirectional LSTM, ${merge}`,
        layers: [{ kind: "bidirectional", merge, forward: lstm(H) }, dense(3)],
        loss: "softmaxCrossEntropy",
      },
      {
        ...common,
        name: `bidirectional GRU at every step, ${merge}`,
        layers: [{ kind: "bidirectional", merge, forward: gru(H, EVERY) }, dense(2)],
        loss: "meanSquaredError",
      },
    ];
  }),
  {
    name: "bidirectional layers, one above another",
    T: 5,
    N: 16,
    input: 3,
    layers: [
      { kind: "bidirectional", merge: "concat", forward: lstm(65, EVERY) },
      { kind: "bidirectional", merge: "sum", forward: gru(64, { ...EVERY, resetAfter: true }) },
      { kind: "bidirectional", merge: "concat", forward: rnn(7) },
      dense(2),
    ],
    loss: "softmaxCrossEntropy",
  },
  {
    name: "two directions of two kinds, an LSTM above",
    T: 5,
    N: 17,
    input: 3,
    layers: [
      { kind: "bidirectional", merge: "mul", forward: lstm(9, EVERY), backward: gru(9, EVERY) },
      lstm(7),
      dense(2),
    ],
    loss: "meanSquaredError",
  },
  {
    name: "a bidirectional layer of one step",
    T: 1,
    N: 3,
    input: 1,
    layers: [{ kind: "bidirectional", merge: "ave", forward: lstm(1) }, dense(1)],
    loss: "meanSquaredError",
  },
];

const STEPS: readonly ChainCase[] = [
  {
    name: "a layer that reads backwards",
    T: 5,
    N: 17,
    input: 7,
    layers: [gru(65, { backwards: true }), dense(2)],
    loss: "meanSquaredError",
  },
  {
    name: "layers that read backwards, at every step",
    T: 28,
    N: 3,
    input: 2,
    layers: [lstm(9, { ...EVERY, backwards: true }), rnn(7, { ...EVERY, backwards: true }), dense(2)],
    loss: "meanSquaredError",
  },
  {
    name: "encoder and decoder",
    T: 7,
    N: 17,
    input: 12,
    layers: [lstm(65), repeat(4), lstm(64, EVERY), dense(12, { activation: "softmax" })],
    loss: "categoricalCrossEntropy",
    metrics: ["categoricalAccuracy"],
  },
  {
    name: "a longer answer than question, a dense layer between",
    T: 2,
    N: 3,
    input: 1,
    layers: [gru(7), dense(5, { activation: "relu" }), repeat(28), gru(63, EVERY), dense(1)],
    loss: "meanSquaredError",
  },
  {
    name: "the last step, repeated once, in two directions",
    T: 5,
    N: 16,
    input: 3,
    layers: [
      lstm(7),
      repeat(1),
      { kind: "bidirectional", merge: "concat", forward: lstm(5, EVERY) },
      dense(2),
    ],
    loss: "meanSquaredError",
  },
  {
    name: "repeated, and read to the end",
    T: 5,
    N: 3,
    input: 3,
    layers: [lstm(7), repeat(5), lstm(9), dense(2)],
    loss: "meanSquaredError",
  },
  {
    name: "a head on every step",
    T: 28,
    N: 17,
    input: 9,
    layers: [lstm(100, EVERY), dense(9)],
    loss: "softmaxCrossEntropy",
    metrics: ["categoricalAccuracy"],
  },
];

/** All of them. */
export const LAYERS: readonly ChainCase[] = [...CELLS, ...ACTIVATIONS, ...DENSE, ...BIDIRECTIONAL, ...STEPS];
