/**
 * Trainings with schedules, moved images, early stopping and the weights of the best epoch are exact through kill and resume.
 */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { adam, adamw } from "../../lib/model/optimizers.ts";
import { readWeights } from "../../lib/model/tensorflow_weights.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../lib/run/checkpoint.ts";
import type { CompileOptions } from "../../lib/train/open_parts.ts";
import type { LoopOptions } from "../../lib/train/call_options.ts";
import type { EpochReport, StepsReport, TrainingState } from "../../lib/train/figures.ts";
import { schedules } from "../../lib/train/schedule.ts";
import type { Trainer } from "../../lib/train/trainer.ts";
import { LACKING_ADAPTER } from "../support/adapter.ts";
import { lacks, named } from "../support/permissions.ts";
import { tinyCheckpoint } from "../support/tiny_checkpoint.ts";
import { tinySplit } from "../support/tiny_data.ts";
import { openTiny } from "../support/tiny_trainer.ts";

tf.enableProdMode();

const needs = [{ name: "read", path: "lib" }] as const;
const train = tinySplit({ count: 28, height: 5, width: 4, classes: 3 });

type Changes = Partial<CompileOptions>;

// It learns so fast that the validation loss goes up and down.
const open = (changes: Changes) => {
  return openTiny({ train, validation: 6, optimizer: adam({ learningRate: 0.1 }), ...changes });
};

/** As a file keeps it. */
function throughFile(state: TrainingState, { config: training }: Trainer): TrainingState {
  const checkpoint = tinyCheckpoint();
  const config = { ...checkpoint.config, training };
  return decodeCheckpoint(encodeCheckpoint({ ...checkpoint, config, state })).state;
}

type Report = EpochReport | StepsReport;

/** Without what differs between any two runs. */
const timeless = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, inner) => key === "seconds" || key === "elapsedMs" ? 0 : inner));

/** What a trainer has when a loop has ended: the state, what the model has, what it knows, and the rate to come. */
async function endOf(trainer: Trainer) {
  const { parameters, slots, step, epochs } = await trainer.readState();
  const weights = await readWeights(trainer.model, trainer.network);
  const { monitored, learningRate } = trainer;
  return { parameters, slots, step, best: epochs?.best, weights, monitored, learningRate };
}

type Loop = (trainer: Trainer, steps: number, options?: LoopOptions) => AsyncGenerator<Report>;

const LOOPS: Readonly<Record<"epochs()" | "steps()", Loop>> = {
  "epochs()": (trainer: Trainer, steps: number, options = {}) => trainer.epochs({ steps }, options),
  "steps()": (trainer: Trainer, steps: number, options = {}) =>
    trainer.steps(steps, { every: 5, ...options }),
};

const STEPS = 36; // six epochs by `short`: 22 images in batches of 4

/** Trains as a whole, and again from every checkpoint on. @returns How the whole ended */
async function checkResumes(loop: keyof typeof LOOPS, changes: Changes, checkpointEvery = 1) {
  const states: TrainingState[] = [], reported: number[] = [], whole: Report[] = [];
  await using trainer = await open(changes);
  const onCheckpoint = (state: TrainingState) => {
    states.push(throughFile(state, trainer));
    reported.push(whole.length);
  };
  for await (const report of LOOPS[loop](trainer, STEPS, { onCheckpoint, checkpointEvery })) {
    whole.push(report);
  }
  const end = await endOf(trainer);
  await using other = await open(changes); // after writeState() it is like a new one
  for (const [index, state] of states.entries()) {
    await other.writeState(state);
    const rest: Report[] = await Array.fromAsync(LOOPS[loop](other, STEPS - state.step));
    assert.deepEqual(timeless(rest), timeless(whole.slice(reported[index])), `from step ${state.step}`);
    assert.deepEqual(await endOf(other), end, `from step ${state.step}`);
  }
  return { end, whole, states };
}

const stopping = { metric: "loss", patience: 2, keepBest: true } as const;

const CASES: Readonly<Record<string, Changes>> = {
  "one-cycle, moved images": {
    schedule: schedules.oneCycle({ length: { steps: STEPS } }),
    augment: { shift: 1, rotate: 10, scale: 0.1 },
  },
  "plateau by the training loss": {
    validation: 0,
    schedule: schedules.plateau({ factor: 0.5, patience: 0, threshold: 0.05 }),
  },
  "plateau by the validation loss, the best epoch by accuracy": {
    schedule: schedules.plateau({ factor: 0.5, patience: 0 }),
    monitor: { metric: "accuracy", keepBest: true },
  },
  "early stopping": { monitor: stopping },
  "all at once": {
    optimizer: adamw({ learningRate: 0.1 }),
    clip: { norm: 1 },
    labelSmoothing: 0.1,
    augment: { shift: 1 },
    schedule: schedules.cosine({ length: { steps: STEPS }, warmup: 0.1 }),
    monitor: { keepBest: true },
  },
};

for (const lastBatch of ["short", "carry"] as const) {
  for (const loop of ["epochs()", "steps()"] as const) {
    for (const [name, changes] of Object.entries(CASES)) {
      Deno.test({
        name: named(
          `${loop}, ${lastBatch}, ${name}: from each checkpoint on, all is as if never stopped`,
          needs,
        ),
        ignore: lacks(needs),
        fn: async () => {
          const { end, whole } = await checkResumes(loop, { ...changes, lastBatch });
          assert.ok(whole.length > 2);
          if (changes.schedule) assert.notEqual(end.learningRate, 0.1, "the schedule must change the rate");
          if (changes.monitor) {
            assert.notDeepEqual(end.weights, end.parameters, "the best epoch must not be the last");
          }
          if (changes.monitor?.patience) {
            assert.ok(end.monitored!.stopped && end.step < STEPS, "it must stop early");
          }
        },
      });
    }
  }
}

Deno.test({
  name: named(
    "loops one after another are one loop, though each ends with the best weights in the model",
    needs,
  ),
  ignore: lacks(needs),
  fn: async () => {
    const changes = { monitor: { keepBest: true } } as const;
    await using whole = await open(changes);
    await Array.fromAsync(whole.epochs(6));
    await using parts = await open(changes);
    for (const length of [{ epochs: 2 }, { steps: 9 }, { epochs: 3 }]) {
      await Array.fromAsync(parts.epochs(length));
      await parts.evaluate("validation"); // of the best weights
    }
    assert.deepEqual(await endOf(parts), await endOf(whole));
  },
});

Deno.test({
  name: "webgpu: a plateau, early stopping, the best weights and all else are exact through a file" +
    (LACKING_ADAPTER ? ` (ignored: ${LACKING_ADAPTER})` : ""),
  ignore: LACKING_ADAPTER !== undefined,
  fn: async () => {
    const schedule = schedules.plateau({ factor: 0.5, patience: 0 });
    const webgpu = { device: "webgpu", threads: undefined, selfCheck: false } as const;
    const changes = { ...CASES["all at once"], ...webgpu, schedule, monitor: stopping };
    const { end } = await checkResumes("epochs()", changes, 4);
    assert.notDeepEqual(end.weights, end.parameters);
  },
});
