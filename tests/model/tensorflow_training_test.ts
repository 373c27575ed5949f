import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import type { Targets } from "../../lib/data/sequences.ts";
import { openReference } from "../../lib/engines/reference/engine.ts";
import { sgd } from "../../lib/model/optimizers.ts";
import { toTraining } from "../../lib/model/tensorflow_training.ts";
import { readWeights } from "../../lib/model/tensorflow_weights.ts";
import { assertClose } from "../support/assert_close.ts";
import { testStream } from "../support/tiny_data.ts";
import { randomizeWeights } from "./models.ts";

const [N, T, C] = [8, 4, 2];

type Loss = tf.ModelCompileArgs["loss"];
type Metrics = tf.ModelCompileArgs["metrics"];
type Activation = "linear" | "sigmoid" | "softmax";

interface Setting {
  readonly activation: Activation;
  readonly units: number;
  readonly everyStep?: boolean;
}

function modelOf({ activation, units, everyStep = false }: Setting): tf.Sequential {
  const cell = tf.layers.simpleRNN({
    units: 3,
    recurrentInitializer: "zeros",
    returnSequences: everyStep,
    inputShape: [T, C],
  });
  const model = tf.sequential({
    layers: [cell, tf.layers.dense({ units, activation, name: "head" })],
    name: "series",
  });
  randomizeWeights(model);
  return model;
}

function compiled(setting: Setting, loss: Loss, metrics?: Metrics): tf.Sequential {
  const model = modelOf(setting);
  model.compile({ optimizer: tf.train.sgd(0.1), loss, metrics });
  return model;
}

const { losses, metrics } = tf;
/** The types of TensorFlow.js leave its own functions out. */
const as = (given: unknown) => given as string;

interface Case extends Setting {
  readonly loss: unknown;
  readonly metrics: readonly unknown[];
  readonly names: readonly string[];
  readonly sparse?: boolean;
}

const SOFTMAX = { activation: "softmax", units: 3 } as const;
const SIGMOID = { activation: "sigmoid", units: 2 } as const;
const LINEAR = { activation: "linear", units: 2 } as const;
const ERRORS = [metrics.meanSquaredError, metrics.mse, metrics.MSE, metrics.meanAbsoluteError];

const CASES: readonly Case[] = [
  {
    loss: "categoricalCrossentropy",
    ...SOFTMAX,
    metrics: [
      "acc",
      "accuracy",
      "ce",
      "crossentropy",
      "categoricalAccuracy",
      "categoricalCrossentropy",
      "mse",
      "mae",
    ],
    names: ["acc_0", "acc_1", "ce_0", "ce_1", "categoricalAccuracy", "categoricalCrossentropy", "mse", "mae"],
  },
  {
    loss: metrics.categoricalCrossentropy,
    ...SOFTMAX,
    everyStep: true,
    metrics: [metrics.categoricalAccuracy, metrics.categoricalCrossentropy, "acc"],
    names: ["categoricalAccuracy", "categoricalCrossentropy", "acc"],
  },
  { loss: "categoricalCrossentropy", ...SIGMOID, metrics: ["acc", "ce"], names: ["acc", "ce"] },
  {
    loss: "sparseCategoricalCrossentropy",
    sparse: true,
    ...SOFTMAX,
    metrics: ["acc", "ce", metrics.sparseCategoricalAccuracy, "sparseCategoricalCrossentropy"],
    names: ["acc", "ce", "sparseCategoricalAccuracy", "sparseCategoricalCrossentropy"],
  },
  {
    loss: "sparseCategoricalCrossentropy",
    sparse: true,
    ...SOFTMAX,
    everyStep: true,
    metrics: ["accuracy"],
    names: ["acc"],
  },
  {
    loss: "binaryCrossentropy",
    ...SIGMOID,
    metrics: ["acc", "ce", "binaryAccuracy", metrics.binaryAccuracy, metrics.binaryCrossentropy],
    names: ["acc", "ce", "binaryAccuracy_0", "binaryAccuracy_1", "binaryCrossentropy"],
  },
  // Accuracy is binary for the name only, as TensorFlow.js has it.
  { loss: metrics.binaryCrossentropy, ...SIGMOID, metrics: ["acc"], names: ["acc"] },
  { loss: "binaryCrossentropy", ...SIGMOID, units: 1, everyStep: true, metrics: ["acc"], names: ["acc"] },
  { loss: losses.softmaxCrossEntropy, ...LINEAR, units: 3, metrics: ["acc"], names: ["acc"] },
  { loss: losses.softmaxCrossEntropy, ...LINEAR, units: 3, everyStep: true, metrics: [], names: [] },
  { loss: losses.sigmoidCrossEntropy, ...LINEAR, metrics: ["binaryAccuracy"], names: ["binaryAccuracy"] },
  {
    loss: "meanSquaredError",
    ...LINEAR,
    metrics: ["mae", "MAE", "mse", "MSE", "acc", ...ERRORS],
    names: ["mae", "MAE", "mse_0", "MSE_0", "acc", "meanSquaredError", "mse_1", "MSE_1", "meanAbsoluteError"],
  },
  { loss: "meanSquaredError", ...LINEAR, units: 1, metrics: ["acc", "ce"], names: ["acc", "ce"] },
  ...[
    ...ERRORS,
    "meanAbsoluteError",
    losses.meanSquaredError,
    losses.absoluteDifference,
    losses.huberLoss,
  ].map((loss) => ({ loss, ...LINEAR, everyStep: true, metrics: ["mae"], names: ["mae"] })),
];

