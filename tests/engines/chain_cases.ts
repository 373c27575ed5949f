/**
 * The chains of layers that engines are compared over: every layer, option, loss and kind of target at least once, in sizes
 * below, at and above a tile or workgroup.
 *
 * @module
 */
import type { Loss } from "../../lib/model/losses.ts";
import { type ChainCase, dense, drop, EVERY, gru, lstm, repeat, rnn } from "./chain_case.ts";
import { LAYERS } from "./chain_layers.ts";
import { NORMALIZED } from "./chain_norms.ts";

const TOKENS: readonly ChainCase[] = [
  {
    name: "tokens",
    T: 28,
    N: 17,
    input: { vocabulary: 100, size: 65 },
    layers: [lstm(64), dense(1, { activation: "sigmoid" })],
    loss: "binaryCrossEntropy",
    metrics: ["binaryAccuracy"],
  },
  {
    name: "one token of one feature",
    T: 1,
    N: 1,
    input: { vocabulary: 1, size: 1 },
    layers: [gru(7), dense(2)],
    loss: "softmaxCrossEntropy",
  },
  {
    name: "tokens at every step",
    T: 5,
    N: 16,
    input: { vocabulary: 11, size: 7 },
    layers: [gru(63, EVERY), dense(11)],
    loss: "softmaxCrossEntropy",
    metrics: ["categoricalAccuracy"],
  },
  {
    name: "tokens, 0 masked",
    T: 28,
    N: 17,
    input: { vocabulary: 7, size: 8, maskZero: true },
    layers: [lstm(65, EVERY), drop(0.25), gru(64), dense(1, { activation: "sigmoid" })],
    loss: "binaryCrossEntropy",
  },
  {
    name: "tokens, 0 masked, in two directions",
    T: 5,
    N: 16,
    input: { vocabulary: 4, size: 3, maskZero: true },
    layers: [{ kind: "bidirectional", merge: "concat", forward: lstm(63) }, dense(2)],
    loss: "softmaxCrossEntropy",
  },
  {
    name: "tokens with a penalty on their table",
    T: 2,
    N: 3,
    input: { vocabulary: 65, size: 9, regularizer: { l2: 0.01 } },
    layers: [{ kind: "bidirectional", merge: "sum", forward: gru(7) }, dense(2)],
    loss: "softmaxCrossEntropy",
    coarse: 4,
  },
];

const MASKS: readonly ChainCase[] = [
  {
    name: "LSTM, masked",
    T: 28,
    N: 17,
    input: 3,
    maskValue: 0,
    layers: [lstm(64), dense(1)],
    loss: "meanSquaredError",
  },
  {
    name: "GRU, masked",
    T: 5,
    N: 16,
    input: 1,
    maskValue: -1,
    layers: [gru(65), dense(1)],
    loss: "meanSquaredError",
  },
  {
    name: "GRU, reset after, masked, at every step",
    T: 5,
    N: 3,
    input: 7,
    maskValue: 0.1,
    layers: [gru(63, { ...EVERY, resetAfter: true }), dense(2)],
    loss: "meanSquaredError",
  },
  {
    name: "RNN, masked, backwards, above a dense layer",
    T: 5,
    N: 17,
    input: 3,
    maskValue: 0,
    layers: [
      dense(5, { activation: "tanh" }),
      rnn(7, { ...EVERY, backwards: true }),
      rnn(65, { backwards: true }),
      dense(2),
    ],
    loss: "meanSquaredError",
  },
  {
    name: "two directions, masked, at every step, an LSTM above",
    T: 5,
    N: 17,
    input: 3,
    maskValue: 0,
    layers: [{ kind: "bidirectional", merge: "ave", forward: lstm(9, EVERY) }, lstm(7), dense(2)],
    loss: "meanSquaredError",
  },
  {
    name: "encoder and decoder, masked",
    T: 7,
    N: 3,
    input: 4,
    maskValue: 0,
    layers: [lstm(9), repeat(3), lstm(9, EVERY), dense(4)],
    loss: "softmaxCrossEntropy",
  },
];

const DROPOUT: readonly ChainCase[] = [
  {
    name: "dropout everywhere",
    T: 5,
    N: 17,
    input: 7,
    layers: [
      drop(0.2),
      lstm(65, EVERY),
      drop(0.3),
      drop(0.1),
      gru(9),
      drop(0.5),
      dense(63, { activation: "relu" }),
      drop(0.4),
      dense(3),
    ],
    loss: "softmaxCrossEntropy",
  },
  {
    name: "dropout of the last layer, at every step",
    T: 28,
    N: 3,
    input: 3,
    layers: [rnn(7, EVERY), dense(5), drop(0.3)],
    loss: "meanSquaredError",
  },
  {
    name: "dropout after a repetition",
    T: 5,
    N: 16,
    input: 3,
    layers: [lstm(7), drop(0.5), repeat(3), drop(0.5), lstm(5, EVERY), drop(0.5), dense(2)],
    loss: "meanSquaredError",
  },
  {
    name: "LSTM with dropout of x and h",
    T: 5,
    N: 17,
    input: 7,
    layers: [
      lstm(65, { ...EVERY, inputDropout: 0.3, recurrentDropout: 0.5 }),
      lstm(63, { recurrentDropout: 0.25 }),
      dense(2),
    ],
    loss: "softmaxCrossEntropy",
  },
  {
    name: "GRU with dropout of x and h",
    T: 5,
    N: 3,
    input: 7,
    layers: [
      gru(64, { ...EVERY, inputDropout: 0.2, recurrentDropout: 0.2 }),
      gru(9, { inputDropout: 0.5, recurrentDropout: 0.5, resetAfter: true }),
      dense(2),
    ],
    loss: "softmaxCrossEntropy",
  },
  {
    name: "RNN with dropout of x and h, backwards",
    T: 5,
    N: 16,
    input: 7,
    layers: [rnn(9, { backwards: true, inputDropout: 0.4, recurrentDropout: 0.3 }), dense(2)],
    loss: "meanSquaredError",
  },
  {
    name: "two directions with dropout of x and h, masked",
    T: 5,
    N: 17,
    input: 3,
    maskValue: 0,
    layers: [
      drop(0.2),
      {
        kind: "bidirectional",
        merge: "concat",
        forward: lstm(7, { inputDropout: 0.3, recurrentDropout: 0.4 }),
        backward: gru(7, { inputDropout: 0.5, recurrentDropout: 0.2 }),
      },
      drop(0.5),
      dense(2),
    ],
    loss: "meanSquaredError",
  },
];

