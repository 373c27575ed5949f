/**
 * Builds the page for tests, as its task does, into another folder.
 *
 * @module
 */
import assert from "node:assert/strict";
import { COMMANDS } from "../support/tasks.ts";

const root = new URL("../../", import.meta.url).pathname;

/** What building takes. */
export const needsToBuild = [{ name: "read" }, { name: "write" }, { name: "env" }, { name: "run" }] as const;

/** How a program ended. */
export interface Ending {
  readonly code: number;
  readonly stderr: string;
}

/** Builds the page. @returns The folder of static files, below `folder` */
export async function buildPage(folder: string): Promise<string> {
  for (const run of [bundle, assemble]) {
    const { code, stderr } = await run(folder);
    assert.equal(code, 0, stderr);
  }
  return `${folder}/page`;
}

/** The first half of the task: everything in TypeScript becomes a few files in JavaScript. */
export async function bundle(folder: string): Promise<Ending> {
  return await runPart("deno bundle", (word) => word.replace("dist/", `${folder}/`));
}

/** The second half, which also brings the data. @param cwd Where it looks for data and sources; this checkout by default */
export async function assemble(folder: string, { cwd = root } = {}): Promise<Ending> {
  const elsewhere = (word: string) =>
    word.replace(/(?<=[=,])dist(?=,|$)/, folder).replace(/^scripts\//, `${root}scripts/`);
  return await runPart("deno run", elsewhere, {
    cwd,
    more: ["--bundle", `${folder}/bundle`, "--out", `${folder}/page`, "--quiet"],
  });
}

/** Runs one part of the command of the task. */
async function runPart(
  beginning: string,
  change: (word: string) => string,
  { cwd = root, more = [] as string[] } = {},
): Promise<Ending> {
  const part = COMMANDS["build-page"].split(" && ").find((part) => part.startsWith(beginning))!;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...part.split(" ").slice(1).map(change), ...more],
    cwd,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

/** The files of a folder, by path. */
export async function readFolder(folder: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory) files.set(name, await Deno.readFile(`${folder}/${name}`));
    else {(await readFolder(`${folder}/${name}`)).forEach((bytes, path) =>
        files.set(`${name}/${path}`, bytes)
      );}
  }
  return files;
}
