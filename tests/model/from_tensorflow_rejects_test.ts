import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { toNetwork } from "../../lib/model/from_tensorflow.ts";
import {
  dense,
  dropout,
  INPUT,
  type Layer,
  lstm,
  type LstmArgs,
  rnn,
  type RnnArgs,
  sequential,
} from "./models.ts";

const l2 = () => tf.regularizers.l2();
const positive = () => tf.constraints.nonNeg();

/** What is found at which property of a recurrent layer, for either kind. */
const RECURRENT: { property: string; args: RnnArgs & LstmArgs; found: string }[] = [
  {
    property: "stateful",
    args: { stateful: true, batchInputShape: [1, 5, 2] },
    found: "false: current value is true",
  },
  { property: "trainable", args: { trainable: false }, found: "true: current value is false" },
  { property: "kernelConstraint", args: { kernelConstraint: positive() }, found: "null: current value is {" },
  {
    property: "recurrentConstraint",
    args: { recurrentConstraint: positive() },
    found: "null: current value is {",
  },
  { property: "biasConstraint", args: { biasConstraint: positive() }, found: "null: current value is {" },
];

for (const { property, args, found } of RECURRENT) {
  for (const [kind, create] of [["LSTM", lstm], ["SimpleRNN", rnn]] as const) {
    Deno.test(`toNetwork() rejects ${property} in ${kind}`, () => {
      const model = sequential(create({ ...INPUT, ...args }), dense());
      rejects(model, `${property} of layer "reader" (${kind}) must be ${found}`);
    });
  }
}

type Loss = tf.ModelCompileArgs["loss"];

function compiled(loss: Loss, activation: "linear" | "softmax" = "linear"): tf.Sequential {
  const model = sequential(lstm(INPUT), dense({ activation }));
  model.compile({ optimizer: "sgd", loss });
  return model;
}

for (
  const [activation, losses] of [
    ["linear", [tf.losses.softmaxCrossEntropy]],
    ["softmax", [
      "categoricalCrossentropy",
      "sparseCategoricalCrossentropy",
      tf.metrics.categoricalCrossentropy,
    ]],
  ] as ["linear" | "softmax", Loss[]][]
) {
  for (const loss of losses) {
    const name = typeof loss === "function" ? loss.name : loss;
    Deno.test(`toNetwork() takes the loss ${name} with a ${activation} head, alone, in a list or by name`, () => {
      for (const given of [loss, [loss], { head: loss }]) {
        assert.equal(toNetwork(compiled(given as Loss, activation)).network.classes, 4);
      }
    });
  }
}

