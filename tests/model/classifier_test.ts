import assert from "node:assert/strict";
import { createClassifier, type LayerSpec } from "../../lib/model/classifier.ts";

const LSTM: LayerSpec = {
  kind: "lstm",
  inputSize: 28,
  hiddenSize: 100,
  gateActivation: "sigmoid",
  dropout: 0,
};
const UPPER_LSTM: LayerSpec = { ...LSTM, inputSize: 100 };
const RNN: LayerSpec = { kind: "rnn", inputSize: 28, hiddenSize: 128, activation: "relu", dropout: 0 };

Deno.test("createClassifier() lays every parameter out where the one before ends", () => {
  const network = createClassifier({
    layers: [{ ...RNN, hiddenSize: 5 }, { ...LSTM, inputSize: 5 }],
    classes: 3,
  });
  assert.deepEqual(network.parameters.map(({ name, shape }) => [name, shape]), [
    ["layer0.kernel", [28, 5]],
    ["layer0.recurrentKernel", [5, 5]],
    ["layer0.bias", [5]],
    ["layer1.kernel", [5, 400]],
    ["layer1.recurrentKernel", [100, 400]],
    ["layer1.bias", [400]],
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
});

Deno.test("createClassifier() gives layers and head the parameters of its own list", () => {
  const { recurrent: [layer], head, parameters, input } = createClassifier({ layers: [LSTM], classes: 10 });
  assert.deepEqual(
    [layer.kernel, layer.recurrentKernel, layer.bias, head.kernel, head.bias],
    [...parameters],
  );
  assert.equal(layer.kernel, parameters[0]);
  assert.deepEqual([input.size, layer.hiddenSize, head.inputSize, head.classes], [28, 100, 100, 10]);
});

// The counts of the sources: two LSTM layers in PyTorch (two biases) and TensorFlow 1 (one), a ReLU RNN, one LSTM layer.
const COUNTS: { layers: LayerSpec[]; biases: 1 | 2; parameterCount: number; size: number }[] = [
  { layers: [LSTM, UPPER_LSTM], biases: 2, parameterCount: 133_810, size: 133_010 },
  { layers: [LSTM, UPPER_LSTM], biases: 1, parameterCount: 133_010, size: 133_010 },
  { layers: [RNN], biases: 2, parameterCount: 21_514, size: 21_386 },
  { layers: [{ ...LSTM, hiddenSize: 64 }], biases: 2, parameterCount: 24_714, size: 24_458 },
];

for (const { layers, biases, parameterCount, size } of COUNTS) {
  const kinds = layers.map(({ kind, hiddenSize }) => `${kind} ${hiddenSize}`).join(", ");
  Deno.test(`createClassifier() counts ${parameterCount} parameters in ${kinds} with ${biases} biases`, () => {
    const network = createClassifier({ layers, biases, classes: 10 });
    assert.equal(network.parameterCount, parameterCount);
    assert.equal(network.size, size);
  });
}

Deno.test("createClassifier() doubles the updates of recurrent biases alone, and of no array by default", () => {
  const scales = (biases?: 1 | 2) =>
    createClassifier({ layers: [LSTM, UPPER_LSTM], biases, classes: 10 }).parameters.map((p) =>
      p.updateScale
    );
  assert.deepEqual(scales(2), [1, 1, 2, 1, 1, 2, 1, 1]);
  assert.deepEqual(scales(), [1, 1, 1, 1, 1, 1, 1, 1]);
});

const REJECTED: { name: string; options: Parameters<typeof createClassifier>[0]; message: RegExp }[] = [
  {
    name: "no layer",
    options: { layers: [], classes: 10 },
    message: /at least one recurrent layer: current value is \[\]$/,
  },
  {
    name: "a layer that does not take what the one below gives",
    options: { layers: [LSTM, { ...LSTM, inputSize: 99 }], classes: 10 },
    message: /inputSize of layer 1 must be the hiddenSize of the layer below, 100: current value is 99$/,
  },
  {
    name: "an input size of 0",
    options: { layers: [{ ...LSTM, inputSize: 0 }], classes: 10 },
    message: /inputSize of layer 0 must be a whole number from 1 on: current value is 0$/,
  },
  {
    name: "half a hidden unit",
    options: { layers: [{ ...LSTM, hiddenSize: 0.5 }], classes: 10 },
    message: /hiddenSize of layer 0 must be a whole number from 1 on: current value is 0.5$/,
  },
  {
    name: "no class",
    options: { layers: [LSTM], classes: 0 },
    message: /classes must be a whole number from 2 on: current value is 0$/,
  },
  {
    name: "a kind of layer that there is not",
    options: { layers: [{ ...LSTM, kind: "gru" } as never], classes: 10 },
    message: /kind of layer 0 must be one of lstm, rnn: current value is "gru"$/,
  },
  {
    name: "an LSTM with other gates",
    options: { layers: [{ ...LSTM, gateActivation: "tanh" } as never], classes: 10 },
    message: /gateActivation of layer 0 must be one of sigmoid, hardSigmoid: current value is "tanh"$/,
  },
  {
    name: "an RNN with another activation",
    options: { layers: [{ ...LSTM, kind: "rnn", activation: "sigmoid" } as never], classes: 10 },
    message: /activation of layer 0 must be one of relu, tanh: current value is "sigmoid"$/,
  },
  {
    name: "one class, which tells nothing apart",
    options: { layers: [LSTM], classes: 1 },
    message: /classes must be a whole number from 2 on: current value is 1$/,
  },
  ...[-0.1, 1, NaN].map((dropout) => ({
    name: `a dropout of ${dropout}`,
    options: { layers: [{ ...LSTM, dropout }], classes: 10 },
    message: new RegExp(`dropout of layer 0 must be at least 0 and below 1: current value is ${dropout}$`),
  })),
  {
    name: "three biases",
    options: { layers: [LSTM], classes: 10, biases: 3 as 2 },
    message: /biases must be one of 1, 2: current value is 3$/,
  },
];

for (const { name, options, message } of REJECTED) {
  Deno.test(`createClassifier() rejects ${name}`, () => {
    assert.throws(() => createClassifier(options), { name: "RangeError", message });
  });
}
