/**
 * A long training takes no more memory than a short one, and leaves no tensors or workers behind.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { adam } from "../../lib/model/optimizers.ts";
import { lstm } from "../../lib/model/to_tensorflow.ts";
import { compile } from "../../lib/train/compile.ts";
import { encodeCheckpoint } from "../../lib/run/checkpoint.ts";
import { lacks, named } from "../support/permissions.ts";
import { isSoak, share } from "../support/soak.ts";
import { tinyCheckpoint } from "../support/tiny_checkpoint.ts";
import { tinySplit } from "../support/tiny_data.ts";

tf.enableProdMode();

const needs = [{ name: "read", path: "lib" }] as const;
const STEPS = share({ usual: 500, soak: 20_000 });
const FIRST_STEPS = 1_000; // a shorter run only warms up: memory is measured in the soak alone
const GROWTH = 0.05;
/** Collects all garbage; exists with `--v8-flags=--expose-gc`, as in `deno task soak`. */
const collect: (() => void) | undefined = Reflect.get(globalThis, "gc");

Deno.test({
  name: named(
    `no tensor and no worker remains after ${STEPS} steps` +
      (isSoak ? `, and no more memory is used than after ${FIRST_STEPS}` : ""),
    needs,
  ),
  ignore: lacks(needs),
  sanitizeResources: true,
  sanitizeOps: true,
  fn: async () => {
    const split = tinySplit({ count: 64, height: 6, width: 5, classes: 10 });
    const model = tf.sequential({
      layers: [
        lstm({ units: 16, inputShape: [6, 5] }),
        tf.layers.dense({ units: 10 }),
      ],
    });
    const tensors = tf.memory().numTensors;
    const rss: number[] = [];
    {
      await using trainer = await compile(model, {
        train: split,
        test: split,
        sequence: { axis: "rows", range: [0, 1] },
        optimizer: adam({ learningRate: 0.001 }),
        initialize: "pytorch",
        batchSize: 16,
        device: "wasm",
        threads: 2,
      });
      // Everything that a recipe does meanwhile, except for writing to the disk.
      const onCheckpoint = (state: { step: number }) => {
        encodeCheckpoint({ ...tinyCheckpoint({ step: state.step }) });
      };
      for await (const { step } of trainer.steps(STEPS, { every: 250, onCheckpoint, checkpointEvery: 100 })) {
        await trainer.evaluate("test");
        if (step % 500 === 0) collect?.(); // otherwise V8 lets its heap grow by 13 % before it collects
        if (step === FIRST_STEPS || step === STEPS) rss.push(Deno.memoryUsage().rss);
      }
    }
    assert.equal(tf.memory().numTensors, tensors, "tensors remain");
    if (!isSoak) return;
    const [first, last] = rss, growth = last / first - 1;
    assert.ok(growth < GROWTH, `it grew by ${(100 * growth).toFixed(1)} %: from ${first} to ${last} bytes`);
  },
});
