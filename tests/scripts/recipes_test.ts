import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { modelSha256 } from "../../lib/model/hash.ts";
import { openRun } from "../../lib/run/folder.ts";
import { lacks, named } from "../support/permissions.ts";
import {
  makeProject,
  needs,
  type Outcome,
  parseLines,
  runScript,
  scriptCommand,
  TINY_FLAGS,
} from "./tiny_project.ts";

tf.enableProdMode();

const drawn = ["--data-dir", "data/tiny", "--device", "reference", "--batch-size", "8"];
const tiny = [...drawn, "--no-pictures"];

function test(name: string, fn: (path: string) => Promise<void>): void {
  Deno.test({
    name: named(name, needs),
    ignore: lacks(needs),
    fn: async () => {
      await using project = await makeProject();
      await fn(project.path);
    },
  });
}

function assertSuccess({ code, stderr }: Outcome): void {
  assert.equal(code, 0, stderr);
}

test("train_lstm prints what its source prints, and says where the run is", async (path) => {
  const outcome = await runScript(path, "train_lstm", [...tiny, "--epochs", "2"]);
  assertSuccess(outcome);
  const lines = outcome.stdout.split("\n");
  const epoch =
    /^Epoch \d\. Train Loss: \d\.\d{6}, Train Acc: [01]\.\d{6}, Valid Loss: \d\.\d{6}, Valid Acc: [01]\.\d{6}, Time 00:00:\d\d$/;
  assert.match(lines[0], epoch);
  assert.match(lines[1], epoch);
  assert.match(lines[3], /^saved {5}runs\/train-lstm\/\S+$/);
  assert.match(lines[4], /^sha256 {4}[0-9a-f]{64}$/);
  assert.match(lines[5], /^evaluate {2}deno task evaluate --model runs\/train-lstm\/\S+$/);
  assert.equal(
    outcome.stderr,
    [
      "Device: reference (plain loops in float64), as asked",
      "image 6 × 5, column by column   5 × 6",
      "LSTM, 100 units                 5 × 100   43,200 parameters",
      "LSTM, 100 units                 100       80,800 parameters",
      "dense, 10 classes               10         1,010 parameters",
      "                                         125,010 parameters",
      "",
    ].join("\n"),
  );
});

test("train_lstm_dropout prints what its source prints", async (path) => {
  const { stdout, ...rest } = await runScript(path, "train_lstm_dropout", [
    ...tiny,
    "--steps",
    "3",
    "--quiet",
  ]);
  assertSuccess({ stdout, ...rest });
  assert.equal(rest.stderr, "");
  const number = String.raw`\d\.\d{6}`;
  const report =
    `STEP 3: train_loss: ${number} train_acc: ${number} test_loss: ${number} test_acc: ${number}`;
  const end =
    `Train loss: ${number}\nTrain accuracy: ${number}\nTest loss: ${number}\nTest accuracy: ${number}`;
  assert.match(stdout, new RegExp(`^${report}\nTrain Done!\n-{30}\n${end}\n\nsaved`));
});

test("train_rnn prints what its source prints", async (path) => {
  const outcome = await runScript(path, "train_rnn", [...tiny, "--epochs", "1"]);
  assertSuccess(outcome);
  const epoch =
    /^0 Train Loss: \d\.\d{4} Train Acc: [01]\.\d{4}\n0 Test Loss: \d\.\d{4} Test Acc: [01]\.\d{4}\n\nsaved/;
  assert.match(outcome.stdout, epoch);
});

