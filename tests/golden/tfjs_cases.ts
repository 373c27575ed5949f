/**
 * The models that `tfjs.ts` trains, with the networks that Scanline has for them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { testStream } from "../support/tiny_data.ts";
import type { NetworkOptions } from "../../lib/model/network_options.ts";
import type { Optimizer } from "../../lib/model/optimizers.ts";

/** What `model.compile()` is given as a loss. */
type TfLoss = string | ((y: tf.Tensor, p: tf.Tensor) => tf.Tensor);

/** One training. */
export interface TfCase {
  readonly layers: () => readonly tf.layers.Layer[];
  readonly network: Omit<NetworkOptions, "loss">;
  readonly loss: TfLoss;
  /** Scanline's name of the loss. */
  readonly ourLoss: NetworkOptions["loss"];
  readonly optimizer: () => tf.Optimizer;
  readonly ourOptimizer: Optimizer;
  readonly metrics?: readonly string[];
  /** The weights of the classes 0, 1, 2 …; none by default. */
  readonly classWeight?: Readonly<Record<number, number>>;
}

const SGD = { optimizer: () => tf.train.sgd(0.5), ourOptimizer: { kind: "sgd", learningRate: 0.5 } } as const;
const MSE = { loss: "meanSquaredError", ourLoss: "meanSquaredError" } as const;
const SHAPE: [number, number] = [5, 3]; // T, C

const SPREAD = { recurrentInitializer: "glorotUniform" } as const; // the default one is slow
const lstm = (options: object = {}) => tf.layers.lstm({ units: 4, ...SPREAD, ...options });
const gru = (options: object = {}) => tf.layers.gru({ units: 4, ...SPREAD, ...options });
const rnn = (options: object = {}) => tf.layers.simpleRNN({ units: 4, ...SPREAD, ...options });
const dense = (units: number, options: object = {}) => tf.layers.dense({ units, ...options });
const norm = (options: object = {}) => tf.layers.batchNormalization(options);
const IN = { inputShape: SHAPE };
const EVERY = { returnSequences: true } as const;
const FEATURES = { kind: "features", size: 3 } as const;

/** A GRU with a head of one number, and the mean squared error, by optimizer. */
const OPTIMIZERS: readonly (readonly [string, () => tf.Optimizer, Optimizer])[] = [
  ["sgd", () => tf.train.sgd(0.1), { kind: "sgd", learningRate: 0.1 }],
  ["momentum", () => tf.train.momentum(0.05, 0.9), { kind: "momentum", learningRate: 0.05, momentum: 0.9 }],
  ["nesterov", () => tf.train.momentum(0.05, 0.9, true), {
    kind: "nesterov",
    learningRate: 0.05,
    momentum: 0.9,
  }],
  ["adagrad", () => tf.train.adagrad(0.1), {
    kind: "tfAdagrad",
    learningRate: 0.1,
    start: 0.1,
    epsilon: 1e-7,
  }],
  ["adadelta", () => tf.train.adadelta(0.05, 0.95), {
    kind: "tfAdadelta",
    learningRate: 0.05,
    rho: 0.95,
    epsilon: 1e-7,
  }],
  ["adam", () => tf.train.adam(0.01), {
    kind: "tfAdam",
    learningRate: 0.01,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-7,
  }],
  ["adamax", () => tf.train.adamax(0.01, 0.9, 0.999, 1e-7, 0.05), {
    kind: "tfAdamax",
    learningRate: 0.01,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-7,
    decay: 0.05,
  }],
  ["rmsprop", () => tf.train.rmsprop(0.01), {
    kind: "tfRmsprop",
    learningRate: 0.01,
    decay: 0.9,
    momentum: 0,
    epsilon: 1e-7,
  }],
  ["rmsprop with momentum", () => tf.train.rmsprop(0.003, 0.9, 0.8), {
    kind: "tfRmsprop",
    learningRate: 0.003,
    decay: 0.9,
    momentum: 0.8,
    epsilon: 1e-7,
  }],
  ["rmsprop, centered", () => tf.train.rmsprop(0.001, 0.9, 0.5, 1e-16, true), {
    kind: "tfCenteredRmsprop",
    learningRate: 0.001,
    decay: 0.9,
    momentum: 0.5,
    epsilon: 1e-16,
  }],
];

