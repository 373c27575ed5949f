/**
 * The flags of every recipe: what they train is kept, resumed to the bit, and trained again by the command that is printed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { sha256 } from "../../lib/data/files.ts";
import { CheckpointFolder } from "../../lib/run/checkpoint_folder.ts";
import { parseLines, projectTest, runScript, TINY_FLAGS } from "./tiny_project.ts";

const TINY = [...TINY_FLAGS, "--no-pictures", "--quiet", "--json"];

/** All that can be changed, at once. */
const CHANGED = [
  ...["--cell", "gru", "--units", "6,5", "--bidirectional", "--last", "step", "--dropout", "0.25"],
  ...["--optimizer", "adamw", "--weight-decay", "0.1", "--schedule", "one-cycle:0.2", "--clip", "1"],
  ...["--label-smoothing", "0.1", "--shift", "1", "--rotate", "5", "--scale", "0.1"],
  ...["--axis", "columns", "--reversed", "--validation", "4", "--patience", "5"],
];

/** Trains, and returns the last line that was printed. */
async function train(path: string, script: string, ...flags: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runScript(path, script, [...TINY, ...flags]);
  assert.equal(code, 0, `${flags.join(" ")}\n${stderr}`);
  return parseLines(stdout).at(-1)!;
}

async function configOf(path: string, run: string) {
  return JSON.parse(await Deno.readTextFile(`${path}/${run}/config.json`));
}

projectTest("flags replace every part of a recipe, and config.json says what was trained", async (path) => {
  await train(path, "train_rnn", ...CHANGED, "--epochs", "2", "--out", "runs/a");
  const { model, training, flags } = await configOf(path, "runs/a");
  const gru = (hiddenSize: number) => ({
    kind: "bidirectional",
    merge: "concat",
    forward: { kind: "gru", hiddenSize, returnSequences: true, resetAfter: true },
  });
  assert.deepEqual(model.layers, [
    gru(6),
    { kind: "dropout", rate: 0.25 },
    gru(5),
    { kind: "last" },
    { kind: "dropout", rate: 0.25 },
    { kind: "dense", units: 10 },
  ]);
  assert.deepEqual(model.sequence, { axis: "columns", reversed: true, range: [0, 1] });
  const { optimizer, schedule, clip, labelSmoothing, augment, monitor, images } = training;
  assert.deepEqual([optimizer.kind, optimizer.learningRate, optimizer.weightDecay], ["adamw", 0.001, 0.1]);
  assert.deepEqual([schedule.kind, schedule.length, schedule.warmup], ["oneCycle", { epochs: 2 }, 0.2]);
  assert.deepEqual([clip, labelSmoothing, augment], [{ norm: 1 }, 0.1, { shift: 1, rotate: 5, scale: 0.1 }]);
  assert.deepEqual([monitor.patience, monitor.keepBest], [5, true]);
  assert.deepEqual(images, { train: 20, validation: 4, test: 13 });
  assert.deepEqual([flags.units, flags.bidirectional, flags["learning-rate"]], ["6,5", true, 0.001]);

  await train(path, "train_best", "--cell", "gru", "--validation", "4", "--steps", "1", "--out", "runs/gru");
  assert.equal((await configOf(path, "runs/gru")).training.forgetBias, undefined); // which only an LSTM has

  await train(path, "train_rnn", "--axis", "pixels", "--permuted", "--steps", "1", "--out", "runs/b");
  assert.deepEqual((await configOf(path, "runs/b")).model.sequence, {
    axis: "pixels",
    permutation: 1,
    range: [0, 1],
  });
});

projectTest("without flags a recipe is as it is written", async (path) => {
  await train(path, "train_best", "--steps", "2", "--out", "runs/a");
  const { model, training } = await configOf(path, "runs/a");
  const lstm = { kind: "lstm", hiddenSize: 64 };
  assert.deepEqual(model.layers, [{ ...lstm, returnSequences: true }, lstm, { kind: "dense", units: 10 }]);
  assert.deepEqual([training.schedule.kind, training.schedule.length], ["oneCycle", { steps: 2 }]);
  assert.deepEqual([training.augment.shift, training.images.validation], [2, 2]); // of 24 images
  await train(path, "train_lstm", "--steps", "1", "--out", "runs/b");
  const plain = (await configOf(path, "runs/b")).training;
  for (const name of ["schedule", "clip", "labelSmoothing", "augment", "monitor"]) {
    assert.equal(plain[name], undefined, name);
  }
});

projectTest("the printed command trains the same again, and a resumed run is the same too", async (path) => {
  const flags = [...CHANGED, "--epochs", "3"];
  const whole = await train(path, "train_rnn", ...flags, "--out", "runs/whole");
  const { command } = await configOf(path, "runs/whole");
  const words = command.replace("deno task train-rnn ", "").split(" ");
  const again = parseLines((await runScript(path, "train_rnn", [...words, "--no-pictures", "--json"])).stdout)
    .at(-1)!;
  assert.equal(again.modelSha256, whole.modelSha256);

  await train(path, "train_rnn", ...flags, "--out", "runs/a");
  const checkpoints = `${path}/runs/a/checkpoints`;
  await Deno.remove(`${checkpoints}/9.safetensors`); // as if killed before it was there
  const resumed = await runScript(path, "train_rnn", [
    "--resume",
    "runs/a",
    "--no-pictures",
    "--json",
    ...CHANGED,
  ]);
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.equal(parseLines(resumed.stdout).at(-1)!.modelSha256, whole.modelSha256);
});

