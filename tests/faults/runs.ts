/**
 * Training runs that are stopped on purpose, in processes of their own.
 *
 * @module
 */
import assert from "node:assert/strict";
import { CheckpointFolder } from "../../lib/run/checkpoint_folder.ts";
import { openMetrics, openRun } from "../../lib/run/folder.ts";
import { type Outcome, runScript, scriptCommand, TINY_FLAGS } from "../scripts/tiny_project.ts";

/** A recipe on tiny images, with nothing drawn, and checkpoints so often that a kill meets them. */
export interface FaultyRun {
  /** A script, without `.ts`. */
  readonly script: string;
  /** Flags that begin it, without `--out`. */
  readonly flags: readonly string[];
}

/** Two threads on the tiny images, a checkpoint every other step. */
export const TINY = [...TINY_FLAGS, "--checkpoint-every", "2", "--no-pictures", "--json"];

/** Begins a run in `runs/<name>`, or goes on with it, up to `steps` if they are given. */
export function argumentsOf(
  { flags }: FaultyRun,
  name: string,
  { resume = false, steps }: { resume?: boolean; steps?: number } = {},
): string[] {
  const length = steps === undefined ? [] : ["--steps", String(steps)];
  if (!resume) return [...flags, "--out", `runs/${name}`];
  return ["--resume", `runs/${name}`, "--checkpoint-every", "2", "--no-pictures", "--json", ...length];
}

/** Runs it to its end. */
export async function finish(project: string, run: FaultyRun, name: string, options = {}): Promise<Outcome> {
  return await runScript(project, run.script, argumentsOf(run, name, options));
}

/** A process of it, running. */
export function start(project: string, run: FaultyRun, name: string, options = {}): Deno.ChildProcess {
  return scriptCommand(project, run.script, argumentsOf(run, name, options)).spawn();
}

/** What is left in `metrics.jsonl`, without what differs between any two runs: times, and the name of the folder. */
export async function figuresOf(project: string, name: string): Promise<unknown[]> {
  const { lines } = await openMetrics(`${project}/runs/${name}`);
  return lines.map(({ seconds: _, run: __, endedAt: ___, ...figures }) => figures);
}

/** The SHA-256 of the model that the run ended with. */
export async function finalHash(project: string, name: string): Promise<unknown> {
  const last = (await figuresOf(project, name)).at(-1) as Record<string, unknown> | undefined;
  return last?.event === "end" ? last.modelSha256 : undefined;
}

/** Every file of a run that was stopped anywhere can be read: an unreadable one fails, a missing one need not. */
export async function assertReadable(project: string, name: string): Promise<{ step: number } | null> {
  const path = `${project}/runs/${name}`;
  const there = async (file: string) => await Deno.stat(`${path}/${file}`).then(() => true, () => false);
  if (await there("config.json")) {
    const text = await Deno.readTextFile(`${path}/metrics.jsonl`).catch(() => "");
    for (const line of text.split("\n").filter(Boolean)) JSON.parse(line);
    if (await there("model/model.json")) await openRun(path);
  }
  if (!await there("checkpoints")) return null;
  using folder = await CheckpointFolder.open(path);
  const { checkpoint, notes } = await folder.latest().catch((error) => {
    assert.match(error.message, /must have a checkpoint: current value is no whole one$/); // none yet, but none damaged
    return { checkpoint: null, notes: [] };
  });
  assert.deepEqual(notes, []);
  return checkpoint && { step: checkpoint.state.step };
}
