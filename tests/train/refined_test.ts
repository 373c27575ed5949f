/**
 * What the loop does with refinements, on the textbook engine: the same as the engine does when it is told each step.
 */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { layOutSequence } from "../../lib/data/sequence.ts";
import { sequencesOf } from "../../lib/data/sequences.ts";
import { drawTransforms } from "../../lib/data/transform.ts";
import { openReference } from "../../lib/engines/reference/engine.ts";
import { adam, adamw, sgd } from "../../lib/model/optimizers.ts";
import { readWeights } from "../../lib/model/tensorflow_weights.ts";
import { lstm } from "../../lib/model/to_tensorflow.ts";
import { BatchOrder } from "../../lib/train/batches.ts";
import { compile } from "../../lib/train/compile.ts";
import type { CompileOptions } from "../../lib/train/open_parts.ts";
import type { TrainingState } from "../../lib/train/figures.ts";
import { toClip } from "../../lib/train/refinements.ts";
import { type PlateauSchedule, type Schedule, scheduledRate, schedules } from "../../lib/train/schedule.ts";
import type { Trainer } from "../../lib/train/trainer.ts";
import { assertClose } from "../support/assert_close.ts";
import { tinySplit } from "../support/tiny_data.ts";

tf.enableProdMode();

const train = tinySplit({ count: 28, height: 5, width: 4, classes: 3 });
const validation = 6; // six steps an epoch by `short`: 22 images in batches of 4

function open(changes: Partial<CompileOptions> = {}): Promise<Trainer> {
  const model = tf.sequential({
    layers: [lstm({ units: 3, inputShape: [5, 4] }), tf.layers.dense({ units: 3 })],
  });
  return compile(model, {
    train,
    validation,
    sequence: { axis: "rows", range: [0, 1] },
    optimizer: adam({ learningRate: 0.1 }),
    initialize: "pytorch",
    batchSize: 4,
    device: "reference",
    ...changes,
  });
}

/** The state after steps that an engine is told one by one, as the options of the trainer say. */
async function trainByHand(trainer: Trainer, steps: number): Promise<Float32Array> {
  const { network, sequence, config } = trainer, images = trainer.split("train");
  const { optimizer, seed, batchSize, lastBatch, clip, labelSmoothing, augment, schedule } = config;
  await using engine = await openReference({
    network,
    layout: layOutSequence(sequence, images),
    parameters: (await trainer.readState()).parameters,
    training: {
      optimizer,
      sequences: sequencesOf(images),
      targets: { kind: "classes", data: images.labels },
      seed,
      batchSize,
      clip: clip && toClip(clip),
      labelSmoothing,
      transforms: augment !== undefined,
    },
  });
  const order = new BatchOrder({ count: images.count, batchSize, seed, lastBatch });
  const { learningRate } = optimizer;
  for (let step = 0; step < steps; step++) {
    const positions = order.batch(step);
    const epoch = positions.map((_, n) => {
      return Math.floor((order.imagesThrough(step) + n) / images.count);
    });
    await engine.train([positions], {
      learningRates: schedule && [
        scheduledRate(schedule as Exclude<Schedule, PlateauSchedule>, { learningRate, step, order }),
      ],
      transforms: augment && [drawTransforms(augment, { seed, epoch, positions, size: images })],
    });
  }
  return (await engine.readState()).parameters;
}

const CASES: Readonly<Record<string, Partial<CompileOptions>>> = {
  "clip by norm": { clip: { norm: 0.05 } },
  "clip by value": { clip: { value: 0.01 } },
  "label smoothing": { labelSmoothing: 0.2 },
  "moved images, batches of two epochs": {
    augment: { shift: 1, rotate: 20, scale: 0.2 },
    lastBatch: "carry",
  },
  "AdamW, one-cycle": {
    optimizer: adamw({ learningRate: 0.1, weightDecay: 0.1 }),
    schedule: schedules.oneCycle({ length: { steps: 14 } }),
  },
  "step schedule": { schedule: schedules.step({ every: 1, gamma: 0.5 }) },
};

for (const [name, changes] of Object.entries(CASES)) {
  Deno.test(`${name}: the loop trains as the engine does that is told each step, and not as without it`, async () => {
    const optimizer = changes.optimizer ?? sgd({ learningRate: 0.1 });
    await using trainer = await open({ ...changes, optimizer });
    const byHand = await trainByHand(trainer, 14);
    await Array.fromAsync(trainer.steps(14, { every: 5 }));
    assert.deepEqual((await trainer.readState()).parameters, byHand);
    await using plain = await open({ optimizer, lastBatch: changes.lastBatch });
    await Array.fromAsync(plain.steps(14));
    assert.notDeepEqual((await plain.readState()).parameters, byHand);
  });
}

