import assert from "node:assert/strict";
import { testUnless } from "../engines/test_unless.ts";
import { lacks } from "../support/permissions.ts";
import { mayVary, parsePassedOn, splitArguments } from "../../scripts/sweep/arguments.ts";
import { combine, parseDimension } from "../../scripts/sweep/combinations.ts";
import type { KeptFlags } from "../../scripts/recipe/config.ts";
import { planSweep } from "../../scripts/sweep/plan.ts";
import { RECIPES } from "../../scripts/sweep/processes.ts";
import { SWITCHED_ON } from "../../scripts/sweep/recipe_flags.ts";
import { divergence, parseResult, toResult } from "../../scripts/sweep/results.ts";
import { summarizeSweep, type Trained } from "../../scripts/sweep/summary.ts";
import { formatSweep } from "../../scripts/sweep/table.ts";
import { keyOf, planTrainings } from "../../scripts/sweep/training.ts";
import { checkoutTest, runTask, taskProgram, TINY_SWEEP } from "./checkout.ts";
import { parseLines } from "./tiny_project.ts";

const NO_FILES = lacks([{ name: "read" }, { name: "write" }]) ? "may not read and write files" : undefined;

const OWN = {
  recipe: { kind: "operands", placeholder: "RECIPE", least: 1, help: "" },
  seeds: { kind: "text", placeholder: "A..B", help: "" },
  grid: { kind: "text", placeholder: "GRID", help: "" },
  json: { kind: "switch", help: "" },
} as const;

Deno.test("splitArguments() passes on the arguments of the recipe, and gathers what may be given several times", () => {
  const args =
    "train-rnn --epochs 2 --seeds 1..3 --grid units=8 --device=wasm --json --grid=dropout=0,.5 --limit 64";
  assert.deepEqual(splitArguments(args.split(" "), OWN, ["grid"]), {
    own: ["train-rnn", "--seeds", "1..3", "--json"],
    passedOn: ["--epochs", "2", "--device=wasm", "--limit", "64"],
    values: ["units=8", "dropout=0,.5"],
  });
  assert.deepEqual(splitArguments(["--seeds=4", "train-rnn"], OWN).passedOn, ["train-rnn"]);
  assert.deepEqual(splitArguments(["train-rnn", "--seeds"], OWN).own, ["train-rnn", "--seeds"]);
});

Deno.test("parsePassedOn() takes the flags of a recipe, but none that must differ from run to run", () => {
  assert.deepEqual(parsePassedOn(["--epochs", "2", "--reversed"]), { epochs: 2, reversed: true });
  for (const args of [["--seed", "1"], ["--out=runs/x"], ["--epochs", "1", "--resume", "x"]]) {
    assert.throws(
      () => parsePassedOn(args),
      /Cannot pass --(seed|out|resume) on: it must differ from run to run/,
    );
  }
  assert.throws(() => parsePassedOn(["--batch", "1"]), /Did you mean --batch-size/);
});

Deno.test("parseDimension() takes what the flag itself takes", () => {
  assert.deepEqual(parseDimension("learning-rate=.003,3e-3,.01"), {
    name: "learning-rate",
    values: [0.003, 0.01],
  });
  assert.deepEqual(parseDimension("units=64,64;128"), { name: "units", values: ["64,64", "128"] });
  assert.deepEqual(parseDimension("bidirectional=no,yes"), { name: "bidirectional", values: [false, true] });
  assert.deepEqual(parseDimension("batch-size=16..64"), { name: "batch-size", range: [16, 64] });
  const wrong = {
    "units": /it must be a flag and its values, like learning-rate/,
    "unit=64": /Cannot use --grid unit: .*\(did you mean units\?\)/,
    "zzz=1": /Cannot use --grid zzz: .*; these may: epochs, /,
    "data-dir=data/a,data/b": /Cannot use --grid data-dir: its files must be the same for all trainings/,
    "start-from=latest": /Cannot use --grid start-from: its files must be the same for all trainings/,
    "seed=1,2": /--seeds takes the seeds/,
    "threads=1,2": /must be a flag of the recipe that changes what is trained/,
    "learning-rate=0,1": /Cannot use --learning-rate: it must be a positive number: current value is "0"/,
    "cell=gru,lsmt": /did you mean lstm/,
    "bidirectional=true": /must be yes or no/,
    "learning-rate=1..0.1": /its range must rise/,
    "units=1..3": /Cannot use --grid units: it must be a list, like 64,128: current value is "1..3"/,
    "epochs=": /it must be a whole number/,
  };
  for (const [text, message] of Object.entries(wrong)) {
    assert.throws(() => parseDimension(text), message, text);
  }
  assert.deepEqual(["units", "device", "out", "tune", "seed", "constructor"].map(mayVary), [
    ...[true, true, false, false, false, false],
  ]);
});

