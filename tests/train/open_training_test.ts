/**
 * `openTraining()`: what networks as plain data have besides what `compile()` is tested for, which opens the same training.
 */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createClassifier, loadModel, modelSha256, openTraining, toOnnx, toSafetensors } from "../../core.ts";
import * as scanline from "../../mod.ts";
import { lacks, named } from "../support/permissions.ts";
import { tinySplit } from "../support/tiny_data.ts";

tf.enableProdMode();

const train = tinySplit({ count: 22, height: 5, width: 4, classes: 3 });
const network = createClassifier({
  inputSize: 4,
  layers: [
    { kind: "lstm", hiddenSize: 5, returnSequences: true },
    { kind: "dropout", rate: 0.2 },
    { kind: "rnn", hiddenSize: 3 },
    { kind: "dense", units: 3 },
  ],
  biases: 2,
});
const options = {
  train,
  test: train,
  sequence: { axis: "rows", range: [0, 1] },
  optimizer: scanline.adam({ learningRate: 0.02 }),
  initialize: "pytorch",
  batchSize: 4,
  device: "reference",
} as const;

Deno.test("openTraining() trains as compile() does, to the bit, and writes the same files", async () => {
  const model = tf.sequential({
    layers: [
      scanline.lstm({ units: 5, returnSequences: true, inputShape: [5, 4] }),
      tf.layers.dropout({ rate: 0.2 }),
      scanline.simpleRNN({ units: 3 }),
      tf.layers.dense({ units: 3 }),
    ],
  });
  await using trainer = await scanline.compile(model, options);
  await using training = await openTraining(network, options);
  assert.deepEqual(training.config, trainer.config);
  assert.equal(training.T, 5);
  for (const one of [trainer, training]) for await (const _ of one.epochs(2));
  const [compiled, plain] = await Promise.all([trainer.trained(), training.trained()]);
  assert.deepEqual(plain, compiled);
  assert.deepEqual(
    await training.evaluate("test", { to: 9 }).then(rounded),
    await trainer.evaluate("test", { to: 9 }).then(rounded),
  );
  const file = toSafetensors(plain);
  assert.deepEqual(file, scanline.toSafetensors(compiled));
  assert.deepEqual(toOnnx(plain), scanline.toOnnx(compiled));
  assert.equal(modelSha256(await loadModel(file)), scanline.modelSha256(compiled));
});

/** Without what no two trainings share. */
function rounded({ seconds: _, ...score }: { seconds: number }): object {
  return score;
}

Deno.test("openTraining() begins with the parameters that are given, and leaves them alone", async () => {
  await using first = await openTraining(network, options);
  for await (const _ of first.steps(3));
  const { parameters } = await first.trained(), copy = parameters.slice();
  const { initialize: _, ...rest } = options;
  await using second = await openTraining(network, { ...rest, parameters });
  assert.equal(second.config.initialize, null);
  assert.deepEqual((await second.trained()).parameters, copy);
  for await (const _ of second.steps(1));
  assert.deepEqual(parameters, copy);
  assert.notDeepEqual((await second.trained()).parameters, copy);
});

const needs = [{ name: "read", path: "lib" }] as const;

async function continueAnother(): Promise<void> {
  const exact = { ...options, device: "wasm", threads: 1 } as const; // reference keeps float32 of its float64
  await using whole = await openTraining(network, exact);
  await using half = await openTraining(network, exact);
  await using rest = await openTraining(network, exact);
  for await (const _ of whole.steps(8));
  for await (const _ of half.steps(5));
  await rest.writeState(await half.readState());
  for await (const _ of rest.steps(3));
  assert.deepEqual(await rest.readState(), await whole.readState());
  assert.deepEqual(await rest.trained(), await whole.trained());
}

Deno.test({
  name: named("a training goes on from the state of another, to the bit", needs),
  ignore: lacks(needs),
  fn: continueAnother,
});

const { initialize: _, ...unstarted } = options;
const parameters = new Float32Array(network.size).fill(0.1);
const REJECTED: readonly (readonly [what: string, options: object, message: RegExp])[] = [
  [
    "neither a start nor parameters",
    unstarted,
    /^RangeError: Cannot open the training: either initialize or parameters must be given: current value is none of them$/,
  ],
  [
    "both",
    { ...options, parameters },
    /either initialize or parameters must be given: current value is both$/,
  ],
  [
    "too few parameters",
    { ...unstarted, parameters: parameters.subarray(1) },
    /^TypeError: Cannot open the training: parameters must be \d+ float32 numbers: current value is /,
  ],
  [
    "parameters that are no numbers",
    { ...unstarted, parameters: parameters.map((value, i) => i === 7 ? NaN : value) },
    /^RangeError: Cannot open the training: its weights must be finite: current value is NaN, in layer0\.kernel/,
  ],
  [
    "parameters that nobody has started",
    { ...unstarted, parameters: new Float32Array(network.size) },
    /^RangeError: Cannot open the training: its weights must be started: current value is zero for all of layer0 /,
  ],
  [
    "images of other lines",
    { ...options, sequence: { axis: "columns", range: [0, 1] } },
    /^RangeError: Cannot open the training: inputSize of the network must be 5 to read images of 5 × 4 by columns: current value is 4$/,
  ],
  [
    "an option of compile() that the network answers",
    { ...options, biases: 2 },
    /^TypeError: Cannot open the training: options must be among .*: current value has "biases"$/,
  ],
  [
    "labels above its classes",
    { ...options, train: tinySplit({ count: 9, height: 5, width: 4, classes: 9 }) },
    /^RangeError: Cannot open the training: labels of train must be below the 3 classes/,
  ],
];

for (const [what, given, message] of REJECTED) {
  Deno.test(`openTraining() rejects ${what}`, async () => {
    await assert.rejects(openTraining(network, given as typeof options), message);
  });
}

Deno.test("openTraining() rejects networks that it would not train as they say", async () => {
  const { input } = network;
  const others: [object, RegExp][] = [
    [{ ...network, loss: "meanSquaredError" }, /loss of network must be one of softmaxCrossEntropy/],
    [{ ...network, input: { ...input, maskValue: 0 } }, /maskValue of input of network must be missing/],
    [{ ...network, input: { ...input, kind: "tokens" } }, /kind of input of network must be one of features/],
  ];
  for (const [other, message] of others) {
    await assert.rejects(openTraining(other as typeof network, options), message);
  }
});
