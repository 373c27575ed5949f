/**
 * Trains everything that the results page shows, and writes the page.
 *
 *     deno task results             takes long; trains only what is missing
 *     deno task results --long      also what takes hours: the recipes that read pixel by pixel
 *     deno task results --fresh     trains everything again
 *     deno task results --write     trains nothing
 */
import "./support/deno_version.ts";
import { parseJson } from "../lib/json.ts";
import { drawCurves, drawTradeoff, toCurves } from "../view.ts";
import {
  type Figures,
  finalFigures,
  isComplete,
  type MetricsLine,
  runRecipeProcess,
  runSideBySide,
  STOPPING,
} from "./sweep/processes.ts";
import { type Experiment, EXPERIMENTS, pictureOf, PYTORCH } from "./results/experiments.ts";
import {
  CURVES_PICTURE,
  type ResultRun,
  type RunRecord,
  TRADEOFF_PICTURE,
  writeResultsPage,
} from "./results/page.ts";
import { NOTEBOOK } from "./results/published.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { Interrupt } from "./support/interrupt.ts";
import { describeCommit, describeMachine } from "./bench/describe.ts";

const FOLDER = "runs/results";
const PAGE = "RESULTS.md";

/** The longest runs first, so that no core is idle at the end. */
const all: readonly Planned[] = [
  planned("train-lstm", 1),
  planned("train-lstm-dropout", 2017),
  ...EXPERIMENTS.toReversed().flatMap((one) => seedsTo(one.seeds ?? 3).map((seed) => ({ ...one, seed }))),
  ...seedsTo(3).map((seed) => planned("train-rnn", seed)),
  ...seedsTo(20).map((seed) => planned("train-lstm-adam", seed)),
];

/** A run of the page. */
type Planned = Pick<Experiment, "name" | "recipe" | "flags" | "isLong"> & { readonly seed: number };

function seedsTo(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1);
}

function planned(recipe: string, seed: number): Planned {
  return { name: recipe, recipe, flags: [], seed };
}

const command = {
  name: "results",
  about: "Trains everything that the results page shows, and writes RESULTS.md.",
  flags: {
    fresh: { kind: "switch", help: "train everything again" },
    write: { kind: "switch", help: "train nothing, write the page" },
    long: { kind: "switch", help: "also train what takes hours: the recipes that read pixel by pixel" },
    help: OUTPUT_FLAGS.help,
  },
  interrupted: null,
} as const;

await runCommand(command, async ({ fresh, write, long }) => {
  if (fresh && !write) await Deno.remove(FOLDER, { recursive: true }).catch(() => {}); // there may be none
  const plan = all.filter(({ isLong }) => long || !isLong);
  const task = `deno task results${long ? " --long" : ""}`;
  const found = await Promise.all(plan.map(readRun));
  const missing = plan.filter((_, i) => found[i] === null);
  if (missing.length > 0 && write) {
    throw new Deno.errors.NotFound(
      `Cannot write ${PAGE}: all ${plan.length} runs must be in ${FOLDER}: current value lacks ` +
        `${missing.map(nameOf).join(", ")}; \`${task}\` trains them`,
    );
  }
  using interrupt = new Interrupt();
  interrupt.signal.addEventListener("abort", () => console.error(STOPPING));
  const ended = await trainAll(missing, interrupt);
  const runs = (await Promise.all(all.map(readRun))).filter((run) => run !== null);
  if (interrupt.signal.aborted) {
    const done = (await Promise.all(plan.map(readRun))).filter(Boolean).length;
    console.error(
      `Interrupted: ${done} of ${plan.length} runs are done; \`${task}\` trains the others`,
    );
    return interrupt.exitCode;
  }
  if (!ended) return 1;

  await Deno.mkdir("docs", { recursive: true });
  const pictures = drawAll(runs);
  for (const [path, svg] of pictures) await Deno.writeTextFile(path, svg);
  await Deno.writeTextFile(PAGE, writeResultsPage(runs));
  console.log(`Written: ${[PAGE, ...pictures.keys()].join(", ")}`);
  return 0;
});

/** Whether all of them ran to their end. */
async function trainAll(jobs: readonly Planned[], interrupt: Interrupt): Promise<boolean> {
  if (jobs.length === 0) return true;
  const cores = navigator.hardwareConcurrency;
  const sideBySide = Math.min(cores, jobs.length);
  const about = { commit: await nameCommit(), machine: nameMachine(), sideBySide };
  const ended = await runSideBySide(
    jobs,
    { cores },
    async (job, threads) => !interrupt.signal.aborted && await train(job, { ...about, threads }, interrupt),
  );
  return ended.every(Boolean);
}

