/**
 * Runs a recipe once a seed, and says how much its figures depend on the seed.
 *
 *     deno task repeat train-lstm-adam --seeds 1..5 --epochs 2
 *
 * Runs train side by side where there are cores for it. Each has a folder of its own, and its figures are appended to
 * `runs/repeat-<recipe>.jsonl`.
 */
import "./support/deno_version.ts";
import config from "../deno.json" with { type: "json" };
import { printableLines } from "../lib/excerpt.ts";
import { chooseDevice } from "../mod.ts";
import { appendTo } from "../lib/data/files.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { FlagError } from "./support/flags.ts";
import { Interrupt } from "./support/interrupt.ts";
import {
  finalFigures,
  type FinishedRun,
  isComplete,
  type MetricsLine,
  runRecipeProcess,
  runSideBySide,
  type Sharing,
} from "./repeat/processes.ts";
import { checkPassedOn, parseSeeds, passedValue, splitArguments } from "./repeat/arguments.ts";
import { flagWords, taskCommand } from "./support/shell.ts";
import { summarize } from "./support/statistics.ts";
import { StatusLine } from "./support/terminal.ts";

const recipes = Object.keys(config.tasks).filter((name) => name.startsWith("train-"));
const { own, passedOn } = splitArguments(Deno.args);

const command = {
  name: "repeat",
  about: "Runs a recipe once a seed, and says how much its figures depend on the seed.",
  flags: {
    recipe: {
      kind: "operands",
      placeholder: "RECIPE",
      least: 1,
      most: 1,
      help: `one of ${recipes.join(", ")}`,
    },
    seeds: {
      kind: "text",
      placeholder: "A..B",
      default: "1..5",
      help: "or A,B,C; all other flags go to the recipe",
    },
    json: OUTPUT_FLAGS.json,
    help: OUTPUT_FLAGS.help,
  },
  args: own,
  interrupted: null,
} as const;

/** What is kept of a run. */
interface Row {
  readonly recipe: string;
  readonly seed: number;
  readonly flags: readonly string[];
  readonly run: unknown;
  readonly device: unknown;
  readonly seconds: number;
  readonly testLoss: number;
  readonly testAccuracy: number;
  readonly modelSha256: unknown;
}

/** A run that did not come to its end. */
interface Failure {
  readonly seed: number;
  readonly run: FinishedRun;
}

/** The losses of the runs in progress, on one line of the terminal. */
class Progress {
  readonly #losses = new Map<number, string>();
  readonly #status = new StatusLine(!passedOn.includes("--quiet"));