Deno.test("learningRate is that of the next step", async () => {
  await using trainer = await open({ schedule: schedules.step({ every: 1, gamma: 0.5 }) });
  assert.equal(trainer.learningRate, 0.1);
  const rates: number[] = [];
  for await (const _ of trainer.epochs(3)) rates.push(trainer.learningRate);
  assert.deepEqual(rates, [0.05, 0.025, 0.0125]);
  await using plain = await open();
  assert.equal(plain.learningRate, 0.1);
});

Deno.test("a schedule with a length is not trained longer, however the loops are cut", async () => {
  await using trainer = await open({ schedule: schedules.cosine({ length: { epochs: 2 } }) });
  await assert.rejects(
    Array.fromAsync(trainer.epochs(3)),
    /^RangeError: Cannot train: there must be at most 12 steps, the length of the schedule cosine: .* is 18$/,
  );
  await Array.fromAsync(trainer.epochs(1));
  await Array.fromAsync(trainer.steps(6));
  await assert.rejects(Array.fromAsync(trainer.steps(1)), /at most 12 steps, .* current value is 13$/);
  assert.equal(trainer.step, 12);
});

Deno.test("a monitor evaluates the validation images after each whole epoch, and only a monitor or a plateau does", async () => {
  await using trainer = await open({ monitor: {} });
  for await (const epoch of trainer.epochs({ steps: 15 })) {
    if (epoch.index === 2) assert.equal(epoch.validation, null, "it was cut short");
    else {
      const { seconds: _, ...score } = await trainer.evaluate("validation");
      const { seconds: __, ...found } = epoch.validation!;
      assert.deepEqual(found, score);
    }
  }
  await using plain = await open();
  assert.deepEqual((await Array.fromAsync(plain.epochs(1))).map((epoch) => epoch.validation), [null]);
  assert.equal(plain.monitored, null);
  await using plateau = await open({ schedule: schedules.plateau() });
  assert.equal((await Array.fromAsync(plateau.epochs(1)))[0].validation!.count, validation);
});

Deno.test("a plateau without validation images goes by the training loss of whole epochs, in steps() too", async () => {
  const schedule = schedules.plateau({ factor: 0.5, patience: 0, threshold: 0.9 }); // no epoch is that good
  const rates: number[][] = [];
  for (const every of [6, 4]) {
    await using trainer = await open({ schedule, validation: 0, train: trainingImages() });
    const found: number[] = [];
    for await (const { step } of trainer.steps(24, { every })) {
      if (step % 12 === 0) found.push(trainer.learningRate);
    }
    rates.push(found);
  }
  assert.deepEqual(rates[0], [0.05, 0.0125]); // after two epochs, after four
  assert.deepEqual(rates[1], rates[0]);
});

/** The 22 images that are left without the validation images. */
function trainingImages() {
  const pixels = train.pixels.slice(validation * 20), labels = train.labels.slice(validation);
  return { ...train, pixels, labels, count: 22 };
}

const keeping = { monitor: { patience: 2, keepBest: true } } as const;

Deno.test("the training stops early, and the model has the weights of the best epoch, which evaluate() measures", async () => {
  await using trainer = await open(keeping);
  const weights: Float32Array[] = [], losses: number[] = [];
  for await (const { index, validation } of trainer.epochs(50)) {
    assert.equal(index, weights.length);
    weights.push(await readWeights(trainer.model, trainer.network));
    losses.push(validation!.loss);
  }
  const { best, badEpochs, stopped } = trainer.monitored!;
  assert.deepEqual([badEpochs, stopped, weights.length], [2, true, best!.epoch + 3]);
  assert.equal(best!.loss, Math.min(...losses));
  assert.equal(best!.loss, losses[best!.epoch]);
  const found = await readWeights(trainer.model, trainer.network);
  assert.deepEqual(found, weights[best!.epoch]);
  assert.notDeepEqual(found, weights.at(-1));
  assertClose([(await trainer.evaluate("validation")).loss], [best!.loss], {
    name: "loss",
    atol: 1e-6,
    rtol: 0,
  });
  assert.deepEqual(await Array.fromAsync(trainer.epochs(5)), [], "it has stopped for good");
  assert.deepEqual(
    (await trainer.readState()).parameters,
    weights.at(-1),
    "the training goes on from the last ones",
  );
});

