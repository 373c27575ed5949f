import assert from "node:assert/strict";
import { chooseDevice, openEngine } from "../../lib/engines/open.ts";
import { openWasm } from "../../lib/engines/wasm/engine.ts";
import { describeAdapter, findAdapter } from "../../lib/engines/webgpu/device.ts";
import { openWebgpu } from "../../lib/engines/webgpu/open.ts";
import { adam, sgd } from "../../lib/model/optimizers.ts";
import { LACKING_ADAPTER } from "../support/adapter.ts";
import { lacks } from "../support/permissions.ts";
import { CHAINS } from "./chain_cases.ts";
import { chainOptions } from "./chain_data.ts";
import { type CaseOptions, optionsOf, SMALL, tenBatches, transformsOf } from "./contract_cases.ts";
import { testUnless } from "./test_unless.ts";
import { withShaders } from "./webgpu/support/adapter_tests.ts";
import { asHardware } from "./webgpu/support/hardware.ts";

const NO_READING = lacks([{ name: "read", path: "lib" }]) ? "may not read lib" : undefined;
const options = optionsOf({ ...SMALL, dropout: [0.5, 0.5] }, { optimizer: adam({ learningRate: 0.01 }) });

/** Registers a test on an adapter that says that it is hardware. */
function test(name: string, body: () => Promise<void>): void {
  testUnless(LACKING_ADAPTER ?? NO_READING, name, () => asHardware(body));
}

/** Counts the devices that are asked for. */
async function countDevices(body: () => Promise<void>): Promise<number> {
  const { requestDevice } = GPUAdapter.prototype;
  let devices = 0;
  GPUAdapter.prototype.requestDevice = function (...args) {
    devices++;
    return requestDevice.apply(this, args);
  };
  try {
    await body();
  } finally {
    GPUAdapter.prototype.requestDevice = requestDevice;
  }
  return devices;
}

test("auto compares a hardware adapter with wasm, once, and trains to the bits of the device that it takes", async () => {
  const tuning = new Map<string, unknown>(), batches = tenBatches(options), reasons: string[] = [];
  for (let time = 0; time < 2; time++) {
    const { engine, reason } = await openEngine(
      { tuning, tune: false, threads: 1, selfCheck: false },
      options,
    );
    await using asked = engine.device.kind === "wasm"
      ? await openWasm({ ...options, threads: 1 })
      : await openWebgpu({ ...options, selfCheck: false });
    assert.deepEqual(await engine.train(batches), await asked.train(batches));
    assert.deepEqual(await engine.readState(), await asked.readState());
    await engine[Symbol.asyncDispose]();
    reasons.push(reason);
  }
  assert.match(reasons[0], /^chosen by auto: webgpu [\d.]+ ms a step, wasm [\d.]+ ms$/);
  assert.equal(reasons[1], `${reasons[0]}, as measured before`);
  assert.equal(tuning.size, 1);
});

test("what was measured of one training is not taken for another one", async () => {
  const tuning = new Map<string, unknown>(), { training } = options;
  const open = async (options: CaseOptions) => {
    const { engine } = await openEngine({ tuning, tune: false, threads: 1, selfCheck: false }, options);
    await engine[Symbol.asyncDispose]();
    return tuning.size;
  };
  assert.equal(await open(options), 1);
  assert.equal(await open({ ...options, training: { ...training, seed: 9, batchSize: 5 } }), 2);
  assert.equal(await open(optionsOf(SMALL, { optimizer: training.optimizer })), 3); // without dropout
  assert.equal(await open({ ...options, training: { ...training, optimizer: sgd({ learningRate: 1 }) } }), 4);
  assert.equal(await open({ ...options, training: { ...training, seed: 3 } }), 4);
  const { engine } = await openEngine({ tuning, tune: false, threads: 1, selfCheck: false }, options, {
    singly: true,
  });
  await engine[Symbol.asyncDispose]();
  assert.equal(tuning.size, 5);
});

test("auto compares trainings of moved images and of tokens", async () => {
  const moved = optionsOf(SMALL, { optimizer: sgd({ learningRate: 0.1 }), transforms: true });
  const tokens = chainOptions(CHAINS.find(({ input }) => typeof input !== "number")!);
  for (const options of [moved, tokens]) {
    const { engine, reason } = await openEngine({
      tuning: new Map(),
      tune: false,
      threads: 1,
      selfCheck: false,
    }, options);
    const batches = tenBatches(options);
    await engine.train(batches, options === moved ? { transforms: transformsOf(moved, batches) } : {});
    await engine[Symbol.asyncDispose]();
    assert.match(reason, /^chosen by auto: webgpu [\d.]+ ms a step, wasm [\d.]+ ms$/);
  }
});

test("an adapter that computes wrongly is no choice for auto", async () => {
  const wrong = (code: string) => code.replace("let g = activate(ACTIVATION, zg);", "let g = zg;");
  await withShaders(wrong, async () => {
    const lstm = optionsOf({ kind: "LSTM", hidden: [10], images: 9, size: [5, 6] });
    const { engine, reason } = await openEngine({ tuning: new Map(), tune: false, threads: 1 }, lstm);
    assert.equal(engine.device.kind, "wasm");
    assert.match(
      reason,
      /^chosen by auto, since webgpu is no choice: Cannot .* its gradients must be right: /,
    );
    await engine[Symbol.asyncDispose]();
  });
});

test("auto predicts on wasm, and opens no other device", async () => {
  const devices = await countDevices(async () => {
    const { engine, reason } = await openEngine({ threads: 1 }, { ...options, training: null });
    assert.equal(engine.device.kind, "wasm");
    assert.match(reason, /^chosen by auto to predict/);
    await engine[Symbol.asyncDispose]();
  });
  assert.equal(devices, 0);
});

test("chooseDevice() leaves the choice open where there is one", async () => {
  assert.deepEqual(await chooseDevice("auto"), {
    device: "auto",
    reason: "the faster of webgpu and wasm for what is trained, and wasm to predict",
  });
});

const adapter = await findAdapter();
const IS_HARDWARE = adapter && !describeAdapter(adapter).software ? "the adapter is hardware" : undefined;

testUnless(LACKING_ADAPTER ?? NO_READING ?? IS_HARDWARE, "auto does not try a software adapter", async () => {
  const tuning = new Map<string, unknown>();
  const devices = await countDevices(async () => {
    const { engine, reason } = await openEngine({ tuning, threads: 1 }, options);
    assert.deepEqual([engine.device.kind, reason], [
      "wasm",
      "chosen by auto: the WebGPU adapter is software",
    ]);
    await engine[Symbol.asyncDispose]();
  });
  assert.deepEqual([devices, tuning.size], [0, 0]);
});
