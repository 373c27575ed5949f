/**
 * Trains a sweep on this machine: each training in a process of its own, side by side.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { messageOf, openMetrics } from "../../run.ts";
import type { Interrupt } from "../support/interrupt.ts";
import {
  type FinishedRun,
  isComplete,
  type MetricsLine,
  prepareTask,
  runRecipeProcess,
  runSideBySide,
  type Sharing,
} from "./processes.ts";
import { divergence, type FoundResult, toResult } from "./results.ts";
import type { SweepStore } from "./store.ts";
import { argumentsOf, type Training } from "./training.ts";

/** What trains, and who hears of it. */
export interface LocalOptions {
  readonly store: SweepStore;
  readonly interrupt: Interrupt;
  readonly sharing: Sharing;
  /** Whether each run is told its number of threads. */
  readonly passThreads: boolean;
  /** Flags that do not change what is trained. */
  readonly extra: readonly string[];
  readonly onLine: (training: Training, line: MetricsLine) => void;
  readonly onResult: (training: Training, result: FoundResult) => void;
}

/** Trainings that ended otherwise than with a model, by how they ended. */
export type Failures = ReadonlyMap<
  string,
  { readonly trainings: readonly Training[]; readonly code: number }
>;

/** Trains what has no result yet. After one that failed, or an interrupt, no more are started. */
export async function trainHere(trainings: readonly Training[], options: LocalOptions): Promise<Failures> {
  const { signal } = options.interrupt;
  const failures = new Map<string, { trainings: Training[]; code: number }>();
  if (trainings.length > 0) await prepareTask();
  await runSideBySide(trainings, options.sharing, async (training, threads) => {
    if (signal.aborted || failures.size > 0) return;
    const ended = await train(training, threads, options).catch((error) => ({
      ending: messageOf(error),
      code: 1,
    }));
    if ("key" in ended) return options.onResult(training, ended);
    if (signal.aborted) return;
    const { trainings } = failures.get(ended.ending) ?? { trainings: [] };
    failures.set(ended.ending, { trainings: [...trainings, training], code: ended.code });
  });
  return failures;
}

type Ended = FoundResult | { readonly ending: string; readonly code: number };

/** Trains from the start, or from where an earlier process was. */
async function train(training: Training, threads: number, options: LocalOptions): Promise<Ended> {
  const { store, interrupt } = options, { key } = training, folder = store.folderOf(key);
  const run = (flags: readonly string[]) => runIn(training, flags, { ...options, threads });
  await orphanEnded(folder, interrupt.signal);
  const left = await store.runOf(key);
  if (left && isComplete(left.lines)) return await keep(training, store, 0);
  if (left && !interrupt.signal.aborted) {
    const resumed = await run(["--resume", folder]);
    if (isComplete(resumed.lines)) return await keep(training, store, resumed.seconds);
    if (interrupt.signal.aborted || isDiskFault(resumed.ending)) return resumed;
  }
  if (interrupt.signal.aborted) return { ending: "was not started", code: interrupt.exitCode };
  await store.forget(key); // nothing that could be resumed
  const ended = await run([...argumentsOf(training), "--out", folder]);
  if (isComplete(ended.lines)) return await keep(training, store, ended.seconds);
  if (await isLocked(folder)) return await train(training, threads, options); // one that a killed sweep had just started
  const failure = divergence(ended.ending);
  if (failure === null) return { ending: ended.ending, code: ended.code || 1 };
  const device = String(ended.lines.find(({ event }) => event === "start")?.device ?? "unknown");
  return await store.keep({ key, device, seconds: ended.seconds, figures: {}, modelSha256: null, failure });
}

async function runIn(
  training: Training,
  flags: readonly string[],
  { interrupt, extra, passThreads, threads, onLine }: LocalOptions & { threads: number },
): Promise<FinishedRun> {
  const own = [...extra, "--no-pictures", ...(passThreads ? ["--threads", String(threads)] : [])];
  return await runRecipeProcess(training.recipe, [...flags, ...own], {
    interrupt,
    onLine: (line) => onLine(training, line),
    directly: true,
  });
}

/** Keeps the result of the whole run, of which a process may have seen only the end. */
async function keep({ key }: Training, store: SweepStore, seconds: number): Promise<FoundResult> {
  const { lines, config } = await openMetrics(store.folderOf(key));
  return await store.keep(toResult(lines, { key, device: config.device?.kind ?? "unknown", seconds }));
}

/** How often to look whether the process of a killed sweep has ended. */
const ORPHAN_MS = 500;

/** Waits while a process trains in this folder: the recipe of a sweep that was killed lives on for a while. */
async function orphanEnded(folder: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && await isLocked(folder)) {
    await delay(ORPHAN_MS, undefined, { signal }).catch(() => {}); // aborted
  }
}

async function isLocked(folder: string): Promise<boolean> {
  const file = await Deno.open(`${folder}/.lock`, { write: true }).catch(() => null);
  if (!file) return false;
  try {
    return !await file.tryLock(true);
  } finally {
    file.close();
  }
}

/** Whether another attempt may go better, on a disk with more room: a run that can be resumed is kept for it. */
function isDiskFault(ending: string): boolean {
  return /Cannot (write|make the folder)/.test(ending);
}
