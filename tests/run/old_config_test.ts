import assert from "node:assert/strict";
import { parseCheckpointConfig } from "../../lib/run/config.ts";
import { checkSameTraining } from "../../lib/run/same_training.ts";
import { tinyCheckpoint } from "../support/tiny_checkpoint.ts";

const { config } = tinyCheckpoint(), { inputSize: _, layers: __, ...model } = config.model;

/** As it was written from November to December 2026. */
const LAYERS = [
  { kind: "lstm", inputSize: 4, hiddenSize: 5, gateActivation: "hardSigmoid", dropout: 0.25 },
  { kind: "rnn", inputSize: 5, hiddenSize: 3, activation: "tanh", dropout: 0 },
];

function parseOld(layers: unknown, classes: unknown = 3) {
  return parseCheckpointConfig(
    JSON.stringify({ ...config, model: { layers, classes, ...model } }),
    "config.json",
  );
}

Deno.test("a config with recurrent layers and classes becomes one of a chain", () => {
  const found = parseOld(LAYERS);
  assert.deepEqual(found.model, {
    inputSize: 4,
    layers: [
      { kind: "lstm", hiddenSize: 5, gateActivation: "hardSigmoid", returnSequences: true },
      { kind: "dropout", rate: 0.25 },
      { kind: "rnn", hiddenSize: 3, activation: "tanh" },
      { kind: "dense", units: 3 },
    ],
    ...model,
  });
  assert.deepEqual(found.training, config.training);
});

Deno.test("a run of such a config can be resumed, whatever it says that is so by default", () => {
  const device = { kind: "wasm", math: "fused" } as const;
  const lstm = { kind: "lstm", inputSize: 4, hiddenSize: 3, gateActivation: "sigmoid", dropout: 0.5 };
  checkSameTraining({ ...parseOld([lstm]), device }, { ...config, device });
  assert.throws(
    () => checkSameTraining({ ...parseOld([{ ...lstm, hiddenSize: 4 }]), device }, { ...config, device }),
    /^RangeError: Cannot resume the run: its layers must be .*"hiddenSize":4.*: current value is .*"hiddenSize":3/,
  );
});

Deno.test("what is wrong in such a config is still an error", () => {
  const wrong: [layers: unknown, message: RegExp][] = [
    [[], /model.inputSize, a whole number from 1 on: current value is undefined$/],
    [null, /model.inputSize, /],
    [[1], /model.inputSize, /],
    [[{ ...LAYERS[0], inputSize: 0 }], /model.inputSize, a whole number from 1 on: current value is 0$/],
    [[LAYERS[0], { ...LAYERS[1], inputSize: 4 }], /layer 2 has no property inputSize$/],
    [[{ ...LAYERS[0], dropout: "0.5" }], /rate of layer 1 must be at least 0 and below 1/],
    [[{ ...LAYERS[0], kind: "transformer" }], /kind of layer 0 must be one of lstm, /],
  ];
  for (const [layers, message] of wrong) assert.throws(() => parseOld(layers), message);
  assert.throws(() => parseOld(LAYERS, 257), /at most 256 classes: current value is 257$/);
});
