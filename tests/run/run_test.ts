import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { modelSha256 } from "../../lib/model/hash.ts";
import { toSafetensors } from "../../lib/model/formats.ts";
import { createStack } from "../support/stack.ts";
import { adam } from "../../lib/model/optimizers.ts";
import { decodeSafetensors, encodeSafetensors } from "../../lib/model/safetensors.ts";
import { lastStep, lstm } from "../../lib/model/to_tensorflow.ts";
import { openMetrics, openRun } from "../../lib/run/folder.ts";
import { openModel } from "../../lib/run/open_model.ts";
import { Run } from "../../lib/run/run.ts";
import { StoppedRun } from "../../lib/run/stopped_run.ts";
import { compile } from "../../lib/train/compile.ts";
import type { CompileOptions } from "../../lib/train/open_parts.ts";
import { Tally } from "../../lib/train/figures.ts";
import { schedules } from "../../lib/train/schedule.ts";
import type { Trainer } from "../../lib/train/trainer.ts";
import { testsInFolders } from "../support/temp_folder.ts";
import { tinyParameters, tinySplit } from "../support/tiny_data.ts";

tf.enableProdMode();

const test = testsInFolders([{ name: "read" }, { name: "write" }]);

const OLD_RUNS = new URL("../golden/old_runs/", import.meta.url).pathname;
const train = tinySplit({ count: 24, height: 6, width: 5, classes: 10 });
const tested = tinySplit({ count: 13, height: 6, width: 5, classes: 10, seed: 2 });

function open(
  changes: Partial<CompileOptions> = {},
  inputShape: (number | null)[] = [6, 5],
): Promise<Trainer> {
  const model = tf.sequential({
    layers: [
      lstm({ units: 3, inputShape, returnSequences: true }),
      tf.layers.dropout({ rate: 0.5 }),
      lstm({ units: 2, recurrentActivation: "hardSigmoid" }),
      tf.layers.dense({ units: 10 }),
    ],
  });
  return compile(model, {
    train,
    test: tested,
    sequence: { axis: "rows", mean: 0.5, deviation: 0.25 },
    optimizer: adam({ learningRate: 0.01 }),
    initialize: "pytorch",
    batchSize: 8,
    device: "wasm",
    threads: 1,
    ...changes,
  });
}

/** Trains up to `steps`, counted from the beginning, with a report and a checkpoint at every second one. */
async function trainOn(run: Run, trainer: Trainer, steps: number): Promise<void> {
  const loop = { every: 2, onCheckpoint: run.keep, checkpointEvery: 2 };
  for await (const { step, epoch, ...figures } of trainer.steps(run.remaining({ steps }), loop)) {
    const { loss, accuracy } = await trainer.evaluate("test");
    await run.report({ epoch, step }, {
      trainLoss: figures.loss,
      trainAccuracy: figures.accuracy,
      testLoss: loss,
      testAccuracy: accuracy,
      seconds: 1,
    });
  }
}

/** What stays the same of the figures of a run, whenever and wherever it was trained. */
async function figuresOf(path: string) {
  const { lines, losses } = await openMetrics(path);
  return { losses, lines: lines.map(({ run: _, endedAt: __, ...line }) => line) };
}

test("a run that was stopped and resumed is one that never stopped, to the bit", async (folder) => {
  await using trainer = await open();
  {
    using run = await Run.begin(trainer, { recipe: "tiny", out: `${folder}/whole` }, { pictures: false });
    await trainOn(run, trainer, 8);
    await run.end({ testLoss: 1 });
  }
  await using stopped = await open();
  {
    using run = await Run.begin(stopped, { recipe: "tiny", out: `${folder}/a` }, { pictures: false });
    await trainOn(run, stopped, 4);
    await assert.rejects(StoppedRun.open(run.path), /no other process must write it/);
  }
  await Deno.writeFile(`${folder}/a/losses.f32`, new Uint8Array(7), { append: true }); // a step and a bit more, taken back
  await using resumed = await open({ threads: 2 });
  using found = await StoppedRun.open(`${folder}/a`);
  using run = await Run.resume(found, resumed, { pictures: false });
  assert.deepEqual([resumed.step, run.remaining({ epochs: 4 })], [4, { epochs: 3 }]);
  assert.throws(() => run.remaining({ steps: 3 }), /steps must be at least the 4 that it has done: .* 3$/);
  await trainOn(run, resumed, 8);
  const { line } = await run.end({ testLoss: 1 });
  assert.equal(line.modelSha256, modelSha256(await trainer.trained()));
  assert.deepEqual(await figuresOf(`${folder}/a`), await figuresOf(`${folder}/whole`));
  const { losses, lines } = await figuresOf(`${folder}/a`);
  assert.equal(losses.length, 8);
  for (const { step, trainLoss } of lines.slice(0, -1)) { // means of two batches of eight
    const [one, two] = losses.subarray(Number(step) - 2, Number(step));
    assert.ok(Math.abs((one + two) / 2 - Number(trainLoss)) < 1e-6);
  }

  await using model = await openModel(`${folder}/a`, { device: "reference" });
  assert.equal(modelSha256(model.trained), line.modelSha256);
  const { config } = await openRun(`${folder}/a`);
  assert.deepEqual([config.training, config.data], [JSON.parse(JSON.stringify(trainer.config)), undefined]);
});

