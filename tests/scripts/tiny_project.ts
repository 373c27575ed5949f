/**
 * A folder to run the scripts in, as they are run: with the permissions of their tasks, on tiny images.
 *
 * @module
 */
import assert from "node:assert/strict";
import { encodeIdx } from "../../lib/data/idx.ts";
import type { Split } from "../../lib/data/dataset.ts";
import { tinySplit } from "../support/tiny_data.ts";

/** What running scripts takes. */
export const needs = [{ name: "read" }, { name: "write" }, { name: "run" }] as const;

const root = new URL("../../", import.meta.url).pathname;

/** What a script printed, and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Makes a folder with 24 training and 13 test images of 6 × 5 in `data/tiny`, and removes it when disposed. */
export async function makeProject(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir();
  await Deno.mkdir(`${path}/data/tiny`, { recursive: true });
  await Deno.mkdir(`${path}/runs`);
  await writeSplit(`${path}/data/tiny/train`, tinySplit({ count: 24, height: 6, width: 5, classes: 10 }));
  await writeSplit(
    `${path}/data/tiny/t10k`,
    tinySplit({ count: 13, height: 6, width: 5, classes: 10, seed: 2 }),
  );
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Writes the images and the labels of a split; `name` is the beginning of both paths. */
export async function writeSplit(
  name: string,
  { pixels, labels, count, height, width }: Split,
): Promise<void> {
  const images = encodeIdx({ type: "u8", shape: [count, height, width], data: pixels });
  await Deno.writeFile(`${name}-images-idx3-ubyte`, images);
  await Deno.writeFile(`${name}-labels-idx1-ubyte`, encodeIdx({ type: "u8", shape: [count], data: labels }));
}

/** The command of a script with just the permissions of its task; its working folder is `path`. */
export function scriptCommand(path: string, script: string, args: readonly string[], env = {}): Deno.Command {
  const write = script === "evaluate" ? [] : ["--allow-write=runs"];
  const permissions = ["--no-prompt", `--allow-read=data,runs,${root}lib`, ...write];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", ...permissions, `${root}scripts/${script}.ts`, ...args],
    cwd: path,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs a script to its end. */
export async function runScript(
  path: string,
  script: string,
  args: readonly string[],
  env = {},
): Promise<Outcome> {
  const { code, stdout, stderr } = await scriptCommand(path, script, args, env).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** Flags of a recipe: two threads on the images of a project. */
export const TINY_FLAGS: readonly string[] = [
  ...["--data-dir", "data/tiny", "--device", "wasm"],
  ...["--threads", "2", "--batch-size", "8"],
];

/** Trains a recipe for two steps into `runs/a`, by the textbook. */
export async function trainTiny(path: string, script: string, ...flags: string[]): Promise<Outcome> {
  const tiny = ["--data-dir", "data/tiny", "--device", "reference", "--batch-size", "8"];
  const outcome = await runScript(path, script, [...tiny, "--steps", "2", "--out", "runs/a", ...flags]);
  assert.equal(outcome.code, 0, outcome.stderr);
  return outcome;
}

/** The objects that a script printed, one a line. */
export function parseLines(stdout: string): Record<string, unknown>[] {
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}
