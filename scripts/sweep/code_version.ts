/**
 * The version of the code that trains.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { readWhole, sha256 } from "../../run.ts";

const ROOT = new URL("../../", import.meta.url);

/** Where the code lies that a trained model depends on. */
const SOURCES = ["lib", "scripts/recipe", "scripts/support"];
const FILES = ["mod.ts", "core.ts", "run.ts", "deno.lock"];
/** Draws what was trained; no bit depends on it. */
const WITHOUT_EFFECT = "lib/view";

/** What was hashed last: files of the same sizes and times are not read again. */
let known: { readonly stamp: string; readonly version: string } | null = null;

/** A hash of all files that a trained model may depend on: 16 hexadecimal digits. Equal code trains to equal bits. */
export async function codeVersion(): Promise<string> {
  const paths = sourcePaths(), stamp = stampOf(paths);
  if (known?.stamp === stamp) return known.version;
  const lines = await Promise.all(paths.map(async (path) => {
    return `${path} ${sha256(await readWhole(placeOf(path)))}\n`;
  }));
  const version = sha256(new TextEncoder().encode(lines.join(""))).slice(0, 16);
  known = { stamp, version };
  return version;
}

/** @throws {Error} If the code is no longer of this version: what was trained meanwhile may be of either. */
export async function checkCodeVersion(version: string): Promise<void> {
  const found = await codeVersion();
  if (found === version) return;
  throw new Error(
    `Cannot keep what was trained: the code must stay as it is: current value is version ${found}, and ${version} before; ` +
      "start again with the new one",
  );
}

function sourcePaths(): string[] {
  const recipes = namesIn("scripts").filter((name) => /^train_\w+\.ts$/.test(name));
  return [...SOURCES.flatMap(filesBelow), ...recipes.map((name) => `scripts/${name}`), ...FILES].sort();
}

function filesBelow(folder: string): string[] {
  if (folder === WITHOUT_EFFECT) return [];
  return namesIn(folder).map((name) => `${folder}/${name}`).flatMap((path) => {
    const { isDirectory, isFile } = Deno.statSync(placeOf(path)); // of what a link leads to
    return isDirectory ? filesBelow(path) : isFile ? [path] : [];
  });
}

function namesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(placeOf(folder)), ({ name }) => name);
}

function stampOf(paths: readonly string[]): string {
  return paths.map((path) => {
    const { size, mtime } = Deno.statSync(placeOf(path));
    return `${path} ${size} ${mtime?.getTime()}`;
  }).join("\n");
}

function placeOf(path: string): string {
  return fileURLToPath(new URL(path, ROOT));
}
