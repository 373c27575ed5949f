/**
 * 26 recurrent TensorFlow.js models that other people published: their layers, loss, optimizer, metrics and batch size.
 *
 * An id begins with E for one of TensorFlow.js's own examples, with R for one of another public repository. Where its program
 * leaves a number to its user, the batch size is 32 here, the learning rate of Adam 0.001 and that of RMSprop 0.01.
 *
 * @module
 */

/** A layer: the name of a function of `tf.layers`, with its options, all of them JSON. */
export type ModelLayer =
  | {
    readonly kind: "lstm" | "gru" | "simpleRNN";
    readonly units: number;
    /** tanh by default. */
    readonly activation?: "relu";
    readonly returnSequences?: boolean;
  }
  | { readonly kind: "bidirectional"; readonly layer: ModelLayer; readonly mergeMode: "concat" }
  | { readonly kind: "timeDistributed"; readonly layer: ModelLayer }
  | { readonly kind: "embedding"; readonly inputDim: number; readonly outputDim: number }
  | { readonly kind: "masking" }
  | { readonly kind: "repeatVector"; readonly n: number }
  | { readonly kind: "dropout"; readonly rate: number; readonly seed?: number }
  | { readonly kind: "activation"; readonly activation: "softmax" }
  | { readonly kind: "dense"; readonly units: number; readonly activation?: "relu" | "sigmoid" | "softmax" };

/** What the sequences look like. */
export type Content =
  /** One 1 at each step. */
  | "characters"
  /** Waves with noise. */
  | "series"
  /** Numbers from 0 to 1 that move slowly, as the coordinates of a hand. */
  | "points"
  /** The same, followed by steps of zeros. */
  | "padded points"
  /** Tokens, after zeros up to the length. */
  | "padded tokens"
  /** Tokens, without zeros. */
  | "tokens";

/** A model and how it is trained. */
export interface PublishedModel {
  readonly id: string;
  readonly name: string;
  /** `[T, C]`, or `[T]` of tokens. */
  readonly inputShape: readonly number[];
  readonly content: Content;
  readonly layers: readonly ModelLayer[];
  /** The name of a loss, or of a function of `tf.losses`. */
  readonly loss:
    | "categoricalCrossentropy"
    | "binaryCrossentropy"
    | "meanSquaredError"
    | "meanAbsoluteError"
    | "softmaxCrossEntropy";
  readonly optimizer: { readonly kind: "adam" | "rmsprop" | "sgd"; readonly learningRate: number };
  readonly metrics: readonly ("acc" | "mae")[];
  readonly batchSize: number;
}

const ADAM = { kind: "adam", learningRate: 0.001 } as const;
const RMSPROP = { kind: "rmsprop", learningRate: 0.01 } as const;

const dense = (units: number, activation?: "relu" | "sigmoid" | "softmax"): ModelLayer => ({
  ...{ kind: "dense", units },
  ...(activation ? { activation } : {}),
});
const dropout = (rate: number, options: { seed?: number } = {}): ModelLayer => ({
  kind: "dropout",
  rate,
  ...options,
});

/** A recurrent layer that returns its last output. */
const last = (kind: "lstm" | "gru" | "simpleRNN", units: number, activation?: "relu"): ModelLayer => ({
  ...{ kind, units },
  ...(activation ? { activation } : {}),
});
/** A recurrent layer that returns all of its outputs. */
const every = (...of: Parameters<typeof last>): ModelLayer => ({
  ...last(...of) as ModelLayer & { kind: "lstm" },
  returnSequences: true,
});
/** A dense layer and softmax at every step, as the examples write it. */
const classesAtEveryStep = (units: number): ModelLayer[] => [
  { kind: "timeDistributed", layer: dense(units) },
  { kind: "activation", activation: "softmax" },
];
const bothWays = (layer: ModelLayer): ModelLayer => ({ kind: "bidirectional", layer, mergeMode: "concat" });

const classified = { loss: "categoricalCrossentropy", metrics: ["acc"] } as const;
const regressed = { loss: "meanSquaredError", metrics: [] } as const;

