import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { classifierOptions } from "../../lib/model/classifier.ts";
import { toNetwork } from "../../lib/model/from_tensorflow.ts";
import { readWeights, writeWeights } from "../../lib/model/tensorflow_weights.ts";
import { recurrentLayers } from "../../lib/model/network.ts";
import type { LayerOptions } from "../../lib/model/network_options.ts";
import { gru, lastStep } from "../../lib/model/to_tensorflow.ts";
import { tinyParameters } from "../support/tiny_data.ts";
import { deepModel, dense, dropout, INPUT, type Layer, lstm, rnn, sequential } from "./models.ts";

Deno.test("toNetwork() takes sizes, activations and dropout from the layers", () => {
  const { network, T } = toNetwork(deepModel());
  assert.equal(T, 5);
  assert.equal(network.classes, 4);
  assert.deepEqual(classifierOptions(network), {
    inputSize: 2,
    layers: [
      { kind: "lstm", hiddenSize: 3, gateActivation: "hardSigmoid", returnSequences: true },
      { kind: "dropout", rate: 0.25 },
      { kind: "rnn", hiddenSize: 6 },
      { kind: "dropout", rate: 0.5 },
      { kind: "dense", units: 4 },
    ],
    biases: 1,
  });
  assert.deepEqual([network.loss, network.metrics], ["softmaxCrossEntropy", ["categoricalAccuracy"]]);
});

Deno.test("toNetwork() lays the parameters out in the shapes of the model's own weights", () => {
  const model = deepModel();
  const { network } = toNetwork(model);
  assert.deepEqual(
    network.parameters.map(({ shape }) => shape),
    model.getWeights().map(({ shape }) => shape),
  );
  assert.equal(network.size, model.countParams());
});

const LAYERS: { name: string; layer: Layer; expected: Record<string, unknown> }[] = [
  { name: "tfjs's default gates", layer: lstm(INPUT), expected: { gateActivation: "hardSigmoid" } },
  {
    name: "sigmoid gates",
    layer: lstm({ ...INPUT, recurrentActivation: "sigmoid" }),
    expected: { gateActivation: "sigmoid" },
  },
  { name: "a ReLU RNN", layer: rnn({ ...INPUT, activation: "relu" }), expected: { activation: "relu" } },
  { name: "a tanh RNN", layer: rnn({ ...INPUT, activation: "tanh" }), expected: { activation: "tanh" } },
  {
    name: "a sigmoid RNN",
    layer: rnn({ ...INPUT, activation: "sigmoid" }),
    expected: { activation: "sigmoid" },
  },
  { name: "a relu LSTM", layer: lstm({ ...INPUT, activation: "relu" }), expected: { activation: "relu" } },
  { name: "a layer without bias", layer: lstm({ ...INPUT, useBias: false }), expected: { bias: null } },
  {
    name: "a layer that reads from the end",
    layer: lstm({ ...INPUT, goBackwards: true }),
    expected: { backwards: true },
  },
  {
    name: "dropout within a layer",
    layer: rnn({ ...INPUT, dropout: 0.25, recurrentDropout: 0.5 }),
    expected: { inputDropout: 0.25, recurrentDropout: 0.5 },
  },
];

for (const { name, layer, expected } of LAYERS) {
  Deno.test(`toNetwork() compiles ${name}`, () => {
    assert.partialDeepStrictEqual(toNetwork(sequential(layer, dense())).network.layers[0], expected);
  });
}

Deno.test("toNetwork() takes an input layer, an open number of steps, and what does not matter to an engine", () => {
  const model = sequential(
    tf.layers.inputLayer({ inputShape: [null as unknown as number, 2] }),
    lstm({ unroll: true, implementation: 2, unitForgetBias: true, kernelInitializer: "ones" }),
    dropout({ rate: 0, trainable: false }),
    dense({ activation: "softmax" }),
  );
  assert.equal(toNetwork(model).T, null);
  assert.equal(toNetwork(sequential(lstm({ batchInputShape: [7, 5, 2] }), dense())).T, 5);
});

Deno.test("toNetwork() hands two biases on", () => {
  const model = sequential(lstm(INPUT), dense());
  const { network } = toNetwork(model, { biases: 2 });
  assert.equal(recurrentLayers(network)[0].bias!.updateScale, 2);
  assert.throws(() => toNetwork(model, { biases: 0 as 1 }), { name: "RangeError" });
});

Deno.test("readWeights() reads back what writeWeights() wrote, and both leave no tensor behind", async () => {
  const model = deepModel();
  const { network } = toNetwork(model);
  const parameters = tinyParameters(network);
  const before = tf.memory();
  writeWeights(model, network, parameters);
  assert.deepEqual(await readWeights(model, network), parameters);
  writeWeights(model, network, parameters);
  assert.equal(tf.memory().numTensors, before.numTensors);
  assert.equal(tf.memory().numBytes, before.numBytes);
});

Deno.test("readWeights() and writeWeights() share no memory with the model", async () => {
  const model = sequential(lstm(INPUT), dense());
  const { network } = toNetwork(model);
  const parameters = tinyParameters(network);
  const copy = parameters.slice();
  writeWeights(model, network, parameters);
  parameters.fill(7);
  const first = await readWeights(model, network);
  assert.deepEqual(first, copy);
  first.fill(8);
  assert.deepEqual(await readWeights(model, network), copy);
});

