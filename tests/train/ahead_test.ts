/**
 * Trainings on an engine that works by itself: they run ahead, and nobody can tell.
 */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { testUnless } from "../engines/test_unless.ts";
import { lacks } from "../support/permissions.ts";
import { openReference } from "../../lib/engines/reference/engine.ts";
import { GuardedEngine } from "../../lib/engines/guard.ts";
import { layOutSequence } from "../../lib/data/sequence.ts";
import { sequencesOf } from "../../lib/data/sequences.ts";
import { sgd } from "../../lib/model/optimizers.ts";
import { BatchOrder } from "../../lib/train/batches.ts";
import type { LoopOptions } from "../../lib/train/call_options.ts";
import { NonFiniteLossError, type StepFigures, type TrainingState } from "../../lib/train/figures.ts";
import type { CompileOptions } from "../../lib/train/open_parts.ts";
import { Pace } from "../../lib/train/pace.ts";
import { schedules } from "../../lib/train/schedule.ts";
import type { Trainer } from "../../lib/train/trainer.ts";
import { LACKING_ADAPTER } from "../support/adapter.ts";
import { tinySplit } from "../support/tiny_data.ts";
import { openTiny } from "../support/tiny_trainer.ts";

tf.enableProdMode();

const train = tinySplit({ count: 90, height: 5, width: 4, classes: 3 });

const open = (changes: Partial<CompileOptions> = {}) => {
  return openTiny({ train, device: "reference", threads: undefined, ...changes });
};

const NO_READING = lacks([{ name: "read", path: "lib" }]) ? "may not read lib" : undefined;

/** Registers a test in which every engine is one that works by itself. */
function test(name: string, body: () => Promise<void>, reason?: string): void {
  testUnless(reason, name, () => runningAhead(true, body));
}

/** Runs `body` with engines that work by themselves or do not, and take 3 steps a call. */
async function runningAhead<T>(runs: boolean, body: () => Promise<T>): Promise<T> {
  const getters = [[GuardedEngine.prototype, "runsAhead", runs], [Pace.prototype, "steps", 3]] as const;
  const kept = getters.map(([owner, name]) => Object.getOwnPropertyDescriptor(owner, name)!);
  for (const [owner, name, value] of getters) {
    Object.defineProperty(owner, name, { configurable: true, get: () => value });
  }
  try {
    return await body();
  } finally {
    getters.forEach(([owner, name], index) => Object.defineProperty(owner, name, kept[index]));
  }
}

/** Counts how often steps are begun before those before them are collected. */
async function countAhead(body: () => Promise<unknown>): Promise<number> {
  const { begin, collect } = GuardedEngine.prototype;
  let begun = 0, ahead = 0;
  GuardedEngine.prototype.begin = function (...args) {
    if (begun++ > 0) ahead++;
    return begin.apply(this, args);
  };
  GuardedEngine.prototype.collect = function () {
    begun--;
    return collect.call(this);
  };
  try {
    await body();
  } finally {
    Object.assign(GuardedEngine.prototype, { begin, collect });
  }
  return ahead;
}

/** The state after so many steps on an engine that is given one batch a call; `change` is written before a step. */
async function stateAfter(
  trainer: Trainer,
  count: number,
  change?: { before: number; parameters: Float32Array },
) {
  const { network, sequence, config: { optimizer, seed, batchSize, lastBatch } } = trainer;
  const { parameters } = await trainer.readState(),
    order = new BatchOrder({
      count: train.count,
      batchSize,
      seed,
      lastBatch,
    });
  await using engine = await openReference({
    network,
    layout: layOutSequence(sequence, train),
    parameters,
    training: {
      optimizer,
      sequences: sequencesOf(train),
      targets: { kind: "classes", data: train.labels },
      seed,
      batchSize,
    },
  });
  for (let step = 0; step < count; step++) {
    if (step === change?.before) await engine.writeParameters(change.parameters);
    await engine.train([order.batch(step)]);
  }
  return await engine.readState();
}

/** Everything that a training tells. */
async function tellAll(changes: Partial<CompileOptions>) {
  await using trainer = await open(changes);
  const steps: StepFigures[] = [], checkpoints: unknown[] = [], told: number[] = [];
  const loop: LoopOptions = {
    onSteps: (results) => {
      steps.push(...results);
      assert.equal(trainer.step, results.at(-1)!.step);
    },
    onCheckpoint: ({ tally: { elapsedMs: _, ...tally }, ...state }, losses) => {
      const { validation, ...epochs } = state.epochs ?? { validation: null };
      checkpoints.push({ ...state, epochs, loss: validation?.loss, tally, losses });
    },
    checkpointEvery: 9,
  };
  for await (const { seconds: _, validation, ...report } of trainer.epochs(3, loop)) {
    told.push(validation?.loss ?? 0, ...Object.values(report));
  }
  for await (const { step, loss, images } of trainer.steps(31, { every: 7, ...loop })) {
    told.push(step, loss, images);
  }
  return { steps, checkpoints, told, state: { ...await trainer.readState(), epochs: undefined } };
}

const REFINED: Record<string, Partial<CompileOptions>> = {
  "a training as it is": {},
  "batches that run on": { lastBatch: "carry" },
  "a plateau, watched": {
    validation: 10,
    schedule: schedules.plateau({ factor: 0.5, patience: 0 }),
    monitor: { metric: "loss", patience: 9, keepBest: true },
  },
  "moved images, and a rate that falls": {
    schedule: schedules.cosine({ length: { steps: 200 } }),
    augment: { shift: 1, rotate: 10, scale: 0.1 },
  },
};