test("train_lstm_adam prints what its source prints", async (path) => {
  const args = [...tiny, "--epochs", "1", "--limit", "16", "--out", "runs/a"];
  const outcome = await runScript(path, "train_lstm_adam", args);
  assertSuccess(outcome);
  const [report, predicted, real, all] = outcome.stdout.split("\n");
  assert.match(report, /^Epoch: {2}0 \| train loss: \d\.\d{4} \| test accuracy: [01]\.\d\d$/);
  assert.match(predicted, /^\[\d( \d){9}\] prediction number$/);
  assert.match(real, /^\[\d( \d){9}\] real number$/);
  assert.match(all, /^Accuracy on all 13 test images: [01]\.\d{4}$/);
  // Printed is the loss of the last batch; kept, and drawn, is the mean of them all.
  const kept = JSON.parse((await Deno.readTextFile(`${path}/runs/a/metrics.jsonl`)).split("\n")[0]);
  assert.notEqual(kept.trainLoss.toFixed(4), report.match(/train loss: (\S+)/)![1]);
  assert.equal(kept.trainAccuracy * 16 % 1, 0);
  const { figures } = JSON.parse(await Deno.readTextFile(`${path}/runs/a/config.json`));
  assert.match(figures.train, /^mean over the 50 steps before each report \(\d+ images\), while/);
  assert.deepEqual([figures.test, figures.testImages], ["the first 13 test images at each report", 13]);
});

const loss = String.raw`\d+\.\d{4}`, percent = String.raw`\d+(\.\d+)?`;

/** What recipes print for two epochs of three steps on 24 images, and the 13 test images. */
const LINES: Readonly<Record<string, string>> = {
  train_gru: `Accuracy of the network on the 13 test images: ${percent} %\n`,
  train_bilstm: `Test Accuracy of the model on the 13 test images: ${percent} %\n`,
  train_mnist_rnn: [1, 2].map((epoch) =>
    `Train Epoch: ${epoch} \\[0/24 \\(0%\\)\\]\tLoss: \\d\\.\\d{6}\n` +
    `\nTest set: Average loss: ${loss}, Accuracy: \\d+/13 \\(\\d+%\\)\n\n`
  ).join(""),
  train_keras_guide: [1, 2].map((epoch) =>
    `Epoch ${epoch}/2\n3/3 ━{20} \\d+s \\d+ms/step - accuracy: ${loss} - loss: ${loss} - ` +
    `val_accuracy: ${loss} - val_loss: ${loss}\n`
  ).join(""),
  train_irnn:
    [1, 2].map((epoch) =>
      `Epoch ${epoch}/2\n24/24 \\[={30}\\] - \\d+s - loss: ${loss} - acc: ${loss} - val_loss: ${loss} - val_acc: ${loss}\n`
    ).join("") + "IRNN test score: \\d\\.\\d+\nIRNN test accuracy: \\d(\\.\\d+)?\n",
  train_pixels: [3, 6].map((step) =>
    `Log records from the iteration ${step}:\n` +
    ["train", "valid", "test"].map((split) =>
      `\t ${split}_cross_entropy: \\d+\\.\\d{6}\n\t ${split}_error_rate: \\d\\.\\d{6}\n`
    ).join("") + "\n"
  ).join(""),
  train_tanh_rnn: `Epoch: 1, Loss: ${loss}\nEpoch: 2, Loss: ${loss}\nTest Accuracy: ${loss}\n`,
  train_best: [1, 2].map((epoch) => {
    const splits = ["train", "validation", "test"].map((split) => `${split} loss ${loss}, accuracy ${loss}`);
    return `Epoch ${epoch}: ${splits.join("; ")}\n`;
  }).join(""),
};

for (const [script, lines] of Object.entries(LINES)) {
  test(`${script} prints what its source prints`, async (path) => {
    const outcome = await runScript(path, script, [...tiny, "--epochs", "2", "--quiet"]);
    assertSuccess(outcome);
    assert.match(outcome.stdout, new RegExp(`^${lines}\nsaved `));
  });
}

