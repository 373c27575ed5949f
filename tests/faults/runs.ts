/**
 * Training runs that are stopped on purpose, in processes of their own.
 *
 * @module
 */
import assert from "node:assert/strict";
import { CheckpointFolder } from "../../lib/run/checkpoint_folder.ts";
import { openMetrics, openRun } from "../../lib/run/folder.ts";
import { type Outcome, runScript, scriptCommand, TINY_FLAGS } from "../scripts/tiny_project.ts";

/** A recipe on tiny images, without pictures, and with checkpoints so frequent that a kill interrupts some. */
export interface FaultyRun {
  /** The name of the script, without `.ts`. */
  readonly script: string;
  /** The flags of a new run, without `--out`. */
  readonly flags: readonly string[];
}

/** Two threads on the tiny images, and a checkpoint every other step. */
export const TINY = [...TINY_FLAGS, "--checkpoint-every", "2", "--no-pictures", "--json"];

/** The arguments that begin a run in `runs/<name>`, or resume it, up to `steps` if given. */
export function argumentsOf(
  { flags }: FaultyRun,
  name: string,
  { resume = false, steps }: { resume?: boolean; steps?: number } = {},
): string[] {
  const length = steps === undefined ? [] : ["--steps", String(steps)];
  if (!resume) return [...flags, "--out", `runs/${name}`];
  return ["--resume", `runs/${name}`, "--checkpoint-every", "2", "--no-pictures", "--json", ...length];
}

/** Runs a recipe to its end. */
export async function finish(project: string, run: FaultyRun, name: string, options = {}): Promise<Outcome> {
  return await runScript(project, run.script, argumentsOf(run, name, options));
}

/** Starts a recipe. */
export function start(project: string, run: FaultyRun, name: string, options = {}): Deno.ChildProcess {
  return scriptCommand(project, run.script, argumentsOf(run, name, options)).spawn();
}

/** The figures of a run, without the times and the name of the folder, which differ between any two runs. */
export async function figuresOf(
  project: string,
  name: string,
): Promise<{ lines: Record<string, unknown>[]; losses: Float32Array }> {
  const { lines, losses } = await openMetrics(`${project}/runs/${name}`);
  return { lines: lines.map(({ seconds: _, run: __, endedAt: ___, ...figures }) => figures), losses };
}

/** The SHA-256 of the final model; undefined if the run did not end. */
export async function finalHash(project: string, name: string): Promise<unknown> {
  const last = (await figuresOf(project, name)).lines.at(-1);
  return last?.event === "end" ? last.modelSha256 : undefined;
}

/** Every file of a run that was stopped at any moment must be readable, if it exists. Returns the last checkpoint. */
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
    assert.match(error.message, /must have a checkpoint: current value is no whole one$/); // there may be none yet, but not a damaged one
    return { checkpoint: null, notes: [] };
  });
  assert.deepEqual(notes, []);
  return checkpoint && { step: checkpoint.state.step };
}