const PENALTIES: readonly ChainCase[] = [
  {
    name: "penalties on every weight",
    T: 5,
    N: 3,
    input: 3,
    layers: [
      lstm(7, {
        ...EVERY,
        kernelRegularizer: { l2: 0.01 },
        recurrentRegularizer: { l1: 0.003 },
        biasRegularizer: { l1: 0.002, l2: 0.02 },
      }),
      gru(9, { kernelRegularizer: { l1: 0.01, l2: 0.01 }, resetAfter: true, biasRegularizer: { l2: 0.01 } }),
      dense(2, { kernelRegularizer: { l2: 0.05 }, biasRegularizer: { l1: 0.01 } }),
    ],
    loss: "meanSquaredError",
  },
];

const lossCase = (loss: Loss, changes: Partial<ChainCase> = {}): ChainCase => ({
  name: loss,
  T: 5,
  N: 17,
  input: 3,
  layers: [
    lstm(7),
    dense(5, {
      activation: loss === "categoricalCrossEntropy"
        ? "softmax"
        : loss === "binaryCrossEntropy"
        ? "sigmoid"
        : "linear",
    }),
  ],
  loss,
  ...changes,
});

const LOSSES: readonly ChainCase[] = [
  ...(["softmaxCrossEntropy", "categoricalCrossEntropy"] as const).flatMap((loss) => [
    lossCase(loss, { metrics: ["categoricalAccuracy"], targets: "classes" }),
    lossCase(loss, {
      name: `${loss} of rows`,
      metrics: ["categoricalAccuracy", "meanSquaredError"],
      targets: "rows",
    }),
  ]),
  lossCase("categoricalCrossEntropy", {
    name: "categoricalCrossEntropy of shares that do not sum to 1",
    layers: [lstm(7), dense(5, { activation: "sigmoid" })],
    metrics: ["categoricalCrossEntropy", "categoricalAccuracy"],
    targets: "rows",
  }),
  lossCase("categoricalCrossEntropy", {
    name: "categoricalCrossEntropy where it is clipped",
    scale: 20,
    coarse: 4,
    metrics: ["categoricalAccuracy"],
  }),
  lossCase("sigmoidCrossEntropy"),
  lossCase("binaryCrossEntropy", { metrics: ["binaryAccuracy", "binaryCrossEntropy"] }),
  lossCase("binaryCrossEntropy", { name: "binaryCrossEntropy where it is clipped", scale: 30, coarse: 1500 }),
  lossCase("meanSquaredError", { metrics: ["meanAbsoluteError", "binaryAccuracy"] }),
  lossCase("meanAbsoluteError", { metrics: ["meanSquaredError"] }),
  lossCase("huber", { metrics: ["meanAbsoluteError"] }),
  ...(["softmaxCrossEntropy", "binaryCrossEntropy", "meanSquaredError"] as const).map((loss) =>
    lossCase(loss, {
      name: `${loss} at every step, with weights, of a short batch`,
      N: 3,
      batchSize: 17,
      layers: [
        gru(65, EVERY),
        dense(4, { activation: loss === "binaryCrossEntropy" ? "sigmoid" : "linear" }),
      ],
      metrics: loss === "softmaxCrossEntropy" ? ["categoricalAccuracy"] : ["binaryAccuracy"],
      weighted: true,
    })
  ),
  lossCase("meanAbsoluteError", { name: "meanAbsoluteError with weights", weighted: true }),
];

/** The cases of the gradient. */
export const CHAINS: readonly ChainCase[] = [
  ...LAYERS,
  ...TOKENS,
  ...MASKS,
  ...DROPOUT,
  ...PENALTIES,
  ...LOSSES,
  ...NORMALIZED,
];

/** A chain with tokens, masks, dropouts and penalties, small enough for many steps. */
export const MIXED: ChainCase = {
  name: "tokens, masks, dropouts, penalties",
  T: 5,
  N: 6,
  input: { vocabulary: 6, size: 5, maskZero: true },
  layers: [
    lstm(7, { ...EVERY, inputDropout: 0.2, recurrentDropout: 0.3, kernelRegularizer: { l2: 0.01 } }),
    drop(0.3),
    { kind: "bidirectional", merge: "concat", forward: gru(5) },
    dense(8, { activation: "tanh" }),
    drop(0.2),
    dense(4),
  ],
  loss: "softmaxCrossEntropy",
  metrics: ["categoricalAccuracy"],
};

/** A chain whose every weight has a gradient. */
export const GRU: ChainCase = {
  name: "GRU",
  T: 5,
  N: 6,
  input: 3,
  layers: [{ kind: "gru", hiddenSize: 7 }, { kind: "dense", units: 2 }],
  loss: "meanSquaredError",
};