test("lines for every so many steps count within the epoch", async (path) => {
  const batches = await runScript(path, "train_mnist_rnn", [
    ...tiny,
    "--epochs",
    "2",
    "--batch-size",
    "2",
    "--units",
    "2",
  ]);
  assertSuccess(batches);
  assert.deepEqual(batches.stdout.match(/Train Epoch: .*\[\d+\/24/g), [
    ...["Train Epoch: 1 [0/24", "Train Epoch: 1 [20/24", "Train Epoch: 2 [0/24", "Train Epoch: 2 [20/24"],
  ]);
});

test("--patience ends a training that learns no more, and keeps the best weights", async (path) => {
  const flags = [
    "--epochs",
    "50",
    "--learning-rate",
    "0.05",
    "--validation",
    "6",
    "--patience",
    "2",
    "--out",
    "runs/a",
  ];
  const outcome = await runScript(path, "train_rnn", [...TINY_FLAGS, "--no-pictures", ...flags]);
  assertSuccess(outcome);
  const [, best] = outcome.stdout.match(/\nStopped early. Kept are the weights after (\d+) epochs?: /) ?? [];
  const losses = Array.from(
    outcome.stdout.matchAll(/Validation after \d+ epochs?: loss (\S+),/g),
    ([, x]) => Number(x),
  );
  assert.equal(losses.length, Number(best) + 2);
  assert.equal(Math.min(...losses), losses[Number(best) - 1]);
  const lines = parseLines(await Deno.readTextFile(`${path}/runs/a/metrics.jsonl`));
  assert.equal(lines.at(-1)!.testLoss, lines[Number(best) - 1].testLoss);
});

test("--json: nothing but objects on stdout, and the same figures in the folder", async (path) => {
  const outcome = await runScript(path, "train_rnn", [
    ...tiny,
    "--steps",
    "5",
    "--seed",
    "3",
    "--json",
    "--out",
    "runs/a",
  ]);
  assertSuccess(outcome);
  const [start, ...others] = parseLines(outcome.stdout);
  assert.deepEqual(
    { ...start, parameterCount: 0 },
    {
      event: "start",
      recipe: "train-rnn",
      run: "runs/a",
      device: "reference",
      deviceDetail: "plain loops in float64",
      threads: 1,
      seed: 3,
      parameterCount: 0,
    },
  );
  assert.equal(start.parameterCount, (5 + 128 + 2) * 128 + 129 * 10);
  assert.deepEqual(others.map(({ event }) => event), ["epoch", "epoch", "end"]); // of 3 steps, and of 2
  for (const epoch of others.slice(0, 2)) {
    for (const key of ["trainLoss", "trainAccuracy", "testLoss", "testAccuracy", "seconds"]) {
      assert.equal(typeof epoch[key], "number", key);
    }
  }
  const kept = await Deno.readTextFile(`${path}/runs/a/metrics.jsonl`);
  assert.deepEqual(parseLines(kept), others);

  const { config, model } = await openRun(`${path}/runs/a`);
  assert.equal(others[2].modelSha256, modelSha256(model));
  assert.equal(others[2].interrupted, false);
  assert.deepEqual(config.training!.images, { train: 24, validation: 0, test: 13 });
  assert.deepEqual([config.training!.seed, config.training!.batchSize, config.training!.initialize], [
    3,
    8,
    "pytorch",
  ]);
  assert.deepEqual(config.data, { dataDir: "data/tiny", classes: 10, firstLabel: 0 });
  assert.deepEqual([config.model.classNames, config.model.preparation], [[..."0123456789"], "none"]);
});

test("a recipe holds images out and reports by steps", async (path) => {
  const args = [...tiny, "--epochs", "1", "--json", "--out", "runs/a"];
  const outcome = await runScript(path, "train_lstm_dropout", args);
  assertSuccess(outcome);
  const [, report, end] = parseLines(outcome.stdout);
  assert.deepEqual([report.event, report.step, report.epoch], ["report", 3, 0]);
  assert.equal(end.step, 3); // 22 images in batches of 8, the last of which runs on
  assert.equal(typeof end.testAccuracy, "number");
  const { config } = await openRun(`${path}/runs/a`);
  assert.deepEqual(config.training!.images, { train: 22, validation: 2, test: 13 });
});

test("the same flags give the same bits, another seed others", async (path) => {
  const hashes = await Promise.all(["1", "1", "2"].map(async (seed, i) => {
    const args = [...tiny, "--steps", "2", "--seed", seed, "--json", "--out", `runs/${i}`];
    return parseLines((await runScript(path, "train_rnn", args)).stdout).at(-1)!.modelSha256;
  }));
  assert.equal(hashes[0], hashes[1]);
  assert.notEqual(hashes[0], hashes[2]);
});

test("--help explains every flag; wrong ones exit with 2 and name the valid ones", async (path) => {
  const cases: [string[], number, RegExp][] = [
    [
      ["--help"],
      0,
      /^Trains one ReLU RNN layer .*\n\nUsage: deno task train-rnn \[flags\]\n\n {2}--epochs N .*\(default 10\)/,
    ],
    [["--epoch", "3"], 2, /^Cannot use "--epoch": there is no such flag. Did you mean --epochs\?\n.*--help/],
    [
      ["--device", "gpu"],
      2,
      /^Cannot use --device: it must be one of auto, webgpu, wasm, reference: current value is "gpu"/,
    ],
    [["--epochs", "1", "--steps", "2"], 2, /^Cannot use --epochs and --steps/],
  ];
  await Promise.all(cases.map(async ([args, code, message]) => {
    const outcome = await runScript(path, "train_rnn", args);
    assert.equal(outcome.code, code);
    assert.match(code === 0 ? outcome.stdout : outcome.stderr, message);
    assert.equal(code === 0 ? outcome.stderr : outcome.stdout, "");
  }));
});

test("other errors are one message and exit with 1", async (path) => {
  await Deno.writeTextFile(`${path}/runs/full`, "");
  const cases: [string[], RegExp][] = [
    [["--data-dir", "data/none"], /^Cannot load .*data\/none.*\n$/],
    [
      ["--data-dir", `${path}/data/..`],
      /^Cannot read .*\n.*\n {2}deno run .* --allow-read=data,runs,lib,\S+ --allow-write=runs scripts\/train_rnn\.ts --data-dir \S+\n$/,
    ],
    [
      [...tiny, "--out", "data/tiny"],
      /^Cannot write .*data\/tiny.*\n.*\n {2}deno run .* --allow-write=runs,data\/tiny scripts/,
    ],
    [
      [...tiny, "--out", "runs"],
      /^Cannot write the run to runs: it must be empty: current value is \d entries\n$/,
    ],
    [[...tiny, "--threads", "2"], /^Cannot open the device reference: it has no option threads/],
    [
      [...tiny, "--learning-rate", "1e308"],
      /Cannot continue training: the loss must be finite: .* at step \d+ \(try a learning rate below .*, or those it began with\)\nThe last checkpoint before that is in runs\/train-rnn\/\S+\n$/,
    ],
  ];
  await Promise.all(cases.map(async ([args, message]) => {
    const { code, stdout, stderr } = await runScript(path, "train_rnn", args);
    assert.match(stderr.replace(/^Device(.*\n)+?.* parameters\n(?=Cannot)/, ""), message);
    assert.deepEqual([code, stdout], [1, ""]);
  }));
});

Deno.test({
  name: named("Ctrl-C ends after the running step, saves the model, and exits with 130", needs),
  ignore: lacks(needs) || Deno.build.os === "windows",
  fn: async () => {
    await using project = await makeProject();
    const args = [...tiny, "--epochs", "1000000", "--json", "--out", "runs/a"];
    const child = scriptCommand(project.path, "train_rnn", args).spawn();
    const stderr = new Response(child.stderr).text();
    let stdout = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      if (!stdout.includes('"epoch"') && (stdout + chunk).includes('"epoch"')) child.kill("SIGINT");
      stdout += chunk;
    }
    const { code } = await child.status;
    assert.equal(code, 130);
    assert.match(await stderr, /Stopping after the running step; Ctrl-C again exits at once\n$/);
    const end = parseLines(stdout).at(-1)!;
    assert.deepEqual([end.event, end.interrupted], ["end", true]);
    const { model } = await openRun(`${project.path}/runs/a`);
    assert.equal(modelSha256(model), end.modelSha256);
  },
});