Deno.test("another loop goes on from the last weights, unless the model was given others", async () => {
  const monitor = { keepBest: true, metric: "accuracy" } as const;
  await using whole = await open({ monitor });
  await Array.fromAsync(whole.epochs(6));
  await using parts = await open({ monitor });
  for (const epochs of [3, 2, 1]) {
    await Array.fromAsync(parts.epochs(epochs));
    await parts.evaluate("validation");
  }
  // The textbook engine computes in float64, and both were told float32 weights at the ends of loops alone.
  const atol = 1e-5;
  const states = [await parts.readState(), await whole.readState()];
  assertClose(states[0].parameters, states[1].parameters, { name: "parameters", atol, rtol: 0 });
  assert.notDeepEqual(await readWeights(parts.model, parts.network), states[0].parameters);

  const own = parts.model.getWeights().map((weight) => tf.zerosLike(weight));
  parts.model.setWeights(own);
  assert.ok((await parts.readState()).parameters.every((value) => value === 0));
  await Array.fromAsync(parts.steps(1));
  assertClose((await parts.readState()).parameters, new Float32Array(parts.network.size), {
    name: "parameters",
    atol: 0.2, // one step of Adam from zero
    rtol: 0,
  });
});

Deno.test("a signal that comes while the validation images are evaluated leaves that to the next loop", async () => {
  await using whole = await open(keeping);
  const reports = await Array.fromAsync(whole.epochs(2));
  await using trainer = await open(keeping);
  const states: TrainingState[] = [];
  const onCheckpoint = (state: TrainingState) => void states.push(state);
  // Steps are taken up to the end of the epoch, then images are predicted in pieces: the signal is looked at before each.
  const signal = abortedWhen(() => trainer.step === 6);
  assert.deepEqual(await Array.fromAsync(trainer.epochs(2, { signal, onCheckpoint })), []);
  assert.deepEqual([trainer.step, states.length, states[0].epochs!.ended], [6, 1, 0]);
  await using resumed = await open(keeping);
  await resumed.writeState(states[0]);
  const rest = await Array.fromAsync(resumed.epochs({ steps: 6 }));
  assert.equal(rest.length, 2);
  for (const [index, { validation }] of rest.entries()) {
    assertClose([validation!.loss], [reports[index].validation!.loss], { name: "loss", atol: 1e-5, rtol: 0 });
  }
});

/** A signal that is aborted from the moment on that a condition holds. */
function abortedWhen(holds: () => boolean): AbortSignal {
  const controller = new AbortController(), { signal } = controller;
  return new Proxy(signal, {
    get(target, name) {
      if (holds() && !target.aborted) controller.abort();
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

Deno.test("writeState() takes what is known of the epochs of such a training alone", async () => {
  await using trainer = await open(keeping);
  await Array.fromAsync(trainer.epochs(2));
  const state = await trainer.readState(), { epochs } = state;
  const wrong: [object, RegExp][] = [
    [{ best: null }, /its epochs must be of a training with the same schedule and monitor/],
    [{ best: new Float32Array(3) }, /its epochs must be of a training with the same schedule and monitor/],
    [{ monitor: null }, /its epochs must be of a training with/],
    [{ plateau: { best: null, badEpochs: 0, rate: 1 } }, /its epochs must be of a training with/],
    [{ ended: -1 }, /^RangeError: .* ended must be a whole number from 0 on: current value is -1$/],
    [{ begun: { loss: NaN, images: 0 } }, /loss must be a finite number: current value is NaN$/],
    [{ monitor: { ...epochs!.monitor, stopped: 1 } }, /stopped must be true or false: current value is 1$/],
    [{ more: 1 }, /epochs must be among ended, .*: current value has "more"$/],
  ];
  for (const [changes, message] of wrong) {
    await assert.rejects(
      trainer.writeState({ ...state, epochs: { ...epochs!, ...changes } as never }),
      message,
    );
  }
  for (const epochs of [null, "", NaN, 0, []]) {
    await assert.rejects(
      trainer.writeState({ ...state, epochs: epochs as never }),
      /^TypeError: Cannot write the state: epochs must be an object: current value is /,
    );
  }
  await trainer.writeState(state);
  const { epochs: _, ...bare } = state;
  await trainer.writeState(bare); // of a training without a monitor, say
  assert.deepEqual(trainer.monitored, { best: null, badEpochs: 0, stopped: false });
});
