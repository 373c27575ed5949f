/**
 * Models of TensorFlow.js, one for each kind of layer and property that a network can have, among them models as people publish
 * them. Weights are random and large: gates saturate, swapped ones would show.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { gru } from "../../lib/model/to_tensorflow.ts";
import { type Layer, randomizeWeights } from "./models.ts";

/** T and C of the models that read features. */
export const [T, C] = [5, 2];
/** V of the models that read tokens. */
export const VOCABULARY = 7;

/** A model, by the layers that it is made of. */
export interface ChainModel {
  readonly name: string;
  readonly layers: () => Layer[];
  /** Whether training drops numbers, at random. */
  readonly drops?: boolean;
  /** Whether it reads tokens `[N, T]`, not features `[N, T, C]`. */
  readonly tokens?: boolean;
}

const INPUT = { inputShape: [T, C] };
const START = { recurrentInitializer: "glorotUniform" } as const;
type CellArgs = Partial<Parameters<typeof tf.layers.lstm>[0]>;

/** A cell of three units. */
const CELLS = {
  lstm: (args: CellArgs = {}) => tf.layers.lstm({ units: 3, ...START, ...args }),
  gru: (args: CellArgs = {}) => tf.layers.gru({ units: 3, ...START, ...args }),
  "gru with reset after": (args: CellArgs = {}) => gru({ units: 3, resetAfter: true, ...args }),
  simpleRNN: (args: CellArgs = {}) => tf.layers.simpleRNN({ units: 3, ...START, ...args }),
};

type Cell = keyof typeof CELLS;
const cell = (args: CellArgs = {}, kind: Cell = "lstm") => CELLS[kind](args) as tf.RNN;
const kinds = Object.keys(CELLS) as Cell[];

const dense = (units = 4, activation: "linear" | "softmax" | "relu" = "linear") => {
  return tf.layers.dense({ units, activation });
};
const embedding = (args = {}) => {
  const initializer = tf.initializers.randomUniform({ minval: -2, maxval: 2 });
  const sizes = { inputDim: VOCABULARY, outputDim: 3, inputLength: T };
  return tf.layers.embedding({ ...sizes, embeddingsInitializer: initializer, ...args });
};
const bidirectional = (
  mergeMode: "concat" | "sum" | "ave" | "mul",
  args: CellArgs = {},
  kind: Cell = "lstm",
) => {
  return tf.layers.bidirectional({ layer: cell(args, kind), mergeMode, ...INPUT });
};

