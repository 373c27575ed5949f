import assert from "node:assert/strict";
import { finalFigures, isComplete, runSideBySide } from "../../scripts/repeat/processes.ts";
import { checkPassedOn, parseSeeds, passedValue, splitArguments } from "../../scripts/repeat/arguments.ts";
import { median, summarize } from "../../scripts/bench/statistics.ts";
import { type Outcome, parseLines, projectTest, runTaskScript, writeTinyTask } from "./tiny_project.ts";

Deno.test("splitArguments() passes on the arguments of the recipe", () => {
  const args = ["train-rnn", "--epochs", "2", "--seeds", "1..3", "--device=wasm", "--json", "--limit", "64"];
  assert.deepEqual(splitArguments(args), {
    own: ["train-rnn", "--seeds", "1..3", "--json"],
    passedOn: ["--epochs", "2", "--device=wasm", "--limit", "64"],
  });
  assert.deepEqual(splitArguments(["--seeds=4", "train-rnn"]), {
    own: ["--seeds=4"],
    passedOn: ["train-rnn"],
  });
  assert.deepEqual(splitArguments(["train-rnn", "--seeds"]).own, ["train-rnn", "--seeds"]);
});

Deno.test("checkPassedOn() rejects flags that must differ from run to run", () => {
  checkPassedOn(["--epochs", "2", "--device", "wasm"]);
  for (const args of [["--seed", "1"], ["--out=runs/x"], ["--epochs", "1", "--out", "x"]]) {
    assert.throws(() => checkPassedOn(args), /Cannot pass --(seed|out) on: it must differ from run to run/);
  }
});

Deno.test("passedValue() takes the last value, in both spellings", () => {
  assert.equal(passedValue(["--threads", "1", "--threads=2"], "--threads"), "2");
  assert.equal(passedValue(["--threads"], "--threads"), "");
  assert.equal(passedValue(["--epochs", "1"], "--threads"), null);
});

Deno.test("parseSeeds() takes ranges and lists, each seed once", () => {
  assert.deepEqual(parseSeeds("1..5"), [1, 2, 3, 4, 5]);
  assert.deepEqual(parseSeeds("7..7"), [7]);
  assert.deepEqual(parseSeeds("3,1,3,2017"), [3, 1, 2017]);
  for (
    const text of ["", "5..1", "1..", "a", "1,,2", "-1", "1.5", "1..5000", "4294967296", "1..99999999999"]
  ) {
    assert.throws(() => parseSeeds(text), /Cannot use --seeds: it must be a range like 1\.\.5/, text);
  }
});

Deno.test("summarize() and median() of a few figures", () => {
  assert.deepEqual(summarize([2, 4, 9]), { mean: 5, deviation: Math.sqrt(13), min: 2, max: 9 });
  assert.deepEqual(summarize([3]), { mean: 3, deviation: 0, min: 3, max: 3 });
  assert.equal(median([9, 1, 4]), 4);
  assert.equal(median([9, 1, 4, 5]), 4.5);
});

/** Runs jobs that last a number of turns; returns the threads of each, and the most threads that ran at a time. */
async function simulate(lasting: readonly number[], sharing: { cores: number; threads?: number }) {
  let busy = 0, most = 0;
  const threadsOf = await runSideBySide(lasting, sharing, async (turns, threads) => {
    busy += threads;
    most = Math.max(most, busy);
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
    busy -= threads;
    return threads;
  });
  return { threadsOf, most };
}

Deno.test("runSideBySide() fills the cores, and no more", async () => {
  assert.deepEqual(await simulate([3, 1, 5, 1, 1], { cores: 2 }), { threadsOf: [1, 1, 1, 1, 1], most: 2 });
  assert.deepEqual(await simulate([2], { cores: 4 }), { threadsOf: [4], most: 4 });
  assert.deepEqual(await simulate([2, 2, 2], { cores: 8 }), { threadsOf: [2, 3, 3], most: 8 });
  assert.deepEqual(await simulate([2, 2, 2], { cores: 4, threads: 2 }), { threadsOf: [2, 2, 2], most: 4 });
  assert.deepEqual(await simulate([2, 2], { cores: 2, threads: 3 }), { threadsOf: [3, 3], most: 3 });
  assert.deepEqual(await simulate([], { cores: 2 }), { threadsOf: [], most: 0 });
});

