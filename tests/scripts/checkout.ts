/**
 * A copy of the program with tiny images, where its tasks run as people run them: with `deno task`.
 *
 * @module
 */
import { findDataset } from "../../lib/data/catalogue.ts";
import { writeStamp } from "../../lib/data/stamp.ts";
import { keptName } from "../../lib/data/verify.ts";
import { makeProject, type Outcome } from "./tiny_project.ts";

const root = new URL("../../", import.meta.url).pathname;

/** Makes one; the task `data`, which others run first, finds MNIST there and looks no closer. */
export async function makeCheckout(): Promise<AsyncDisposable & { path: string }> {
  const project = await makeProject();
  for (const name of ["deno.json", "deno.lock", "mod.ts", "run.ts", "view.ts", "lib", "scripts"]) {
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