/** One for each kind of layer and property. */
export const CHAINS: readonly ChainModel[] = [
  ...kinds.flatMap((kind): ChainModel[] => [
    { name: kind, layers: () => [cell(INPUT, kind), dense()] },
    {
      name: `${kind} without bias, backwards, over sequences`,
      layers: () => {
        return [cell({ ...INPUT, useBias: false, goBackwards: true, returnSequences: true }, kind), dense()];
      },
    },
    {
      name: `${kind} in both directions`,
      layers: () => [bidirectional("concat", {}, kind), dense()],
    },
    {
      name: `${kind}, masked`,
      layers: () => [tf.layers.masking(INPUT), cell({ returnSequences: true }, kind), dense()],
    },
    {
      name: `${kind} that drops, which predicting does not`,
      drops: true,
      layers: () => [cell({ ...INPUT, dropout: 0.5, recurrentDropout: 0.25 }, kind), dense()],
    },
    ...(["linear", "relu", "sigmoid", "hardSigmoid"] as const).map((activation) => ({
      name: `${kind} with ${activation}`,
      layers: () => [cell({ ...INPUT, activation }, kind), dense()],
    })),
  ]),
  ...(["sigmoid", "tanh"] as const).flatMap((recurrentActivation) => {
    return (["lstm", "gru", "gru with reset after"] as const).map((kind) => ({
      name: `${kind} with ${recurrentActivation} gates`,
      layers: () => [cell({ ...INPUT, recurrentActivation }, kind), dense()],
    }));
  }),
  ...(["relu", "linear"] as const).map((recurrentActivation) => ({
    name: `lstm with ${recurrentActivation} gates`,
    layers: () => [cell({ ...INPUT, recurrentActivation }), dense()],
  })),
  ...(["sum", "ave", "mul"] as const).map((mergeMode) => ({
    name: `both directions over sequences, ${mergeMode}`,
    layers: () => [bidirectional(mergeMode, { returnSequences: true }), dense()],
  })),
  {
    name: "both directions, masked",
    layers: () => [
      tf.layers.masking({ maskValue: 0.1, ...INPUT }),
      tf.layers.bidirectional({ layer: cell(), mergeMode: "concat" }),
      dense(),
    ],
  },
  {
    name: "masks that go through the layers between",
    layers: () => [
      tf.layers.masking(INPUT),
      tf.layers.bidirectional({ layer: cell({ returnSequences: true }), mergeMode: "concat" }),
      tf.layers.timeDistributed({ layer: dense(3) }),
      tf.layers.activation({ activation: "tanh" }),
      cell({ returnSequences: true }, "simpleRNN"),
      cell({ goBackwards: true }, "gru"),
      dense(),
    ],
  },
  {
    name: "masked sequences from their end",
    layers: () => [
      tf.layers.masking(INPUT),
      cell({ returnSequences: true }),
      cell({ goBackwards: true, returnSequences: true }, "gru"),
      dense(),
    ],
  },
  {
    name: "a layer above one that returns sequences from their end",
    layers: () => [cell({ ...INPUT, goBackwards: true, returnSequences: true }), cell({}, "gru"), dense()],
  },
  { name: "an embedding", tokens: true, layers: () => [embedding(), cell(), dense()] },
  {
    name: "an embedding with masks",
    tokens: true,
    layers: () => [embedding({ maskZero: true }), cell({ returnSequences: true }, "gru"), cell(), dense()],
  },
  {
    name: "encoder, repeated, decoder, a dense layer on each step, softmax",
    layers: () => [
      cell(INPUT),
      tf.layers.repeatVector({ n: 3 }),
      cell({ returnSequences: true }),
      tf.layers.timeDistributed({ layer: dense() }),
      tf.layers.activation({ activation: "softmax" }),
    ],
  },
  {
    name: "dense layers below and above, dropout anywhere",
    drops: true,
    layers: () => [
      tf.layers.inputLayer(INPUT),
      tf.layers.dropout({ rate: 0.2, seed: 3 }),
      dense(4, "relu"),
      tf.layers.dropout({ rate: 0.2 }),
      tf.layers.timeDistributed({ layer: tf.layers.dropout({ rate: 0.2 }) }),
      tf.layers.timeDistributed({ layer: tf.layers.activation({ activation: "tanh" }) }),
      cell(),
      tf.layers.dropout({ rate: 0.3 }),
      tf.layers.dense({ units: 3, activation: "relu", useBias: false }),
      tf.layers.dropout({ rate: 0.4 }),
      dense(4, "softmax"),
    ],
  },
  {
    name: "an embedding and dense layers with regularizers",
    tokens: true,
    layers: () => [
      embedding({ embeddingsRegularizer: tf.regularizers.l2({ l2: 0.25 }) }),
      tf.layers.timeDistributed({
        layer: tf.layers.dense({ units: 3, biasRegularizer: tf.regularizers.l1({ l1: 0.5 }) }),
      }),
      cell({ kernelRegularizer: tf.regularizers.l2({ l2: 1 }) }),
      tf.layers.dense({ units: 4, kernelRegularizer: tf.regularizers.l1l2({ l1: 0.125, l2: 0.25 }) }),
    ],
  },
  { name: "dense layers alone", layers: () => [tf.layers.inputLayer(INPUT), dense(3, "relu"), dense()] },
];

/** Builds a model of the layers, with biases that are not 0. */
export function buildChain({ layers }: ChainModel): tf.Sequential {
  const model = tf.sequential({ layers: layers(), name: "chain" });
  randomizeWeights(model);
  return model;
}
