import assert from "node:assert/strict";
import { type Experiment, EXPERIMENTS, PYTORCH } from "../../scripts/results/experiments.ts";
import { NOTEBOOK, PYTORCH_ADAM } from "../../scripts/results/published.ts";
import type { MetricsLine } from "../../scripts/sweep/processes.ts";
import { type ResultRun, type RunRecord, writeResultsPage } from "../../scripts/results/page.ts";
import { projectTest, runTaskScript, writeTinyTask } from "./tiny_project.ts";

const record: RunRecord = {
  command: "deno task train-x --seed 1",
  commit: "abcdef0",
  threads: 1,
  seconds: 61.7,
  sideBySide: 2,
  machine: "a processor, 2 cores",
};
const end = {
  event: "end",
  interrupted: false,
  step: 10_000,
  modelSha256: "0123456789abcdef".repeat(4),
};

/** Epochs with these test accuracies; the other figures are derived from them. */
function epochs(accuracies: readonly number[]): MetricsLine[] {
  return accuracies.map((testAccuracy, epoch) => ({
    event: "epoch",
    epoch,
    trainLoss: 2 / (epoch + 1),
    trainAccuracy: testAccuracy - 0.01,
    testLoss: 1 / (epoch + 1),
    testAccuracy,
  }));
}

const rising = [0.5, 0.6, 0.7, 0.8, 0.9, 0.91, 0.92, 0.93, 0.94, 0.95];
const dipping = [...rising.slice(0, 9), 0.88];
const means = { trainLoss: 0.03125, trainAccuracy: 0.990625, testLoss: 0.0625, testAccuracy: 0.9812 };

/** The last test accuracy of every seed of an experiment. */
function oursOf({ seeds = 3 }: Experiment): number[] {
  return Array.from({ length: seeds }, (_, i) => 0.8 + i / 50);
}

function runsOf(adam: readonly number[], experiments = EXPERIMENTS): ResultRun[] {
  const run = (name: string, seed: number, lines: readonly MetricsLine[]) => {
    return { name, seed, record, lines };
  };
  return [
    run("train-lstm", 1, [...epochs(rising), end]),
    run("train-lstm-dropout", 2017, [{ ...end, ...means }]),
    ...[rising, dipping, rising].map((curve, i) => run("train-rnn", i + 1, [...epochs(curve), end])),
    ...experiments.flatMap((experiment) =>
      oursOf(experiment).map((last, i) => {
        return run(experiment.name, i + 1, [
          ...epochs([...rising.slice(0, 1), ...Array(17).fill(last)]),
          end,
        ]);
      })
    ),
    ...adam.map((testAccuracy, i) => run("train-lstm-adam", i + 1, [{ ...end, testAccuracy }])),
  ];
}

/** The cells of the table row that begins with a cell. */
function rowOf(page: string, heading: string, first: string): string[] {
  const section = page.slice(page.indexOf(`## \`${heading}\``));
  const line = section.split("\n").find((line) => line.startsWith(`| ${first} `));
  assert(line, `${heading} has no row ${first}`);
  return line.slice(1, -1).split("|").map((cell) => cell.trim());
}

/** Without the line breaks in paragraphs. */
function unwrapped(page: string): string {
  return page.replaceAll(/\s+/g, " ");
}

Deno.test("the results page compares the figures of the runs with those of the sources", () => {
  const page = writeResultsPage(runsOf(Array.from({ length: 20 }, (_, i) => 0.96 + i / 5000)));

  assert.deepEqual(
    rowOf(page, "train-lstm", "10"),
    [
      ...["10", NOTEBOOK[9].trainLoss, 0.2, NOTEBOOK[9].trainAccuracy, 0.94, NOTEBOOK[9].testLoss, 0.1],
      ...[NOTEBOOK[9].testAccuracy, 0.95],
    ].map((cell) => typeof cell === "string" ? cell : cell.toFixed(4).slice(1)),
  );
  assert.deepEqual(rowOf(page, "train-lstm-dropout", "Scanline"), [
    ...["Scanline", ".031250", ".990625", ".062500", ".9812"],
  ]);
  assert.deepEqual(rowOf(page, "train-rnn", "Scanline"), ["Scanline", ".9500", ".8800", ".9500", ".9267"]);
  const prose = unwrapped(page);
  assert.match(prose, /Seed 2 ends in such a fall here, at \.8800\./);
  assert(!prose.includes("Seed 1 ends") && !prose.includes("Seed 3 ends"), "only seed 2 ends in a fall");
  assert.match(prose, /by up to \.0600 here/);
  const medians = page.slice(page.indexOf("median after 8, 9 and 10 epochs"));
  assert.match(medians, /\| Scanline +\| \.9400 +\| \.9300 +\| \.9400 +\|/);
  const [, ...adam] = rowOf(page, "train-lstm-adam", "Scanline");
  assert.deepEqual(adam, ["20", ".9600", ".9638", ".9619", ".0012"]);
  assert.match(prose, /PyTorch 2\.13 are \.\d{4} apart, less than the \.004 that was asked for\./);
  assert.match(page, /`deno task train-x --seed 1` +\| abcdef0 +\| 1 +\| 62 +\| `0123456789abcdef`/);
});