Deno.test("combine() makes all combinations of lists, and draws the same ones each time", () => {
  const units = parseDimension("units=8,16"), rate = parseDimension("learning-rate=.001..0.1");
  assert.deepEqual(combine([]), [{}]);
  assert.deepEqual(combine([units, parseDimension("reversed=no,yes")]), [
    { units: "8", reversed: false },
    { units: "8", reversed: true },
    { units: "16", reversed: false },
    { units: "16", reversed: true },
  ]);
  const drawn = combine([rate, units], { random: 300 });
  assert.deepEqual(combine([rate, units], { random: 300 }), drawn);
  assert.notDeepEqual(combine([rate, units], { random: 300, seed: 2 }), drawn);
  assert.deepEqual(combine([rate], { random: 5 }).map((one) => one["learning-rate"]), [
    ...drawn.slice(0, 5).map((one) => one["learning-rate"]), // whatever else is drawn
  ]);
  const rates = drawn.map((one) => one["learning-rate"] as number);
  assert.ok(rates.every((rate) => rate >= 0.001 && rate <= 0.1));
  const low = rates.filter((rate) => rate < 0.01).length; // half of them, log-uniformly: 150 ± 4 deviations
  assert.ok(low > 115 && low < 185, `${low} of 300`);
  assert.ok(drawn.every(({ units }) => units === "8" || units === "16"));
  assert.equal(combine([units], { random: 9 }).length, 2); // there are no more
  assert.throws(() => combine([rate]), /without --random N it must be a list/);
  assert.throws(() => combine([], { random: 2 }), /--grid must say what to draw from/);
  assert.throws(() => combine([units, units]), /Cannot use --grid units twice/);
});

const common = { recipe: "train-rnn", flags: { epochs: 2, threads: 1 }, version: "v", inputs: "" };

Deno.test("a training's key depends on recipe, flags, seed, code and files, and on nothing else", () => {
  const [one] = planTrainings(common, [{ units: "8" }], [1]);
  const keyWith = (other: object, combination = {}, seed = 1) =>
    planTrainings({ ...common, ...other }, [{ units: "8", ...combination }], [seed])[0].key;
  assert.deepEqual(one.flags, { epochs: 2, units: "8" });
  assert.equal(keyOf(one, common), one.key);
  assert.match(one.key, /^[0-9a-f]{16}$/);
  assert.equal(keyWith({ flags: { threads: 2, epochs: 2 } }), one.key);
  assert.equal(keyWith({}, { reversed: false }), one.key); // as if it were not said
  const others = [
    keyWith({ recipe: "train-gru" }),
    keyWith({ flags: { epochs: 3 } }),
    keyWith({ version: "w" }),
    keyWith({ inputs: "x" }),
    keyWith({}, { units: "9" }),
    keyWith({}, {}, 2),
  ];
  assert.equal(new Set([...others, one.key]).size, 7);
});

testUnless(NO_FILES, "planSweep() refuses to vary a switch that the recipe itself turns on", async () => {
  const dimensions = [parseDimension("bidirectional=yes,no")], settle = (flags: KeptFlags) => flags;
  const plan = (recipe: string) => planSweep(recipe, {}, { seeds: [1], dimensions, settle });
  await assert.rejects(
    plan("train-bilstm"),
    /Cannot use --grid bidirectional: the recipe must leave it open: current value is yes/,
  );
  assert.equal((await plan("train-lstm")).trainings.length, 2);
  for (const recipe of RECIPES) {
    const source = new URL(`../../scripts/${recipe.replaceAll("-", "_")}.ts`, import.meta.url);
    const found = [...(await Deno.readTextFile(source)).matchAll(/\b(bidirectional|reversed): true/g)];
    assert.deepEqual(found.map(([, name]) => name), SWITCHED_ON[recipe] ?? [], recipe);
  }
});

/** Trainings with these accuracies, one a seed. */
function trainedWith(
  combination: object,
  accuracies: readonly (number | null)[],
  validation = false,
): Trained[] {
  const trainings = planTrainings(
    common,
    [combination as Record<string, string>],
    accuracies.map((_, i) => i),
  );
  return trainings.map((training, i) => {
    const accuracy = accuracies[i], { key } = training;
    const figures = {
      testLoss: 1,
      testAccuracy: accuracy ?? 0,
      ...(validation && { validationAccuracy: 1 - accuracy! }),
    };
    const result = {
      key,
      device: "wasm",
      seconds: 2,
      run: "r",
      modelSha256: accuracy === null ? null : "0".repeat(64),
    };
    return {
      training,
      result: accuracy === null ? { ...result, figures: {}, failure: "no" } : { ...result, figures },
    };
  });
}

