import assert from "node:assert/strict";
import { type EngineState, MAX_STEPS, type StepResult } from "../../../lib/engines/engine.ts";
import type { GuardedWebgpu } from "../../../lib/engines/webgpu/engine.ts";
import { openWebgpu, type WebgpuOptions } from "../../../lib/engines/webgpu/open.ts";
import { adam } from "../../../lib/model/optimizers.ts";
import { replayGoldens } from "../../golden/replay.ts";
import { LACKING_ADAPTER } from "../../support/adapter.ts";
import { type ChainCase, dense, EVERY, rnn } from "../chain_case.ts";
import { chainOptions } from "../chain_data.ts";
import { testEngine } from "../contract.ts";
import { type Case, optionsOf, scattered } from "../contract_cases.ts";
import { test, withShaders } from "./support/adapter_tests.ts";
import { TOLERANCE } from "./support/tolerance.ts";

// Fifty steps of Adam or Adadelta carry rounding further: twice what was measured on SwiftShader, loss 2.12e-5 and movement
// 4.00e-4; on Mesa's adapter it was 8.7e-6 and 1.65e-4.
const FIFTY_STEPS = { ...TOLERANCE, loss: { atol: 4.24e-5, rtol: 0 }, movement: { atol: 8.0e-4, rtol: 0 } };

const open = (options: WebgpuOptions) => openWebgpu({ ...options, selfCheck: false });
const engine = { name: "webgpu", open, ignore: LACKING_ADAPTER };
testEngine({ ...engine, tolerance: TOLERANCE });
replayGoldens({ ...engine, tolerance: FIFTY_STEPS });

const ONE_LAYER: Case = { kind: "LSTM", hidden: [10], images: 9, size: [5, 6] };
const TWO_LAYERS: Case = { kind: "LSTM", hidden: [10, 7], images: 9, size: [5, 6], dropout: [0.5, 0.5] };

/** Counts the calls of a method of a WebGPU class while `body` runs. */
async function countCalls<Name extends string>(
  prototype: Record<Name, (...args: never[]) => void>,
  name: Name,
  body: () => Promise<unknown>,
): Promise<number> {
  const original = prototype[name];
  let calls = 0;
  prototype[name] = function (this: unknown, ...args: never[]) {
    calls++;
    return original.apply(this, args);
  };
  try {
    await body();
  } finally {
    prototype[name] = original;
  }
  return calls;
}

const countDispatches = (body: () => Promise<unknown>) =>
  countCalls(GPUComputePassEncoder.prototype, "dispatchWorkgroups", body);

for (
  const [layers, most, chosen] of [
    ["one layer", 8, ONE_LAYER],
    ["two layers", 13, { ...TWO_LAYERS, dropout: undefined }],
    ["two layers with dropout", 15, TWO_LAYERS],
  ] as const
) {
  test(`a training step with ${layers} takes at most ${most} dispatches, for any T`, async () => {
    const counts: number[] = [];
    for (const T of [1, 5, 28]) {
      const options = optionsOf({ ...chosen, size: [T, 6] });
      await using engine = await open(options);
      const batches = [0, 1, 2].map((start) => scattered(9, options.training.sequences.count, start));
      counts.push(await countDispatches(() => engine.train(batches)) / 3);
    }
    assert(counts[0] <= most, `${counts[0]} dispatches`);
    assert.deepEqual(counts, counts.map(() => counts[0]));
  });
}

test("many steps go into one submission", async () => {
  const options = optionsOf(ONE_LAYER);
  await using engine = await open(options);
  const batches = Array.from(
    { length: 20 },
    (_, start) => scattered(9, options.training.sequences.count, start),
  );
  const submissions = await countCalls(GPUQueue.prototype, "submit", () => engine.train(batches));
  assert.equal(submissions, 1);
});

test("steps are encoded while those before run, and submitted when these are done", async () => {
  const options = optionsOf(ONE_LAYER),
    batch = scattered(9, options.training.sequences.count),
    calls: string[] = [];
  await using engine = await open(options);
  const { createCommandEncoder } = GPUDevice.prototype, { submit } = GPUQueue.prototype;
  const { mapAsync } = GPUBuffer.prototype;
  GPUDevice.prototype.createCommandEncoder = function (...args) {
    calls.push("encode");
    return createCommandEncoder.apply(this, args);
  };
  GPUQueue.prototype.submit = function (...args) {
    calls.push("submit");
    return submit.apply(this, args);
  };
  GPUBuffer.prototype.mapAsync = function (...args) {
    calls.push("map");
    return mapAsync.apply(this, args);
  };
  try {
    await engine.begin([batch]);
    await engine.begin([batch]);
    await engine.collect();
    await engine.begin([batch]);
    await engine.collect();
    await engine.collect();
  } finally {
    GPUDevice.prototype.createCommandEncoder = createCommandEncoder;
    GPUQueue.prototype.submit = submit;
    GPUBuffer.prototype.mapAsync = mapAsync;
  }
  const ahead = ["encode", "map", "submit"]; // `mapAsync()` waits for what was submitted
  assert.deepEqual(calls, ["encode", "submit", ...ahead, ...ahead, "map"]);
});