Deno.test("the results page compares every experiment with PyTorch at the same epoch, in standard errors", () => {
  const page = writeResultsPage(runsOf([0.96, 0.97]));
  const section = page.slice(page.indexOf("## More recipes"));
  for (const experiment of EXPERIMENTS.filter(({ name }) => PYTORCH[name])) {
    const { name, apart: found = "why is not known yet." } = experiment, curves = PYTORCH[name];
    const line = section.split("\n").find((one) => one.startsWith(`| \`${name}\` `));
    const cells = line!.slice(1, -1).split("|").map((cell) => cell.trim());
    const ours = oursOf(experiment), theirs = curves.map((curve) => curve.at(-1)!.testAccuracy);
    assert.equal(cells[2], String(curves[0].length));
    if (curves[0].length < 2) continue; // ours are then all .5
    if (ours.length === 3) assert.equal(cells[5], ".8200 ± .0200 (3)");
    const variance = (values: readonly number[]) => {
      const mean = values.reduce((a, b) => a + b) / values.length;
      return { mean, of: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1) };
    };
    const [a, b] = [variance(ours), variance(theirs)];
    const apart = Math.abs(a.mean - b.mean) / Math.sqrt(a.of / ours.length + b.of / theirs.length);
    assert.equal(cells[6], apart.toFixed(1));
    assert.equal(unwrapped(section).includes(`\`${name}\`: ${found}`), apart > 2);
  }
});

Deno.test("the results page leaves out what was not trained, and says so", () => {
  const page = writeResultsPage(runsOf([0.96], EXPERIMENTS.filter(({ isLong }) => !isLong)));
  const long = EXPERIMENTS.filter(({ isLong }) => isLong).map(({ name }) => name);
  assert.ok(long.length > 0);
  for (const name of long) {
    assert.ok(!page.includes(`| \`${name}\` `));
    assert.match(unwrapped(page), new RegExp(`Not trained for this page.*--long.*\`${name}\``));
  }
});

Deno.test("the results page says so if the means are further apart than promised", () => {
  const far = writeResultsPage(runsOf(PYTORCH_ADAM.map((accuracy) => accuracy - 0.006)));
  assert.match(unwrapped(far), /PyTorch 2\.13 are \.0060 apart, not less than the \.004/);
});

/** `deno task results`, with `train-lstm-adam` on tiny images. */
async function results(path: string, ...args: string[]) {
  await writeTinyTask(path, "--steps 3 --no-pictures");
  return await runTaskScript(path, "results", args);
}

projectTest("results trains what is missing, and writes the page and the picture", async (path) => {
  const lacking = await results(path, "--write");
  assert.equal(lacking.code, 1);
  assert.match(
    lacking.stderr,
    /^Cannot write RESULTS\.md: all 55 runs must be in runs\/results: .*train-rnn, seed 3/,
  );

  for (const { name, seed, lines } of runsOf(Array.from({ length: 20 }, (_, i) => 0.96 + i / 5000))) {
    const folder = `${path}/runs/results/${name}-${seed}`;
    await Deno.mkdir(folder, { recursive: true });
    const last = name === "train-lstm-adam" && seed === 4 ? { ...end, interrupted: true } : {};
    const kept = [...lines.slice(0, -1), { ...lines.at(-1), ...last }];
    await Deno.writeTextFile(
      `${folder}/metrics.jsonl`,
      kept.map((line) => JSON.stringify(line) + "\n").join(""),
    );
    const { recipe, flags } = EXPERIMENTS.find((one) => one.name === name) ?? { recipe: name, flags: [] };
    const command = ["deno", "task", recipe, ...flags, "--device", "wasm", "--seed", seed].join(" ");
    await Deno.writeTextFile(`${folder}/record.json`, JSON.stringify({ ...record, command }));
  }
  assert.match((await results(path, "--write")).stderr, /current value lacks train-lstm-adam, seed 4;/);

  const { code, stdout, stderr } = await results(path);
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^train-lstm-adam, seed 4: starts, threads: \d+\ntrain-lstm-adam, seed 4: \d+ s\nWritten:/,
  );
  const page = await Deno.readTextFile(`${path}/RESULTS.md`);
  const trained = page.split("\n").find((line) => line.includes("train-lstm-adam --device wasm --seed 4`"))!;
  assert.match(trained, /^\| `deno task train-lstm-adam --device wasm --seed 4` +\| unknown +\|/);
  assert.match(await Deno.readTextFile(`${path}/docs/train-lstm.svg`), /^<svg[^]*the source's notebook/);
  const written = await results(path, "--write"); // nothing to train now: the same page
  assert.equal(written.code, 0, written.stderr);
  assert.equal(await Deno.readTextFile(`${path}/RESULTS.md`), page);

  const formatted = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--check", "--no-config", "--line-width", "110", `${path}/RESULTS.md`],
  }).output();
  assert(formatted.success, new TextDecoder().decode(formatted.stderr));
});
