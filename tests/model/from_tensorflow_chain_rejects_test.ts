import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { toChain } from "../../lib/model/from_tensorflow.ts";
import { GruResetAfter } from "../../lib/model/tensorflow_gru.ts";
import { gru } from "../../lib/model/to_tensorflow.ts";
import { dense, INPUT, type Layer, lstm, type LstmArgs, rnn, sequential } from "./models.ts";

const positive = () => tf.constraints.nonNeg();
const ZEROS = { recurrentInitializer: "zeros", name: "reader", units: 3 } as const;

const CELLS: readonly [kind: string, create: (args: LstmArgs) => Layer][] = [
  ["LSTM", lstm],
  ["SimpleRNN", rnn],
  ["GRU", (args) => tf.layers.gru({ ...ZEROS, ...args })],
  ["GRUResetAfter", (args) => gru({ ...ZEROS, ...args, resetAfter: true })],
];

/** What is found at which property of every recurrent layer. */
const PROPERTIES: { property: string; args: LstmArgs; message: string }[] = [
  {
    property: "activation",
    args: { activation: "elu" },
    message: 'be "linear" or "relu" or "tanh" or "sigmoid" or "hardSigmoid": current value is "elu"',
  },
  {
    property: "activation",
    args: { activation: "softmax" },
    message: 'be "linear" .*: current value is "softmax"',
  },
  { property: "dropout", args: { dropout: 1 }, message: "be at least 0 and below 1: current value is 1" },
  {
    property: "recurrentDropout",
    args: { recurrentDropout: 2 },
    message: "be at least 0 and below 1: current value is 1",
  },
  {
    property: "stateful",
    args: { stateful: true, batchInputShape: [1, 5, 2] },
    message: "be false: current value is true",
  },
  {
    property: "kernelConstraint",
    args: { kernelConstraint: positive() },
    message: "be null: current value is {",
  },
  {
    property: "recurrentConstraint",
    args: { recurrentConstraint: positive() },
    message: "be null: current value is {",
  },
  {
    property: "biasConstraint",
    args: { biasConstraint: positive() },
    message: "be null: current value is {",
  },
  { property: "trainable", args: { trainable: false }, message: "be true: current value is false" },
];

for (const [kind, create] of CELLS) {
  for (const { property, args, message } of PROPERTIES) {
    Deno.test(`toChain() rejects ${property} in ${kind}: ${JSON.stringify(args)}`, () => {
      rejects(
        sequential(create({ ...INPUT, ...args }), dense()),
        `${property} of layer "reader" (${kind}) must ${message}`,
      );
    });
  }
}

const bidirectional = (args: LstmArgs, others: object = {}) => {
  return tf.layers.bidirectional({
    layer: lstm(args) as tf.RNN,
    mergeMode: "concat",
    name: "both",
    ...INPUT,
    ...others,
  });
};
const embedding = (args: object = {}) => {
  return tf.layers.embedding({ inputDim: 5, outputDim: 2, inputLength: 4, name: "table", ...args });
};
const masking = (args: object = {}) => tf.layers.masking({ name: "masked", ...args });
const on = (...layers: Layer[]) => sequential(lstm({ ...INPUT, returnSequences: true }), ...layers);

class Own extends tf.layers.Layer {
  static className = "Own";
  override call(inputs: tf.Tensor | tf.Tensor[]) {
    return inputs;
  }
}

class OwnGru extends GruResetAfter {
  static override className = "OwnGru";
}
tf.serialization.registerClass(OwnGru);