for (const test of CASES) {
  const { loss, sparse = false, units, everyStep = false, names } = test;
  const title = `${typeof loss === "function" ? loss.name : loss}, ${test.activation}, ${units} outputs` +
    (everyStep ? " at every step" : "");
  Deno.test(`an engine measures and steps as model.fit() does: ${title}`, async () => {
    const random = testStream("data");
    const x = Float32Array.from({ length: N * T * C }, () => 2 * random.uniform() - 1);
    const rows = N * (everyStep ? T : 1);
    const classes = Int32Array.from({ length: rows }, () => random.below(units));
    const isCategorical = test.activation === "softmax" || loss === losses.softmaxCrossEntropy;
    const y = Float32Array.from({ length: rows * units }, (_, i) => {
      if (isCategorical) return classes[Math.floor(i / units)] === i % units ? 1 : 0;
      return test.activation === "sigmoid" ? random.below(2) : 4 * random.uniform() - 2;
    });
    const model = compiled(test, loss as Loss, test.metrics as Metrics);
    const { network, metricNames, targets, weighted } = toTraining(model);
    assert.deepEqual(metricNames, names);
    assert.equal(targets, sparse ? "classes" : "rows");
    assert.equal(weighted, !Object.values(losses as unknown as Record<string, unknown>).includes(loss));

    const ours: Targets = sparse ? { kind: "classes", data: classes } : { kind: "rows", data: y };
    await using engine = await openReference({
      network,
      layout: { kind: "floats", T, C, stride: T * C },
      parameters: await readWeights(model, network),
      training: {
        optimizer: sgd({ learningRate: 0.1 }),
        sequences: { data: x, count: N },
        targets: ours,
        seed: 1,
        batchSize: N,
      },
    });
    const [result] = await engine.train([Uint32Array.from({ length: N }, (_, n) => n)]);

    const steps = everyStep ? [T] : [];
    const ys = sparse
      ? tf.tensor(Float32Array.from(classes), [N, ...steps, 1])
      : tf.tensor(y, [N, ...steps, units]);
    const { history } = await model.fit(tf.tensor(x, [N, T, C]), ys, { batchSize: N, epochs: 1, verbose: 0 });
    assert.deepEqual(Object.keys(history), ["loss", ...names]);
    const measured = [result.loss, ...result.metrics.map((sum) => sum / result.count)];
    assertClose(measured, Object.values(history).map(([value]) => value as number), {
      atol: 1e-6,
      rtol: 1e-6,
      name: Object.keys(history).join(),
    });
    assertClose(await engine.readParameters(), await readWeights(model, network), {
      atol: 1e-6,
      rtol: 0,
      name: "parameters",
    });
  });
}

Deno.test("toTraining() takes loss and metrics alone, in a list, or by the name of the output", () => {
  for (const loss of ["meanSquaredError", ["meanSquaredError"], { head: "meanSquaredError" }]) {
    for (const given of ["mae", ["mae"], { head: "mae" }, { head: ["mae"] }]) {
      const { network, metricNames } = toTraining(compiled(LINEAR, loss as Loss, given as Metrics));
      assert.equal(network.loss, "meanSquaredError");
      assert.deepEqual(network.metrics, ["meanAbsoluteError"]);
      assert.deepEqual(metricNames, ["mae"]);
    }
  }
  assert.deepEqual(toTraining(compiled(LINEAR, "meanSquaredError")).network.metrics, []);
});

function ours(_: tf.Tensor, z: tf.Tensor): tf.Tensor {
  return z.mean();
}

class Clipped extends tf.AdamOptimizer {}

