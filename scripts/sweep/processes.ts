/**
 * Recipes in processes of their own, several side by side.
 *
 * Two runs side by side with one thread each take 83 % of the time of two runs one after the other with two threads each
 * (300 steps of train-lstm-adam and of train-rnn, on two cores), with the same bits: threads wait for each other, runs do
 * not.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import { printableLines } from "../../lib/excerpt.ts";
import type { Interrupt } from "../support/interrupt.ts";
import { type JsonLine, readJsonLines } from "../bench/json_lines.ts";

/** A line of `--json`, or of `metrics.jsonl`. */
export type MetricsLine = JsonLine;

/** How a run ended. */
export interface FinishedRun {
  readonly lines: readonly MetricsLine[];
  readonly code: number;
  /** The exit code and what the run wrote to stderr: `ended with exit code 1: Cannot …`. */
  readonly ending: string;
  /** From the start to the end of the process. */
  readonly seconds: number;
}

/** Losses and accuracies, after an epoch or at the end. */
export interface Figures {
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  readonly testLoss: number;
  readonly testAccuracy: number;
}

const FIGURES = [
  "trainLoss",
  "trainAccuracy",
  "testLoss",
  "testAccuracy",
] as const satisfies (keyof Figures)[];

const TASKS: Readonly<Record<string, { readonly command: string }>> = config.tasks;

/** The recipes that train on images, which all take the same flags: others have no accuracy. */
export const RECIPES: readonly string[] = Object.entries<{ command: string; dependencies?: string[] }>(
  config.tasks,
)
  .filter(([name, { dependencies = [] }]) => name.startsWith("train-") && dependencies.includes("first-run"))
  .map(([name]) => name);

/** How runs share the cores. */
export interface Sharing {
  readonly cores: number;
  /** Threads of each run; by default as many as keep all cores busy. */
  readonly threads?: number;
}

/** What Ctrl-C prints while recipes run in processes of their own. */
export const STOPPING = "Stopping the runs in progress after their running step; Ctrl-C again exits at once";

/**
 * Starts jobs in order, each as soon as enough cores are free, and waits for all of them.
 *
 * @param start Runs a job with a number of threads; must not reject
 */
export async function runSideBySide<Job, Result>(
  jobs: readonly Job[],
  { cores, threads: wanted }: Sharing,
  start: (job: Job, threads: number) => Promise<Result>,
): Promise<Result[]> {
  let free = cores;
  const running = new Set<Promise<void>>();
  const results: Result[] = [];
  for (const [index, job] of jobs.entries()) {
    while (running.size > 0 && free < (wanted ?? 1)) await Promise.race(running);
    const threads = wanted ?? Math.max(1, Math.floor(free / (jobs.length - index)));
    free -= threads;
    const run = start(job, threads).then((result) => {
      results[index] = result;
      free += threads;
      running.delete(run);
    });
    running.add(run);
  }
  await Promise.all(running);
  return results;
}

/** How a recipe is run. */
export interface ProcessOptions {
  readonly interrupt: Pick<Interrupt, "signal" | "received">;
  readonly onLine?: (line: MetricsLine) => void;
  /** Whether the program of the task is started at once: packages and images must be there, see {@link prepareTask}. */
  readonly directly?: boolean;
}

/**
 * Runs the task of a recipe, with `--json` and `--quiet` besides its flags. An interrupt is passed on, and the recipe ends
 * cleanly.
 */
export async function runRecipeProcess(
  recipe: string,
  flags: readonly string[],
  { interrupt, onLine = () => {}, directly = false }: ProcessOptions,
): Promise<FinishedRun> {
  const started = performance.now();
  const child = new Deno.Command("deno", {
    args: [...directly ? programOf(recipe) : ["task", "-q", recipe], ...flags, "--json", "--quiet"],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // A terminal sends Ctrl-C to all of its processes, but not to those that start after it.
  const passOn = () => {
    try {
      child.kill(interrupt.received!);
    } catch {
      // it has just ended by itself
    }
  };
  interrupt.signal.addEventListener("abort", passOn);
  const readLines = async () => {
    const lines: MetricsLine[] = [];
    for await (const line of readJsonLines(child.stdout)) {
      lines.push(line);
      onLine(line);
    }
    return lines;
  };
  const [lines, complaint] = await Promise.all([readLines(), child.stderr.text()]);
  const { code } = await child.status;
  interrupt.signal.removeEventListener("abort", passOn);
  const ending = `ended with exit code ${code}: ${printableLines(complaint.trim())}`;
  return { lines, code, ending, seconds: (performance.now() - started) / 1000 };
}

/** The arguments of `deno` behind a task, its permissions among them: without a shell, and without what the task does before. */
function programOf(task: string): string[] {
  const { command } = TASKS[task];
  return command.slice(command.indexOf("deno run ") + "deno ".length).split(" ");
}

/** Does once what the tasks of recipes do before they train: MNIST is fetched if it is missing. */
export async function prepareTask(): Promise<void> {
  await new Deno.Command("deno", {
    args: ["task", "-q", "first-run"],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).output();
}

/** The figures of the end, which are about all images; those that it lacks, of the last report, if that has them. */
export function finalFigures(lines: readonly MetricsLine[]): Partial<Figures> {
  const report = lines.findLast(({ event }) => event === "report" || event === "epoch");
  const last: MetricsLine = { ...report, ...lines.findLast(({ event }) => event === "end") };
  return Object.fromEntries(FIGURES.filter((name) => name in last).map((name) => [name, last[name]]));
}

/** Whether a training ran to its end. */
export function isComplete(lines: readonly MetricsLine[]): boolean {
  const end = lines.at(-1);
  return end?.event === "end" && end.interrupted === false;
}
