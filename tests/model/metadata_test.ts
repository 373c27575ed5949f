import assert from "node:assert/strict";
import { readMetadata, writeMetadata } from "../../lib/model/metadata.ts";
import { createClassifier, type LayerSpec } from "../../lib/model/classifier.ts";

const classNames = ["a", "\x1b[31mb", ""];

Deno.test("readMetadata() reads what writeMetadata() wrote, of every kind of layer and scale", () => {
  const sizes = { inputSize: 4, hiddenSize: 4, dropout: 0.25 };
  const layers: LayerSpec[] = [
    { kind: "lstm", gateActivation: "hardSigmoid", ...sizes },
    { kind: "lstm", gateActivation: "sigmoid", ...sizes, dropout: 0 },
    { kind: "rnn", activation: "relu", ...sizes },
    { kind: "rnn", activation: "tanh", ...sizes },
  ];
  const scales = [{ range: [-1, 1] }, { mean: 0.1307, deviation: 0.3081 }] as const;
  for (
    const [T, biases, scale, dataset, preparation] of [
      [5, 1, scales[0], "mnist", "digit"],
      [null, 2, scales[1], "fashion-mnist", "none"],
    ] as const
  ) {
    const network = createClassifier({ layers, classes: 3, biases });
    const sequence = { axis: "columns", ...scale } as const;
    const source = { network, T, sequence, classNames, dataset, preparation };
    assert.deepEqual(readMetadata(writeMetadata(source)), {
      layers: layers.map(({ inputSize: _, hiddenSize: __, ...traits }) => traits),
      biases,
      T,
      axis: "columns",
      scale,
      classNames,
      dataset,
      preparation,
    });
  }
});

Deno.test("writeMetadata() says the size of the images as far as the sequences tell it", () => {
  const sizeOf = (axis: "rows" | "columns" | "pixels", T: number | null, inputSize: number) => {
    const layer = { kind: "rnn", activation: "tanh", inputSize, hiddenSize: 2, dropout: 0 } as const;
    const network = createClassifier({ layers: [layer], classes: 3 });
    const said = writeMetadata({ network, T, sequence: { axis, range: [0, 1] }, classNames });
    return [said.T, said.height, said.width];
  };
  assert.deepEqual(sizeOf("rows", 5, 4), ["5", "5", "4"]);
  assert.deepEqual(sizeOf("columns", 5, 4), ["5", "4", "5"]);
  assert.deepEqual(sizeOf("rows", null, 4), ["any", undefined, "4"]);
  assert.deepEqual(sizeOf("columns", null, 4), ["any", "4", undefined]);
  assert.deepEqual(sizeOf("pixels", 784, 1), ["784", undefined, undefined]); // 28 × 28, or 14 × 56
  assert.deepEqual(sizeOf("pixels", null, 1), ["any", undefined, undefined]);
});

Deno.test("readMetadata() takes no other program's word, and none that is damaged", () => {
  assert.deepEqual(readMetadata({ format: "pt", layers: "12", axis: "diagonal" }), {});
  const wrong: [Record<string, string>, RegExp][] = [
    [{ preparation: "digits" }, /preparation must be one of digit, none/],
    [{ axis: "diagonal" }, /axis must be one of rows, columns, pixels: current value is "diagonal"$/],
    [{ layers: "[" }, /layers must be a list of layers/],
    [{ layers: "[]" }, /layers must be/],
    [{ layers: '[{"kind":"gru","dropout":0}]' }, /layers must be/],
    [{ layers: '[{"kind":"rnn","activation":"sin","dropout":0}]' }, /layers must be/],
    [{ layers: '[{"kind":"rnn","activation":"tanh","dropout":1}]' }, /layers must be/],
    [{ range: "[0,2]" }, /range must be/],
    [{ mean: "0.5" }, /mean must be a range, or mean and deviation/],
    [{ mean: "0.5", deviation: "0" }, /mean, deviation must be/],
    [{ T: "0" }, /T must be a length, or any: current value is "0"/],
    [{ T: "1e9" }, /T must be/],
    [{ T: "null,[" }, /T must be/],
    [{ biases: "3" }, /biases must be one of 1, 2/],
    [{ biases: '"1"' }, /biases must be one of 1, 2/],
    [{ classNames: '["a"]' }, /classNames must be/],
    [{ classNames: `["a","\u001b[31m${"x".repeat(1000)}"]` }, /classNames must be/],
  ];
  for (const [metadata, message] of wrong) {
    assert.throws(() => readMetadata({ producer: "scanline", ...metadata }), (error: Error) => {
      assert.ok(error instanceof SyntaxError);
      assert.match(error.message, message);
      assert.ok(error.message.length < 300, "bounded");
      // deno-lint-ignore no-control-regex -- none may reach a terminal
      assert.doesNotMatch(error.message, /[\u0000-\u001f]/);
      return true;
    });
  }
});
