/**
 * Runs a recipe with several seeds, and shows how much its figures depend on the seed.
 *
 *     deno task repeat train-lstm-adam --seeds 1..5 --epochs 2
 *
 * Runs train side by side if there are cores for it. Each has a folder of its own, and its figures are appended to
 * `runs/repeat-<recipe>.jsonl`.
 */
import "./support/deno_version.ts";
import config from "../deno.json" with { type: "json" };
import { appendTo } from "../lib/data/files.ts";
import { chooseDevice } from "../mod.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { didYouMean, FlagError } from "./support/flags.ts";
import { Interrupt } from "./support/interrupt.ts";
import {
  finalFigures,
  type FinishedRun,
  isComplete,
  type MetricsLine,
  runRecipeProcess,
  runSideBySide,
  type Sharing,
  STOPPING,
} from "./repeat/processes.ts";
import { checkPassedOn, parseSeeds, passedValue, splitArguments } from "./repeat/arguments.ts";
import { flagWords, taskCommand } from "./support/shell.ts";
import { summarize } from "./bench/statistics.ts";
import { StatusLine } from "./support/terminal.ts";

/** Those that train on images: others have no accuracy. */
const recipes = Object.entries<{ command: string; dependencies?: string[] }>(config.tasks)
  .filter(([name, { dependencies = [] }]) => name.startsWith("train-") && dependencies.includes("first-run"))
  .map(([name]) => name);
const { own, passedOn } = splitArguments(Deno.args);

const command = {
  name: "repeat",
  about: "Runs a recipe with several seeds, and shows how much its figures depend on the seed.",
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

await runCommand(command, async ({ recipe: [recipe], seeds: text, json }) => {
  if (!recipes.includes(recipe)) {
    const remedy = didYouMean(recipe, recipes);
    throw new FlagError(`Cannot repeat ${recipe}: it must be one of ${recipes.join(", ")}${remedy}`);
  }
  const seeds = parseSeeds(text);
  checkPassedOn(passedOn);
  const { sharing, passThreads } = await shareCores();
  const rows: Row[] = [];
  const failures = new Map<string, number[]>(); // seeds by how they ended: wrong flags are the same for all
  let failureCode = 0;
  const begun = new Map<number, string>(); // folders of the unfinished runs, by seed
  const losses = new Map<number, string>(); // of the runs in progress, by seed
  const status = new StatusLine(!passedOn.includes("--quiet"));
  using interrupt = new Interrupt();
  const { signal } = interrupt;
  signal.addEventListener("abort", () => {
    status.clear();
    console.error(STOPPING);
  });
  interrupt.lastWords = () => whatRemains(recipe, { seeds, rows, begun });

  function follow(seed: number, { event, run, trainLoss }: MetricsLine): void {
    if (event === "start" && typeof run === "string") begun.set(seed, run);
    losses.set(seed, typeof trainLoss === "number" ? trainLoss.toFixed(4) : "…");
    const runs = [...losses].map(([seed, loss]) => `seed ${seed}: loss ${loss}`);
    status.draw((width) => runs.join("   ").slice(0, width));
  }

  if (!json) console.log("seed  test accuracy  test loss  seconds  run");
  await runSideBySide(seeds, sharing, async (seed, threads) => {
    if (signal.aborted || failures.size > 0) return;
    const flags = [...passedOn, "--seed", String(seed)];
    if (passThreads) flags.push("--threads", String(threads));
    const run = await runRecipeProcess(recipe, flags, { interrupt, onLine: (line) => follow(seed, line) });
    losses.delete(seed);
    status.clear();
    if (!isComplete(run.lines)) {
      failures.set(run.ending, [...failures.get(run.ending) ?? [], seed]);
      failureCode ||= run.code || 1;
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
    console.error(whatRemains(recipe, { seeds, rows, begun }));
    return interrupt.exitCode;
  }
  for (const [ending, seeds] of failures) {
    console.error(
      `${seeds.length === 1 ? "Seed" : "Seeds"} ${seeds.sort((a, b) => a - b).join(", ")} ${ending}`,
    );
  }
  return failureCode;
});

/** What an interrupt has left, and the commands that finish it. */
function whatRemains(
  recipe: string,
  { seeds, rows, begun }: {
    seeds: readonly number[];
    rows: readonly Row[];
    begun: ReadonlyMap<number, string>;
  },
): string {
  const done = new Set([...rows.map(({ seed }) => seed), ...begun.keys()]);
  const missing = seeds.filter((seed) => !done.has(seed));
  const again = taskCommand("repeat", [recipe, "--seeds", missing.join(","), ...passedOn]);
  return [
    `Interrupted: ${rows.length} of ${seeds.length} runs are done`,
    ...[...begun].sort(([a], [b]) => a - b).map(([seed, path]) =>
      `this resumes seed ${seed}:\n  ${taskCommand(recipe, flagWords("resume", path), { write: [path] })}`
    ),
    ...(missing.length > 0 ? [`this runs the others:\n  ${again}`] : []),
  ].join("\n");
}

/** Runs share the cores on the CPU; a GPU, or what may become one, takes one run at a time. Only wasm has threads. */
async function shareCores(): Promise<{ sharing: Sharing; passThreads: boolean }> {
  const asked = passedValue(passedOn, "--device") ?? "auto";
  const { device } = asked === "auto" ? await chooseDevice(asked) : { device: asked };
  const threads = passedValue(passedOn, "--threads");
  const cores = navigator.hardwareConcurrency;
  if (device === "webgpu" || device === "auto") return { sharing: { cores: 1 }, passThreads: false };
  if (device === "wasm" && threads === null) return { sharing: { cores }, passThreads: true };
  const each = device === "wasm" ? Number(threads) || cores : 1;
  return { sharing: { cores, threads: each }, passThreads: false };
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
  const testAccuracy = summarize(rows.map((row) => row.testAccuracy));
  const testLoss = summarize(rows.map((row) => row.testLoss));
  if (json) {
    console.log(JSON.stringify({ event: "summary", runs: rows.length, testAccuracy, testLoss }));
    return;
  }
  console.log(`\n${rows.length} runs         mean ± standard deviation     min     max`);
  const summaries = [["test accuracy", testAccuracy], ["test loss    ", testLoss]] as const;
  for (const [name, { mean, deviation, min, max }] of summaries) {
    const spread = `${mean.toFixed(4)} ± ${deviation.toFixed(4)}`.padEnd(25);
    console.log(`${name}  ${spread}  ${min.toFixed(4)}  ${max.toFixed(4)}`);
  }
}
