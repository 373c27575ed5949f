/**
 * The time and the memory of whole programs, from the start of the process to its end.
 *
 * @module
 */
import { outputOf } from "./describe.ts";
import { OFFLINE } from "../support/shell.ts";
import { pairedRatio, type Spread, spreadOf } from "./statistics.ts";

/** `train-lstm-adam` beside the same recipe in PyTorch. */
export interface WholeRecipe {
  readonly ours: Spread;
  readonly pytorch: Spread | null;
  /** How many times as long as ours PyTorch takes. */
  readonly ratio: Spread | null;
}

/** A Python with PyTorch. */
export interface Python {
  readonly path: string;
  /** The number of threads that was faster at a step. */
  readonly threads: number;
}

const DATA = "data/mnist";
const script = (name: string) => new URL(`../${name}`, import.meta.url).pathname;
const PERMISSIONS = ["--allow-read=data,runs,lib", "--allow-write=runs"];
const TRAIN = ["run", ...OFFLINE, "--v8-flags=--expose-gc", ...PERMISSIONS];

/** Runs both in turn; in milliseconds. */
export async function measureRecipe(
  { folder, python, rounds }: { folder: string; python: Python | null; rounds: number },
): Promise<WholeRecipe> {
  const ours: number[] = [], pairs: { ours: number; theirs: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const out = `${folder}/train-lstm-adam-${round}`;
    const args = [...TRAIN, script("train_lstm_adam.ts"), "--device", "wasm", "--quiet", "--out", out];
    ours.push(await timeProgram(Deno.execPath(), args));
    if (!python) continue;
    const theirs = [script("bench/torch_recipe.py"), String(python.threads), DATA];
    pairs.push({ ours: ours[round], theirs: await timeProgram(python.path, theirs) });
  }
  return {
    ours: spreadOf(ours),
    pytorch: pairs.length > 0 ? spreadOf(pairs.map(({ theirs }) => theirs)) : null,
    ratio: pairs.length > 0 ? pairedRatio(pairs) : null,
  };
}

async function timeProgram(command: string, args: readonly string[]): Promise<number> {
  const started = performance.now();
  const { success, stderr } = await new Deno.Command(command, { args: [...args], stdout: "null" }).output();
  if (success) return performance.now() - started;
  throw new Error(`Cannot run ${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
}

/** The peak memory of `train-lstm` in bytes; null outside Linux, where the system does not tell. */
export async function measureMemory(folder: string, steps: number): Promise<number | null> {
  const out = `${folder}/train-lstm`;
  const flags = ["--device", "wasm", "--quiet", "--steps", String(steps), "--out", out];
  const child = new Deno.Command(Deno.execPath(), {
    args: [...TRAIN, script("train_lstm.ts"), ...flags],
    ...{ stdout: "null", stderr: "null" },
  }).spawn();
  let ended = false, peakBytes: number | null = null;
  const end = child.status.then(() => ended = true);
  while (!ended) {
    // The high-water mark. Deno itself reads nothing in /proc unless everything is allowed.
    const status = await outputOf("cat", [`/proc/${child.pid}/status`]);
    const kilobytes = status?.match(/^VmHWM:\s*(\d+) kB/m)?.[1];
    if (kilobytes !== undefined) peakBytes = 1024 * Number(kilobytes);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await end;
  return peakBytes;
}