/** A network of both directions, of which the last step goes on, with batch normalization and a hidden layer above. */
function deepModel(): tf.Sequential {
  const layer = lstm({ units: 3, returnSequences: true }) as tf.RNN;
  return tf.sequential({
    layers: [
      tf.layers.bidirectional({ layer, mergeMode: "concat", inputShape: [6, 5] }),
      lastStep(),
      tf.layers.batchNormalization({ epsilon: 1e-5, momentum: 0.9 }),
      tf.layers.dropout({ rate: 0.25 }),
      tf.layers.dense({ units: 8, activation: "relu" }),
      tf.layers.dense({ units: 10 }),
    ],
  });
}

test("a run of any chain of layers goes on to the bit, averages included, and is read back", async (folder) => {
  const deep = (): Promise<Trainer> =>
    compile(deepModel(), {
      train,
      test: tested,
      sequence: { axis: "rows", reversed: true, mean: 0.5, deviation: 0.25 },
      optimizer: adam({ learningRate: 0.01 }),
      initialize: "pytorch",
      forgetBias: 1,
      batchSize: 8,
      device: "wasm",
      threads: 1,
    });
  await using whole = await deep();
  await Array.fromAsync(whole.steps(6));
  {
    await using first = await deep();
    using run = await Run.begin(first, { recipe: "tiny", out: `${folder}/a` }, { pictures: false });
    await trainOn(run, first, 4);
  }
  await using resumed = await deep();
  using run = await Run.resume(await StoppedRun.open(`${folder}/a`), resumed, { pictures: false });
  await trainOn(run, resumed, 6);
  const { line } = await run.end();
  const trained = await whole.trained();
  assert.equal(line.modelSha256, modelSha256(trained));

  const saved = await openRun(`${folder}/a`);
  assert.deepEqual(saved.model.network, trained.network);
  assert.deepEqual(saved.model.sequence, trained.sequence);
  assert.deepEqual(saved.config.training, JSON.parse(JSON.stringify(whole.config)));
  await using model = await openModel(`${folder}/a`, { device: "reference" });
  assert.equal(modelSha256(model.trained), line.modelSha256);
  const [found, expected] = [await model.predict(tested), await whole.predict("test")];
  found.forEach((logit, k) => assert.ok(Math.abs(logit - expected[k]) < 1e-4, `${logit}, ${expected[k]}`));
});

/** What a training may do beyond plain steps: with six validation images, an epoch has three steps. */
const REFINED = {
  validation: 6,
  optimizer: adam({ learningRate: 0.2 }), // so much that the best epoch is not the last
  clip: { norm: 0.5 },
  labelSmoothing: 0.1,
  augment: { shift: 1 },
  schedule: schedules.plateau({ factor: 0.5, patience: 1 }),
  monitor: { metric: "accuracy", patience: 4, keepBest: true },
} as const satisfies Partial<CompileOptions>;