  draw(seed: number, { trainLoss }: MetricsLine): void {
    this.#losses.set(seed, typeof trainLoss === "number" ? trainLoss.toFixed(4) : "…");
    const runs = [...this.#losses].map(([seed, loss]) => `seed ${seed}: loss ${loss}`);
    this.#status.draw((width) => runs.join("   ").slice(0, width));
  }

  clear(seed: number): void {
    this.#losses.delete(seed);
    this.#status.clear();
  }

  /** Makes room for other output. */
  pause(): void {
    this.#status.clear();
  }
}

await runCommand(command, async ({ recipe: [recipe], seeds: text, json }) => {
  if (!recipes.includes(recipe)) {
    throw new FlagError(`Cannot repeat ${recipe}: it must be one of ${recipes.join(", ")}`);
  }
  const seeds = parseSeeds(text);
  checkPassedOn(passedOn);
  const { sharing, threadFlags } = await shareCores();
  const progress = new Progress();
  const rows: Row[] = [];
  const failures: Failure[] = [];
  const begun = new Map<number, string>(); // folders of the runs that are not done
  using interrupt = new Interrupt();
  const { signal } = interrupt;
  signal.addEventListener("abort", () => {
    progress.pause();
    console.error("Stopping the runs in progress after their running step; Ctrl-C again exits at once");
  });
  interrupt.lastWords = () => whatRemains(recipe, seeds, rows, begun);

  if (!json) console.log("seed  test accuracy  test loss  seconds  run");
  await runSideBySide(seeds, sharing, async (seed, threads) => {
    if (signal.aborted || failures.length > 0) return;
    const job = { recipe, flags: [...passedOn, "--seed", String(seed), ...threadFlags(threads)] };
    const run = await runRecipeProcess(job, {
      interrupt,
      onLine: (line) => {
        if (line.event === "start" && typeof line.run === "string") begun.set(seed, line.run);
        progress.draw(seed, line);
      },
    });
    progress.clear(seed);
    if (!isComplete(run.lines)) {
      failures.push({ seed, run });
      return;
    }
    const row = toRow({ recipe, seed, flags: passedOn }, run);
    rows.push(row);
    begun.delete(seed);
    await appendTo(`runs/repeat-${recipe}.jsonl`, JSON.stringify(row) + "\n");
    console.log(json ? JSON.stringify({ event: "run", ...row }) : formatRow(row));
  });

  if (rows.length > 0) printSummary(rows, json);
  if (signal.aborted) {
    console.error(whatRemains(recipe, seeds, rows, begun));
    return interrupt.exitCode;
  }
  for (const { seed, run: { code, complaint } } of failures) {
    console.error(`Seed ${seed} ended with exit code ${code}: ${printableLines(complaint.trim())}`);
  }
  return failures.length > 0 ? failures[0].run.code || 1 : 0;
});

/** What an interrupt has left, and how to go on with it. */
function whatRemains(
  recipe: string,
  seeds: readonly number[],
  rows: readonly Row[],
  begun: ReadonlyMap<number, string>,
): string {
  const done = new Set([...rows.map(({ seed }) => seed), ...begun.keys()]);
  const missing = seeds.filter((seed) => !done.has(seed));
  const again = taskCommand("repeat", [recipe, "--seeds", missing.join(","), ...passedOn]);
  return [
    `Interrupted: ${rows.length} of ${seeds.length} runs are done`,
    ...[...begun].sort(([a], [b]) => a - b).map(([seed, path]) =>
      `seed ${seed} goes on with\n  ${taskCommand(recipe, flagWords("resume", path), { write: [path] })}`
    ),
    ...(missing.length > 0 ? [`the others are run by\n  ${again}`] : []),
  ].join("\n");
}

/** Runs share the cores where a core computes; a GPU takes one run at a time. */
async function shareCores(): Promise<{ sharing: Sharing; threadFlags: (threads: number) => string[] }> {
  const asked = passedValue(passedOn, "--device") ?? "auto";
  const threads = passedValue(passedOn, "--threads");
  const device = asked === "auto" ? (await chooseDevice(asked)).device : asked;
  const cores = navigator.hardwareConcurrency;
  if (device === "webgpu") return { sharing: { cores: 1 }, threadFlags: () => [] };
  if (device !== "wasm") return { sharing: { cores, threads: 1 }, threadFlags: () => [] };
  if (threads !== null) {
    return { sharing: { cores, threads: Number(threads) || cores }, threadFlags: () => [] };
  }
  return { sharing: { cores }, threadFlags: (threads) => ["--threads", String(threads)] };
}

function toRow(what: Pick<Row, "recipe" | "seed" | "flags">, { lines, seconds }: FinishedRun): Row {
  const { testLoss = NaN, testAccuracy = NaN } = finalFigures(lines);
  const { device } = lines.find(({ event }) => event === "start")!;
  const { run, modelSha256 } = lines.at(-1)!;
  return { ...what, run, device, seconds, testLoss, testAccuracy, modelSha256 };
}

function formatRow({ seed, testAccuracy, testLoss, seconds, run }: Row): string {
  const figures = [testAccuracy.toFixed(4).padStart(13), testLoss.toFixed(4).padStart(9)];
  return [String(seed).padStart(4), ...figures, seconds.toFixed(1).padStart(7), run].join("  ");
}

function printSummary(rows: readonly Row[], json: boolean): void {
  const accuracy = summarize(rows.map(({ testAccuracy }) => testAccuracy));
  const loss = summarize(rows.map(({ testLoss }) => testLoss));
  if (json) {
    console.log(
      JSON.stringify({ event: "summary", runs: rows.length, testAccuracy: accuracy, testLoss: loss }),
    );
    return;
  }
  console.log(`\n${rows.length} runs         mean ± standard deviation     min     max`);
  for (
    const [name, { mean, deviation, min, max }] of Object.entries({
      "test accuracy": accuracy,
      "test loss": loss,
    })
  ) {
    const spread = `${mean.toFixed(4)} ± ${deviation.toFixed(4)}`.padEnd(25);
    console.log(`${name.padEnd(13)}  ${spread}  ${min.toFixed(4)}  ${max.toFixed(4)}`);
  }
}
