/**
 * The version of the code that trains.
 *
 * @module
 */
import { readWhole, sha256 } from "../../run.ts";

const ROOT = new URL("../../", import.meta.url);

/** Where the code lies that a trained model depends on. */
const SOURCES = ["lib", "scripts/recipe", "scripts/support"];
const FILES = ["mod.ts", "core.ts", "run.ts", "deno.lock"];
/** Draws what was trained; no bit depends on it. */
const WITHOUT_EFFECT = "lib/view";

/** A hash of all files that a trained model may depend on: 16 hexadecimal digits. Equal code trains to equal bits. */
export async function codeVersion(): Promise<string> {
  const recipes = (await namesIn("scripts")).filter((name) => /^train_\w+\.ts$/.test(name));
  const found = await Promise.all(SOURCES.map(filesBelow));
  const paths = [...found.flat(), ...recipes.map((name) => `scripts/${name}`), ...FILES].sort();
  const lines = await Promise.all(paths.map(async (path) => {
    return `${path} ${sha256(await readWhole(placeOf(path)))}\n`;
  }));
  return sha256(new TextEncoder().encode(lines.join(""))).slice(0, 16);
}

async function filesBelow(folder: string): Promise<string[]> {
  if (folder === WITHOUT_EFFECT) return [];
  const entries = await Array.fromAsync(Deno.readDir(placeOf(folder)));
  const paths = entries.map(async ({ name, isDirectory, isFile }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? await filesBelow(path) : isFile ? [path] : [];
  });
  return (await Promise.all(paths)).flat();
}

async function namesIn(folder: string): Promise<string[]> {
  return await Array.fromAsync(Deno.readDir(placeOf(folder)), ({ name }) => name);
}

function placeOf(path: string): string {
  return decodeURIComponent(new URL(path, ROOT).pathname);
}
