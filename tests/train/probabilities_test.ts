import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createClassifier } from "../../lib/model/classifier.ts";
import type { LayerOptions } from "../../lib/model/network_options.ts";
import { openModel } from "../../lib/run/open_model.ts";
import { compile } from "../../lib/train/compile.ts";
import { classProbabilities, readsInOrder, softmax } from "../../lib/train/probabilities.ts";
import { adam } from "../../lib/model/optimizers.ts";
import { lstm } from "../../lib/model/to_tensorflow.ts";
import { assertClose } from "../support/assert_close.ts";
import { tinyParameters, tinySplit } from "../support/tiny_data.ts";

tf.enableProdMode();

function openTrainer() {
  const model = tf.sequential({
    layers: [lstm({ units: 6, inputShape: [5, 7] }), tf.layers.dense({ units: 4 })],
  });
  return compile(model, {
    train: tinySplit({ count: 9, height: 5, width: 7, classes: 4 }),
    test: tinySplit({ count: 6, height: 5, width: 7, classes: 4, seed: 2 }),
    validation: 2,
    sequence: { axis: "rows", range: [0, 1] },
    optimizer: adam({ learningRate: 0.01 }),
    initialize: "pytorch",
    device: "reference",
  });
}

Deno.test("Trainer.read() ends with the softmax of what predict() gives", async () => {
  await using trainer = await openTrainer();
  await Array.fromAsync(trainer.epochs(1));
  for (const source of ["test", "validation", trainer.split("train")] as const) {
    const logits = await trainer.predict(source);
    const probabilities = await trainer.read(source); // [N,T,K]
    const N = logits.length / 4;
    assert.equal(probabilities.length, N * 5 * 4);
    for (let n = 0; n < N; n++) {
      const last = probabilities.subarray((n * 5 + 4) * 4, (n + 1) * 5 * 4);
      const expected = softmax(logits.subarray(n * 4, n * 4 + 4));
      assertClose(last, expected, { rtol: 1e-6, atol: 1e-7, name: `${source} ${n}` });
    }
  }
});

Deno.test("Trainer.read() of a blank image and of one that begins blank agree until the ink", async () => {
  await using trainer = await openTrainer();
  const pixels = new Uint8Array(2 * 35).fill(200, 35 + 21); // the second image has ink from row 3 on
  const probabilities = await trainer.read({ pixels, count: 2, height: 5, width: 7 });
  assert.deepEqual(probabilities.slice(0, 12), probabilities.slice(20, 32));
  assert.notDeepEqual(probabilities.slice(12, 20), probabilities.slice(32));
});

/** Networks whose parameters are all random, by what they have above and below the last recurrent layer. */
const CHAINS: Record<string, { inOrder: boolean; layers: LayerOptions[] }> = {
  "batch normalizations, dropout and hidden layers above": {
    inOrder: true,
    layers: [
      { kind: "batchNorm" },
      { kind: "gru", hiddenSize: 4, resetAfter: true, returnSequences: true },
      { kind: "dense", units: 5, activation: "sigmoid" },
      { kind: "rnn", hiddenSize: 6, activation: "relu", returnSequences: true },
      { kind: "batchNorm", epsilon: 0.01 },
      { kind: "last" },
      { kind: "dropout", rate: 0.5 },
      { kind: "dense", units: 5, activation: "tanh", useBias: false },
      { kind: "batchNorm", scale: false, center: false },
      { kind: "activation", activation: "hardSigmoid" },
      { kind: "dense", units: 4 },
    ],
  },
  "nothing above": { inOrder: true, layers: [{ kind: "lstm", hiddenSize: 4 }] },
  "both directions, and the last output of each": {
    inOrder: false,
    layers: [
      { kind: "bidirectional", merge: "concat", forward: { kind: "lstm", hiddenSize: 3 } },
      { kind: "dense", units: 4 },
    ],
  },
  "both directions, and the last step": {
    inOrder: false,
    layers: [
      { kind: "bidirectional", merge: "sum", forward: { kind: "rnn", hiddenSize: 4, returnSequences: true } },
      { kind: "last" },
    ],
  },
  "both directions below one that reads forwards": {
    inOrder: false,
    layers: [
      { kind: "bidirectional", merge: "ave", forward: { kind: "gru", hiddenSize: 3, returnSequences: true } },
      { kind: "gru", hiddenSize: 4 },
    ],
  },
  "one step many times": {
    inOrder: false,
    layers: [
      { kind: "rnn", hiddenSize: 3 },
      { kind: "repeat", steps: 3 },
      { kind: "rnn", hiddenSize: 4 },
    ],
  },
};

for (const [name, { inOrder, layers }] of Object.entries(CHAINS)) {
  Deno.test(`Model.read() ends with what predict() gives, and knows no line before its time: ${name}`, async () => {
    const network = createClassifier({ inputSize: 7, layers });
    assert.equal(readsInOrder(network), inOrder);
    const sequence = { axis: "rows", range: [0, 1], reversed: true } as const;
    const classNames = ["a", "b", "c", "d"], parameters = tinyParameters(network);
    const trained = { network, T: 5, sequence, parameters, classNames };
    await using model = await openModel(trained, { device: "reference" });
    const images = tinySplit({ count: 3, height: 5, width: 7, classes: 4 });
    const options = { positions: Uint32Array.of(2, 0) };
    const logits = await model.predict(images, options), read = await model.read(images, options); // [2,5,4]
    assert.equal(read.length, 2 * 5 * 4);
    for (const n of [0, 1]) {
      const expected = softmax(logits.subarray(n * 4, n * 4 + 4));
      assertClose(read.subarray((5 * n + 4) * 4, (5 * n + 5) * 4), expected, {
        rtol: 1e-6,
        atol: 1e-7,
        name,
      });
    }
    const pixels = images.pixels.slice(); // reads the last row first
    for (let n = 0; n < 3; n++) pixels.fill(99, n * 35, n * 35 + 2 * 7);
    const other = await model.read({ ...images, pixels }, options);
    for (const n of [0, 1]) {
      const [known, unknown] = [[0, 3], [3, 5]].map(([from, to]) =>
        [read, other].map((all) => all.slice((5 * n + from) * 4, (5 * n + to) * 4))
      );
      assert.deepEqual(known[0], known[1]);
      assert.notDeepEqual(unknown[0], unknown[1]);
    }
  });
}

Deno.test("Trainer.read() refuses images that are not there", async () => {
  await using trainer = await openTrainer();
  await assert.rejects(trainer.read("test", { from: 6 }), /^RangeError: .*selected: current value is none$/);
  await assert.rejects(trainer.read("test", { positions: Uint32Array.of(6) }), /current value is 6$/);
});

Deno.test("classProbabilities() refuses what does not fit the network", async () => {
  await using trainer = await openTrainer();
  const { network } = trainer, { parameters } = await trainer.readState();
  assert.throws(
    () => classProbabilities(new Float32Array(7), network, parameters),
    /^TypeError: .*rows of 6/,
  );
  assert.throws(
    () => classProbabilities(new Float32Array(6), network, parameters.subarray(1)),
    /^TypeError: /,
  );
});

Deno.test("softmax() stands the largest logits", () => {
  assert.deepEqual([...softmax([1e30, 0, -1e30])], [1, 0, 0]);
});