test("a run that stops early with its best weights is the same wherever it was stopped", async (folder) => {
  const settings = { pictures: false };
  const trainOn = async (run: Run, trainer: Trainer, epochs: number) => {
    const loop = { onCheckpoint: run.keep, checkpointEvery: 2 };
    for await (
      const { index, loss, accuracy, validation } of trainer.epochs(run.remaining({ epochs }), loop)
    ) {
      const test = { testLoss: validation!.loss, testAccuracy: validation!.accuracy };
      await run.report({ epoch: index }, { trainLoss: loss, trainAccuracy: accuracy, ...test, seconds: 1 });
    }
  };
  await using trainer = await open(REFINED);
  using whole = await Run.begin(trainer, { recipe: "tiny", out: `${folder}/whole` }, settings);
  await trainOn(whole, trainer, 50);
  const { line } = await whole.end(), { best, stopped } = trainer.monitored!, { step } = trainer;
  assert.deepEqual([stopped, step], [true, 3 * (best!.epoch + 5)]);
  assert.equal(line.bestEpoch, best!.epoch);
  const { training } = (await openRun(`${folder}/whole`)).config;
  assert.deepEqual(training, JSON.parse(JSON.stringify(trainer.config)));
  assert.deepEqual(training!.augment, { shift: 1, rotate: 0, scale: 0 });
  const { lines } = await openMetrics(`${folder}/whole`),
    { validationLoss, validationAccuracy } = lines[best!.epoch];
  assert.deepEqual({ epoch: best!.epoch, loss: validationLoss, accuracy: validationAccuracy }, best);
  assert.deepEqual(lines.at(-2)!.learningRate, trainer.learningRate);
  assert.ok(trainer.learningRate < 0.2);

  for (const epochs of [1, best!.epoch + 3, step / 3]) {
    const out = `${folder}/${epochs}`;
    await using first = await open(REFINED);
    {
      using run = await Run.begin(first, { recipe: "tiny", out }, settings);
      await trainOn(run, first, epochs);
    }
    await using second = await open({ ...REFINED, threads: 2 });
    using run = await Run.resume(await StoppedRun.open(out), second, settings);
    await trainOn(run, second, 50);
    const ended = await run.end();
    assert.equal(ended.line.modelSha256, line.modelSha256);
    assert.deepEqual(await figuresOf(out), await figuresOf(`${folder}/whole`));
    assert.deepEqual([second.step, second.monitored], [step, trainer.monitored]);
  }
});

