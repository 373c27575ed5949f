import assert from "node:assert/strict";
import { type ClassifierOptions, classifierOptions, createClassifier } from "../../lib/model/classifier.ts";
import type { LayerOptions } from "../../lib/model/network_options.ts";

const LSTM: LayerOptions = { kind: "lstm", hiddenSize: 100 };
const LOWER_LSTM: LayerOptions = { ...LSTM, returnSequences: true };
const RNN: LayerOptions = { kind: "rnn", hiddenSize: 128, activation: "relu" };
const HEAD: LayerOptions = { kind: "dense", units: 10 };

Deno.test("createClassifier() lays every parameter out where the one before ends", () => {
  const network = createClassifier({
    inputSize: 28,
    layers: [
      { kind: "rnn", hiddenSize: 5, returnSequences: true },
      LSTM,
      { kind: "batchNorm" },
      { kind: "dense", units: 3 },
    ],
  });
  assert.deepEqual(network.parameters.map(({ name, shape }) => [name, shape]), [
    ["layer0.kernel", [28, 5]],
    ["layer0.recurrentKernel", [5, 5]],
    ["layer0.bias", [5]],
    ["layer1.kernel", [5, 400]],
    ["layer1.recurrentKernel", [100, 400]],
    ["layer1.bias", [400]],
    ["layer2.gamma", [100]],
    ["layer2.beta", [100]],
    ["layer2.movingMean", [100]],
    ["layer2.movingVariance", [100]],
    ["head.kernel", [100, 3]],
    ["head.bias", [3]],
  ]);
  let end = 0;
  for (const { offset, size, shape } of network.parameters) {
    assert.equal(offset, end);
    assert.equal(size, shape.reduce((a, b) => a * b));
    end += size;
  }
  assert.equal(network.size, end);
  assert.deepEqual([network.input.size, network.classes], [28, 3]);
});

// The counts of the sources: two LSTM layers in PyTorch (two biases) and TensorFlow 1 (one), a ReLU RNN, one LSTM layer.
const COUNTS: { layers: LayerOptions[]; biases: 1 | 2; parameterCount: number; size: number }[] = [
  { layers: [LOWER_LSTM, LSTM, HEAD], biases: 2, parameterCount: 133_810, size: 133_010 },
  { layers: [LOWER_LSTM, LSTM, HEAD], biases: 1, parameterCount: 133_010, size: 133_010 },
  { layers: [RNN, HEAD], biases: 2, parameterCount: 21_514, size: 21_386 },
  { layers: [{ kind: "lstm", hiddenSize: 64 }, HEAD], biases: 2, parameterCount: 24_714, size: 24_458 },
];

for (const { layers, biases, parameterCount, size } of COUNTS) {
  const kinds = layers.map((layer) =>
    "hiddenSize" in layer ? `${layer.kind} ${layer.hiddenSize}` : layer.kind
  );
  Deno.test(`createClassifier() counts ${parameterCount} parameters in ${kinds} with ${biases} biases`, () => {
    const network = createClassifier({ inputSize: 28, layers, biases });
    assert.equal(network.parameterCount, parameterCount);
    assert.equal(network.size, size);
  });
}

Deno.test("createClassifier() doubles the updates of recurrent biases alone, and of no array by default", () => {
  const scales = (biases?: 1 | 2) =>
    createClassifier({ inputSize: 28, layers: [LOWER_LSTM, LSTM, HEAD], biases }).parameters.map((p) =>
      p.updateScale
    );
  assert.deepEqual(scales(2), [1, 1, 2, 1, 1, 2, 1, 1]);
  assert.deepEqual(scales(), [1, 1, 1, 1, 1, 1, 1, 1]);
});