/** `addition-rnn`, which learns to add two numbers of two digits. */
const addition = (kind: "lstm" | "gru") =>
  ({
    inputShape: [5, 12],
    content: "characters",
    layers: [last(kind, 128), { kind: "repeatVector", n: 3 }, every(kind, 128), ...classesAtEveryStep(12)],
    ...classified,
    optimizer: ADAM,
    batchSize: 128,
  }) as const;

/** `sentiment`, which tells good reviews from bad ones. */
const sentiment = (reader: ModelLayer) =>
  ({
    inputShape: [100],
    content: "padded tokens",
    layers: [{ kind: "embedding", inputDim: 10_000, outputDim: 128 }, reader, dense(1, "sigmoid")],
    loss: "binaryCrossentropy",
    optimizer: ADAM,
    metrics: ["acc"],
    batchSize: 128,
  }) as const;

/** The models. */
export const PUBLISHED_MODELS: readonly PublishedModel[] = [
  { id: "E1", name: "addition-rnn, LSTM", ...addition("lstm") },
  { id: "E2", name: "addition-rnn, GRU", ...addition("gru") },
  {
    id: "E3",
    name: "lstm-text-generation",
    inputShape: [60, 71],
    content: "characters",
    layers: [every("lstm", 128), last("lstm", 128), dense(71, "softmax")],
    loss: "categoricalCrossentropy",
    optimizer: RMSPROP,
    metrics: [],
    batchSize: 128,
  },
  {
    id: "E4",
    name: "jena-weather, simpleRNN",
    inputShape: [240, 14],
    content: "series",
    layers: [last("simpleRNN", 32), dense(1)],
    loss: "meanAbsoluteError",
    optimizer: { kind: "rmsprop", learningRate: 0.001 },
    metrics: [],
    batchSize: 128,
  },
  { id: "E6", name: "sentiment, simpleRNN", ...sentiment(last("simpleRNN", 32)) },
  { id: "E7", name: "sentiment, LSTM", ...sentiment(last("lstm", 32)) },
  { id: "E8", name: "sentiment, bidirectional LSTM", ...sentiment(bothWays(last("lstm", 32))) },
  {
    id: "E9",
    name: "intent tagger",
    inputShape: [30, 512],
    content: "series",
    layers: [every("lstm", 30), ...classesAtEveryStep(4)],
    ...classified,
    optimizer: ADAM,
    batchSize: 32,
  },
  {
    id: "R3",
    name: "parking, LSTM 50-50",
    inputShape: [24, 4],
    content: "series",
    layers: [every("lstm", 50), last("lstm", 50), dense(1)],
    ...regressed,
    optimizer: ADAM,
    batchSize: 32,
  },
  {
    id: "R4",
    name: "time series, LSTM 64-32",
    inputShape: [14, 1],
    content: "series",
    layers: [every("lstm", 64), last("lstm", 32), dense(1)],
    ...regressed,
    optimizer: ADAM,
    batchSize: 32,
  },
  {
    id: "R6",
    name: "weather classes, GRU 64-32",
    inputShape: [12, 8],
    content: "series",
    layers: [
      ...[every("gru", 64), dropout(0.3), last("gru", 32), dropout(0.3)],
      ...[dense(16, "relu"), dense(5, "softmax")],
    ],
    ...classified,
    optimizer: ADAM,
    batchSize: 32,
  },
  {
    id: "R7",
    name: "sign words, GRU 64",
    inputShape: [30, 126],
    content: "points",
    layers: [last("gru", 64), dropout(0.3), dense(32, "relu"), dense(6, "softmax")],
    ...classified,
    optimizer: ADAM,
    batchSize: 8,
  },
  {
    id: "R8",
    name: "gestures, ReLU LSTM",
    inputShape: [30, 63],
    content: "points",
    layers: [last("lstm", 64, "relu"), dense(6, "softmax")],
    ...classified,
    optimizer: ADAM,
    batchSize: 16,
  },
  {
    id: "R9",
    name: "gestures, two ReLU LSTMs",
    inputShape: [30, 63],
    content: "points",
    layers: [
      ...[every("lstm", 64, "relu"), dropout(0.2), last("lstm", 64, "relu"), dropout(0.2)],
      ...[dense(32, "relu"), dropout(0.2), dense(6, "softmax")],
    ],
    ...classified,
    optimizer: ADAM,
    batchSize: 16,
  },
  {
    id: "R11",
    name: "soil and rain, LSTM 64",
    inputShape: [24, 8],
    content: "series",
    layers: [last("lstm", 64), dropout(0.2), dense(32, "relu"), dense(2)],
    loss: "meanSquaredError",
    optimizer: ADAM,
    metrics: ["mae"],
    batchSize: 32,
  },
  {
    id: "R12",
    name: "exercises, masking",
    inputShape: [30, 63],
    content: "padded points",
    layers: [
      { kind: "masking" },
      last("lstm", 32),
      dropout(0.3, { seed: 3 }),
      dense(16, "relu"),
      dense(5, "softmax"),
    ],
    ...classified,
    optimizer: ADAM,
    batchSize: 32,
  },
  {
    id: "R15",
    name: "index, GRU 128-64",
    inputShape: [60, 1],
    content: "series",
    layers: [
      ...[every("gru", 128), dropout(0.2), last("gru", 64), dropout(0.2)],
      ...[dense(32, "relu"), dense(1)],
    ],
    ...regressed,
    optimizer: ADAM,
    batchSize: 32,
  },
  {
    id: "R16",
    name: "simpleRNN, window of 5",
    inputShape: [5, 1],
    content: "series",
    layers: [last("simpleRNN", 30), dense(1)],
    ...regressed,
    optimizer: { kind: "sgd", learningRate: 0.01 },
    batchSize: 32,
  },
  {
    id: "R18",
    name: "characters, LSTM 128",
    inputShape: [40, 60],
    content: "characters",
    layers: [last("lstm", 128), dense(60, "softmax")],
    ...classified,
    optimizer: RMSPROP,
    batchSize: 32,
  },
  {
    id: "R19",
    name: "finance, LSTM 16",
    inputShape: [10, 1],
    content: "series",
    layers: [last("lstm", 16), dense(1)],
    ...regressed,
    optimizer: ADAM,
    batchSize: 16,
  },
  {
    id: "R21",
    name: "emotions, bidirectional LSTM",
    inputShape: [50],
    content: "tokens",
    layers: [
      { kind: "embedding", inputDim: 1000, outputDim: 64 },
      ...[bothWays(last("lstm", 128)), dense(64, "relu"), dropout(0.3), dense(7, "softmax")],
    ],
    ...classified,
    optimizer: ADAM,
    batchSize: 32,
  },
  {
    id: "R23",
    name: "house prices, LSTM 10",
    inputShape: [3, 1],
    content: "series",
    layers: [last("lstm", 10), dense(1)],
    ...regressed,
    optimizer: RMSPROP,
    batchSize: 32,
  },
  {
    id: "R27",
    name: "four series, LSTM 64-32",
    inputShape: [10, 4],
    content: "series",
    layers: [every("lstm", 64), last("lstm", 32), dense(4)],
    ...regressed,
    optimizer: ADAM,
    batchSize: 64,
  },
  {
    id: "R31",
    name: "trading, logits",
    inputShape: [32, 10],
    content: "series",
    layers: [last("lstm", 64), dropout(0.2), dense(32, "relu"), dense(3)],
    loss: "softmaxCrossEntropy",
    optimizer: ADAM,
    metrics: ["acc"],
    batchSize: 32,
  },
  {
    id: "R32",
    name: "stock, LSTM 64-64",
    inputShape: [60, 1],
    content: "series",
    layers: [
      ...[every("lstm", 64), dropout(0.2), last("lstm", 64), dropout(0.2)],
      ...[dense(32, "relu"), dense(1)],
    ],
    ...regressed,
    optimizer: ADAM,
    batchSize: 32,
  },
  {
    id: "R35",
    name: "LSTM 128-128, binary",
    inputShape: [100, 1],
    content: "series",
    layers: [every("lstm", 128), last("lstm", 128), dense(64, "relu"), dense(1, "sigmoid")],
    loss: "binaryCrossentropy",
    optimizer: ADAM,
    metrics: ["acc"],
    batchSize: 32,
  },
];