test("openWebgpu() trains to the same bits twice, in calls of any length", async () => {
  const options = optionsOf(TWO_LAYERS, { optimizer: adam({ learningRate: 0.01 }) });
  const batches = Array.from(
    { length: 12 },
    (_, start) => scattered(9 - start % 3, options.training.sequences.count, start),
  );
  const train = async (together: number) => {
    await using engine = await open(options);
    for (let start = 0; start < 12; start += together) {
      await engine.train(batches.slice(start, start + together));
    }
    return new Uint32Array((await engine.readState()).parameters.buffer);
  };
  const expected = await train(12);
  assert.deepEqual(await train(12), expected);
  assert.deepEqual(await train(5), expected);
});

test("predict() takes more images than one submission", async () => {
  const options = optionsOf({ kind: "tanh RNN", hidden: [3], images: 4, size: [2, 2] });
  const { test: { count } } = options;
  const many = Uint32Array.from({ length: 4 * MAX_STEPS + 5 }, (_, n) => n % count);
  await using engine = await open(options);
  const each = await engine.predict(options.test), all = await engine.predict(options.test, many);
  assert.equal(all.length, 10 * many.length);
  many.forEach((n, at) => {
    assert.deepEqual(all.subarray(10 * at, 10 * at + 10), each.subarray(10 * n, 10 * n + 10));
  });
});

test("train() takes more steps than one submission, and predict() more answers", async () => {
  const long: ChainCase = {
    name: "long sequences of tokens",
    T: 2000,
    N: 64,
    input: { vocabulary: 3, size: 1 },
    layers: [rnn(1, EVERY), dense(20)],
    loss: "softmaxCrossEntropy",
  };
  const options = chainOptions(long),
    batches = Array.from({ length: 18 }, (_, k) => Uint32Array.of(k, k + 1));
  await using together = await open(options);
  await using apart = await open(options);
  let all: StepResult[] = [];
  const submissions = await countCalls(GPUQueue.prototype, "submit", async () => {
    all = await together.train(batches);
  });
  assert.equal(submissions, 2); // 16 steps, and 2
  const each = [];
  for (const batch of batches) each.push(...await apart.train([batch]));
  assert.deepEqual(all, each);
  assert.deepEqual(await together.readParameters(), await apart.readParameters());
  const { sequences } = options.training, [first, last] = [Uint32Array.of(0), Uint32Array.of(68)];
  const answers = await together.predict(sequences), size = 20 * 2000;
  assert.deepEqual(answers.subarray(0, size), await together.predict(sequences, first));
  assert.deepEqual(answers.subarray(68 * size), await together.predict(sequences, last));
});

test("many images are predicted in one submission", async () => {
  const options = optionsOf(ONE_LAYER), some = new Uint32Array(100);
  await using engine = await open(options);
  const predict = () => engine.predict(options.test, some);
  assert.equal(await countCalls(GPUQueue.prototype, "submit", predict), 2); // the batches, and the copy of their logits
  assert.equal(await countDispatches(predict), 4 * Math.ceil(some.length / 12)); // nine images are three quads
});

test("a state is read in one go", async () => {
  await using engine = await open(optionsOf(ONE_LAYER, { optimizer: adam({ learningRate: 0.01 }) }));
  const reads = await countCalls(GPUBuffer.prototype, "mapAsync", () => engine.readState());
  assert.equal(reads, 1); // each takes Deno 11 ms
});

test("openWebgpu() says how many bytes it takes, before it takes any", async () => {
  const { createBuffer } = GPUDevice.prototype, sizes: number[] = [], said: number[] = [];
  GPUDevice.prototype.createBuffer = function (descriptor) {
    if (descriptor.usage & GPUBufferUsage.STORAGE) sizes.push(descriptor.size);
    return createBuffer.call(this, descriptor);
  };
  try {
    const onMemory = (bytes: number) => said.push(bytes, sizes.length);
    await using _ = await open({ ...optionsOf(TWO_LAYERS), onMemory });
  } finally {
    GPUDevice.prototype.createBuffer = createBuffer;
  }
  assert.deepEqual(said, [sizes.reduce((sum, size) => sum + size), 0]);
});