const REJECTED: { name: string; model: () => unknown; message: string }[] = [
  ...["LSTM", "GRU", "GRUResetAfter"].map((kind) => ({
    name: `softsign gates in ${kind}`,
    model: () => {
      const [, create] = CELLS.find(([one]) => one === kind)!;
      return sequential(create({ ...INPUT, recurrentActivation: "softsign" }));
    },
    message:
      `recurrentActivation of layer "reader" (${kind}) must be "linear" .*: current value is "softsign"`,
  })),
  ...CELLS.map(([kind, create]) => ({
    name: `a function that drops in ${kind}`,
    model: () => sequential(create({ ...INPUT, dropout: 0.5, dropoutFunc: (x: tf.Tensor) => x }), dense()),
    message: `dropoutFunc of layer "reader" (${kind}) must be null: current value is`,
  })),
  {
    name: "two outputs of two directions",
    model: () => {
      const x = tf.input({ shape: [5, 2] });
      const outputs = bidirectional({}, { mergeMode: null }).apply(x) as tf.SymbolicTensor[];
      return tf.model({ inputs: x, outputs: outputs[0] });
    },
    message:
      'mergeMode of layer "both" (Bidirectional) must be "concat" or "sum" or "ave" or "mul": current value is null',
  },
  {
    name: "what is wrong within two directions",
    model: () => sequential(bidirectional({ activation: "selu" }), dense()),
    message: 'activation of layer "forward_reader" (LSTM) must be "linear" .*: current value is "selu"',
  },
  {
    name: "two directions turned around",
    model: () => sequential(bidirectional({ goBackwards: true }), dense()),
    message: 'goBackwards of layer "forward_reader" (LSTM) must be false: current value is true (it reads',
  },
  {
    name: "one frozen direction of two",
    model: () => {
      const layer = bidirectional({});
      (layer as unknown as { backwardLayer: Layer }).backwardLayer.trainable = false;
      return sequential(layer, dense());
    },
    message: 'trainable of layer "both" (Bidirectional) must be true: current value is false',
  },
  {
    name: "two directions of a layer of somebody's own",
    model: () => {
      const layer = new OwnGru({ ...ZEROS });
      return sequential(tf.layers.bidirectional({ layer, mergeMode: "sum", name: "both", ...INPUT }));
    },
    message: 'layer of layer "both" (Bidirectional) must be LSTM, GRU or SimpleRNN: current value is OwnGru',
  },
  {
    name: "cells",
    model: () => {
      const cell = tf.layers.lstmCell({ units: 2, recurrentInitializer: "zeros" }) as never;
      return sequential(tf.layers.rnn({ cell, name: "cells", ...INPUT }));
    },
    message: 'class of layer "cells" must be .*: current value is RNN',
  },
  {
    name: "a state that is returned",
    model: () => {
      const x = tf.input({ shape: [5, 2] });
      const [y] = lstm({ returnState: true }).apply(x) as tf.SymbolicTensor[];
      return tf.model({ inputs: x, outputs: y });
    },
    message: 'returnState of layer "reader" (LSTM) must be false: current value is true',
  },
  {
    name: "a dense layer with swish",
    model: () => on(dense({ activation: "swish" })),
    message: 'activation of layer "head" (Dense) must be .* or "softmax": current value is "swish"',
  },
  {
    name: "a regularizer of somebody's own",
    model: () => {
      const layer = dense();
      Object.assign(layer, {
        kernelRegularizer: { getClassName: () => "Own", getConfig: () => ({}), apply: () => tf.scalar(0) },
      });
      return on(layer);
    },
    message:
      'kernelRegularizer of layer "head" (Dense) must be null or made by tf.regularizers.l1(), l2() or l1l2(): current value is {',
  },
  {
    name: "a regularizer below 0",
    model: () => on(dense({ biasRegularizer: tf.regularizers.l1({ l1: -1 }) })),
    message: 'biasRegularizer of layer "head" (Dense) must be null or made by',
  },
  {
    name: "a constraint of a dense layer",
    model: () => on(dense({ kernelConstraint: positive() })),
    message: 'kernelConstraint of layer "head" (Dense) must be null: current value is {',
  },
  {
    name: "what is wrong on each step",
    model: () => on(tf.layers.timeDistributed({ layer: dense({ activation: "mish" }) })),
    message: 'activation of layer "head" (Dense) must be .*: current value is "mish"',
  },
  {
    name: "other layers on each step",
    model: () => on(tf.layers.timeDistributed({ layer: tf.layers.flatten(), name: "each" })),
    message:
      'layer of layer "each" (TimeDistributed) must be Dense, Activation or Dropout: current value is Flatten',
  },
  {
    name: "an activation that is not computed",
    model: () => on(tf.layers.activation({ activation: "softplus", name: "bent" })),
    message: 'activation of layer "bent" (Activation) must be .*: current value is "softplus"',
  },
  {
    name: "dropout with a noise shape",
    model: () => on(tf.layers.dropout({ rate: 0.5, noiseShape: [1, 1, 3], name: "dropped" })),
    message: 'noiseShape of layer "dropped" (Dropout) must be null: current value is [1,1,3]',
  },
  {
    name: "half a repetition",
    model: () => sequential(lstm(INPUT), tf.layers.repeatVector({ n: 0.5, name: "repeated" })),
    message: 'n of layer "repeated" (RepeatVector) must be a positive whole number: current value is 0.5',
  },
  {
    name: "an embedding with a constraint",
    model: () => sequential(embedding({ embeddingsConstraint: positive() }), lstm()),
    message: 'embeddingsConstraint of layer "table" (Embedding) must be null: current value is {',
  },
  {
    name: "a frozen embedding",
    model: () => sequential(embedding({ trainable: false }), lstm()),
    message: 'trainable of layer "table" (Embedding) must be true: current value is false',
  },
  {
    name: "an embedding of several tokens a step",
    model: () => sequential(embedding({ inputLength: undefined, inputShape: [4, 2] })),
    message:
      'batchInputShape of layer "table" must be [N, T] with a positive or open T: current value is [null,4,2]',
  },
  {
    name: "an embedding of truth values",
    model: () => sequential(tf.layers.inputLayer({ inputShape: [4], dtype: "bool" }), embedding(), lstm()),
    message: 'dtype of layer "table" must be "float32" or "int32": current value is "bool"',
  },
  {
    name: "a mask of no number",
    model: () => sequential(masking({ maskValue: NaN, ...INPUT }), lstm()),
    message: 'maskValue of layer "masked" (Masking) must be a finite number: current value is NaN',
  },
  {
    name: "a mask above the first layer",
    model: () => on(masking(), lstm({ name: "upper" })),
    message: 'position of layer "masked" (Masking) must be the first: current value is 2 of 3',
  },
  {
    name: "masked sequences turned around, whose masks TensorFlow.js leaves as they are",
    model: () =>
      sequential(masking(INPUT), rnn({ goBackwards: true, returnSequences: true }), lstm({ name: "upper" })),
    message:
      'goBackwards of layer "reader" (SimpleRNN), below the masked layer "upper" (LSTM), must be false: current value is true',
  },
  {
    name: "repeated steps under a mask, which TensorFlow.js takes for steps of the input",
    model: () =>
      sequential(
        masking(INPUT),
        lstm(),
        tf.layers.repeatVector({ n: 3, name: "again" }),
        lstm({ name: "upper" }),
      ),
    message:
      'layers above layer "again" (RepeatVector) in a model with a mask must be none that is recurrent: ' +
      'current value is layer "upper" (LSTM)',
  },
  {
    name: "layer normalization",
    model: () => on(tf.layers.layerNormalization({ name: "normal" })),
    message:
      'class of layer "normal" must be Embedding, Masking, LSTM, GRU, GRUResetAfter, SimpleRNN, Bidirectional, RepeatVector, ' +
      "LastStep, BatchNormalization, Dropout, Activation, Dense or TimeDistributed: current value is LayerNormalization",
  },
  {
    name: "a layer of somebody's own",
    model: () => on(new Own({ name: "mine" })),
    message: 'class of layer "mine" must be .*: current value is Own',
  },
  {
    name: "several outputs",
    model: () => {
      const x = tf.input({ shape: [5, 2] });
      const y = rnn().apply(x) as tf.SymbolicTensor;
      return tf.model({ inputs: x, outputs: [y, dense().apply(y) as tf.SymbolicTensor], name: "fork" });
    },
    message: 'outputs of model "fork" must be one tensor: current value is "reader',
  },
  {
    name: "two branches",
    model: () => {
      const x = tf.input({ shape: [5, 2] });
      const both = [rnn({ name: "left" }).apply(x), rnn({ name: "right" }).apply(x)] as tf.SymbolicTensor[];
      return tf.model({
        inputs: x,
        outputs: tf.layers.add({ name: "joined" }).apply(both) as tf.SymbolicTensor,
      });
    },
    message: 'class of layer "joined" must be .*: current value is Add',
  },
  {
    name: "a layer that is used twice",
    model: () => {
      const x = tf.input({ shape: [5, 2] });
      const layer = rnn({ units: 2, returnSequences: true });
      return tf.model({ inputs: x, outputs: layer.apply(layer.apply(x)) as tf.SymbolicTensor });
    },
    message: 'layer "reader" must stand in the model once: current value is twice or more',
  },
  {
    name: "a model within a model",
    model: () => {
      const x = tf.input({ shape: [5, 2] });
      const inner = tf.model({ inputs: x, outputs: rnn().apply(x) as tf.SymbolicTensor, name: "inner" });
      return sequential(inner as unknown as Layer, dense());
    },
    message: 'class of layer "inner" must be .*: current value is',
  },
  {
    name: "no layer",
    model: () => sequential(tf.layers.inputLayer(INPUT)),
    message: 'layers of model "digits" must be at least one above the input: current value is no layer',
  },
  {
    name: "what has no weights",
    model: () => sequential(tf.layers.dropout({ rate: 0.5, ...INPUT })),
    message: 'layers of model "digits" must have weights: current value is none',
  },
];

for (const { name, model, message } of REJECTED) {
  Deno.test(`toChain() rejects ${name}`, () => rejects(model(), message));
}

function rejects(model: unknown, message: string): void {
  const options = { action: "fit the model", loss: "meanSquaredError" } as const;
  assert.throws(() => toChain(model as tf.LayersModel, options), (error: Error) => {
    assert.equal(error.name, "TypeError");
    assert.match(error.message, new RegExp(`^Cannot fit the model: ${message.replace(/[()[\]]/g, "\\$&")}`));
    return true;
  });
}
