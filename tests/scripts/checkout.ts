/**
 * A copy of the program with tiny images, where its tasks run as people run them: with `deno task`.
 *
 * @module
 */
import { findDataset } from "../../lib/data/catalogue.ts";
import { writeStamp } from "../../lib/data/stamp.ts";
import { keptName } from "../../lib/data/verify.ts";
import { lacks, named } from "../support/permissions.ts";
import { COMMANDS } from "../support/tasks.ts";
import { makeProject, needs, type Outcome } from "./tiny_project.ts";

const root = new URL("../../", import.meta.url).pathname;

const FILES = ["deno.json", "deno.lock", "mod.ts", "core.ts", "run.ts", "view.ts"];

/** Flags of a sweep on the tiny images. */
export const TINY_SWEEP: readonly string[] = [
  ...["--data-dir", "data/tiny", "--batch-size", "8", "--device", "wasm", "--steps", "4"],
];

/** Makes one; the task `data`, which others run first, finds MNIST there and looks no closer. */
export async function makeCheckout(): Promise<AsyncDisposable & { path: string }> {
  const project = await makeProject();
  await Deno.mkdir(`${project.path}/tests/golden`, { recursive: true });
  for (const name of [...FILES, "tests/golden/hashes.json", "lib", "scripts"]) {
    await copy(`${root}${name}`, `${project.path}/${name}`);
  }
  const mnist = findDataset("mnist");
  await Deno.mkdir(`${project.path}/data/mnist`);
  for (const file of mnist.files) {
    await Deno.writeFile(`${project.path}/data/mnist/${keptName(file)}`, new Uint8Array());
  }
  await writeStamp(mnist, `${project.path}/data/mnist`);
  return project;
}

async function copy(from: string, to: string): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
}

/** Makes one in which `data` is this checkout's own, with the real MNIST. */
export async function makeRealCheckout(): Promise<AsyncDisposable & { path: string }> {
  const checkout = await makeCheckout();
  await Deno.remove(`${checkout.path}/data`, { recursive: true });
  await Deno.symlink(await Deno.realPath(`${root}data`), `${checkout.path}/data`);
  return checkout;
}

/** Runs a command line in it with bash, as one that was copied from what was printed. */
export async function runShell(path: string, commandLine: string): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", commandLine],
    cwd: path,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** The program of a task, with the permissions of the task, without what the task does before. */
export function taskProgram(path: string, task: string, args: readonly string[]): Deno.Command {
  const [words] = COMMANDS[task].match(/(?<=deno )run --.*/)!;
  return new Deno.Command(Deno.execPath(), {
    args: [...words.split(" "), ...args],
    cwd: path,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs the program of a task to its end. */
export async function runTask(path: string, task: string, args: readonly string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await taskProgram(path, task, args).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** Declares a test in a checkout of its own. */
export function checkoutTest(name: string, fn: (path: string) => Promise<void>): void {
  Deno.test({
    name: named(name, needs),
    ignore: lacks(needs),
    fn: async () => {
      await using checkout = await makeCheckout();
      await fn(checkout.path);
    },
  });
}
