/**
 * Trains a sweep on this machine: each training in a process of its own, side by side.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { modelSha256 } from "../../lib/model/hash.ts";
import { messageOf, openMetrics, openRun } from "../../run.ts";
import { hasEffect, type KeptFlags, wordsOf } from "../recipe/config.ts";
import type { Combination } from "./combinations.ts";
import { checkCodeVersion } from "./code_version.ts";
import {
  type FinishedRun,
  isComplete,
  type MetricsLine,
  prepareTask,
  runRecipeProcess,
  runSideBySide,
  STOPPING,
} from "./processes.ts";
import { divergence, type FoundResult, toResult } from "./results.ts";
import type { SessionHooks } from "./session.ts";
import { shareCores } from "./sharing.ts";
import type { SweepStore } from "./store.ts";
import { argumentsOf, type Training } from "./training.ts";

/** The exit code of a recipe whose flags do not go together. */
const WRONG_FLAGS = 2;

/** What trains here. */
export interface LocalOptions {
  readonly store: SweepStore;
  /** The flags of the recipe, with the device that they mean. */
  readonly flags: KeptFlags;
  /** Of the code that the trainings are planned for, see `codeVersion()`. */
  readonly version: string;
}

/** What each training needs. */
interface Context extends SessionHooks {
  readonly store: SweepStore;
  readonly version: string;
  /** Whether each run is told its number of threads. */
  readonly passThreads: boolean;
  /** Flags that do not change what is trained. */
  readonly extra: readonly string[];
}

/** Trainings that ended otherwise than with a model, by how they ended. */
export type Failures = ReadonlyMap<
  string,
  { readonly trainings: readonly Training[]; readonly code: number }
>;

/**
 * Trains what has no result yet, each in a process of its own, side by side. Where a combination is impossible, the others go on;
 * after an interrupt, or a failure that may be this machine's, no more are started.
 */
export async function trainHere(
  trainings: readonly Training[],
  { store, flags, version }: LocalOptions,
  hooks: SessionHooks,
): Promise<Failures> {
  const { signal } = hooks.interrupt, missing = trainings.filter(({ key }) => !hooks.results.has(key));
  const failures = new Map<string, { trainings: Training[]; code: number }>();
  if (missing.length === 0) return failures;
  signal.addEventListener("abort", () => hooks.warn(STOPPING));
  await prepareTask();
  const { sharing, passThreads } = shareCores(flags);
  const without = Object.entries(flags).filter(([name]) => !hasEffect(name));
  const context = { ...hooks, store, version, passThreads, extra: wordsOf(Object.fromEntries(without)) };
  const impossible = new Set<Combination>();
  let isBroken = false;
  await runSideBySide(missing, sharing, async (training, threads) => {
    if (signal.aborted || isBroken || impossible.has(training.combination)) return;
    const ended = await train(training, threads, context).catch((error) => ({
      ending: messageOf(error),
      code: 1,
    }));
    if ("key" in ended) return hooks.onResult(training, ended);
    if (signal.aborted) return;
    if (ended.code === WRONG_FLAGS) impossible.add(training.combination); // with any seed
    else isBroken = true;
    const { trainings } = failures.get(ended.ending) ?? { trainings: [] };
    failures.set(ended.ending, { trainings: [...trainings, training], code: ended.code });
  });
  return failures;
}

type Ended = FoundResult | { readonly ending: string; readonly code: number };

/** Trains from the start, or from where an earlier process was. */
async function train(training: Training, threads: number, context: Context): Promise<Ended> {
  const { store, interrupt } = context, { key } = training, folder = store.folderOf(key);
  const run = (flags: readonly string[]) => runIn(training, flags, { ...context, threads });
  await orphanEnded(folder, interrupt.signal);
  const left = await store.runOf(key);
  const isDone = left !== null && isComplete(left.lines);
  if (isDone && await hasItsModel(folder, left.lines)) return await keep(training, context, 0);
  if (left && !isDone && !interrupt.signal.aborted) {
    const resumed = await run(["--resume", folder]);
    if (isComplete(resumed.lines)) return await keep(training, context, resumed.seconds);
    if (interrupt.signal.aborted || isDiskFault(resumed.ending)) return resumed;
  }
  if (interrupt.signal.aborted) return { ending: "was not started", code: interrupt.exitCode };
  await store.forget(key); // nothing that could be resumed
  const ended = await run([...argumentsOf(training), "--out", folder]);
  if (isComplete(ended.lines)) return await keep(training, context, ended.seconds);
  if (await isLocked(folder)) return await train(training, threads, context); // one that a killed sweep had just started
  const failure = divergence(ended.ending);
  if (failure === null) return { ending: ended.ending, code: ended.code || 1 };
  const device = String(ended.lines.find(({ event }) => event === "start")?.device ?? "unknown");
  return await store.keep({ key, device, seconds: ended.seconds, figures: {}, modelSha256: null, failure });
}

async function runIn(
  training: Training,
  flags: readonly string[],
  { interrupt, extra, passThreads, threads, onProgress }: Context & { threads: number },
): Promise<FinishedRun> {
  const own = [...extra, "--no-pictures", ...(passThreads ? ["--threads", String(threads)] : [])];
  return await runRecipeProcess(training.recipe, [...flags, ...own], {
    interrupt,
    onLine: (line) => onProgress(training, line),
    directly: true,
  });
}

/** Keeps the result of the whole run, of which a process may have seen only the end. */
async function keep({ key }: Training, { store, version }: Context, seconds: number): Promise<FoundResult> {
  await checkCodeVersion(version).catch(async (error) => {
    await store.forget(key);
    throw error;
  });
  const { lines, config } = await openMetrics(store.folderOf(key));
  return await store.keep(toResult(lines, { key, device: config.device?.kind ?? "unknown", seconds }));
}

/** Whether a run that another process has left ends with the model that it names. */
async function hasItsModel(folder: string, lines: readonly MetricsLine[]): Promise<boolean> {
  const found = await openRun(folder).then(({ model }) => modelSha256(model)).catch(() => null); // damaged, or not there
  return found !== null && found === lines.at(-1)!.modelSha256;
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
export function isDiskFault(ending: string): boolean {
  return /Cannot (write|make the folder)/.test(ending);
}