Deno.test("readWeights() keeps the network's order where a layer was frozen meanwhile", async () => {
  const model = deepModel();
  const { network } = toNetwork(model);
  const parameters = tinyParameters(network);
  writeWeights(model, network, parameters);
  model.layers[0].trainable = false; // its weights come last in model.getWeights() now
  assert.deepEqual(await readWeights(model, network), parameters);
});

Deno.test("readWeights() and writeWeights() reject a model of other shapes", async () => {
  const { network } = toNetwork(sequential(lstm(INPUT), dense()));
  const other = sequential(lstm({ ...INPUT, units: 5 }), dense());
  const message = /shapes of the model's weights must be \[2,12\] .*: current value is \[2,20\]/;
  await assert.rejects(readWeights(other, network), { name: "TypeError", message });
  assert.throws(() => writeWeights(other, network, new Float32Array(network.size)), {
    name: "TypeError",
    message,
  });
});

Deno.test("writeWeights() rejects parameters of another length and then changes nothing", async () => {
  const model = sequential(lstm(INPUT), dense());
  const { network } = toNetwork(model);
  const before = await readWeights(model, network);
  assert.throws(() => writeWeights(model, network, new Float32Array(network.size - 1)), {
    name: "TypeError",
    message: `Cannot write the weights: parameters must have ${network.size} elements: current value is ${
      network.size - 1
    }`,
  });
  assert.deepEqual(await readWeights(model, network), before);
});

Deno.test("toNetwork() takes a tf.model that is one chain, and leaves a softmax of the head to the loss", () => {
  const x = tf.input({ shape: [5, 2] });
  const outputs = dense({ activation: "softmax" }).apply(lstm().apply(x)) as tf.SymbolicTensor;
  const { network, T } = toNetwork(tf.model({ inputs: x, outputs }));
  assert.equal(T, 5);
  assert.deepEqual(network.layers.map(({ kind }) => kind), ["lstm", "dense"]);
  assert.partialDeepStrictEqual(network.layers[1], { activation: "linear" });
});

/** The models of the recipes, and others, by the layers of their networks. */
const CHAINS: { name: string; layers: () => Layer[]; expected: LayerOptions[] }[] = [
  {
    name: "GRUs of both kinds",
    layers: () => [
      gru({ units: 3, resetAfter: true, returnSequences: true, ...INPUT }),
      gru({ units: 4 }),
      dense(),
    ],
    expected: [
      { kind: "gru", hiddenSize: 3, resetAfter: true, returnSequences: true },
      { kind: "gru", hiddenSize: 4 },
      { kind: "dense", units: 4 },
    ],
  },
  {
    name: "both directions, and the last step of both",
    layers: () => [
      tf.layers.bidirectional({
        layer: lstm({ recurrentActivation: "sigmoid", returnSequences: true }) as tf.RNN,
        mergeMode: "concat",
        ...INPUT,
      }),
      lastStep(),
      dense(),
    ],
    expected: [
      {
        kind: "bidirectional",
        merge: "concat",
        forward: { kind: "lstm", hiddenSize: 3, returnSequences: true },
      },
      { kind: "last" },
      { kind: "dense", units: 4 },
    ],
  },
  {
    name: "batch normalization, hidden layers and dropout above",
    layers: () => [
      rnn(INPUT),
      tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5, scale: false }),
      dropout(),
      dense({ name: "hidden", units: 6, activation: "relu", kernelRegularizer: l2() }),
      dropout({ name: "upper", seed: 1 }),
      dense({ useBias: false }),
      tf.layers.activation({ activation: "softmax" }),
    ],
    expected: [
      { kind: "rnn", hiddenSize: 3 },
      { kind: "batchNorm", epsilon: 1e-5, momentum: 0.9, scale: false },
      { kind: "dropout", rate: 0.5 },
      { kind: "dense", units: 6, activation: "relu", kernelRegularizer: { l2: 0.5 } },
      { kind: "dropout", rate: 0.5 },
      { kind: "dense", units: 4, useBias: false },
    ],
  },
  {
    name: "a recurrent layer alone",
    layers: () => [dropout(INPUT), lstm({ recurrentActivation: "sigmoid" })],
    expected: [{ kind: "dropout", rate: 0.5 }, { kind: "lstm", hiddenSize: 3 }],
  },
];

function l2() {
  return tf.regularizers.l2({ l2: 0.5 });
}

for (const { name, layers, expected } of CHAINS) {
  Deno.test(`toNetwork() compiles ${name}; its weights go there and back`, async () => {
    const model = sequential(...layers()), { network } = toNetwork(model);
    assert.deepEqual(classifierOptions(network), { inputSize: 2, layers: expected, biases: 1 });
    assert.equal(network.size, model.countParams());
    const parameters = tinyParameters(network);
    writeWeights(model, network, parameters);
    assert.deepEqual(await readWeights(model, network), parameters);
  });
}

Deno.test("toNetwork() averages the variance of the population where it is told to", () => {
  const model = sequential(rnn(INPUT), tf.layers.batchNormalization({}), dense());
  for (const unbiased of [true, false]) {
    assert.partialDeepStrictEqual(toNetwork(model, { unbiased }).network.layers[1], { unbiased });
  }
});
