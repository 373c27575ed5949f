/**
 * Files that flags name, and that a trained model depends on.
 *
 * @module
 */
import { findFiles } from "../../lib/data/find_files.ts";
import { checkAllowed, readWhole, sha256 } from "../../run.ts";
import type { KeptFlags } from "../recipe/config.ts";
import { findRun } from "../support/runs.ts";

/** A hash of the contents of the images and the weights that flags name; empty if they name none. */
export async function hashInputs(flags: KeptFlags): Promise<string> {
  const paths = [...await imagesOf(flags["data-dir"]), ...await weightsOf(flags["start-from"])];
  if (paths.length === 0) return "";
  checkAllowed({ read: paths });
  const hashes = await Promise.all(paths.map(async (path) => sha256(await readWhole(path))));
  return sha256(new TextEncoder().encode(hashes.join()));
}

async function imagesOf(folder: KeptFlags[string] | undefined): Promise<string[]> {
  if (folder === undefined) return [];
  return (await findFiles(String(folder))).map((name) => `${folder}/${name}`);
}

async function weightsOf(word: KeptFlags[string] | undefined): Promise<string[]> {
  if (word === undefined) return [];
  const run = await findRun(String(word));
  return [`${run}/config.json`, `${run}/model/weights.bin`];
}