Deno.test("summarizeSweep() sorts settings, and tells effects from the spread over seeds", () => {
  const trained = [
    ...trainedWith({ units: "16", cell: "rnn" }, [0.5, 0.7]),
    ...trainedWith({ units: "8", cell: "rnn" }, [0.4, 0.4]),
    ...trainedWith({ units: "16", cell: "gru" }, [0.9, null]),
    ...trainedWith({ units: "8", cell: "gru" }, [0.8, 0.8]),
  ];
  const summary = summarizeSweep(trained);
  assert.equal(summary.judge, "testAccuracy");
  const order = summary.settings.map(({ combination }) => `${combination.units} ${combination.cell}`);
  assert.deepEqual(order, ["8 gru", "16 rnn", "8 rnn", "16 gru"]); // half of the last has no model
  assert.equal(summary.spread?.toFixed(6), Math.sqrt(0.02 / 3).toFixed(6));
  const [units, cell] = summary.effects;
  assert.deepEqual(units.values.map(({ label, mean, trainings }) => [label, mean.toFixed(3), trainings]), [
    ["8", "0.600", 4],
    ["16", "0.700", 3],
  ]);
  assert.equal(cell.size.toFixed(4), (2.5 / 3 - 0.5).toFixed(4));
  const text = formatSweep(summary).join("\n");
  assert.match(text, /^By test accuracy, mean ± standard deviation over seeds:\n/);
  assert.match(text, /\n16 +gru +0\.9000 ± 0\.0000 .* 2, 1 diverged\n/);
  assert.match(text, /\nBest: units 8, cell gru\nEffect of units: 0\.1000 \(8: 0\.6000, 16: 0\.7000\)\n/);

  const held = summarizeSweep([
    ...trainedWith({ units: "8" }, [0.2], true),
    ...trainedWith({ units: "9" }, [0.3], true),
  ]);
  assert.equal(held.judge, "validationAccuracy");
  assert.deepEqual(held.settings.map(({ combination }) => combination.units), ["8", "9"]);
  assert.equal(held.spread, null);
  assert.match(formatSweep(held).join("\n"), /By validation accuracy[^]*unknown with one seed/);

  const many = summarizeSweep(
    Array.from({ length: 9 }, (_, i) => trainedWith({ limit: i + 1 }, [i / 10])).flat(),
  );
  assert.deepEqual(many.effects[0].values.map(({ label }) => label), ["1..3", "4..6", "7..9"]);
});

Deno.test("a result holds the figures of the weights that were kept, and is checked when it is read", () => {
  const about = { key: "k", device: "wasm", seconds: 1 };
  const lines = [
    { event: "epoch", epoch: 0, validationAccuracy: 0.7, validationLoss: 1, testAccuracy: 0.6 },
    { event: "epoch", epoch: 1, validationAccuracy: 0.5, validationLoss: 2, testAccuracy: 0.4 },
    { event: "end", interrupted: false, bestEpoch: 0, testAccuracy: 0.6, modelSha256: "a".repeat(64) },
  ];
  const result = toResult(lines, about);
  assert.deepEqual(result.figures, { testAccuracy: 0.6, validationAccuracy: 0.7, validationLoss: 1 });
  assert.deepEqual(
    parseResult(JSON.stringify(result), "k"),
    JSON.parse(JSON.stringify(result)),
  );
  const wrong = [
    { key: "other" },
    { device: 1 },
    { seconds: -1 },
    { modelSha256: "x" },
    { modelSha256: null },
    { figures: { testAccuracy: "1" } },
    { figures: {} },
  ];
  for (const change of wrong) {
    assert.throws(
      () => parseResult(JSON.stringify({ ...result, ...change }), "k"),
      /Cannot read the result k/,
    );
  }
  for (const text of ["null", "[]", "", "{"]) assert.throws(() => parseResult(text, "k"), SyntaxError);
  assert.equal(
    divergence(
      "ended with exit code 1: Cannot continue training: the loss must be finite: current value is NaN at step 3 (try",
    ),
    "the loss must be finite: current value is NaN at step 3",
  );
  assert.equal(divergence("ended with exit code 1: Cannot write runs/x: the disk is full"), null);
});

const GRID = ["train-lstm-adam", ...TINY_SWEEP, "--seeds", "1..2", "--grid", "units=3,4"];

