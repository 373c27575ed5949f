/**
 * Recipes in processes of their own, several side by side.
 *
 * Two runs of one thread each beside each other take 83 % of the time of two runs of two threads in turn (measured on two
 * cores, 300 steps of train-lstm-adam and of train-rnn), and their bits are the same: threads wait for each other, runs do not.
 *
 * @module
 */
import type { Interrupt } from "../support/interrupt.ts";
import { type JsonLine, readJsonLines } from "../support/json_lines.ts";

/** A recipe to run. */
export interface RecipeJob {
  /** The name of its task. */
  readonly recipe: string;
  /** What the task is called with, besides `--json` and `--quiet`. */
  readonly flags: readonly string[];
}

/** A line of `--json`, or of `metrics.jsonl`. */
export type MetricsLine = JsonLine;

/** How a run ended. */
export interface FinishedRun {
  readonly lines: readonly MetricsLine[];
  readonly code: number;
  /** What it said on stderr. */
  readonly complaint: string;
  /** From start to end of the process. */
  readonly seconds: number;
}

/** The figures after the last step; what a recipe does not measure is undefined. */
export interface FinalFigures {
  readonly trainLoss?: number;
  readonly trainAccuracy?: number;
  readonly testLoss?: number;
  readonly testAccuracy?: number;
}

/** How the cores are shared. */
export interface Sharing {
  readonly cores: number;
  /** Threads of each run; by default as many as leave no core idle. */
  readonly threads?: number;
}

/**
 * Starts jobs in their order while there are cores for their threads, each as soon as there are, and waits for all.
 *
 * @param start Runs one with so many threads; must not reject
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

/** Runs the task of a recipe, which an interrupt reaches too: it then ends in order. */
export async function runRecipeProcess(
  { recipe, flags }: RecipeJob,
  { interrupt, onLine = () => {} }: { interrupt: Interrupt; onLine?: (line: MetricsLine) => void },
): Promise<FinishedRun> {
  const started = performance.now();
  const child = new Deno.Command("deno", {
    args: ["task", "-q", recipe, ...flags, "--json", "--quiet"],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // A terminal sends Ctrl-C to all of its processes by itself, but not to those that had not been started.
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
  return { lines, code, complaint, seconds: (performance.now() - started) / 1000 };
}

/** What the last report and the end say; where both do, the end, which is about all images. */
export function finalFigures(lines: readonly MetricsLine[]): FinalFigures {
  const end = lines.findLast(({ event }) => event === "end");
  const report = lines.findLast(({ event }) => event === "report" || event === "epoch");
  return { ...figuresOf(report), ...figuresOf(end) };
}

function figuresOf(line: MetricsLine = {}): FinalFigures {
  const names = ["trainLoss", "trainAccuracy", "testLoss", "testAccuracy"];
  return Object.fromEntries(names.filter((name) => name in line).map((name) => [name, line[name]]));
}

/** Whether a training came to its end. */
export function isComplete(lines: readonly MetricsLine[]): boolean {
  const end = lines.at(-1);
  return end?.event === "end" && end.interrupted === false;
}