/** What else is wrong with a model, and what the error says after "Cannot compile the model: ". */
const REJECTED: { name: string; model: () => unknown; message: string }[] = [
  {
    name: "gates of another activation",
    model: () => sequential(lstm({ ...INPUT, recurrentActivation: "elu" }), dense()),
    message: 'recurrentActivation of layer "reader" (LSTM) must be ',
  },
  {
    name: "a frozen cell",
    model: () => {
      const layer = lstm(INPUT);
      (layer as unknown as { cell: Layer }).cell.trainable = false;
      return sequential(layer, dense());
    },
    message: 'trainable of layer "reader" (LSTM) must be true: current value is false',
  },
  {
    name: "a frozen head",
    model: () => sequential(lstm(INPUT), dense({ trainable: false })),
    message: 'trainable of layer "head" (Dense) must be true: current value is false',
  },
  {
    name: "a frozen model",
    model: () => Object.assign(sequential(lstm(INPUT), dense()), { trainable: false }),
    message: 'trainable of model "digits" must be true: current value is false',
  },
  {
    name: "a relu head",
    model: () => sequential(lstm(INPUT), dense({ activation: "relu" })),
    message:
      'activation of layer "head" (Dense), the last, must be "linear" or "softmax": current value is "relu" (scanline.fit() takes it)',
  },
  ...(["kernelConstraint", "biasConstraint"] as const).map((property) => ({
    name: `${property} in the head`,
    model: () => sequential(lstm(INPUT), dense({ [property]: positive() })),
    message: `${property} of layer "head" (Dense) must be null: current value is {"className"`,
  })),
  {
    name: "regression",
    model: () => sequential(lstm(INPUT), dense({ units: 1 })),
    message:
      'output of model "digits" must be at least 2 numbers, one a class: current value is 1 (Scanline trains',
  },
  {
    name: "an answer at every step",
    model: () => sequential(lstm({ ...INPUT, returnSequences: true }), dense()),
    message:
      'output of model "digits" must be [N, K], one step: current value is [null,5,4] (returnSequences: false',
  },
  {
    name: "frozen averages of batch normalization, or a frozen γ",
    model: () =>
      sequential(lstm(INPUT), tf.layers.batchNormalization({ name: "norm", trainable: false }), dense()),
    message: 'trainable of layer "norm" (BatchNormalization) must be true: current value is false',
  },
  ...([["axis", 1], ["momentum", 1], ["epsilon", 0]] as const).map(([property, value]) => ({
    name: `batch normalization with ${property} ${value}`,
    model: () =>
      sequential(
        lstm({ ...INPUT, returnSequences: true }),
        tf.layers.batchNormalization({ name: "norm", [property]: value }),
        lstm({ name: "upper" }),
        dense(),
      ),
    message: `${property} of layer "norm" (BatchNormalization) must be `,
  })),
  ...(["gammaConstraint", "betaConstraint"] as const).map((property) => ({
    name: `batch normalization with ${property}`,
    model: () =>
      sequential(
        lstm(INPUT),
        tf.layers.batchNormalization({ name: "norm", [property]: positive() }),
        dense(),
      ),
    message: `${property} of layer "norm" (BatchNormalization) must be null: current value is {"className"`,
  })),
  {
    name: "batch normalization of each step by itself",
    model: () =>
      sequential(
        lstm({ ...INPUT, returnSequences: true }),
        tf.layers.timeDistributed({ layer: tf.layers.batchNormalization({}), name: "each" }),
        lstm({ name: "upper" }),
        dense(),
      ),
    message:
      'layer of layer "each" (TimeDistributed) must be Dense, Activation or Dropout: current value is BatchNormalization',
  },
  {
    name: "a regression with several outputs",
    model: () => compiled("meanSquaredError"),
    message:
      `loss of model "digits", whose last activation is linear, must be tf.losses.softmaxCrossEntropy: current value is ` +
      `"meanSquaredError" (compile() trains classifiers`,
  },
  {
    name: "cross-entropy of what is no probability",
    model: () => compiled("categoricalCrossentropy"),
    message:
      `loss of model "digits", whose last activation is linear, must be tf.losses.softmaxCrossEntropy: current value is ` +
      `"categoricalCrossentropy" (that one is the same where it is softmax)`,
  },
  {
    name: "a softmax of a softmax",
    model: () => compiled(tf.losses.softmaxCrossEntropy as Loss, "softmax"),
    message:
      `loss of model "digits", whose last activation is softmax, must be "categoricalCrossentropy" or ` +
      `"sparseCategoricalCrossentropy": current value is tf.losses.softmaxCrossEntropy (that one is the same where it is linear`,
  },
  ...["binaryCrossentropy", "hinge", ["meanAbsoluteError"], { head: "poisson" }, { head: null }, {}].map((
    loss,
  ) => ({
    name: `a loss of ${JSON.stringify(loss)}`,
    model: () => compiled(loss as Loss, "softmax"),
    message:
      'loss of model "digits", whose last activation is softmax, must be "categoricalCrossentropy" or ',
  })),
  {
    name: "a loss of somebody's own",
    model: () =>
      compiled(function ours(_: tf.Tensor, z: tf.Tensor) {
        return z.mean();
      }),
    message:
      'loss of model "digits", whose last activation is linear, must be tf.losses.softmaxCrossEntropy: current value is ' +
      "the function ours (compile() trains classifiers with softmax cross-entropy: scanline.fit() takes the loss of model.compile())",
  },
  {
    name: "dropout with a noise shape",
    model: () => sequential(lstm(INPUT), dropout({ noiseShape: [1, 3] }), dense()),
    message: 'noiseShape of layer "dropped" (Dropout) must be null: current value is [1,3]',
  },
  {
    name: "dropout of everything",
    model: () => sequential(lstm(INPUT), dropout({ rate: 1 }), dense()),
    message: 'rate of layer "dropped" (Dropout) must be at least 0 and below 1: current value is 1',
  },
  {
    name: "dropout without a rate",
    model: () => sequential(lstm(INPUT), dropout({ rate: undefined }), dense()),
    message: 'rate of layer "dropped" (Dropout) must be at least 0 and below 1: current value is NaN',
  },
  {
    name: "nothing recurrent",
    model: () => sequential(tf.layers.inputLayer(INPUT), dense()),
    message: 'one of the layers of model "digits" must be recurrent: current value is Dense',
  },
  {
    name: "an input without layers",
    model: () => sequential(tf.layers.inputLayer(INPUT)),
    message:
      'layers of model "digits" must be at least one above the input: current value is no layer above the input (add() them',
  },
  {
    name: "a model that was never given layers",
    model: () => sequential(),
    message:
      'layers of model "digits" must be at least one above the input: current value is [] (add() them, the first one with an inputShape)',
  },
  {
    name: "masking",
    model: () =>
      sequential(tf.layers.inputLayer(INPUT), tf.layers.masking({ name: "masked" }), lstm(), dense()),
    message:
      'layers of model "digits" must read features without a mask: current value is layer "masked" (Masking) (scanline.fit() takes it)',
  },
  {
    name: "tokens",
    model: () =>
      sequential(
        tf.layers.embedding({ inputDim: 9, outputDim: 2, inputShape: [5], name: "table" }),
        lstm(),
        dense(),
      ),
    message:
      'layers of model "digits" must read features without a mask: current value is layer "table" (Embedding)',
  },
  {
    name: "a model within a model",
    model: () => tf.sequential({ layers: [sequential(lstm(INPUT)) as unknown as Layer, dense()] }),
    message: 'class of layer "digits" must be Embedding, Masking, LSTM, GRU, ',
  },
  {
    name: "one layer at two places",
    model: () => {
      const layer = rnn({ ...INPUT, units: 2, returnSequences: true });
      return sequential(layer, layer, dense());
    },
    message: 'layer "reader" must stand in the model once: current value is twice or more',
  },
  {
    name: "several inputs",
    model: () => {
      const layer = rnn();
      const x = tf.input({ shape: [5, 2], name: "x" });
      layer.apply(x, { initialState: [tf.input({ shape: [3], name: "h0" })] });
      return sequential(layer, dense());
    },
    message: 'inputs of layer "reader" (SimpleRNN) must be one tensor: current value is "x", "h0"',
  },
  {
    name: "a layer hidden below the first",
    model: () => {
      const layer = lstm();
      layer.apply(
        tf.layers.dense({ units: 2, name: "hidden" }).apply(tf.input({ shape: [5, 2], name: "pixels" })),
      );
      return sequential(layer, dense());
    },
    message:
      'input of layer "reader" (LSTM) must come from the input or a layer of the model: current value is the output of layer "hidden" (Dense), which is none of its layers',
  },
  {
    name: "inputs of whole numbers",
    model: () => sequential(lstm({ ...INPUT, dtype: "int32" }), dense()),
    message: 'dtype of layer "reader" must be "float32": current value is "int32"',
  },
  {
    name: "an input of another rank",
    model: () => sequential(dense({ inputShape: [3] })),
    message:
      'batchInputShape of layer "head" must be [N, T, C] with a positive C and a positive or open T: current value is [null,3]',
  },
  {
    name: "no step",
    model: () => sequential(lstm({ inputShape: [0, 2] }), dense()),
    message:
      'batchInputShape of layer "reader" must be [N, T, C] with a positive C and a positive or open T: current value is [null,0,2]',
  },
  {
    name: "a Sequential of another copy of TensorFlow.js",
    model: () => ({ getClassName: () => "Sequential", layers: [] }),
    message:
      `it must be a tf.Sequential or a tf.model: current value is Sequential (of another copy of TensorFlow.js: import version ${tf.version.tfjs})`,
  },
  {
    name: "a plain object",
    model: () => ({}),
    message: "it must be a tf.Sequential or a tf.model: current value is object",
  },
  {
    name: "null",
    model: () => null,
    message: "it must be a tf.Sequential or a tf.model: current value is null",
  },
];

for (const { name, model, message } of REJECTED) {
  Deno.test(`toNetwork() rejects ${name}`, () => rejects(model(), message));
}

function rejects(model: unknown, message: string): void {
  assert.throws(() => toNetwork(model as tf.LayersModel), (error: Error) => {
    assert.equal(error.name, "TypeError");
    assert.equal(error.message.slice(0, 26 + message.length), `Cannot compile the model: ${message}`);
    return true;
  });
}

Deno.test("TensorFlow.js itself keeps returnState and activityRegularizer out of a Sequential", () => {
  assert.throws(() => sequential(lstm({ ...INPUT, returnState: true }), dense()), /single output tensor/);
  assert.throws(() => sequential(lstm(INPUT), dense({ activityRegularizer: l2() })), /activity regularizer/);
});
