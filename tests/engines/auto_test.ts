import assert from "node:assert/strict";
import { type Compared, openFaster } from "../../lib/engines/auto.ts";
import type { Engine, StepResult } from "../../lib/engines/engine.ts";
import { openReference } from "../../lib/engines/reference/engine.ts";
import { adam } from "../../lib/model/optimizers.ts";
import { optionsOf, SMALL, tenBatches } from "./contract_cases.ts";

const options = optionsOf({ ...SMALL, dropout: [0.5, 0.5] }, { optimizer: adam({ learningRate: 0.01 }) });

/** A device that takes so long for a step, and perhaps for a call, or fails. */
type Device = number | { step: number; call: number } | "fails to open" | "fails to train";

/** An engine whose steps take a certain time. */
async function openSlow(device: Compared, speed: Device, closed: Compared[]): Promise<Engine> {
  if (speed === "fails to open") throw new Error(`Cannot open the device ${device}: no luck`);
  const engine = await openReference(options);
  const wait = (results: StepResult[]) => {
    if (speed === "fails to train") throw new Error("Cannot go on: the device was lost");
    const { step, call } = typeof speed === "number" ? { step: speed, call: 0 } : speed;
    const end = performance.now() + call + step * results.length;
    while (performance.now() < end);
    return results;
  };
  return {
    device: engine.device,
    runsAhead: engine.runsAhead,
    train: async (...args) => wait(await engine.train(...args)),
    begin: (...args) => engine.begin(...args),
    collect: async () => wait(await engine.collect()),
    replaceData: (data) => engine.replaceData(data),
    gradient: (...args) => engine.gradient(...args),
    predict: (...args) => engine.predict(...args),
    outputs: (...args) => engine.outputs(...args),
    readParameters: () => engine.readParameters(),
    writeParameters: (parameters) => engine.writeParameters(parameters),
    readState: () => engine.readState(),
    writeState: (state) => engine.writeState(state),
    [Symbol.asyncDispose]: async () => {
      closed.push(device);
      await engine[Symbol.asyncDispose]();
    },
  };
}

/** Lets `auto` choose. @returns The reason, what was opened, which of it was closed, and what is remembered */
async function choose(speeds: Record<Compared, Device>, known?: unknown, singly = false) {
  const opened: Compared[] = [], closed: Compared[] = [], tuning = new Map([["key", known]]);
  const open = async (device: Compared) => {
    const engine = await openSlow(device, speeds[device], closed);
    opened.push(device);
    return engine;
  };
  const { engine, reason } = await openFaster({ open, options, singly, tuning, key: "key" });
  const [left] = opened.filter((device) => !closed.includes(device));
  const taken = [...closed], state = await engine.readState();
  await engine.train(tenBatches(options));
  const trained = await engine.readState();
  await engine[Symbol.asyncDispose]();
  return { left, reason, opened, closed: taken, state, trained, times: tuning.get("key") };
}

Deno.test("auto takes some steps on both devices, takes the faster one, and says and remembers the figures", async () => {
  for (const [webgpu, wasm, left, other] of [[1, 30, "webgpu", "wasm"], [30, 1, "wasm", "webgpu"]] as const) {
    const found = await choose({ webgpu, wasm });
    assert.deepEqual([found.left, found.opened, found.closed], [left, ["webgpu", "wasm"], [other]]);
    const times = found.times as Record<Compared, number>;
    assert.equal(
      found.reason,
      `chosen by auto: webgpu ${times.webgpu} ms a step, wasm ${times.wasm} ms`,
    );
    assert.ok(times.webgpu >= webgpu && times.wasm >= wasm);
    assert.ok(left === "webgpu" ? times.webgpu < times.wasm : times.wasm < times.webgpu);
  }
});

Deno.test("where steps are awaited one by one, calls count that take long", async () => {
  const far = { webgpu: { step: 0.1, call: 20 }, wasm: 10 };
  assert.equal((await choose(far)).left, "webgpu");
  assert.equal((await choose(far, undefined, true)).left, "wasm");
});

Deno.test("the steps that are taken to compare leave nothing behind", async () => {
  await using fresh = await openReference(options);
  const start = await fresh.readState();
  await fresh.train(tenBatches(options));
  for (const speeds of [{ webgpu: 1, wasm: 30 }, { webgpu: 600, wasm: 1 }]) {
    const { state, trained } = await choose(speeds);
    assert.deepEqual(state, start);
    assert.deepEqual(trained, await fresh.readState());
  }
});

Deno.test("what was measured before is not measured again, unless it is something else", async () => {
  const slow = { webgpu: 9, wasm: 9 };
  for (
    const [times, left] of [[{ webgpu: 0.31, wasm: 2.4 }, "webgpu"], [
      { webgpu: 3, wasm: 2 },
      "wasm",
    ]] as const
  ) {
    const found = await choose(slow, times);
    assert.deepEqual([found.left, found.opened, found.closed], [left, [left], []]);
    const figures = `webgpu ${times.webgpu} ms a step, wasm ${times.wasm} ms`;
    assert.equal(found.reason, `chosen by auto: ${figures}, as measured before`);
  }
  for (
    const other of [null, 7, "webgpu", { webgpu: 1 }, { webgpu: "1", wasm: 1 }, { webgpu: -1, wasm: NaN }]
  ) {
    const { opened, times } = await choose({ webgpu: 1, wasm: 9 }, other);
    assert.deepEqual(opened, ["webgpu", "wasm"]);
    assert.notDeepEqual(times, other);
  }
});

Deno.test("a device that does not open, or fails, is no choice, and the reason says why", async () => {
  const no = (device: Compared, why: string) => `chosen by auto, since ${device} is no choice: ${why}`;
  const cases: [Record<Compared, Device>, string][] = [
    [{ webgpu: "fails to open", wasm: 1 }, no("webgpu", "Cannot open the device webgpu: no luck")],
    [{ webgpu: "fails to train", wasm: 1 }, no("webgpu", "Cannot go on: the device was lost")],
    [{ webgpu: 1, wasm: "fails to open" }, no("wasm", "Cannot open the device wasm: no luck")],
  ];
  for (const [speeds, expected] of cases) {
    const { left, reason, closed, times } = await choose(speeds);
    assert.equal(reason, expected);
    assert.equal(speeds[left], 1);
    assert.deepEqual(closed, Object.values(speeds).includes("fails to train") ? ["webgpu"] : []);
    assert.equal(times, undefined); // it may come back
  }
  const { left, reason } = await choose({ webgpu: "fails to open", wasm: 1 }, { webgpu: 1, wasm: 2 });
  assert.deepEqual([left, reason], ["wasm", no("webgpu", "Cannot open the device webgpu: no luck")]);
  await assert.rejects(choose({ webgpu: "fails to open", wasm: "fails to open" }), {
    message: "Cannot open the device wasm: no luck",
  });
});