Deno.test("finalFigures() takes the figures of the end, and the others from the last report", () => {
  const lines = [
    { event: "start" },
    { event: "report", trainLoss: 2, testLoss: 2, testAccuracy: 0.2 },
    { event: "report", trainLoss: 1, testLoss: 1, testAccuracy: 0.5 },
    { event: "end", interrupted: false, testAccuracy: 0.4 },
  ];
  assert.deepEqual(finalFigures(lines), { trainLoss: 1, testLoss: 1, testAccuracy: 0.4 });
  assert.equal(isComplete(lines), true);
  assert.equal(isComplete(lines.slice(0, 3)), false);
  assert.equal(isComplete([{ event: "end", interrupted: true }]), false);
  assert.equal(isComplete([]), false);
});

/** `deno task repeat`, with a recipe that trains on tiny images. */
async function repeat(path: string, args: readonly string[]): Promise<Outcome> {
  await writeTinyTask(path);
  return await runTaskScript(path, "repeat", args);
}

projectTest("repeat trains with each seed, keeps each run, and prints a summary", async (path) => {
  const args = ["train-lstm-adam", "--seeds", "1..3", "--device", "wasm", "--steps", "4", "--no-pictures"];
  const { code, stdout, stderr } = await repeat(path, args);
  assert.equal(code, 0, stderr);
  const rows = parseLines(await Deno.readTextFile(`${path}/runs/repeat-train-lstm-adam.jsonl`));
  assert.deepEqual(rows.map(({ seed }) => seed).sort(), [1, 2, 3]);
  assert.equal(new Set(rows.map(({ modelSha256 }) => modelSha256)).size, 3);
  for (const { seed, run, flags, testAccuracy } of rows) {
    const { training } = JSON.parse(await Deno.readTextFile(`${path}/${run}/config.json`));
    assert.equal(training.seed, seed);
    assert.deepEqual(flags, ["--device", "wasm", "--steps", "4", "--no-pictures"]);
    assert(stdout.includes(`${seed}         ${(testAccuracy as number).toFixed(4)}`), stdout);
  }
  const { mean, deviation, min, max } = summarize(rows.map(({ testAccuracy }) => testAccuracy as number));
  const [m, d, least, most] = [mean, deviation, min, max].map((value) =>
    value.toFixed(4).replace(".", "\\.")
  );
  assert.match(stdout, new RegExp(`\n3 runs .*\ntest accuracy  ${m} ± ${d} +${least}  ${most}\ntest loss `));

  const again = parseLines((await repeat(path, [...args, "--json"])).stdout);
  const hashes = (lines: Record<string, unknown>[]) =>
    lines.filter(({ event }) => event !== "summary").map(({ modelSha256 }) => modelSha256).sort();
  assert.deepEqual(hashes(again), hashes(rows)); // the same bits; the rows were appended
  const kept = await Deno.readTextFile(`${path}/runs/repeat-train-lstm-adam.jsonl`);
  assert.equal(parseLines(kept).length, 6);
  assert.deepEqual(again.at(-1)!.testAccuracy, { mean, deviation, min, max });
});

projectTest(
  "repeat shows what the recipe says about a wrong flag, and rejects flags of its own",
  async (path) => {
    const flags = ["--seeds", "1..2", "--device", "wasm", "--epoch", "1"];
    const wrong = await repeat(path, ["train-lstm-adam", ...flags]);
    assert.equal(wrong.code, 2);
    assert.match(
      wrong.stderr,
      /^(Seeds 1, 2|Seed [12]) ended with exit code 2: Cannot use "--epoch": there is no such flag/,
    );
    assert.equal(wrong.stderr.match(/Cannot use/g)?.length, 1, wrong.stderr); // once for both

    const unknown = await repeat(path, ["train-all"]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /^Cannot repeat train-all: it must be one of train-rnn, /);
    const series = await repeat(path, ["train-series"]); // has no accuracy
    assert.match(series.stderr, /^Cannot repeat train-series: it must be one of [^]*, train-best\n/);

    const taken = await repeat(path, ["train-lstm-adam", "--out", "runs/x"]);
    assert.equal(taken.code, 2);
    assert.match(taken.stderr, /^Cannot pass --out on/);
  },
);