/** One layer of each kind, with all that is not as by default. */
const EVERY_KIND: LayerOptions[] = [
  { kind: "dropout", rate: 0.25 },
  {
    kind: "bidirectional",
    merge: "ave",
    forward: {
      kind: "lstm",
      hiddenSize: 3,
      activation: "relu",
      gateActivation: "tanh",
      returnSequences: true,
    },
    backward: { kind: "gru", hiddenSize: 3, resetAfter: true, returnSequences: true, useBias: false },
  },
  {
    kind: "batchNorm",
    epsilon: 0.01,
    momentum: 0.5,
    unbiased: true,
    scale: false,
    betaRegularizer: { l1: 0.25 },
  },
  {
    kind: "bidirectional",
    merge: "concat",
    forward: { kind: "rnn", hiddenSize: 2, inputDropout: 0.5, recurrentDropout: 0.125 },
  },
  { kind: "repeat", steps: 4 },
  {
    kind: "gru",
    hiddenSize: 5,
    returnSequences: true,
    backwards: true,
    kernelRegularizer: { l1: 1, l2: 2 },
    recurrentRegularizer: { l2: 3 },
  },
  { kind: "last" },
  { kind: "dense", units: 4, activation: "sigmoid", useBias: false, kernelRegularizer: { l2: 0.5 } },
  { kind: "activation", activation: "hardSigmoid" },
];

Deno.test("classifierOptions() gives the options back that a classifier was created with, without the defaults", () => {
  const options = { inputSize: 3, layers: EVERY_KIND, biases: 2 } as const;
  const network = createClassifier(options);
  assert.deepEqual(classifierOptions(network), options);
  assert.deepEqual(createClassifier(classifierOptions(network)), network);
  const defaults: LayerOptions[] = [
    {
      kind: "bidirectional",
      merge: "sum",
      forward: { kind: "rnn", hiddenSize: 2, activation: "tanh", backwards: false },
      backward: { kind: "rnn", hiddenSize: 2, useBias: true },
    },
    { kind: "batchNorm", epsilon: 1e-3, center: true, gammaRegularizer: { l1: 0 } },
    { kind: "dense", units: 2, activation: "linear" },
  ];
  assert.deepEqual(classifierOptions(createClassifier({ inputSize: 1, layers: defaults })).layers, [
    { kind: "bidirectional", merge: "sum", forward: { kind: "rnn", hiddenSize: 2 } },
    { kind: "batchNorm" },
    { kind: "dense", units: 2 },
  ]);
});

const REJECTED: { name: string; options: ClassifierOptions; message: RegExp }[] = [
  {
    name: "no layer",
    options: { inputSize: 28, layers: [] },
    message: /at least one recurrent layer: current value is \[\]$/,
  },
  {
    name: "no recurrent layer",
    options: { inputSize: 28, layers: [{ kind: "last" }, HEAD] },
    message: /one of the layers must be recurrent: current value is none$/,
  },
  {
    name: "an input size of 0",
    options: { inputSize: 0, layers: [LSTM, HEAD] },
    message: /inputSize must be a whole number from 1 on: current value is 0$/,
  },
  {
    name: "an answer at every step",
    options: { inputSize: 28, layers: [LOWER_LSTM, HEAD] },
    message: /the last layer must return one step: current value is a sequence/,
  },
  {
    name: "one class, which tells nothing apart",
    options: { inputSize: 28, layers: [LSTM, { kind: "dense", units: 1 }] },
    message: /the classes, must be a whole number from 2 on: current value is 1$/,
  },
  {
    name: "what createNetwork() rejects",
    options: { inputSize: 28, layers: [{ ...RNN, hiddenSize: 0.5 }, HEAD] },
    message: /hiddenSize of layer 0 must be a whole number from 1 on: current value is 0.5$/,
  },
  {
    name: "three biases",
    options: { inputSize: 28, layers: [LSTM, HEAD], biases: 3 as 2 },
    message: /biases must be one of 1, 2: current value is 3$/,
  },
];

for (const { name, options, message } of REJECTED) {
  Deno.test(`createClassifier() rejects ${name}`, () => {
    assert.throws(() => createClassifier(options), { name: "RangeError", message });
  });
}