test("a run draws its curves, structure, confusion, mistakes and readings, and writes a report", async (path) => {
  const outcome = await runScript(path, "train_rnn", [...drawn, "--epochs", "2", "--out", "runs/a"]);
  assertSuccess(outcome);
  assert.match(
    outcome.stdout,
    /\n\nThe first test images: label → taken for, how surely\n\n\d → \d \d+\.\d% {2}(.|\n)*\nsaved/,
  );
  assert.match(outcome.stdout, /\nreport {4}runs\/a\/report.html\n$/);

  const names = (await Array.fromAsync(Deno.readDir(`${path}/runs/a`), ({ name }) => name)).sort();
  const drawings = ["confusion", "curves", "readings", "structure"].flatMap((
    name,
  ) => [`${name}.png`, `${name}.svg`]);
  assert.deepEqual(
    names.filter((name) => /\.(png|svg|html)$/.test(name)),
    [...drawings, "mistakes.png", "report.html"].sort(),
  );
  for (const name of names.filter((name) => name.endsWith(".png"))) {
    const bytes = await Deno.readFile(`${path}/runs/a/${name}`);
    assert.equal(bytes.subarray(0, 8).toHex(), "89504e470d0a1a0a", name);
    assert(bytes.length > 5_000, `${name} has ${bytes.length} bytes`);
  }
  const report = await Deno.readTextFile(`${path}/runs/a/report.html`);
  assert.equal(report.match(/<svg /g)?.length, 5);
  assert.match(report, />test: all 13 test images, after the epoch</);
  assert.match(report, /, ended <[^>]*>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC</);
  assert.match(report, />after 2 epochs</);
  assert.match(report, /deno task train-rnn --epochs 2 .*--data-dir data\/tiny.* --device reference</);
  assert.doesNotMatch(report, /<script|<link|@import|url\(/);
  assert.deepEqual(report.match(/(src|href)="(?!data:)[^"]*"/g), null); // nothing that would have to be fetched

  const again = await runScript(path, "report", ["runs/a"]);
  assertSuccess(again);
  const [, end] = (await Deno.readTextFile(`${path}/runs/a/metrics.jsonl`)).trimEnd().split("\n").slice(-2);
  assert((await Deno.readTextFile(`${path}/runs/a/report.html`)).includes(JSON.parse(end).modelSha256));
});

test("--tensorboard writes event files of both kinds of images, --no-pictures nothing to look at", async (path) => {
  const outcome = await runScript(path, "train_rnn", [
    ...tiny,
    "--epochs",
    "2",
    "--tensorboard",
    "--out",
    "runs/a",
  ]);
  assertSuccess(outcome);
  assert.doesNotMatch(outcome.stdout, /report/);
  const names = await Array.fromAsync(Deno.readDir(`${path}/runs/a`), ({ name }) => name);
  assert.deepEqual(names.filter((name) => /\.(png|svg|html)$/.test(name)), []);
  for (const split of ["train", "test"]) {
    const files = await Array.fromAsync(
      Deno.readDir(`${path}/runs/a/tensorboard/${split}`),
      ({ name }) => name,
    );
    assert.match(files.join(), /^events\.out\.tfevents\.\d{10}\.scanline$/);
    const text = new TextDecoder().decode(
      await Deno.readFile(`${path}/runs/a/tensorboard/${split}/${files[0]}`),
    );
    assert.equal(text.match(/accuracy/g)?.length, 2);
  }
});

test("--json and pictures: nothing but objects on stdout", async (path) => {
  const outcome = await runScript(path, "train_rnn", [...drawn, "--steps", "1", "--json", "--quiet"]);
  assertSuccess(outcome);
  assert.deepEqual(parseLines(outcome.stdout).map(({ event }) => event), ["start", "epoch", "end"]);
  assert.equal(outcome.stderr, "");
});

test("plot compares runs in one picture", async (path) => {
  for (const [out, seed] of [["runs/a", "7"], ["runs/b", "8"]]) {
    const flags = ["--epochs", "2", "--seed", seed, "--out", out];
    assertSuccess(await runScript(path, "train_rnn", [...tiny, ...flags]));
  }
  const outcome = await runScript(path, "plot", ["runs/a", "runs/b/", "--out", "runs/ab"]);
  assertSuccess(outcome);
  assert.equal(outcome.stdout, "runs/ab.svg\nruns/ab.png\n");
  const svg = await Deno.readTextFile(`${path}/runs/ab.svg`);
  assert.match(svg, />seed 7<.*>seed 8</s);
  assert((await Deno.readFile(`${path}/runs/ab.png`)).length > 5_000);

  const none = await runScript(path, "plot", []);
  assert.deepEqual([none.code, none.stderr.split(":")[0]], [2, "Cannot start"]);
  const missing = await runScript(path, "plot", ["runs/c"]);
  assert.deepEqual([missing.code, missing.stderr.split(":")[0]], [1, "Cannot open the run"]);
});
