import assert from "node:assert/strict";
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
