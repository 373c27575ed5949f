import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../lib/train/compile.ts";
import { classProbabilities, softmax } from "../../lib/train/probabilities.ts";
import { adam } from "../../lib/model/optimizers.ts";
import { lstm } from "../../lib/model/to_tensorflow.ts";
import { assertClose } from "../support/assert_close.ts";
import { tinySplit } from "../support/tiny_data.ts";

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