const ofOptimizers = OPTIMIZERS.map(([name, optimizer, ourOptimizer]): [string, TfCase] => [name, {
  layers: () => [gru(IN), dense(1)],
  network: {
    input: FEATURES,
    layers: [{ kind: "gru", hiddenSize: 4, gateActivation: "hardSigmoid" }, { kind: "dense", units: 1 }],
  },
  optimizer,
  ourOptimizer,
  ...MSE,
}]);

/** An LSTM with a head of three numbers, by loss. */
const LOSSES: readonly (readonly [string, Pick<TfCase, "loss" | "ourLoss" | "metrics" | "classWeight">, {
  activation?: "softmax" | "sigmoid";
  ourMetrics?: NetworkOptions["metrics"];
}])[] = [
  ["meanSquaredError", { ...MSE, metrics: ["mae"] }, { ourMetrics: ["meanAbsoluteError"] }],
  ["meanAbsoluteError", { loss: "meanAbsoluteError", ourLoss: "meanAbsoluteError", metrics: ["mse"] }, {
    ourMetrics: ["meanSquaredError"],
  }],
  [
    "categoricalCrossentropy",
    { loss: "categoricalCrossentropy", ourLoss: "categoricalCrossEntropy", metrics: ["accuracy"] },
    { activation: "softmax", ourMetrics: ["categoricalAccuracy"] },
  ],
  [
    "categoricalCrossentropy of shares that do not sum to 1",
    { loss: "categoricalCrossentropy", ourLoss: "categoricalCrossEntropy" },
    { activation: "sigmoid" },
  ],
  [
    "sparseCategoricalCrossentropy",
    { loss: "sparseCategoricalCrossentropy", ourLoss: "categoricalCrossEntropy", metrics: ["accuracy"] },
    { activation: "softmax", ourMetrics: ["categoricalAccuracy"] },
  ],
  [
    "binaryCrossentropy",
    { loss: "binaryCrossentropy", ourLoss: "binaryCrossEntropy", metrics: ["accuracy"] },
    { activation: "sigmoid", ourMetrics: ["binaryAccuracy"] },
  ],
  ["tf.losses.softmaxCrossEntropy", {
    loss: (y, p) => tf.losses.softmaxCrossEntropy(y, p),
    ourLoss: "softmaxCrossEntropy",
  }, {}],
  ["tf.losses.sigmoidCrossEntropy", {
    loss: (y, p) => tf.losses.sigmoidCrossEntropy(y, p),
    ourLoss: "sigmoidCrossEntropy",
  }, {}],
  ["tf.losses.huberLoss", { loss: (y, p) => tf.losses.huberLoss(y, p), ourLoss: "huber" }, {}],
  [
    "categoricalCrossentropy with class weights",
    {
      loss: "categoricalCrossentropy",
      ourLoss: "categoricalCrossEntropy",
      classWeight: { 0: 1, 1: 2.5, 2: 0.25 },
    },
    { activation: "softmax" },
  ],
];

const ofLosses = LOSSES.map(([name, loss, { activation, ourMetrics }]): [string, TfCase] => [name, {
  layers: () => [lstm(IN), dense(3, { activation: activation ?? "linear" })],
  network: {
    input: FEATURES,
    layers: [
      { kind: "lstm", hiddenSize: 4, gateActivation: "hardSigmoid" },
      { kind: "dense", units: 3, activation },
    ],
    metrics: ourMetrics,
  },
  ...SGD,
  ...loss,
}]);

type ModelCase = Pick<TfCase, "layers" | "network"> & Partial<TfCase>;

/** Dropout of half of x and h: the mask `[rows, columns]` that stands for every random one, the same for all gates. */
export function fixedMask(rows: number, columns: number): Float32Array {
  const random = testStream(`mask of ${columns}`);
  return Float32Array.from({ length: rows * columns }, () => 2 * random.below(2));
}

