/**
 * A folder to run the scripts in, as they are run: with the permissions of their tasks, on tiny images.
 *
 * @module
 */
import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { encodeIdx } from "../support/encode_files.ts";
import type { Split } from "../../lib/data/images.ts";
import { lacks, named } from "../support/permissions.ts";
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
export function scriptCommand(
  path: string,
  script: string,
  args: readonly string[],
  { preload, ...env }: Readonly<Record<string, string>> & { readonly preload?: string } = {},
): Deno.Command {
  const write = script === "evaluate" ? [] : ["--allow-write=runs"];
  const permissions = ["--no-prompt", `--allow-read=data,runs,${root}lib`, ...write];
  const before = preload === undefined ? [] : ["--preload", `${root}${preload}`];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", ...permissions, ...before, `${root}scripts/${script}.ts`, ...args],
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
  return outcomeOf(await scriptCommand(path, script, args, env).output());
}

/** Without Deno's own lines about packages, which depend on what its cache has. */
function outcomeOf({ code, stdout, stderr }: Deno.CommandOutput): Outcome {
  const decoder = new TextDecoder();
  const said = decoder.decode(stderr).replaceAll(/^Download https?:.*\n/gm, "");
  return { code, stdout: decoder.decode(stdout), stderr: said };
}

/** Runs the script of a task to its end, with the permissions of the task, but with the `lib` of this checkout. */
export async function runTaskScript(
  path: string,
  task: "results" | "verify",
  args: readonly string[],
): Promise<Outcome> {
  const permissions = config.tasks[task].command.replace("runs,lib", `runs,${root}lib`).match(
    /--allow-\S+/g,
  )!;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", ...permissions, `${root}scripts/${task}.ts`, ...args],
    cwd: path,
    env: { NO_COLOR: "1" },
    stdin: "null",
  });
  return outcomeOf(await command.output());
}

/** Writes a `deno.json` whose task `train-lstm-adam` trains on the images of the project. */
export async function writeTinyTask(path: string, flags = ""): Promise<void> {
  const recipe = `deno run --no-check --no-prompt --allow-read=data,runs,${root}lib --allow-write=runs ` +
    `${root}scripts/train_lstm_adam.ts --data-dir data/tiny --batch-size 8 ${flags}`;
  await Deno.writeTextFile(`${path}/deno.json`, JSON.stringify({ tasks: { "train-lstm-adam": recipe } }));
}

/** Declares a test in a project of its own. */
export function projectTest(
  name: string,
  fn: (path: string) => Promise<void>,
  { ignore = false }: { ignore?: boolean } = {},
): void {
  Deno.test({
    name: named(name, needs),
    ignore: lacks(needs) || ignore,
    fn: async () => {
      await using project = await makeProject();
      await fn(project.path);
    },
  });
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
