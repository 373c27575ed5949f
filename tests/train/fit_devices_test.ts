/** How `fit()` keeps a device from one call to the next, and lets go of it. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { GuardedEngine } from "../../lib/engines/guard.ts";
import { fit } from "../../lib/train/fit.ts";
import { closeFit } from "../../lib/train/fit_session.ts";
import { lacks, named } from "../support/permissions.ts";
import { testUnless } from "../engines/test_unless.ts";
import { asHardware } from "../engines/webgpu/support/hardware.ts";
import { LACKING_ADAPTER } from "../support/adapter.ts";
import { noise, twins } from "./support/stock.ts";

const T = 4, C = 2;

function build(optimizer: tf.Optimizer = tf.train.adam(0.01)): tf.Sequential {
  const model = tf.sequential({
    layers: [
      tf.layers.simpleRNN({ units: 3, inputShape: [T, C], recurrentInitializer: "zeros" }),
      tf.layers.dense({ units: 1 }),
    ],
  });
  model.compile({ loss: "meanSquaredError", optimizer });
  return model;
}

/** What is asked of engines while `work` runs. */
async function watchEngines(work: () => Promise<void>): Promise<Record<"closed" | "replaced", number>> {
  const counts = { closed: 0, replaced: 0 }, prototype = GuardedEngine.prototype;
  const { replaceData, [Symbol.asyncDispose]: dispose } = prototype;
  prototype.replaceData = function (data) {
    counts.replaced++;
    return replaceData.call(this, data);
  };
  prototype[Symbol.asyncDispose] = function () {
    counts.closed++;
    return dispose.call(this);
  };
  try {
    await work();
    return counts;
  } finally {
    Object.assign(prototype, { replaceData, [Symbol.asyncDispose]: dispose });
  }
}

Deno.test("fit() keeps its device for the next call, and other data go to the same one", async () => {
  const x = tf.tensor(noise("x", 8 * T * C), [8, T, C]), y = tf.tensor(noise("y", 8), [8, 1]);
  const [model] = twins(build), args = { batchSize: 4, device: "reference" } as const;
  const counts = await watchEngines(async () => {
    for (let call = 0; call < 4; call++) await fit(model, x, y, args); // the same tensors: nothing is copied
    await fit(model, x, y, { ...args, validationSplit: 0.25, epochs: 2 });
    await fit(model, { data: noise("other", 5 * T * C), shape: [5, T, C] }, noise("y", 5), args);
  });
  assert.deepEqual(counts, { closed: 0, replaced: 2 });
  const others = await watchEngines(async () => {
    await fit(model, x, y, { ...args, batchSize: 3 });
    await fit(model, x, y, { ...args, batchSize: 3, seed: 2 });
    model.compile({ loss: "meanAbsoluteError", optimizer: "adam" });
    await fit(model, x, y, { ...args, batchSize: 3, seed: 2 });
    await closeFit(model);
    await closeFit(model); // nothing is open
  });
  assert.equal(others.closed, 4);
  tf.dispose([x, y]);
});

Deno.test("typed arrays that have changed since the last call are read again", async () => {
  const [model, other] = twins(() => build(tf.train.sgd(1e-9))); // it hardly learns
  const data = noise("x", 8 * T * C), x = { data, shape: [8, T, C] }, y = noise("y", 8);
  const first = (await fit(model, x, y, { device: "reference" })).history.loss[0];
  data.set(noise("other x", data.length));
  const second = (await fit(model, x, y, { device: "reference" })).history.loss[0];
  assert.notEqual(second, first);
  assert.ok(Math.abs((await fit(other, x, y, { device: "reference" })).history.loss[0] - second) < 1e-6);
  await closeFit(model);
  await closeFit(other);
});

Deno.test("closeFit() refuses while a training goes on", async () => {
  const [model] = twins(build), x = { data: noise("x", 8 * T * C), shape: [8, T, C] };
  const callbacks = {
    onEpochEnd: () => assert.rejects(closeFit(model), /^Error: Cannot close the device: no call/),
  };
  await fit(model, x, noise("y", 8), { device: "reference", callbacks: callbacks as never });
  await closeFit(model);
});

Deno.test("a device that fails ends fit() with its error, and the next call opens another", async () => {
  const [model] = twins(build), x = { data: noise("x", 8 * T * C), shape: [8, T, C] }, y = noise("y", 8);
  await fit(model, x, y, { device: "reference" });
  const prototype = GuardedEngine.prototype, { train, replaceData } = prototype;
  for (const call of ["train", "replaceData"] as const) {
    prototype[call] = async function () {
      await this[Symbol.asyncDispose]();
      throw new Error("the device is lost");
    };
    try {
      await assert.rejects(fit(model, x, y, { device: "reference" }), /^Error: the device is lost$/);
    } finally {
      Object.assign(prototype, { train, replaceData });
    }
    const { history } = await fit(model, x, y, { device: "reference" });
    assert.ok(Number.isFinite(history.loss[0]));
  }
  await closeFit(model);
});

