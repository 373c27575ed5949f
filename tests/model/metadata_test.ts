import assert from "node:assert/strict";
import { classifierOptions } from "../../lib/model/classifier.ts";
import { describedNetwork, readMetadata, writeMetadata } from "../../lib/model/metadata.ts";
import { createStack, type StackLayer } from "../support/stack.ts";

const classNames = ["a", "\x1b[31mb", ""];

/** Layers as files from before December 2026 have them. */
const TRAITS: StackLayer[] = [
  { kind: "lstm", gateActivation: "hardSigmoid", inputSize: 4, hiddenSize: 4, dropout: 0.25 },
  { kind: "lstm", gateActivation: "sigmoid", inputSize: 4, hiddenSize: 4, dropout: 0 },
  { kind: "rnn", activation: "relu", inputSize: 4, hiddenSize: 4, dropout: 0.25 },
  { kind: "rnn", activation: "tanh", inputSize: 4, hiddenSize: 4, dropout: 0.25 },
];

Deno.test("readMetadata() reads what writeMetadata() wrote, of every kind of order and scale", () => {
  const scales = [{ range: [-1, 1] }, { mean: 0.1307, deviation: 0.3081 }] as const;
  for (
    const [T, biases, order, scale, dataset, preparation] of [
      [5, 1, { axis: "columns" }, scales[0], "mnist", "digit"],
      [null, 2, { axis: "rows", reversed: true }, scales[1], "fashion-mnist", "none"],
      [null, 2, { axis: "pixels", reversed: false, permutation: 7 }, scales[1], "fashion-mnist", "none"],
    ] as const
  ) {
    const network = createStack({ layers: TRAITS, classes: 3, biases });
    const source = { network, T, sequence: { ...order, ...scale }, classNames, dataset, preparation };
    const { inputSize, layers } = classifierOptions(network);
    const said = readMetadata(writeMetadata(source));
    assert.deepEqual(said, {
      network: { inputSize, layers },
      layers: undefined,
      biases,
      T,
      order,
      scale,
      classNames,
      dataset,
      preparation,
    });
    assert.deepEqual(describedNetwork(createStack({ layers: TRAITS, classes: 3 }), said), network);
  }
});

Deno.test("describedNetwork() adds what older metadata say to what the weights show", () => {
  const layers = TRAITS.map(({ inputSize: _, hiddenSize: __, ...traits }) => traits);
  const said = readMetadata({ producer: "scanline", layers: JSON.stringify(layers), biases: "2" });
  const bare = TRAITS.map((layer): StackLayer =>
    layer.kind === "lstm"
      ? { ...layer, gateActivation: "sigmoid", dropout: 0 }
      : { ...layer, activation: "tanh", dropout: 0 }
  );
  const weights = createStack({ layers: bare, classes: 3 });
  assert.deepEqual(describedNetwork(weights, said), createStack({ layers: TRAITS, classes: 3, biases: 2 }));
  assert.deepEqual(describedNetwork(weights, {}), weights);
  assert.throws(
    () => describedNetwork(createStack({ layers: bare.slice(1), classes: 3 }), said),
    /^SyntaxError: .*layers must be of the kinds of the weights, lstm, rnn, rnn: current value is lstm, lstm, rnn, rnn$/,
  );
  const { layers: described } = classifierOptions(createStack({ layers: TRAITS, classes: 4 }));
  assert.throws(
    () => describedNetwork(weights, { network: { inputSize: 4, layers: described } }),
    /^SyntaxError: .*network must be one of the arrays .*head.bias \[3\].*: current value is one of .*head.bias \[4\]/,
  );
});

Deno.test("writeMetadata() says the size of the images as far as the sequences tell it", () => {
  const sizeOf = (axis: "rows" | "columns" | "pixels", T: number | null, inputSize: number) => {
    const layer = { kind: "rnn", activation: "tanh", inputSize, hiddenSize: 2, dropout: 0 } as const;
    const network = createStack({ layers: [layer], classes: 3 });
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
    [{ network: "[" }, /network must be the features and the layers of a classifier/],
    [{ network: '{"inputSize":2,"layers":[{"kind":"lstm","hiddenSize":1}]}' }, /network must be/],
    [
      { network: '{"inputSize":2,"layers":[{"kind":"rnn","hiddenSize":2}],"loss":"huber"}' },
      /network must be/,
    ],
    [{ axis: "rows", reversed: "1" }, /reversed must be true or false: current value is "1"$/],
    [{ axis: "rows", permutation: "1" }, /permutation must be .*, of pixels: current value is "1"$/],
    [{ axis: "pixels", permutation: "-1" }, /permutation must be a whole number from 0 to 4294967295/],
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
