import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { adam } from "../../lib/model/optimizers.ts";
import type { CompileOptions } from "../../lib/train/open_parts.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../lib/run/checkpoint.ts";
import type { LoopOptions } from "../../lib/train/call_options.ts";
import type { EpochReport, StepsReport, TrainingState } from "../../lib/train/figures.ts";
import type { Trainer } from "../../lib/train/trainer.ts";
import { LACKING_ADAPTER } from "../support/adapter.ts";
import { lacks, named } from "../support/permissions.ts";
import { tinyCheckpoint } from "../support/tiny_checkpoint.ts";
import { tinySplit } from "../support/tiny_data.ts";
import { openTiny } from "../support/tiny_trainer.ts";

tf.enableProdMode();

const needs = [{ name: "read", path: "lib" }] as const;

const train = tinySplit({ count: 22, height: 5, width: 4, classes: 3 });

const test = tinySplit({ count: 13, height: 5, width: 4, classes: 3, seed: 2 });
const open = (changes: Partial<CompileOptions> = {}) => openTiny({ train, test, ...changes });

/** As a file keeps it. */
function throughFile(state: TrainingState): TrainingState {
  const checkpoint = tinyCheckpoint();
  const config = {
    ...checkpoint.config,
    training: { ...checkpoint.config.training, optimizer: adam({ learningRate: 1 }) },
  };
  return decodeCheckpoint(encodeCheckpoint({ ...checkpoint, config, state })).state;
}

function engineTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: named(name, needs), ignore: lacks(needs), fn });
}

type Report = EpochReport | StepsReport;

/** Reports without what differs between any two runs. */
function figures(reports: readonly Report[]): unknown[] {
  return reports.map(({ seconds: _, ...rest }) => rest);
}

type Loop = (trainer: Trainer, steps: number, options?: LoopOptions) => AsyncGenerator<Report>;

const LOOPS: Readonly<Record<string, Loop>> = {
  "epochs()": (trainer, steps, options = {}) => trainer.epochs({ steps }, options),
  "steps()": (trainer, steps, options = {}) => trainer.steps(steps, { every: 5, ...options }),
};

for (const lastBatch of ["short", "carry"] as const) {
  for (const [name, loop] of Object.entries(LOOPS)) {
    engineTest(`${name}, ${lastBatch}: from each checkpoint on, all is as if never stopped`, async () => {
      const states: TrainingState[] = [], reported: number[] = [], whole: Report[] = [];
      await using trainer = await open({ lastBatch });
      const onCheckpoint = (state: TrainingState) => {
        states.push(throughFile(state));
        reported.push(whole.length); // a report that is due comes after its checkpoint
      };
      for await (const report of loop(trainer, 17, { onCheckpoint, checkpointEvery: 1 })) whole.push(report);
      const end = await trainer.readState();
      assert.deepEqual(states.map(({ step }) => step), Array.from({ length: 17 }, (_, step) => step + 1));

      for (const [index, state] of states.entries()) {
        await using other = await open({ lastBatch });
        await other.writeState(state);
        const rest: Report[] = await Array.fromAsync(loop(other, 17 - state.step));
        assert.deepEqual(figures(rest), figures(whole.slice(reported[index])), `from step ${state.step}`);
        assert.deepEqual(await other.readState(), end);
      }
    });
  }
}

engineTest(
  "checkpoints come after each epoch, every so many steps, at the end, and when the signal ends the loop",
  async () => {
    const steps: number[] = [], losses: number[] = [];
    const onCheckpoint = ({ step }: TrainingState, latest: Float32Array) => {
      steps.push(step);
      losses.push(...latest);
    };
    await using trainer = await open(); // six steps an epoch
    await Array.fromAsync(trainer.epochs(2, { onCheckpoint, checkpointEvery: 5 }));
    await Array.fromAsync(trainer.steps(2, { onCheckpoint }));
    assert.deepEqual(steps, [5, 6, 10, 12, 14]);
    await using single = await open();
    const each = await Array.fromAsync(single.steps(14, { every: 1 }), ({ loss }) => Math.fround(loss));
    assert.deepEqual(losses, each);

    steps.length = 0;
    const controller = new AbortController();
    const onProgress = () => trainer.step >= 16 && controller.abort();
    await Array.fromAsync(trainer.epochs(9, { onCheckpoint, onProgress, signal: controller.signal }));
    assert.equal(steps.at(-1), trainer.step);
    assert.ok(trainer.step < 6 * 9);
  },
);

engineTest("an engine that fails between two checkpoints loses nothing before the last one", async () => {
  await using whole = await open();
  await Array.fromAsync(whole.steps(30));
  const kept: TrainingState[] = [];
  const onCheckpoint = (state: TrainingState) => void kept.push(throughFile(state));
  await using failing = await open();
  const onProgress = () => {
    if (failing.step >= 9) throw new Error("Cannot go on: the device was lost");
  };
  await assert.rejects(
    Array.fromAsync(failing.steps(30, { onCheckpoint, onProgress, checkpointEvery: 4 })),
    /lost/,
  );
  await using resumed = await open();
  await resumed.writeState(kept.at(-1)!);
  assert.ok(resumed.step >= 8 && resumed.step < 30 && resumed.step % 4 === 0);
  await Array.fromAsync(resumed.steps(30 - resumed.step));
  assert.deepEqual(await resumed.readState(), await whole.readState());
});

Deno.test({
  name: "webgpu goes on to the bit on the same adapter" +
    (LACKING_ADAPTER ? ` (ignored: ${LACKING_ADAPTER})` : ""),
  ignore: LACKING_ADAPTER !== undefined,
  fn: async () => {
    const webgpu = { device: "webgpu", threads: undefined, selfCheck: false } as const;
    const kept: TrainingState[] = [];
    const onCheckpoint = (state: TrainingState) => void kept.push(throughFile(state));
    await using whole = await open(webgpu);
    const reports = await Array.fromAsync(whole.steps(9, { onCheckpoint, checkpointEvery: 4 }));
    await using resumed = await open(webgpu);
    await resumed.writeState(kept[0]);
    assert.equal(resumed.step, 4);
    assert.deepEqual(figures(await Array.fromAsync(resumed.steps(5))), figures(reports));
    assert.deepEqual(await resumed.readState(), await whole.readState());
  },
});

Deno.test({
  name: "a trainer whose device is lost says so at every call, and is disposed as any other" +
    (LACKING_ADAPTER ? ` (ignored: ${LACKING_ADAPTER})` : ""),
  ignore: LACKING_ADAPTER !== undefined,
  fn: async () => {
    const { requestDevice } = GPUAdapter.prototype, devices: GPUDevice[] = [];
    GPUAdapter.prototype.requestDevice = async function (descriptor) {
      const device = await requestDevice.call(this, descriptor);
      devices.push(device);
      return device;
    };
    try {
      await using trainer = await open({ device: "webgpu", threads: undefined, selfCheck: false });
      const lost = /^Error: Cannot go on: the device webgpu was lost: /;
      const onProgress = ({ done }: { done: number }) => {
        if (done > 4) devices.forEach((device) => device.destroy()); // in the midst of the steps
      };
      await assert.rejects(Array.fromAsync(trainer.steps(40, { onProgress })), lost);
      await assert.rejects(Array.fromAsync(trainer.steps(1)), lost);
      await assert.rejects(trainer.evaluate("test"), lost);
      await assert.rejects(trainer.readState(), lost);
    } finally {
      GPUAdapter.prototype.requestDevice = requestDevice;
    }
  },
});