const reads = [{ name: "read", path: "lib" }] as const;

for (
  const [loss, activation] of [
    ["categoricalCrossentropy", "softmax"],
    ["binaryCrossentropy", "sigmoid"],
    ["meanSquaredError", "linear"],
  ] as const
) {
  Deno.test({
    name: named(`fit() on wasm has NaN where outputs are no numbers: ${loss}`, reads),
    ignore: lacks(reads),
    fn: async () => {
      const model = tf.sequential({
        layers: [
          tf.layers.simpleRNN({ units: 3, inputShape: [T, C], recurrentInitializer: "zeros" }),
          tf.layers.dense({ units: 2, activation }),
        ],
      });
      model.compile({ loss, optimizer: "sgd", metrics: [tf.metrics.binaryCrossentropy] });
      model.layers[1].setWeights([tf.fill([3, 2], NaN), tf.zeros([2])]);
      const x = { data: noise("x", 8 * T * C), shape: [8, T, C] };
      const { history } = await fit(model, x, Array(8).fill([0, 1]), { batchSize: 3, device: "wasm" });
      assert.deepEqual(history, { loss: [NaN], binaryCrossentropy: [NaN] });
      await closeFit(model);
    },
  });
}

Deno.test({
  name: named("three calls of fit() on wasm take the same steps as one, to the bit: dropout and all", reads),
  ignore: lacks(reads),
  fn: async () => {
    const models = twins(() => {
      const model = tf.sequential({
        layers: [
          tf.layers.gru({
            units: 5,
            inputShape: [T, C],
            recurrentInitializer: "zeros",
            recurrentDropout: 0.3,
          }),
          tf.layers.dropout({ rate: 0.5 }),
          tf.layers.dense({ units: 1, kernelRegularizer: tf.regularizers.l2({ l2: 0.1 }) }),
        ],
      });
      model.compile({ loss: "meanSquaredError", optimizer: "rmsprop" });
      return model;
    });
    const x = tf.tensor(noise("x", 50 * T * C), [50, T, C]), y = tf.tensor(noise("y", 50), [50, 1]);
    const args = { batchSize: 8, validationSplit: 0.2, device: "wasm", threads: 2 } as const;
    const [one, other] = models, { history } = await fit(one, x, y, { ...args, epochs: 3 });
    const losses: number[] = [], validated: number[] = [];
    for (let call = 0; call < 3; call++) {
      const callbacks = call === 1 ? { onBatchEnd: () => {} } : undefined; // step by step
      const next = await fit(other, x, y, { ...args, callbacks });
      losses.push(...next.history.loss);
      validated.push(...next.history.val_loss);
    }
    assert.deepEqual([losses, validated], [history.loss, history.val_loss]);
    assert.equal(new Set(losses).size, 3);
    const [weights, others] = models.map((model) =>
      tf.tidy(() => model.getWeights().map((w) => w.dataSync()))
    );
    assert.deepEqual(weights, others);
    await closeFit(one);
    await closeFit(other);
    tf.dispose([x, y]);
  },
});

const needs = [{ name: "run" }, { name: "read" }] as const;

Deno.test({
  name: named("a program that only calls fit() ends by itself, and is the same in each run", needs),
  ignore: lacks(needs),
  fn: async () => {
    const child = new URL("support/fit_child.ts", import.meta.url).pathname;
    const run = async () => {
      const command = new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-check", "--no-prompt", "--cached-only", "--allow-read=lib", child],
        signal: AbortSignal.timeout(60_000),
      });
      const { code, stdout, stderr } = await command.output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      return JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
    };
    const losses = await run();
    assert.ok(losses.length === 6 && losses.every(Number.isFinite));
    assert.deepEqual(await run(), losses);
  },
});

const NO_READING = lacks([{ name: "read", path: "lib" }]) ? "may not read lib" : undefined;

testUnless(
  LACKING_ADAPTER ?? NO_READING,
  "fit() compares devices for steps as it will take them",
  async () => {
    const x = { data: noise("x", 8 * T * C), shape: [8, T, C] }, y = noise("y", 8);
    const args = { batchSize: 4, threads: 1, selfCheck: false, tune: false };
    await asHardware(async () => {
      for (const callbacks of [{ onEpochEnd: () => {} }, { onBatchEnd: () => {} }]) {
        const [model, asked] = twins(build), tuning = new Map<string, unknown>();
        await fit(model, x, y, { ...args, tuning, callbacks });
        const [[key, times]] = tuning;
        assert.ok(key.includes(`"singly":${"onBatchEnd" in callbacks}`), key);
        const { webgpu, wasm } = times as Record<string, number>;
        const device = webgpu < wasm
          ? { device: "webgpu", selfCheck: false } as const
          : { device: "wasm" } as const;
        await fit(asked, x, y, { batchSize: 4, ...device, callbacks });
        assert.deepEqual(
          model.getWeights().map((w) => w.dataSync()),
          asked.getWeights().map((w) => w.dataSync()),
        );
        await closeFit(model);
        await closeFit(asked);
      }
    });
  },
);