test("a kernel that does not compile is named", async () => {
  await withShaders((code) => code.replace("let g = activate(ACTIVATION, zg);", "let g = ;"), async () => {
    await assert.rejects(
      open(optionsOf(ONE_LAYER)),
      /^Error: Cannot build the kernel lstm_forward of layer0: the device webgpu refused it: /,
    );
  });
});

/** An engine, and its device to break. */
async function openBreakable(options: WebgpuOptions) {
  let device: GPUDevice | undefined;
  const engine = await open({ ...options, onDevice: (made) => device = made });
  return { engine, device: device! };
}

const LOST = /^Error: Cannot go on: the device webgpu was lost: .*--device wasm$/;

test("every call fails with one clear error once the device is lost, a running one too", async () => {
  const options = optionsOf(ONE_LAYER), batch = scattered(9, options.training.sequences.count);
  const calls: Record<string, (engine: GuardedWebgpu, state: EngineState) => Promise<unknown>> = {
    train: (engine) => engine.train([batch, batch]),
    begin: async (engine) => {
      await engine.begin([batch]);
      await engine.collect();
    },
    gradient: (engine) => engine.gradient(batch),
    predict: (engine) => engine.predict(options.test),
    outputs: (engine) => engine.outputs(options.test),
    readParameters: (engine) => engine.readParameters(),
    readState: (engine) => engine.readState(),
    writeState: (engine, state) => engine.writeState(state),
    profile: (engine) => engine.profile([batch]),
  };
  for (const [name, underWay] of Object.entries(calls)) {
    const { engine, device } = await openBreakable(options);
    const state = await engine.readState();
    const call = underWay(engine, state);
    device.destroy();
    await assert.rejects(call, LOST, `${name}, under way`);
    for (const [later, next] of Object.entries(calls)) {
      await assert.rejects(next(engine, state), LOST, `${later} after ${name}`);
    }
    await engine[Symbol.asyncDispose]();
    await assert.rejects(engine.train([batch]), /the engine must be open/);
  }
});

test("steps that were begun before the device was lost do not count as taken, and are not asked for again", async () => {
  const options = optionsOf(ONE_LAYER), batch = scattered(9, options.training.sequences.count);
  const { engine, device } = await openBreakable(options);
  await engine.begin([batch]);
  await engine.begin([batch]);
  device.destroy();
  await assert.rejects(engine.collect(), LOST);
  await assert.rejects(engine.collect(), /steps must have been begun: current value is none$/);
  await assert.rejects(engine.readState(), LOST);
  await engine[Symbol.asyncDispose]();
});

test("an engine can be disposed while steps run that were begun", async () => {
  const options = optionsOf(ONE_LAYER), batch = scattered(9, options.training.sequences.count);
  const engine = await open(options);
  await engine.begin([batch]);
  await engine.begin([batch]); // asks for the results of the first
  await engine[Symbol.asyncDispose]();
  await assert.rejects(engine.collect(), /the engine must be open: current value is disposed$/);
});

test("a training beyond a limit is refused with what fits, and what fits opens", async () => {
  const adapter = (await navigator.gpu.requestAdapter())!;
  const { maxComputeWorkgroupStorageSize, maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
  const units = maxComputeWorkgroupStorageSize / 32;
  const wide = (hidden: number) =>
    optionsOf({ kind: "LSTM", hidden: [hidden], images: 1, size: [1, 1], classes: 2 });
  await assert.rejects(
    open(wide(units + 1)),
    new RangeError(
      `Cannot open the device webgpu: the state of a workgroup in layer0 must fit into the adapter's ` +
        `maxComputeWorkgroupStorageSize of ${maxComputeWorkgroupStorageSize} bytes: current value is ${
          32 * (units + 1)
        }; ${units} units a layer fit`,
    ),
  );
  await using widest = await open(wide(units));
  assert.equal(widest.device.kind, "webgpu");

  const T = 784, hidden = 512, gateBytes = 4 * T * hidden * 16, inputBytes = (T + 1) * (hidden + 8) * 16; // of a quad
  const most = Math.min(maxStorageBufferBindingSize / inputBytes, maxBufferSize / gateBytes);
  const fits = 4 * Math.floor(most);
  const long = optionsOf({ kind: "LSTM", hidden: [hidden], images: 1, size: [28, 28], axis: "pixels" });
  await assert.rejects(
    open({ ...long, training: { ...long.training, batchSize: fits + 1 } }),
    (error: Error) => error instanceof RangeError && error.message.endsWith(`; --batch-size ${fits} fits`),
  );
});