projectTest("--resume refuses every flag that would make it another training", async (path) => {
  await train(path, "train_rnn", "--epochs", "1", "--out", "runs/a");
  const refused: [string[], RegExp][] = [
    [["--cell", "lstm"], /another --cell, .* must be rnn: current value is lstm/],
    [["--units", "64"], /another --units, .* must be 128: current value is 64/],
    [["--bidirectional"], /another --bidirectional, .* must be false: current value is true/],
    [["--dropout", "0.1"], /another --dropout, .* must be 0: current value is 0.1/],
    [["--optimizer", "sgd"], /another --optimizer, .* must be rmsprop: current value is sgd/],
    [["--schedule", "cosine"], /another --schedule, .* must be none: current value is cosine/],
    [["--clip", "1"], /another --clip, .* must be none: current value is 1/],
    [["--shift", "1"], /another --shift, .* must be 0: current value is 1/],
    [["--permuted"], /another --permuted, /],
    [["--validation", "3"], /another --validation, .* must be left out: current value is 3/],
    [["--patience", "3"], /another --patience, .* must be left out: current value is 3/],
    [["--start-from", "runs/a"], /another --start-from, .* must be left out: current value is runs\/a/],
  ];
  for (const [flags, message] of refused) {
    const { code, stderr } = await runScript(path, "train_rnn", ["--resume", "runs/a", ...flags]);
    assert.match(stderr, message);
    assert.equal(code, 2, flags.join(" "));
  }
});

projectTest("--resume refuses a length over which the learning rate does not change", async (path) => {
  await train(path, "train_best", "--units", "3", "--epochs", "2", "--out", "runs/a");
  const before = await configOf(path, "runs/a");
  for (const [flags, asked] of [[["--epochs", "3"], "3 epochs"], [["--steps", "9"], "9 steps"]] as const) {
    const { code, stderr } = await runScript(path, "train_best", ["--resume", "runs/a", ...flags]);
    assert.equal(
      stderr.split("\n")[0],
      `Cannot resume runs/a with another length: it must be 2 epochs, over which its learning rate changes: ` +
        `current value is ${asked}`,
    );
    assert.equal(code, 2);
  }
  assert.deepEqual(await configOf(path, "runs/a"), before);
  const same = await runScript(path, "train_best", ["--resume", "runs/a", "--epochs", "2", "--no-pictures"]);
  assert.equal(same.code, 0, same.stderr);
});

projectTest(
  "--resume takes runs of older versions, without flags, and no flags that mean nothing",
  async (path) => {
    await train(path, "train_rnn", "--epochs", "2", "--seed", "7", "--out", "runs/whole");
    await train(path, "train_rnn", "--epochs", "1", "--seed", "7", "--out", "runs/a");
    const resume = () =>
      runScript(path, "train_rnn", ["--resume", "runs/a", "--epochs", "2", "--no-pictures"]);
    const wrong: [unknown, RegExp][] = [
      [
        { cell: "x" },
        /^Cannot resume runs\/a: its config.json must have flags of the recipe: Cannot use --cell: /,
      ],
      [
        { unit: 3 },
        /^Cannot resume runs\/a: .*: Cannot use "--unit": there is no such flag. Did you mean --units\?/,
      ],
      [{ clip: [1] }, /^Cannot resume runs\/a: .*: clip must be a text or a number: current value is \[1\]/],
      [{ json: { "\x1b[31m": 1 } }, /^Cannot resume runs\/a: .*: json must be a text or a number: /],
    ];
    for (const [flags, message] of wrong) {
      await keepFlags(`${path}/runs/a`, flags);
      const { code, stderr } = await resume();
      assert.match(stderr, message);
      assert.equal(code, 1);
    }
    await keepFlags(`${path}/runs/a`, undefined);
    const resumed = await resume();
    assert.equal(resumed.code, 0, resumed.stderr);
    const [whole, a] = await Promise.all(
      ["whole", "a"].map((run) => Deno.readFile(`${path}/runs/${run}/model/weights.bin`)),
    );
    assert.deepEqual(a, whole);
  },
);

/** Replaces the flags that the last checkpoint of a run keeps. */
async function keepFlags(run: string, flags: unknown): Promise<void> {
  using folder = await CheckpointFolder.open(run);
  const { checkpoint } = await folder.latest();
  await folder.save({ ...checkpoint, config: { ...checkpoint.config, flags } as typeof checkpoint.config });
}