checkoutTest("sweep trains all combinations, once, and shows which are best", async (path) => {
  const planned = await runTask(path, "sweep", [...GRID, "--dry-run"]);
  assert.equal(planned.code, 0, planned.stderr);
  assert.match(
    planned.stdout,
    /^units 3, seed 1\nunits 3, seed 2\nunits 4, seed 1\nunits 4, seed 2\n4 trainings, 0 of them done\n$/,
  );
  assert.deepEqual(await Array.fromAsync(Deno.readDir(`${path}/runs`)), []);

  const first = await runTask(path, "sweep", [...GRID, "--json"]);
  assert.equal(first.code, 0, first.stderr);
  const lines = parseLines(first.stdout), trained = lines.slice(0, -1);
  assert.equal(new Set(trained.map(({ modelSha256 }) => modelSha256)).size, 4);
  assert.deepEqual(
    trained.map(({ combination, seed }) => `${(combination as { units: string }).units} ${seed}`).sort(),
    [
      ...["3 1", "3 2", "4 1", "4 2"],
    ],
  );
  assert.match(
    await Deno.readTextFile(`${path}/runs/sweeps/train-lstm-adam/sweep.svg`),
    /test accuracy against units/,
  );
  for (const { run, modelSha256, seed, combination } of trained) { // the same as without a sweep
    if (seed !== 1) continue;
    const { units } = combination as { units: string };
    const plain = await runTask(path, "train-lstm-adam", [
      ...[...TINY_SWEEP, "--seed", "1", "--units", units, "--no-pictures", "--json"],
    ]);
    assert.equal(parseLines(plain.stdout).at(-1)!.modelSha256, modelSha256, String(run));
  }

  const wider = [...GRID.slice(0, -1), "units=3,5", "--name", "wider"]; // what another sweep has trained is found there
  const second = await runTask(path, "sweep", [...wider, "--json"]);
  const again = parseLines(second.stdout).slice(0, -1);
  const known = again.filter(({ run }) => String(run).startsWith("runs/sweeps/train-lstm-adam/"));
  assert.equal(known.length, 2, second.stdout);
  assert.equal(again.length, 4);

  const [{ run, modelSha256 }] = trained, metrics = `${path}/${run}/metrics.jsonl`; // a run that lies is trained again
  const lying = (await Deno.readTextFile(metrics)).replaceAll(String(modelSha256), "0".repeat(64));
  await Deno.writeTextFile(metrics, lying);
  await Deno.remove(`${path}/${run}/training.json`);
  const mended = parseLines((await runTask(path, "sweep", [...GRID, "--json"])).stdout);
  assert.equal(mended.find((line) => line.run === run)?.modelSha256, modelSha256);

  await Deno.writeTextFile(`${path}/lib/random.ts`, "\n// another version\n", { append: true });
  const other = await runTask(path, "sweep", [...GRID, "--dry-run"]);
  assert.match(other.stdout, /4 trainings, 0 of them done\n$/);
});

checkoutTest(
  "a killed sweep continues where it was, and waits for the recipes that it left running",
  async (path) => {
    const flags = [...TINY_SWEEP, "--steps", "300"];
    const args = ["train-lstm-adam", ...flags, "--seeds", "1..3", "--json"];
    const child = taskProgram(path, "sweep", args).spawn();
    const timer = setTimeout(() => child.kill("SIGKILL"), 1500 + Date.now() % 1000);
    const { stdout } = await child.output();
    clearTimeout(timer);
    const before = new TextDecoder().decode(stdout).split("\n").filter((line) => line.endsWith("}"));

    const last = await runTask(path, "sweep", args);
    assert.equal(last.code, 0, last.stderr);
    const trained = parseLines(last.stdout).slice(0, -1);
    const hashes = new Map(trained.map(({ seed, modelSha256 }) => [seed, modelSha256]));
    assert.deepEqual([...hashes.keys()].sort(), [1, 2, 3]);
    for (const { seed, modelSha256 } of before.map((line) => JSON.parse(line))) {
      assert.equal(hashes.get(seed), modelSha256);
    }
    const plain = await runTask(path, "train-lstm-adam", [
      ...flags,
      "--seed",
      "1",
      "--no-pictures",
      "--json",
    ]);
    assert.equal(parseLines(plain.stdout).at(-1)!.modelSha256, hashes.get(1));
  },
);

checkoutTest(
  "a training whose loss does not stay finite is a result, not the end of the sweep",
  async (path) => {
    const rate = ["--optimizer", "sgd", "--grid", "learning-rate=0.1,1e30", "--seeds", "1"];
    const { code, stdout, stderr } = await runTask(path, "sweep", ["train-rnn", ...TINY_SWEEP, ...rate]);
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /learning-rate 1e\+30, seed 1: the loss must be finite: current value is \w+ at step \d/,
    );
    assert.match(stdout, /\n1e\+30 +– .* 1, 1 diverged\n/);
  },
);

checkoutTest("settings that no recipe can train are told of, and all others are trained", async (path) => {
  const flags = ["--seeds", "1..2", "--grid", "optimizer=sgd,adam,adamw", "--weight-decay", ".1"];
  const { code, stdout, stderr } = await runTask(path, "sweep", ["train-rnn", ...TINY_SWEEP, ...flags]);
  assert.equal(code, 2, stderr);
  assert.match(stdout, /optimizer adamw, seed 2: test accuracy/);
  assert.match(stderr, /\nNot trained: 4 of 6 runs\n/);
});