async function train(
  job: Planned,
  about: Omit<RunRecord, "command" | "seconds">,
  interrupt: Interrupt,
): Promise<boolean> {
  const out = folderOf(job), flags = [...job.flags, "--device", "wasm", "--seed", String(job.seed)];
  await Deno.remove(out, { recursive: true }).catch(() => {}); // it may hold an unfinished run
  console.log(`${nameOf(job)}: starts, threads: ${about.threads}`);
  const all = [...flags, "--threads", String(about.threads), "--out", out];
  const { lines, ending, seconds } = await runRecipeProcess(job.recipe, all, { interrupt });
  if (!isComplete(lines)) {
    if (!interrupt.signal.aborted) console.error(`${nameOf(job)} ${ending}`); // an interrupt is reported at the end
    return false;
  }
  const record: RunRecord = { command: commandOf(job), seconds, ...about };
  await Deno.writeTextFile(`${out}/record.json`, JSON.stringify(record, null, 2) + "\n");
  console.log(`${nameOf(job)}: ${seconds.toFixed(0)} s`);
  return true;
}

function commandOf({ recipe, flags, seed }: Planned): string {
  return ["deno", "task", recipe, ...flags, "--device", "wasm", "--seed", seed].join(" ");
}

/** Null if the run is missing, unfinished, damaged, or that of another command. */
async function readRun(job: Planned): Promise<ResultRun | null> {
  try {
    const read = (name: string) => Deno.readTextFile(`${folderOf(job)}/${name}`);
    const [metrics, record] = await Promise.all([read("metrics.jsonl"), read("record.json")]);
    const lines = metrics.trimEnd().split("\n").map((line) => parseJson(line) as MetricsLine);
    const found = toRecord(parseJson(record));
    const isIt = isComplete(lines) && found.command === commandOf(job);
    return isIt ? { name: job.name, seed: job.seed, record: found, lines } : null;
  } catch {
    return null;
  }
}

/** @throws {SyntaxError} If the value is no record. */
function toRecord(value: unknown): RunRecord {
  const { command, commit, machine, threads, seconds, sideBySide } = Object(value);
  const isWhole =
    [command, commit, machine].every((text) => typeof text === "string" && text.length < 1000) &&
    [threads, seconds, sideBySide].every(Number.isFinite);
  if (!isWhole) throw new SyntaxError("Cannot read record.json: it must be a record");
  return { command, commit, machine, threads, seconds, sideBySide };
}

/** The pictures beside the page, by their paths. */
function drawAll(runs: readonly ResultRun[]): Map<string, string> {
  const firstOf = (name: string) => runs.find((run) => run.name === name);
  const pictures = new Map([
    [CURVES_PICTURE, drawBeside(firstOf("train-lstm")!, "the source's notebook", NOTEBOOK)],
    [TRADEOFF_PICTURE, drawRecipes(runs)],
  ]);
  for (const { name } of EXPERIMENTS) {
    const path = pictureOf(name), run = firstOf(name);
    if (path && run) pictures.set(path, drawBeside(run, "PyTorch 2.13, seed 1", PYTORCH[name][0]));
  }
  return pictures;
}

/** The curves of a run beside those of another program. */
function drawBeside({ lines }: ResultRun, name: string, others: readonly Figures[]): string {
  const train = "mean over an epoch, while the weights move";
  const figures = { train, test: "all 10,000 test images, after the epoch", testImages: 10_000 };
  const theirs = others.map((figures, epoch) => ({ event: "epoch", epoch, ...figures }));
  const stepsPerEpoch = Number(lines.find(({ event }) => event === "epoch")!.step);
  return drawCurves(toCurves([
    { name: "Scanline", lines, stepsPerEpoch, figures },
    { name, lines: theirs, stepsPerEpoch, figures },
  ]));
}

/** Of each recipe the run in the middle, by what it reached. */
function drawRecipes(runs: readonly ResultRun[]): string {
  const histories = [...Map.groupBy(runs, ({ name }) => name)].map(([name, seeds]) => {
    const ranked = seeds.map(({ lines }) => testedOnAll(lines)).sort((a, b) => reachedBy(a) - reachedBy(b));
    return { name, lines: ranked[ranked.length >> 1], stepsPerEpoch: 1 };
  });
  return drawTradeoff(toCurves(histories, { against: "seconds" }));
}

/** The reports with figures of all test images: of runs that have none meanwhile, one at the end. */
function testedOnAll(lines: readonly MetricsLine[]): readonly MetricsLine[] {
  const epochs = lines.filter(({ event }) => event === "epoch");
  if (epochs.length > 0) return epochs;
  const seconds = lines.reduce((sum, line) => sum + Number(line.seconds ?? 0), 0);
  return [{ event: "epoch", epoch: 0, testAccuracy: finalFigures(lines).testAccuracy, seconds }];
}

function reachedBy(lines: readonly MetricsLine[]): number {
  return Number(lines.at(-1)!.testAccuracy);
}

/** The commit, and whether the code is still as in it. */
async function nameCommit(): Promise<string> {
  const commit = await describeCommit("lib", "scripts");
  if (commit === null) return "unknown"; // a copy without its history
  return commit.changed ? `${commit.id} with changes` : commit.id;
}

function nameMachine(): string {
  const { cpu, cores, os } = describeMachine();
  return `${cpu}, ${cores} cores, ${os}, Deno ${Deno.version.deno}`;
}

function nameOf({ name, seed }: Planned): string {
  return `${name}, seed ${seed}`;
}

function folderOf({ name, seed }: Planned): string {
  return `${FOLDER}/${name}-${seed}`;
}