const REJECTED: { name: string; model: () => tf.Sequential; message: string }[] = [
  {
    name: "a model that was not compiled",
    model: () => modelOf(LINEAR),
    message:
      'model "series" must have a loss and an optimizer: current value is neither (call model.compile() first)',
  },
  {
    name: "a loss of somebody's own",
    model: () => compiled(LINEAR, ours),
    message:
      'loss of model "series" must be one of "categoricalCrossentropy", .*: current value is the function ours',
  },
  ...["hinge", "logcosh", "poisson", "kullbackLeiblerDivergence"].map((loss) => ({
    name: `the loss ${loss}`,
    model: () => compiled(LINEAR, loss),
    message: `loss of model "series" must be one of .*, tf.losses.huberLoss: current value is "${loss}"`,
  })),
  ...(["hingeLoss", "logLoss", "cosineDistance", "computeWeightedLoss"] as const).map((loss) => ({
    name: `the loss tf.losses.${loss}`,
    model: () => compiled(LINEAR, losses[loss] as Loss),
    message: `loss of model "series" must be one of .*: current value is tf.losses.${loss}`,
  })),
  {
    name: "a sparse loss of what is no softmax",
    model: () => compiled(LINEAR, "sparseCategoricalCrossentropy"),
    message:
      'loss of model "series", whose outputs are no softmax, must be another one than "sparse.*: current value is "sparse',
  },
  ...["precision", "cosine", "mape", "MAPE"].map((metric) => ({
    name: `the metric ${metric}`,
    model: () => compiled(LINEAR, "meanSquaredError", [metric]),
    message: `metrics of model "series" must be among "accuracy", .*: current value is "${metric}"`,
  })),
  ...(["precision", "recall", "r2Score", "cosineProximity"] as const).map((metric) => ({
    name: `the metric tf.metrics.${metric}`,
    model: () => compiled(LINEAR, "meanSquaredError", ["mse", as(metrics[metric])]),
    message: `metrics of model "series" must be among .*: current value is tf.metrics.${metric}`,
  })),
  {
    name: "a metric of somebody's own",
    model: () => compiled(LINEAR, "meanSquaredError", ours),
    message: 'metrics of model "series" must be among .*: current value is the function ours',
  },
  {
    name: "a metric of rows with a sparse loss",
    model: () => compiled(SOFTMAX, "sparseCategoricalCrossentropy", ["mse"]),
    message:
      'metrics of model "series", whose targets are class numbers, must compare outputs with such targets: current value is "mse"',
  },
  {
    name: "a sparse metric with a loss of rows",
    model: () => compiled(SOFTMAX, "categoricalCrossentropy", as(metrics.sparseCategoricalAccuracy)),
    message:
      'metrics of model "series", whose targets are rows, must .*: current value is tf.metrics.sparseCategoricalAccuracy',
  },
  {
    name: "an optimizer of somebody's own",
    model: () => {
      const model = modelOf(LINEAR);
      model.compile({ loss: "meanSquaredError", optimizer: new Clipped(0.1, 0.9, 0.999) });
      return model;
    },
    message:
      'optimizer of model.compile() must be made by one of tf.train.sgd, .*: current value is "Clipped"',
  },
  {
    name: "classes where there is one output",
    model: () => {
      const model = modelOf({ activation: "softmax", units: 1 });
      model.compile({ loss: "categoricalCrossentropy", optimizer: "sgd" });
      return model;
    },
    message: 'loss of model "series", which has one output, must compare more than one class: ' +
      'current value is "categoricalCrossentropy"',
  },
  {
    name: "a learning rate below 0",
    model: () => {
      const model = modelOf(LINEAR);
      model.compile({ loss: "meanSquaredError", optimizer: tf.train.sgd(-1) });
      return model;
    },
    message: "learningRate must be a number from 0 on: current value is -1",
  },
  {
    name: "weights that were frozen when the model was compiled",
    model: () => {
      const model = modelOf(LINEAR);
      model.layers[0].trainable = false;
      model.compile({ loss: "meanSquaredError", optimizer: "sgd" });
      model.layers[0].trainable = true;
      return model;
    },
    message:
      'weight ".*kernel" of model "series" must be trainable when compile() is called: current value is not so',
  },
  {
    name: "a layer that no network has",
    model: () => {
      const model = tf.sequential({
        layers: [tf.layers.conv1d({ filters: 2, kernelSize: 2, inputShape: [T, C], name: "window" })],
      });
      model.compile({ loss: "meanSquaredError", optimizer: "sgd" });
      return model;
    },
    message: 'class of layer "window" must be Embedding, .*: current value is Conv1D',
  },
];

for (const { name, model, message } of REJECTED) {
  Deno.test(`toTraining() rejects ${name}`, () => {
    assert.throws(() => toTraining(model()), (error: Error) => {
      assert.equal(error.name, "TypeError");
      assert.match(
        error.message,
        new RegExp(`^Cannot fit the model: ${message.replace(/[()[\]]/g, "\\$&")}`),
      );
      return true;
    });
  });
}