const DROPPING = {
  dropout: 0.5,
  recurrentDropout: 0.5,
  dropoutFunc: (ones: tf.Tensor2D) => {
    return tf.mul(ones, tf.tensor(fixedMask(...ones.shape), ones.shape));
  },
};
const DROPS = { inputDropout: 0.5, recurrentDropout: 0.5 } as const;

/** Every layer, with SGD and the mean squared error. */
const MODELS: Readonly<Record<string, ModelCase>> = {
  "LSTMs with ReLU, sigmoid gates, a stack of dense layers": {
    layers: () => [
      lstm({ ...IN, ...EVERY, activation: "relu", recurrentActivation: "sigmoid" }),
      lstm({ activation: "sigmoid", recurrentActivation: "tanh", useBias: false }),
      dense(5, { activation: "relu" }),
      tf.layers.activation({ activation: "tanh" }),
      dense(3, { activation: "hardSigmoid", useBias: false }),
      dense(2),
    ],
    network: {
      input: FEATURES,
      layers: [
        { kind: "lstm", hiddenSize: 4, activation: "relu", returnSequences: true },
        { kind: "lstm", hiddenSize: 4, activation: "sigmoid", gateActivation: "tanh", useBias: false },
        { kind: "dense", units: 5, activation: "relu" },
        { kind: "activation", activation: "tanh" },
        { kind: "dense", units: 3, activation: "hardSigmoid", useBias: false },
        { kind: "dense", units: 2 },
      ],
    },
  },
  "simple RNNs, the second backwards": {
    layers: () => [
      rnn({ ...IN, ...EVERY, activation: "relu" }),
      rnn({ goBackwards: true, useBias: false }),
      dense(1),
    ],
    network: {
      input: FEATURES,
      layers: [
        { kind: "rnn", hiddenSize: 4, activation: "relu", returnSequences: true },
        { kind: "rnn", hiddenSize: 4, backwards: true, useBias: false },
        { kind: "dense", units: 1 },
      ],
    },
  },
  "GRUs, the first backwards and at every step": {
    layers: () => [
      gru({ ...IN, ...EVERY, goBackwards: true, recurrentActivation: "sigmoid" }),
      gru({ activation: "relu" }),
      dense(1),
    ],
    network: {
      input: FEATURES,
      layers: [
        { kind: "gru", hiddenSize: 4, backwards: true, returnSequences: true },
        { kind: "gru", hiddenSize: 4, activation: "relu", gateActivation: "hardSigmoid" },
        { kind: "dense", units: 1 },
      ],
    },
  },
  ...Object.fromEntries((["concat", "sum", "ave", "mul"] as const).map((merge): [string, ModelCase] => [
    `bidirectional layers, ${merge}`,
    {
      layers: () => [
        tf.layers.bidirectional({
          layer: gru(EVERY) as tf.RNN,
          mergeMode: merge,
          ...IN,
        }),
        tf.layers.bidirectional({ layer: lstm() as tf.RNN, mergeMode: merge }),
        dense(1),
      ],
      network: {
        input: FEATURES,
        layers: [
          {
            kind: "bidirectional",
            merge,
            forward: { kind: "gru", hiddenSize: 4, gateActivation: "hardSigmoid", returnSequences: true },
          },
          {
            kind: "bidirectional",
            merge,
            forward: { kind: "lstm", hiddenSize: 4, gateActivation: "hardSigmoid" },
          },
          { kind: "dense", units: 1 },
        ],
      },
    },
  ])),
  "an embedding, its first token masked, GRUs": {
    layers: () => [
      tf.layers.embedding({ inputDim: 6, outputDim: 3, maskZero: true, inputLength: SHAPE[0] }),
      gru(EVERY),
      gru(),
      dense(1, { activation: "sigmoid" }),
    ],
    network: {
      input: { kind: "tokens", vocabulary: 6, size: 3, maskZero: true },
      layers: [
        { kind: "gru", hiddenSize: 4, gateActivation: "hardSigmoid", returnSequences: true },
        { kind: "gru", hiddenSize: 4, gateActivation: "hardSigmoid" },
        { kind: "dense", units: 1, activation: "sigmoid" },
      ],
      metrics: ["binaryAccuracy"],
    },
    loss: "binaryCrossentropy",
    ourLoss: "binaryCrossEntropy",
    metrics: ["accuracy"],
  },
  "an embedding, Adam": {
    layers: () => [
      tf.layers.embedding({ inputDim: 9, outputDim: 3, inputLength: SHAPE[0] }),
      lstm(),
      dense(2, { activation: "softmax" }),
    ],
    network: {
      input: { kind: "tokens", vocabulary: 9, size: 3 },
      layers: [
        { kind: "lstm", hiddenSize: 4, gateActivation: "hardSigmoid" },
        { kind: "dense", units: 2, activation: "softmax" },
      ],
    },
    loss: "categoricalCrossentropy",
    ourLoss: "categoricalCrossEntropy",
    optimizer: () => tf.train.adam(0.01),
    ourOptimizer: { kind: "tfAdam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  },
  "masked steps, LSTMs": {
    layers: () => [tf.layers.masking({ maskValue: 0, ...IN }), lstm(EVERY), lstm(), dense(1)],
    network: {
      input: { ...FEATURES, maskValue: 0 },
      layers: [
        { kind: "lstm", hiddenSize: 4, gateActivation: "hardSigmoid", returnSequences: true },
        { kind: "lstm", hiddenSize: 4, gateActivation: "hardSigmoid" },
        { kind: "dense", units: 1 },
      ],
    },
  },
  "masked steps, two directions, at every step": {
    layers: () => [
      tf.layers.masking({ maskValue: 0, ...IN }),
      tf.layers.bidirectional({ layer: rnn(EVERY) as tf.RNN, mergeMode: "concat" }),
      rnn({ ...EVERY, goBackwards: true }),
      rnn(),
      dense(1),
    ],
    network: {
      input: { ...FEATURES, maskValue: 0 },
      layers: [
        {
          kind: "bidirectional",
          merge: "concat",
          forward: { kind: "rnn", hiddenSize: 4, returnSequences: true },
        },
        { kind: "rnn", hiddenSize: 4, returnSequences: true, backwards: true },
        { kind: "rnn", hiddenSize: 4 },
        { kind: "dense", units: 1 },
      ],
    },
  },
  "encoder and decoder": {
    layers: () => [
      lstm(IN),
      tf.layers.repeatVector({ n: 3 }),
      lstm(EVERY),
      tf.layers.timeDistributed({ layer: dense(3) }),
      tf.layers.activation({ activation: "softmax" }),
    ],
    network: {
      input: FEATURES,
      layers: [
        { kind: "lstm", hiddenSize: 4, gateActivation: "hardSigmoid" },
        { kind: "repeat", steps: 3 },
        { kind: "lstm", hiddenSize: 4, gateActivation: "hardSigmoid", returnSequences: true },
        { kind: "dense", units: 3 },
        { kind: "activation", activation: "softmax" },
      ],
      metrics: ["categoricalAccuracy"],
    },
    loss: "categoricalCrossentropy",
    ourLoss: "categoricalCrossEntropy",
    metrics: ["accuracy"],
  },
  "a head on every step": {
    layers: () => [gru({ ...IN, ...EVERY }), dense(2)],
    network: {
      input: FEATURES,
      layers: [
        { kind: "gru", hiddenSize: 4, gateActivation: "hardSigmoid", returnSequences: true },
        { kind: "dense", units: 2 },
      ],
      metrics: ["meanAbsoluteError"],
    },
    metrics: ["mae"],
  },
  "an LSTM with dropout of x and h": {
    layers: () => [lstm({ ...IN, ...DROPPING }), dense(1)],
    network: {
      input: FEATURES,
      layers: [
        { kind: "lstm", hiddenSize: 4, gateActivation: "hardSigmoid", ...DROPS },
        { kind: "dense", units: 1 },
      ],
    },
  },
  "a masked GRU with dropout of x and h": {
    layers: () => [tf.layers.masking({ maskValue: 0, ...IN }), gru(DROPPING), dense(1)],
    network: {
      input: { ...FEATURES, maskValue: 0 },
      layers: [
        { kind: "gru", hiddenSize: 4, gateActivation: "hardSigmoid", ...DROPS },
        { kind: "dense", units: 1 },
      ],
    },
  },
  "a simple RNN with dropout of x and h": {
    layers: () => [rnn({ ...IN, ...DROPPING }), dense(1)],
    network: {
      input: FEATURES,
      layers: [{ kind: "rnn", hiddenSize: 4, ...DROPS }, { kind: "dense", units: 1 }],
    },
    optimizer: () => tf.train.sgd(0.1), // 0.5 diverges
    ourOptimizer: { kind: "sgd", learningRate: 0.1 },
  },
  "a batch normalization of the last step": {
    layers: () => [lstm(IN), norm(), dense(3, { activation: "softmax" })],
    network: {
      input: FEATURES,
      layers: [
        { kind: "lstm", hiddenSize: 4, gateActivation: "hardSigmoid" },
        { kind: "batchNorm" },
        { kind: "dense", units: 3, activation: "softmax" },
      ],
    },
    loss: "categoricalCrossentropy",
    ourLoss: "categoricalCrossEntropy",
  },
  "batch normalizations at every step, with penalties": {
    layers: () => [
      norm({ ...IN, momentum: 0.8 }), // TensorFlow.js does not train one without gamma or beta
      gru(EVERY),
      norm({ epsilon: 0.01, momentum: 0.9, gammaRegularizer: tf.regularizers.l2({ l2: 0.05 }) }),
      rnn(EVERY),
      norm({ betaRegularizer: tf.regularizers.l1({ l1: 0.01 }) }),
      dense(2),
    ],
    network: {
      input: FEATURES,
      layers: [
        { kind: "batchNorm", momentum: 0.8 },
        { kind: "gru", hiddenSize: 4, gateActivation: "hardSigmoid", returnSequences: true },
        { kind: "batchNorm", epsilon: 0.01, momentum: 0.9, gammaRegularizer: { l2: 0.05 } },
        { kind: "rnn", hiddenSize: 4, returnSequences: true },
        { kind: "batchNorm", betaRegularizer: { l1: 0.01 } },
        { kind: "dense", units: 2 },
      ],
    },
    optimizer: () => tf.train.sgd(0.1),
    ourOptimizer: { kind: "sgd", learningRate: 0.1 },
  },
  "masked steps that are normalized": {
    layers: () => [tf.layers.masking({ maskValue: 0, ...IN }), norm(), lstm(EVERY), norm(), gru(), dense(1)],
    network: {
      input: { ...FEATURES, maskValue: 0 },
      layers: [
        { kind: "batchNorm" },
        { kind: "lstm", hiddenSize: 4, gateActivation: "hardSigmoid", returnSequences: true },
        { kind: "batchNorm" },
        { kind: "gru", hiddenSize: 4, gateActivation: "hardSigmoid" },
        { kind: "dense", units: 1 },
      ],
    },
    optimizer: () => tf.train.sgd(0.1),
    ourOptimizer: { kind: "sgd", learningRate: 0.1 },
  },
  "penalties of dense layers": {
    layers: () => [
      rnn(IN),
      dense(3, { kernelRegularizer: tf.regularizers.l1l2({ l1: 0.01, l2: 0.02 }), activation: "tanh" }),
      dense(1, { biasRegularizer: tf.regularizers.l2({ l2: 0.05 }) }),
    ],
    network: {
      input: FEATURES,
      layers: [
        { kind: "rnn", hiddenSize: 4 },
        { kind: "dense", units: 3, activation: "tanh", kernelRegularizer: { l1: 0.01, l2: 0.02 } },
        { kind: "dense", units: 1, biasRegularizer: { l2: 0.05 } },
      ],
    },
  },
};

/** All trainings by what is trained. */
export const TF_CASES: ReadonlyMap<string, TfCase> = new Map([
  ...ofOptimizers,
  ...ofLosses,
  ...Object.entries(MODELS).map(([name, model]): [string, TfCase] => [name, { ...SGD, ...MSE, ...model }]),
]);

/** T of what comes in. */
export const STEPS_IN = SHAPE[0];
