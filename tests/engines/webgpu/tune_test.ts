import assert from "node:assert/strict";
import { openWebgpu, type WebgpuOptions } from "../../../lib/engines/webgpu/open.ts";
import { describeShape, type Shape, type Shapes, USUAL_SHAPE } from "../../../lib/engines/webgpu/shapes.ts";
import { describeTuning, type TunedEngine, tuneShapes } from "../../../lib/engines/webgpu/tune.ts";
import { dense, rnn } from "../chain_case.ts";
import { chainOptions } from "../chain_data.ts";
import { type Case, optionsOf } from "../contract_cases.ts";
import { test } from "./support/adapter_tests.ts";
import { asHardware } from "./support/hardware.ts";

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

const CASE: Case = { kind: "LSTM", hidden: [10], images: 9, size: [5, 6] };

const KERNELS = [
  "lstm_backward of layer0",
  "lstm_forward of layer0",
  "weight_gradient of head",
  "weight_gradient of layer0",
];

/** Trains a step. @returns The parameters, and the tables of what was timed */
async function trainOnce(
  changes: Partial<WebgpuOptions>,
): Promise<{ parameters: Float32Array; tables: string[][] }> {
  const tables: string[][] = [], onTuned = (table: readonly string[]) => void tables.push([...table]);
  await using engine = await openWebgpu({ ...optionsOf(CASE), selfCheck: false, onTuned, ...changes });
  await engine.train([Uint32Array.of(3, 1, 4)]);
  return { parameters: await engine.readParameters(), tables };
}

test("a software adapter keeps the usual shapes, and is timed only when asked", async () => {
  const tuning = new Map<string, unknown>(), { parameters, tables } = await trainOnce({ tuning });
  assert.deepEqual(tables, []);
  const asked = await trainOnce({ tuning, tune: true });
  assert.deepEqual(asked.parameters, parameters);
  assert.deepEqual(asked.tables[0].filter((line) => !line.startsWith(" ")).sort(), [
    "The usual shapes are kept: the adapter is software",
    ...KERNELS,
  ]);
  assert.equal(asked.tables[0].filter((line) => line.startsWith("  * ")).length, KERNELS.length);
  assert.equal(tuning.size, 0);
});

test("a hardware adapter is timed once where that can be remembered, with the same bits", async () => {
  const tuning = new Map<string, unknown>(), { parameters } = await trainOnce({});
  await asHardware(async () => {
    const counts: number[] = [];
    for (const changes of [{}, { tuning }, { tuning }, { tuning, tune: true }]) {
      const trained = await trainOnce(changes);
      assert.deepEqual(trained.parameters, parameters);
      counts.push(trained.tables.length);
    }
    assert.deepEqual(counts, [0, 1, 0, 1]);
    const [[key, shapes]] = tuning;
    assert.match(key, /^shapes \d+: .*"batchSize":9/);
    assert.deepEqual(Object.keys(shapes as Shapes).sort(), KERNELS);
    for (const wrong of [{}, { [KERNELS[0]]: null, [KERNELS[1]]: { lanes: 3, threads: 1e9, work: "all" } }]) {
      tuning.set(key, wrong); // such as another version of this project may have left there
      assert.deepEqual(await trainOnce({ tuning }), { parameters, tables: [] });
    }
    tuning.set(key, "nothing of the kind");
    assert.equal((await trainOnce({ tuning })).tables.length, 1);
  });
});

test("an adapter without timestamp queries keeps the usual shapes, and says so", async () => {
  const { has } = GPUSupportedFeatures.prototype;
  GPUSupportedFeatures.prototype.has = function (name: string) {
    return name !== "timestamp-query" && has.call(this, name as GPUFeatureName);
  };
  try {
    const { tables } = await trainOnce({ tune: true });
    assert.deepEqual(tables, [["No kernel was timed: the adapter has no timestamp queries"]]);
  } finally {
    GPUSupportedFeatures.prototype.has = has;
  }
});

test("a step of more dispatches than a set of queries holds is timed, too", async () => {
  const layers = [rnn(1), dense(2)], chain = { name: "long", layers, loss: "softmaxCrossEntropy" } as const;
  const options = chainOptions({ ...chain, T: 2400, N: 4, input: 1 });
  await using engine = await openWebgpu({ ...options, selfCheck: false, windowBytes: 1 });
  const { kernelMs } = await engine.profile([Uint32Array.of(0, 1, 2, 3)]);
  assert.ok(kernelMs.size > 2048, `${kernelMs.size} dispatches`);
  assert.ok([...kernelMs.values()].every((ms) => ms >= 0));
});