test("a refined training is resumed with the same refinements alone", async (folder) => {
  {
    await using trainer = await open(REFINED);
    (await Run.begin(trainer, { recipe: "tiny", out: `${folder}/a` }, { pictures: false }))[Symbol.dispose]();
  }
  const wrong: [Partial<CompileOptions>, RegExp][] = [
    [
      { clip: { norm: 1 } },
      /^RangeError: .* its clip must be \{"norm":0.5\}: current value is \{"norm":1\}$/,
    ],
    [{ clip: undefined }, /its clip must be \{"norm":0.5\}: current value is left out$/],
    [{ labelSmoothing: 0 }, /its labelSmoothing must be 0.1: current value is left out$/],
    [{ augment: { shift: 1, scale: 0.1 } }, /its augment must be \{"shift":1,"rotate":0,"scale":0\}/],
    [
      { schedule: schedules.plateau({ factor: 0.5, patience: 2 }) },
      /its schedule must be \{"kind":"plateau"/,
    ],
    [{ monitor: { metric: "accuracy", patience: 5, keepBest: true } }, /its monitor must be /],
  ];
  for (const [changes, message] of wrong) {
    await using other = await open({ ...REFINED, ...changes });
    await assert.rejects(Run.resume(await StoppedRun.open(`${folder}/a`), other), message);
  }
  await using plain = await open();
  (await Run.begin(plain, { recipe: "tiny", out: `${folder}/b` }, { pictures: false }))[Symbol.dispose]();
  await using clipped = await open({ clip: { value: 1 } });
  await assert.rejects(
    Run.resume(await StoppedRun.open(`${folder}/b`), clipped),
    /its clip must be left out: current value is \{"value":1\}$/,
  );
});

test("a run is resumed with the same training alone", async (folder) => {
  await using trainer = await open();
  (await Run.begin(trainer, { recipe: "tiny", out: `${folder}/a` }, { pictures: false }))[Symbol.dispose]();
  const wrong: [Partial<CompileOptions>, RegExp][] = [
    [{ seed: 2 }, /its seed must be 1: current value is 2$/],
    [{ biases: 1 }, /its biases must be 2: current value is 1$/],
    [{ sequence: { axis: "rows", range: [0, 1] } }, /its sequence must be \{"axis":"rows","mean":0.5/],
    [{ device: "reference" }, /its device must be "wasm fused": current value is "reference"$/],
    [
      { test: tinySplit({ count: 13, height: 6, width: 5, classes: 10 }) },
      /the images must be those it began/,
    ],
  ];
  for (const [changes, message] of wrong) {
    await using other = await open(changes.device ? { ...changes, threads: undefined } : changes);
    using stopped = await StoppedRun.open(`${folder}/a`);
    await assert.rejects(Run.resume(stopped, other), message);
  }
});

test("what nobody could read back is an error before anything is made", async (folder) => {
  await using trainer = await open();
  const any = (value: unknown) => value as never;
  const wrong: [object, RegExp][] = [
    [
      { recipe: "" },
      /its config must have recipe, a text of 1 to 200 printable characters: current value is ""$/,
    ],
    [{ recipe: "../a" }, /recipe must be a name .* that can name a folder, .*: current value is "\.\.\/a"$/],
    [{ recipe: undefined }, /recipe must be a text: current value is missing$/],
    [{ classNames: ["a", "b"] }, /model.classNames, one for each of 10 classes: current value is 2$/],
    [{ classnames: [] }, /about must be among recipe, .*: current value has "classnames"$/],
    [{ dataset: "foo" }, /dataset must be one of mnist, .*: current value is "foo"$/],
    [{ more: { command: 5 } }, /must have command, a text .*: current value is 5$/],
    [{ more: { x: 5n } }, /its config must be as JSON can hold it: .*BigInt/],
    [
      { more: { x: "x".repeat(2 ** 20) } },
      /its config must have at most 1048576 bytes: current value is \d+$/,
    ],
    [{ recipe: "é".repeat(200) }, /recipe must be a name of at most 200 bytes that can name a folder/],
    [
      { dataset: "kmnist", data: { dataset: "mnist" } },
      /dataset must be that of data: .* "kmnist", and "mnist"$/,
    ],
    [{ out: "" }, /out must be a folder: current value is ""$/],
  ];
  for (const [changes, message] of wrong) {
    await assert.rejects(Run.begin(trainer, { recipe: "a", root: folder, ...changes }), message);
  }
  await assert.rejects(
    Run.begin(any(undefined), { recipe: "a" }),
    /trainer must be a trainer, as compile\(\) makes it/,
  );
  await assert.rejects(
    Run.begin(trainer, { recipe: "a" }, any({ picturs: false })),
    /settings must be among pictures/,
  );
  assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
});

test("a run that was closed writes nothing, and a stopped run is resumed once", async (folder) => {
  const out = `${folder}/a`, settings = { pictures: false };
  await using trainer = await open();
  await Array.fromAsync(trainer.steps(4)); // a run may begin anywhere
  const run = await Run.begin(trainer, { recipe: "tiny", out }, settings);
  assert.deepEqual(run.remaining({ epochs: 3 }), { epochs: 2 });
  const state = await trainer.readState(), tally = new Tally().state();
  await assert.rejects(run.keep(state as never), /state must be the state that a loop gives/);
  for (
    const wrong of [{ slots: [] }, { parameters: new Float32Array(3) }, { tally: { ...tally, steps: 999 } }]
  ) {
    await assert.rejects(
      run.keep({ ...state, tally, ...wrong }),
      /state must be one of this training, 3 × \d+ numbers/,
    );
  }
  await assert.rejects(run.keep({ ...state, tally }, new Float32Array(5)), /state must be one of this/);
  await assert.rejects(run.keep({ ...state, tally }, [1] as never), /losses must be a Float32Array/);
  await run.keep({ ...state, tally }, Float32Array.of(1, 2));
  assert.deepEqual((await openMetrics(out)).losses, Float32Array.of(NaN, NaN, 1, 2)); // two are unknown
  await run.keep({ ...state, tally });
  assert.deepEqual((await openMetrics(out)).losses, Float32Array.of(1, 2, 1, 2).fill(NaN, 0, 2));
  await assert.rejects(run.report({ epoch: NaN }, {} as never), /epoch must be a whole number from 0 on/);
  await assert.rejects(run.end({ event: "x" } as never), /result must be among trainLoss/);
  run[Symbol.dispose]();
  for (
    const call of [() => run.keep({} as never), () => run.report({ epoch: 0 }, {} as never), () => run.end()]
  ) {
    await assert.rejects(call, /the run must be open: current value is disposed$/);
  }
  await using other = await open({ seed: 2 });
  await assert.rejects(Run.resume(await StoppedRun.open(out), other, settings), /its seed must be 1/);
  await using anyLength = await open({}, [null, 5]);
  await assert.rejects(
    Run.resume(await StoppedRun.open(out), anyLength, settings),
    /its T must be 6: current value is null$/,
  );
  using stopped = await StoppedRun.open(out); // the lock is free again
  assert.deepEqual(stopped.remaining({ epochs: 3 }), { epochs: 2 });
  assert.throws(() => stopped.remaining({ epochs: NaN }), /epochs must be a whole number from 0 on/);
  using resumed = await Run.resume(stopped, trainer, { ...settings, changes: { command: "again" } });
  assert.equal(resumed.config.command, "again");
  await assert.rejects(
    Run.resume(stopped, trainer, settings),
    /must be open: current value is resumed already/,
  );
  await assert.rejects(StoppedRun.open(""), /path must be the folder of a run: current value is ""$/);
});

test("changes at resume that would spoil the run are refused, and harm nothing", async (folder) => {
  await using trainer = await open();
  (await Run.begin(trainer, { recipe: "a", out: `${folder}/a` }, { pictures: false }))[Symbol.dispose]();
  for (const changes of [{ model: {} }, { command: 4 }, { training: trainer.config }, { recipe: 9 }]) {
    const stopped = await StoppedRun.open(`${folder}/a`);
    await assert.rejects(
      Run.resume(stopped, trainer, { changes: changes as never }),
      /^TypeError: Cannot resume the run: /,
    );
  }
  using stopped = await StoppedRun.open(`${folder}/a`);
  assert.deepEqual(stopped.notes, []);
});

test("a run draws pictures and tells of problems; its report names the model", async (folder) => {
  await using trainer = await open();
  const problems: string[] = [];
  using run = await Run.begin(trainer, { recipe: "tiny", out: `${folder}/a` }, {
    tensorboard: true,
    onProblem: (message) => problems.push(message),
  });
  await trainOn(run, trainer, 2);
  const { draw, line } = await run.end();
  await assert.rejects(run.end(), /Cannot end the run: the run must not have ended: current value is ended$/);
  assert.equal(await draw!(), true);
  assert.deepEqual(problems, []);
  assert.match(await Deno.readTextFile(`${folder}/a/report.html`), new RegExp(line.modelSha256 as string));
  assert.ok((await Deno.stat(`${folder}/a/tensorboard/test`)).isDirectory);
});

test("a run of before November 2026 opens, and goes on to the bit", async (folder) => {
  const { config, model } = await openRun(`${OLD_RUNS}trained`);
  const sha256 = "4778e83ab33e99ad9d4d36cfe0f58b4bee315d50c801ecbabeb9060a5260e6de";
  assert.equal(modelSha256(model), sha256);
  assert.equal(model.T, 6);
  assert.deepEqual(model.network.layers.map(({ kind }) => kind), ["lstm", "dropout", "lstm", "dense"]);
  assert.deepEqual([model.classNames[3], model.preparation], ["class 3", "none"]);
  assert.deepEqual(config.training, JSON.parse(JSON.stringify((await open()).config)));

  for (const part of ["config.json", "metrics.jsonl", "checkpoints/2.safetensors", "model/weights.bin"]) {
    await Deno.mkdir(`${folder}/a/${part}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.copyFile(`${OLD_RUNS}trained/${part}`, `${folder}/a/${part}`);
  }
  await using trainer = await open();
  using run = await Run.resume(await StoppedRun.open(`${folder}/a`), trainer, { pictures: false });
  await trainOn(run, trainer, 4);
  const { line } = await run.end();
  assert.equal(line.modelSha256, "57b6bf6a34ec42f36721476d472488007be6e1c7cc4e34bf91c8a5f13fc04cf8");
  assert.equal((await openRun(`${folder}/a`)).model.T, 6); // config.json has today's form now
  const { losses } = await openMetrics(`${folder}/a`); // it kept none
  assert.deepEqual([...losses].map(Number.isFinite), [false, false, true, true]);
});

test("an old import opens: its layers are in model.json alone", async () => {
  const { config, model } = await openRun(`${OLD_RUNS}imported`);
  assert.equal(modelSha256(model), "28a89c1322c64f247ed73d7a73b3dbfd59e985335dd277c476cdad0b253c2389");
  assert.deepEqual([config.training, model.T, model.network.layers[0].kind], [undefined, 6, "rnn"]);
  assert.deepEqual(config.data, { dataDir: "data/tiny", classes: 10 });
});

test("openModel() reads back what toSafetensors() wrote, and says what other files lack", async () => {
  const layer = { kind: "rnn", inputSize: 5, hiddenSize: 3, activation: "relu", dropout: 0.5 } as const;
  const network = createStack({ layers: [layer], classes: 2, biases: 2 });
  const sequence = { axis: "rows", range: [-1, 1] } as const;
  const trained = { network, T: 6, sequence, parameters: tinyParameters(network), classNames: ["no", "yes"] };
  await using model = await openModel(toSafetensors(trained), { device: "reference" });
  assert.deepEqual(model.trained, { ...trained, dataset: undefined, preparation: undefined });
  const bare = encodeSafetensors(decodeSafetensors(toSafetensors(trained)).tensors);
  await assert.rejects(
    openModel(bare),
    /^SyntaxError: .* as those of Scanline do \(`deno task import/,
  );
});