projectTest("flags that mean nothing, or nothing together, are one message", async (path) => {
  const wrong: [string[], RegExp][] = [
    [["--units", "64,"], /^Cannot use --units: /],
    [["--schedule", "linear"], /^Cannot use --schedule: /],
    [["--clip", "norm"], /^Cannot use --clip: /],
    [["--weight-decay", "0.1"], /^Cannot use --weight-decay: --optimizer must be adamw/],
    [["--permutation", "3"], /^Cannot use --permutation: --axis must be pixels, .*: current value is rows/],
    [["--patience", "3"], /^Cannot use --patience alone: --validation must say/],
    [
      ["--dropout", "1"],
      /^Cannot use --dropout: it must be a number of at least 0 and below 1: current value is "1"/,
    ],
    [["--cell", "ltsm"], /^Cannot use --cell: .*\(did you mean lstm\?\)/],
    [["--rotate", "200"], /^Cannot use --rotate: it must be a number from 0 to 45: current value is "200"\n/],
    [
      ["--scale", "2"],
      /^Cannot use --scale: it must be a number of at least 0 and below 1: current value is "2"/,
    ],
    [["--axis", "pixels", "--permuted", "--permutation", "2"], /^Cannot use --permuted and --permutation: /],
    [["--last", "step"], /^Cannot use --last step: the layers must be bidirectional \(--bidirectional makes/],
    [
      [...TINY, "--shift", "5"],
      /^Cannot use --shift: it must be less than the images are high and wide, 6 × 5: current value is 5\n/,
    ],
    [
      [...TINY, "--limit", "9", "--validation", "9"],
      /^Cannot use --validation: it must be less than all of the 9 training images: current value is 9\n/,
    ],
  ];
  await Promise.all(wrong.map(async ([flags, message]) => {
    const { code, stdout, stderr } = await runScript(path, "train_rnn", flags);
    assert.match(stderr, message);
    assert.deepEqual([code, stdout], [2, ""]);
  }));
  const { code, stderr } = await runScript(path, "train_best", [...TINY, "--limit", "1"]);
  assert.match(
    stderr,
    /^Cannot hold out images: the training images must be at least 12, .*: current value is 1 \(/,
  );
  assert.equal(code, 2);
});

projectTest("--start-from begins with the weights of a run, whose shapes must fit", async (path) => {
  await train(path, "train_rnn", "--epochs", "2", "--out", "runs/train-rnn/2026-01-01T00-00-00");
  const still = ["--start-from", "train-rnn", "--learning-rate", "1e-30", "--steps", "1"];
  await train(path, "train_rnn", ...still, "--seed", "9", "--out", "runs/b");
  const [theirs, ours] = await Promise.all(
    ["train-rnn/2026-01-01T00-00-00", "b"].map(async (run) =>
      sha256(await Deno.readFile(`${path}/runs/${run}/model/weights.bin`))
    ),
  );
  assert.equal(ours, theirs);
  const { training, startedFrom, command } = await configOf(path, "runs/b");
  assert.equal(training.initialize, null);
  assert.equal(startedFrom.run, "runs/train-rnn/2026-01-01T00-00-00");
  assert.match(command, / --start-from runs\/train-rnn\/2026-01-01T00-00-00 /);

  const other = await runScript(path, "train_rnn", [...TINY, ...still, "--units", "7"]);
  assert.equal(other.code, 2);
  assert.match(
    other.stderr,
    /Cannot start from runs\/train-rnn\/2026-01-01T00-00-00: its weights must have the shapes of this network's, 5×7, .*: current value is 5×128, .* \(its config.json says/,
  );
  const folder = await runScript(path, "train_rnn", [...TINY, "--start-from", "runs/train-rnn"]);
  assert.match(
    folder.stderr,
    /^Cannot find the run runs\/train-rnn: it must be a recipe, or one of its runs: /,
  );
});

projectTest("weights that fit into no memory are refused before any are drawn", async (path) => {
  for (const units of ["20000", "65536"]) {
    const flags = [...TINY, "--cell", "lstm", "--units", units, "--out", "runs/large"];
    const { stderr, stdout } = await runScript(path, "train_rnn", flags);
    assert.match(stderr, /^Cannot .*weights must fit into .*fewer units take less/);
    assert.equal(stdout, "");
    assert.equal(await Deno.stat(`${path}/runs/large`).catch(() => null), null);
  }
});

projectTest("export says which layers TensorFlow.js alone does not know", async (path) => {
  const own: [string[], string][] = [
    [["--cell", "gru"], "GRUResetAfter"],
    [["--cell", "gru", "--bidirectional", "--last", "step"], "GRUResetAfter and LastStep"],
    [["--bidirectional"], ""],
  ];
  for (const [index, [flags, names]] of own.entries()) {
    await train(path, "train_rnn", "--units", "3", ...flags, "--steps", "1", "--out", `runs/${index}`);
    const { code, stderr } = await runScript(path, "export", [
      "--model",
      `runs/${index}`,
      "--format",
      "tfjs",
    ]);
    const said = names &&
      `TensorFlow.js alone does not know ${names}: a program that loads this model must import Scanline too\n`;
    assert.deepEqual([code, stderr], [0, said]);
  }
});
