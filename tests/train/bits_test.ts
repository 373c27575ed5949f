import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { momentum } from "../../lib/model/optimizers.ts";
import { lstm } from "../../lib/model/to_tensorflow.ts";
import { compile } from "../../lib/train/compile.ts";
import { modelSha256 } from "../../lib/model/hash.ts";
import type { Trainer } from "../../lib/train/trainer.ts";
import { lacks, named } from "../support/permissions.ts";
import { tinySplit } from "../support/tiny_data.ts";

tf.enableProdMode();

const NEEDS = [{ name: "read", path: "lib" }] as const;
const STEPS = 30;
const train = tinySplit({ count: 50, height: 7, width: 5, classes: 4 });
const test = tinySplit({ count: 9, height: 7, width: 5, classes: 4, seed: 2 });

/** Two LSTM layers with dropout, 21 images a step running on across epochs. */
function open(threads: number, seed = 1): Promise<Trainer> {
  const model = tf.sequential({
    layers: [
      lstm({ units: 11, returnSequences: true, inputShape: [7, 5] }),
      tf.layers.dropout({ rate: 0.5 }),
      lstm({ units: 6 }),
      tf.layers.dropout({ rate: 0.5 }),
      tf.layers.dense({ units: 4 }),
    ],
  });
  return compile(model, {
    train,
    test,
    sequence: { axis: "rows", range: [0, 1] },
    optimizer: momentum({ learningRate: 0.1 }),
    initialize: "tf1",
    lastBatch: "carry",
    batchSize: 21,
    seed,
    device: "wasm",
    threads,
  });
}

/** Trains up to `STEPS` and gives the hash of the model. */
async function finish(trainer: Trainer): Promise<string> {
  if (trainer.step < STEPS) await Array.fromAsync(trainer.steps(STEPS - trainer.step));
  return modelSha256(await trainer.trained());
}

function bitsTest(name: string, fn: (expected: string) => Promise<void>): void {
  Deno.test({
    name: named(`wasm trains to the same bits ${name}`, NEEDS),
    ignore: lacks(NEEDS),
    fn: async () => {
      await using trainer = await open(1);
      await fn(await finish(trainer));
    },
  });
}

bitsTest("for one seed only", async (expected) => {
  await using other = await open(1, 2);
  assert.notEqual(await finish(other), expected);
});

bitsTest("whatever the process computed before, and beside it", async (expected) => {
  await using before = await open(2, 7);
  await Array.fromAsync(before.steps(5));
  await using trainer = await open(2);
  const beside = Array.fromAsync(before.steps(20));
  assert.equal(await finish(trainer), expected);
  await beside;
});

bitsTest("when it evaluates on the way", async (expected) => {
  await using trainer = await open(2);
  for await (const _ of trainer.steps(STEPS, { every: 7 })) {
    await trainer.evaluate("test");
    await trainer.predict("train", { to: 3 });
  }
  assert.equal(await finish(trainer), expected);
});

bitsTest("when it is interrupted, wherever that is", async (expected) => {
  for (const images of [1, 200, 400]) {
    const interrupt = new AbortController();
    await using trainer = await open(2);
    await Array.fromAsync(trainer.steps(STEPS, {
      signal: interrupt.signal,
      onProgress: ({ done }) => done >= images && interrupt.abort(),
    }));
    assert(trainer.step > 0, "some steps were taken");
    assert(trainer.step < STEPS, "and it was interrupted");

    await using resumed = await open(3);
    await resumed.writeState(await trainer.readState());
    assert.equal(await finish(resumed), expected, `gone on elsewhere after step ${trainer.step}`);
    assert.equal(await finish(trainer), expected, `gone on after step ${trainer.step}`);
  }
});
