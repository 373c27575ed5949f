/**
 * The chains of layers that engines are compared over: every layer, option, loss and kind of target at least once, in sizes
 * below, at and above a tile or workgroup.
 *
 * @module
 */
import type { SequenceLayout, Sequences, Targets } from "../../lib/data/sequences.ts";
import type { EngineTraining } from "../../lib/engines/engine.ts";
import { CATEGORICAL, type Loss } from "../../lib/model/losses.ts";
import {
  CELL_ACTIVATIONS,
  createNetwork,
  type LayerOptions,
  MERGES,
  type Network,
  type NetworkOptions,
  type RecurrentOptions,
  stepsOf,
} from "../../lib/model/network.ts";
import { sgd } from "../../lib/model/optimizers.ts";
import type { RandomStream } from "../../lib/random.ts";
import { testStream, tinyParameters } from "../support/tiny_data.ts";
import type { CaseOptions } from "./contract_cases.ts";

/** A network and the batch it is compared on. */
export interface ChainCase {
  /** What is special about it. */
  readonly name: string;
  /** The steps that come in. */
  readonly T: number;
  readonly N: number;
  /** C features, or tokens. */
  readonly input: number | Omit<Extract<NetworkOptions["input"], { kind: "tokens" }>, "kind">;
  readonly maskValue?: number;
  readonly layers: readonly LayerOptions[];
  readonly loss: Loss;
  readonly metrics?: NetworkOptions["metrics"];
  /** Classes by default where the loss allows them. */
  readonly targets?: Targets["kind"];
  /** Whether sequences have weights; false by default. */
  readonly weighted?: boolean;
  /** N by default; a larger one makes the batch a short one. */
  readonly batchSize?: number;
  /** Multiplies the parameters. */
  readonly scale?: number;
}

/** The sizes of a recurrent layer, and its other options. */
type Cell = Partial<Omit<Extract<RecurrentOptions, { kind: "gru" }>, "kind" | "hiddenSize">>;

const lstm = (hiddenSize: number, options: Omit<Cell, "resetAfter"> = {}) =>
  ({ kind: "lstm", hiddenSize, ...options }) as const;
const gru = (hiddenSize: number, options: Cell = {}) => ({ kind: "gru", hiddenSize, ...options }) as const;
const rnn = (hiddenSize: number, options: Omit<Cell, "resetAfter" | "gateActivation"> = {}) =>
  ({ kind: "rnn", hiddenSize, ...options }) as const;
const dense = (
  units: number,
  options: Omit<Extract<LayerOptions, { kind: "dense" }>, "kind" | "units"> = {},
) => ({ kind: "dense", units, ...options }) as const;
const drop = (rate: number) => ({ kind: "dropout", rate }) as const;
const repeat = (steps: number) => ({ kind: "repeat", steps }) as const;
const EVERY = { returnSequences: true } as const;

/** Layers by what they are. */
const CELLS: readonly ChainCase[] = [
  { name: "LSTM of one unit", T: 1, N: 1, input: 1, layers: [lstm(1), dense(1)], loss: "meanSquaredError" },
  { name: "LSTM", T: 28, N: 17, input: 1, layers: [lstm(64), dense(1)], loss: "meanSquaredError" },
  { name: "LSTM", T: 5, N: 16, input: 100, layers: [lstm(128), dense(7)], loss: "softmaxCrossEntropy" },
  { name: "LSTM without a head", T: 2, N: 3, input: 7, layers: [lstm(65)], loss: "meanAbsoluteError" },
  { name: "GRU of one unit", T: 1, N: 1, input: 1, layers: [gru(1), dense(1)], loss: "meanSquaredError" },
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
    T: 28,
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
    metrics: ["categoricalAccuracy"],
  }),
  lossCase("sigmoidCrossEntropy"),
  lossCase("binaryCrossEntropy", { metrics: ["binaryAccuracy", "binaryCrossEntropy"] }),
  lossCase("binaryCrossEntropy", { name: "binaryCrossEntropy where it is clipped", scale: 30 }),
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
  ...CELLS,
  ...ACTIVATIONS,
  ...DENSE,
  ...BIDIRECTIONAL,
  ...STEPS,
  ...TOKENS,
  ...MASKS,
  ...DROPOUT,
  ...PENALTIES,
  ...LOSSES,
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

/** The name of a case, with its sizes. */
export function describeChain({ name, T, N, input, layers }: ChainCase): string {
  const sizes = layers.flatMap((layer) => {
    if (layer.kind === "bidirectional") return [layer.forward.hiddenSize];
    return "hiddenSize" in layer ? [layer.hiddenSize] : "units" in layer ? [layer.units] : [];
  });
  const first = typeof input === "number" ? input : `${input.vocabulary}→${input.size}`;
  return `${name} (${[first, ...sizes].join("→")}, T ${T}, N ${N})`;
}

/** The options of a case; the optimizer is SGD by default. */
export function chainOptions(test: ChainCase, changes: Partial<EngineTraining> = {}): CaseOptions {
  const { T, N, loss, metrics, layers } = test;
  const input = typeof test.input === "number"
    ? { kind: "features" as const, size: test.input, maskValue: test.maskValue }
    : { kind: "tokens" as const, ...test.input };
  const network = createNetwork({ input, layers, loss, metrics });
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
