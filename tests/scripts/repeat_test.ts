import assert from "node:assert/strict";
import { finalFigures, isComplete, runSideBySide } from "../../scripts/sweep/processes.ts";
import { parseSeeds } from "../../scripts/sweep/arguments.ts";
import { median, summarize } from "../../scripts/bench/statistics.ts";
import { checkoutTest, runTask, TINY_SWEEP } from "./checkout.ts";
import { parseLines } from "./tiny_project.ts";

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

checkoutTest("repeat trains with each seed, keeps each run, and prints a summary", async (path) => {
  const args = ["train-lstm-adam", "--seeds", "1..3", ...TINY_SWEEP];
  const { code, stdout, stderr } = await runTask(path, "repeat", args);
  assert.equal(code, 0, stderr);
  const again = await runTask(path, "repeat", [...args, "--json"]);
  const lines = parseLines(again.stdout), rows = lines.slice(0, -1);
  assert.deepEqual(rows.map(({ seed }) => seed), [1, 2, 3]);
  assert.equal(new Set(rows.map(({ modelSha256 }) => modelSha256)).size, 3);
  for (const { seed, run, testAccuracy, modelSha256 } of rows) {
    const config = JSON.parse(await Deno.readTextFile(`${path}/${run}/config.json`));
    assert.equal(config.training.seed, seed);
    const metrics = parseLines(await Deno.readTextFile(`${path}/${run}/metrics.jsonl`));
    assert.equal(metrics.at(-1)!.modelSha256, modelSha256);
    assert.equal(metrics.filter(({ event }) => event === "end").length, 1); // the second call has trained nothing
    assert(stdout.includes(`${seed}         ${(testAccuracy as number).toFixed(4)}`), stdout);
  }
  const summary = summarize(rows.map(({ testAccuracy }) => testAccuracy as number));
  const { mean, deviation, min, max } = summary;
  const [m, d, least, most] = [mean, deviation, min, max].map((value) =>
    value.toFixed(4).replace(".", "\\.")
  );
  assert.match(stdout, new RegExp(`\n3 runs .*\ntest accuracy  ${m} ± ${d} +${least}  ${most}\ntest loss `));
  assert.deepEqual(lines.at(-1)!.testAccuracy, summary);

  const wrong = await runTask(path, "repeat", ["train-lstm-adam", "--seeds", "1..2", "--epoch", "1"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /^Cannot use "--epoch": there is no such flag. Did you mean --epochs\?\n/);
  const late = await runTask(path, "repeat", [...args, "--units", "x"]); // only the recipe sees that
  assert.equal(late.code, 2);
  assert.match(late.stderr, /^(Seeds [123], [23]|Seed [123]) ended with exit code 2: Cannot use --units: /);
  assert.equal(late.stderr.match(/Cannot use/g)?.length, 1, late.stderr); // once for all

  const unknown = await runTask(path, "repeat", ["train-all"]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /^Cannot repeat train-all: it must be one of train-rnn, /);
  const series = await runTask(path, "repeat", ["train-series"]); // has no accuracy
  assert.match(series.stderr, /^Cannot repeat train-series: it must be one of [^]*, train-best\n/);
  for (const flag of ["--out=runs/x", "--seed=1"]) {
    const taken = await runTask(path, "repeat", ["train-lstm-adam", flag]);
    assert.equal(taken.code, 2);
    assert.match(taken.stderr, /^Cannot pass --(out|seed) on: it must differ from run to run/);
  }
});
