import assert from "node:assert/strict";
import { readMetadata, writeMetadata } from "../../lib/model/metadata.ts";
import { createNetwork, type LayerSpec } from "../../lib/model/network.ts";

const about = { height: 5, width: 4, classNames: ["a", "b", "c"] };

Deno.test("readMetadata() reads what writeMetadata() wrote, of every kind of layer and scale", () => {
  const sizes = { inputSize: 4, hiddenSize: 4, dropout: 0.25 };
  const layers: LayerSpec[] = [
    { kind: "lstm", gateActivation: "hardSigmoid", ...sizes },
    { kind: "lstm", gateActivation: "sigmoid", ...sizes, dropout: 0 },
    { kind: "rnn", activation: "relu", ...sizes },
    { kind: "rnn", activation: "tanh", ...sizes },
  ];
  const network = createNetwork({ layers, classes: 3 });
  for (const scale of [{ range: [-1, 1] }, { mean: 0.1307, deviation: 0.3081 }] as const) {
    const found = readMetadata(writeMetadata({ network, sequence: { axis: "columns", ...scale }, ...about }));
    assert.deepEqual(found, {
      layers: layers.map(({ inputSize: _, hiddenSize: __, ...traits }) => traits),
      axis: "columns",
      scale,
      ...about,
    });
  }
});

Deno.test("readMetadata() takes no other program's word, and none that is damaged", () => {
  assert.deepEqual(readMetadata({ format: "pt", layers: "12", axis: "diagonal" }), {});
  const wrong: [Record<string, string>, RegExp][] = [
    [{ axis: "diagonal" }, /axis must be rows, columns, pixels: current value is "diagonal"$/],
    [{ layers: "[" }, /layers must be a list of layers/],
    [{ layers: "[]" }, /layers must be/],
    [{ layers: '[{"kind":"gru","dropout":0}]' }, /layers must be/],
    [{ layers: '[{"kind":"rnn","activation":"sin","dropout":0}]' }, /layers must be/],
    [{ layers: '[{"kind":"rnn","activation":"tanh","dropout":1}]' }, /layers must be/],
    [{ range: "[0,2]" }, /range must be/],
    [{ mean: "0.5" }, /mean must be a range, or mean and deviation/],
    [{ mean: "0.5", deviation: "0" }, /mean, deviation must be/],
    [{ height: "0" }, /height must be a size/],
    [{ width: "1e9" }, /width must be a size/],
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