for (const [name, changes] of Object.entries(REFINED)) {
  test(`${name}: all that is told, kept and trained is as without running ahead`, async () => {
    const expected = await runningAhead(false, () => tellAll(changes));
    let found: typeof expected | undefined;
    assert.ok(await countAhead(async () => found = await tellAll(changes)) > 10);
    assert.deepEqual(found, expected);
  });
}

test(
  "an abort tells and keeps the steps that were begun, and from there on all is as if never stopped",
  async () => {
    const wasm = { device: "wasm", threads: 1 } as const; // the textbook engine keeps float64 to itself
    const controller = new AbortController(), steps: number[] = [], kept: TrainingState[] = [];
    await using trainer = await open(wasm);
    const loop: LoopOptions = {
      signal: controller.signal,
      onSteps: (results) => {
        steps.push(...results.map(({ step }) => step));
        if (steps.length === 6) controller.abort();
      },
      onCheckpoint: (state) => void kept.push(state),
    };
    assert.deepEqual(await Array.fromAsync(trainer.steps(500, loop)), []);
    assert.deepEqual(steps, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const state = await trainer.readState();
    assert.deepEqual([state.step, trainer.step, kept.length], [9, 9, 1]);
    assert.deepEqual((await trainer.trained()).parameters, state.parameters);

    await using resumed = await open(wasm);
    await resumed.writeState(kept[0]);
    const [report] = await Array.fromAsync(resumed.steps(51));
    await using whole = await open(wasm);
    await Array.fromAsync(whole.steps(9));
    assert.deepEqual(await whole.readState(), state);
    await using unstopped = await open(wasm);
    const [all] = await Array.fromAsync(unstopped.steps(60));
    assert.deepEqual([report.loss, report.images], [all.loss, all.images]);
    assert.deepEqual(await resumed.readState(), await unstopped.readState());
  },
  NO_READING,
);

test("a callback that throws loses no step that was begun", async () => {
  await using trainer = await open();
  let told = 0;
  const onSteps = ({ length }: readonly StepFigures[]) => {
    told += length;
    if (told === 6) throw new Error("the disk is full");
  };
  await assert.rejects(Array.fromAsync(trainer.steps(500, { onSteps })), /the disk is full/);
  assert.equal(trainer.step, 9);
  const state = await trainer.readState();
  assert.equal(state.step, trainer.step);
  assert.deepEqual((await trainer.trained()).parameters, state.parameters);
  await using fresh = await open();
  assert.deepEqual(state, await stateAfter(fresh, trainer.step));
});

test("weights that a callback changes count after the steps that were begun", async () => {
  await using trainer = await open();
  const other = (await trainer.readState()).parameters.map((p) => p / 2);
  await using shown = await open();
  await shown.writeState({ ...await shown.readState(), parameters: other });
  const onSteps = () => void (trainer.step === 9 && trainer.model.setWeights(shown.model.getWeights()));
  await Array.fromAsync(trainer.steps(60, { onSteps }));
  await using fresh = await open();
  assert.deepEqual(
    await trainer.readState(),
    await stateAfter(fresh, 60, { before: 12, parameters: other }),
  );
});

test("a loss that is not finite ends the training as before", async () => {
  await using trainer = await open({ optimizer: sgd({ learningRate: 1e308 }) });
  const { parameters } = await trainer.trained();
  await assert.rejects(Array.fromAsync(trainer.steps(50)), NonFiniteLossError);
  assert.equal((await trainer.readState()).step, trainer.step);
  assert.deepEqual((await trainer.trained()).parameters, parameters);
});

test("an error of the engine reaches the caller, and nothing that was begun counts", async () => {
  const { collect } = GuardedEngine.prototype;
  let calls = 0, told = 0;
  await using trainer = await open();
  GuardedEngine.prototype.collect = async function () {
    if (++calls > 2) {
      await this[Symbol.asyncDispose]();
      throw new Error("Cannot go on: the device was lost");
    }
    return await collect.call(this);
  };
  try {
    const onSteps = ({ length }: readonly StepFigures[]) => void (told += length);
    await assert.rejects(Array.fromAsync(trainer.steps(50, { onSteps })), /^Error: Cannot go on: .* lost$/);
  } finally {
    GuardedEngine.prototype.collect = collect;
  }
  assert.deepEqual([calls, trainer.step], [3, told]);
});

test("a training that is disposed while it runs ahead ends with one error", async () => {
  const trainer = await open();
  const onSteps = () => void trainer[Symbol.asyncDispose]();
  await assert.rejects(Array.fromAsync(trainer.steps(50, { onSteps })), {
    message: "Cannot train: the training must stay open until the call is done: current value is disposed",
  });
});

Deno.test({
  name: "only webgpu runs ahead" + (LACKING_ADAPTER ? ` (ignored: ${LACKING_ADAPTER})` : ""),
  ignore: LACKING_ADAPTER !== undefined,
  fn: async () => {
    const states: unknown[] = [];
    for (const changes of [{ device: "webgpu", selfCheck: false }, { device: "reference" }] as const) {
      await using trainer = await open(changes);
      const ahead = await countAhead(() => Array.fromAsync(trainer.steps(40)));
      assert.equal(ahead > 0, changes.device === "webgpu");
      states.push(await trainer.readState());
    }
    await runningAhead(false, async () => {
      await using trainer = await open({ device: "webgpu", selfCheck: false });
      await Array.fromAsync(trainer.steps(40));
      assert.deepEqual(await trainer.readState(), states[0]);
    });
  },
});
