import assert from "node:assert/strict";
import { createClassifier } from "../../lib/model/classifier.ts";
import { createStack, type StackLayer } from "../support/stack.ts";
import { describeStructure, drawStructure } from "../../lib/view/structure.ts";

const lstm: StackLayer = {
  kind: "lstm",
  inputSize: 28,
  hiddenSize: 100,
  gateActivation: "sigmoid",
  dropout: 0,
};
const images = { height: 28, width: 28, axis: "columns" } as const;

Deno.test("drawStructure(): two layers, two biases, as a chain with shapes and parameters", async (t) => {
  const layers = [lstm, { ...lstm, inputSize: 100 }];
  await t.assertSnapshot(drawStructure(createStack({ layers, classes: 10, biases: 2 }), images));
});

Deno.test("drawStructure(): dropout stands between the layers", async (t) => {
  const layers = [{ ...lstm, dropout: 0.5 }, { ...lstm, inputSize: 100, dropout: 0.5 }];
  await t.assertSnapshot(drawStructure(createStack({ layers, classes: 10 }), images));
});

Deno.test("drawStructure(): pixel by pixel, and the names of activations", async (t) => {
  const layers: StackLayer[] = [
    { kind: "rnn", inputSize: 1, hiddenSize: 8, activation: "relu", dropout: 0 },
    { ...lstm, inputSize: 8, gateActivation: "hardSigmoid" },
  ];
  await t.assertSnapshot(
    drawStructure(createStack({ layers, classes: 2 }), { ...images, axis: "pixels" }),
  );
});

Deno.test("describeStructure(): the parameters of the lines add up to the sum, as PyTorch counts", () => {
  const network = createStack({ layers: [{ ...lstm, hiddenSize: 64 }], classes: 10, biases: 2 });
  const counts = describeStructure(network, images).map((line) => line.match(/([\d,]+) parameters/)?.[1]);
  assert.deepEqual(counts, [undefined, "24,064", "650", "24,714"]);
});

/** Every kind of layer. */
const EVERY_KIND = createClassifier({
  inputSize: 28,
  layers: [
    { kind: "batchNorm", scale: false },
    {
      kind: "bidirectional",
      merge: "concat",
      forward: { kind: "lstm", hiddenSize: 128, returnSequences: true },
    },
    { kind: "bidirectional", merge: "sum", forward: { kind: "rnn", hiddenSize: 16, activation: "relu" } },
    { kind: "repeat", steps: 5 },
    {
      kind: "gru",
      hiddenSize: 64,
      returnSequences: true,
      resetAfter: true,
      backwards: true,
      activation: "relu",
    },
    { kind: "last" },
    { kind: "batchNorm" },
    { kind: "dropout", rate: 0.25 },
    { kind: "dense", units: 32, activation: "relu" },
    { kind: "activation", activation: "hardSigmoid" },
    { kind: "dense", units: 10, useBias: false },
  ],
  biases: 2,
});

Deno.test("drawStructure(): every kind of layer", async (t) => {
  await t.assertSnapshot(drawStructure(EVERY_KIND, images));
});

Deno.test("describeStructure(): every kind of layer, and the sum of what is trained", () => {
  assert.deepEqual(describeStructure(EVERY_KIND, images), [
    "image 28 × 28, column by column                 28 × 28",
    "batch normalization                             28 × 28        28 parameters",
    "LSTM, 128 units, in both directions             28 × 256  161,792 parameters",
    "RNN, 16 units, ReLU, in both directions (sum)   16          8,768 parameters",
    "5 times the same step                           5 × 16",
    "GRU, 64 units, ReLU, from the end               5 × 64     15,744 parameters",
    "the last step                                   64",
    "batch normalization                             64            128 parameters",
    "dropout 0.25                                    64",
    "dense, 32 units, ReLU                           32          2,080 parameters",
    "hard sigmoid                                    32",
    "dense, 10 classes                               10            320 parameters",
    "                                                          188,860 parameters",
  ]);
});

Deno.test("describeStructure(): the order of reading", () => {
  const network = createClassifier({ inputSize: 1, layers: [{ kind: "rnn", hiddenSize: 2 }] });
  const [line] = describeStructure(network, { ...images, axis: "pixels", permutation: 0, reversed: true });
  assert.equal(line, "image 28 × 28, pixel by pixel, shuffled, from the end   784 × 1");
});
