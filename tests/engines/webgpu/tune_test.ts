import assert from "node:assert/strict";
import { openWebgpu } from "../../../lib/engines/webgpu/engine.ts";
import { describeShape, type Shape, type Shapes, USUAL_SHAPE } from "../../../lib/engines/webgpu/shapes.ts";
import {
  describeTuning,
  type TunedEngine,
  tuneShapes,
  type Tuning,
} from "../../../lib/engines/webgpu/tune.ts";
import { type Case, optionsOf } from "../contract_cases.ts";
import { test } from "./support/adapter_tests.ts";

const BY_GATES: Shape = { lanes: 2, threads: 128, work: "gates" };
const REGISTERS: Shape = { lanes: 1, threads: 128, work: "registers" };

/** Opens made-up engines: `ms` of each kernel in each shape; where it is NaN, the gradient is another one. */
function madeUp(ms: Record<string, readonly (readonly [Shape, number])[]>) {
  const opened: Shapes[] = [];
  let open = 0;
  const possibleShapes = Object.fromEntries(
    Object.entries(ms).map(([kernel, all]) => [kernel, all.map(([shape]) => shape)]),
  );
  return {
    opened,
    open: (shapes: Shapes): Promise<TunedEngine> => {
      assert.equal(open++, 0, "one engine at a time");
      opened.push(shapes);
      const times = Object.entries(ms).map(([kernel, all]) => {
        const chosen = shapes[kernel] ?? USUAL_SHAPE;
        return [kernel, all.find(([shape]) => describeShape(shape) === describeShape(chosen))![1]] as const;
      });
      const wrong = times.some(([, ms]) => Number.isNaN(ms));
      let step = 0;
      return Promise.resolve({
        possibleShapes,
        gradient: () => Promise.resolve(Float32Array.of(1, wrong ? 2 : -0)),
        timeKernels: () => {
          const slow = step++ < 5 ? 0 : step % 3; // the first ones do not count, and the fastest of the others does
          const pieces = times.flatMap(([kernel, ms]) => [
            [`${kernel}, part 1 of 2`, ms / 2 + slow] as const,
            [`${kernel}, part 2 of 2`, ms / 2] as const,
          ]);
          return Promise.resolve(new Map([...pieces, ["update", 1]]));
        },
        [Symbol.asyncDispose]: () => Promise.resolve(void open--),
      });
    },
  };
}

Deno.test("tuneShapes() takes the fastest shape of each kernel", async () => {
  const { open, opened } = madeUp({
    forward: [[USUAL_SHAPE, 8], [BY_GATES, 4], [REGISTERS, 6]],
    weights: [[USUAL_SHAPE, 3], [BY_GATES, 5]],
  });
  const { shapes, timed } = await tuneShapes(open);
  assert.deepEqual(shapes, { forward: BY_GATES, weights: USUAL_SHAPE });
  assert.deepEqual(timed.map(({ kernel, ms }) => [kernel, ms]), [
    ["forward", 8],
    ["weights", 3],
    ["forward", 4],
    ["weights", 5],
    ["forward", 6],
  ]);
  assert.equal(opened.length, 3);
});

Deno.test("tuneShapes() drops shapes whose gradient has other bits, and says so", async () => {
  const { open } = madeUp({ forward: [[USUAL_SHAPE, 8], [BY_GATES, NaN], [REGISTERS, 6]] });
  const tuning = await tuneShapes(open);
  assert.deepEqual(tuning.shapes, { forward: REGISTERS });
  assert.partialDeepStrictEqual(tuning.timed[1], { ms: null, fault: "other bits" });
  assert.deepEqual(describeTuning(tuning), [
    "forward",
    "    4 sequences, 64 threads, by units                8.000 ms",
    "    2 sequences, 128 threads, by gates               other bits",
    "  * 1 sequence, 128 threads, by gates from registers 6.000 ms",
  ]);
});

Deno.test("tuneShapes() drops shapes that the adapter refuses, but not the usual ones", async () => {
  const { open } = madeUp({ forward: [[USUAL_SHAPE, 8], [BY_GATES, 4], [REGISTERS, 6]] });
  const refusing = (word: string) =>
    tuneShapes((shapes) => {
      const { work } = shapes.forward ?? USUAL_SHAPE;
      return work === word ? Promise.reject(new Error(`too many ${work}`)) : open(shapes);
    });
  const { shapes, timed } = await refusing("gates");
  assert.deepEqual(shapes, { forward: REGISTERS });
  assert.deepEqual(timed.map(({ fault }) => fault), [null, "too many gates", null]);
  await assert.rejects(refusing("units"), { message: "too many units" });
});

/** Runs `body` where the adapter says that it is hardware. */
async function onHardware(body: () => Promise<void>): Promise<void> {
  const { requestAdapter } = GPU.prototype;
  GPU.prototype.requestAdapter = async function (options) {
    const adapter = (await requestAdapter.call(this, options))!;
    const { vendor, architecture, device, description } = adapter.info;
    Object.defineProperty(adapter, "info", {
      value: { vendor, architecture, device, description, isFallbackAdapter: false },
    });
    return adapter;
  };
  try {
    await body();
  } finally {
    GPU.prototype.requestAdapter = requestAdapter;
  }
}

const CASE: Case = { kind: "LSTM", hidden: [10], images: 9, size: [5, 6] };

test("kernels are tuned when asked, and on software adapters keep their shapes; the bits stay the same", async () => {
  const options = optionsOf(CASE), batch = Uint32Array.of(3, 1, 4), tunings: Tuning[] = [];
  const train = async (changes: { tune?: boolean; shapes?: Shapes }) => {
    const onTuning = (tuning: Tuning) => void tunings.push(tuning);
    await using engine = await openWebgpu({ ...options, selfCheck: false, ...changes, onTuning });
    await engine.train([batch]);
    return { parameters: await engine.readParameters(), device: engine.device.detail };
  };
  const expected = await train({});
  assert.equal(tunings.length, 0);
  assert.deepEqual(await train({ tune: true }), expected);
  assert.equal(tunings.length, 1);
  await onHardware(async () => {
    const tuned = await train({ tune: true });
    assert.match(tuned.device, /hardware adapter/);
    assert.deepEqual(tuned.parameters, expected.parameters);
    assert.equal(tunings.length, 2);
    assert.deepEqual((await train({ shapes: tunings[1].shapes })).parameters, expected.parameters);
    assert.equal(tunings.length, 2);
  });
  for (const { timed, shapes } of tunings) {
    assert.deepEqual(Object.keys(shapes).sort(), [
      "lstm_backward of layer0",
      "lstm_forward of layer0",
      "weight_gradient of head",
      "weight_gradient of layer0",
    ]);
    assert.ok(timed.every(({ ms }) => ms! > 0));
  }
});
