/**
 * The small files of a run that come back from a worker: its configuration, its figures, its model.
 *
 * @module
 */
import { makeFolders, openRun, readWhole } from "../../../run.ts";
import { writeWhole } from "../../../lib/data/files.ts";
import { parseJson } from "../../../lib/json.ts";
import { modelSha256 } from "../../../lib/model/hash.ts";

/** In the folder of a run; no other file is sent, and none is written that has another name. */
const FILES = [
  "config.json",
  "metrics.jsonl",
  "losses.f32",
  "model/model.json",
  "model/weights.bin",
] as const;
/** All files of a run together; a larger run sends no model. */
const MOST_BYTES = 2 ** 20;

/** Packs the files of a run that ended, without a large model. */
export async function packArtefacts(run: string): Promise<string> {
  const found = await Promise.all(FILES.map(async (name) => {
    const bytes = await readWhole(`${run}/${name}`, { mostBytes: MOST_BYTES }).catch(() => null); // larger, or not there
    return bytes && [name, bytes] as const;
  }));
  const files = found.filter((file) => file !== null);
  const total = files.reduce((sum, [, bytes]) => sum + bytes.length, 0);
  const sent = total <= MOST_BYTES
    ? files
    : files.filter(([name]) => /\.jsonl?$/.test(name) && !name.includes("/"));
  return JSON.stringify(Object.fromEntries(sent.map(([name, bytes]) => [name, bytes.toBase64()])));
}

/**
 * Writes the files of a run that a worker has sent.
 *
 * @returns The SHA-256 of the model among them, computed here; null if there is none
 * @throws {Error} If they are not what a worker sends, or the disk does not take them
 */
export async function unpackArtefacts(text: string, run: string): Promise<string | null> {
  const files = parseJson(text);
  await makeFolders(`${run}/model`);
  let total = 0;
  for (const name of FILES) {
    const packed = Object(files)[name];
    if (typeof packed !== "string") continue;
    const bytes = Uint8Array.fromBase64(packed);
    total += bytes.length;
    if (total > MOST_BYTES) {
      throw new RangeError(
        `Cannot take the files of a run: they must have at most ${MOST_BYTES} bytes together: current value is ${total}`,
      );
    }
    await writeWhole(`${run}/${name}`, bytes);
  }
  if (!Object.hasOwn(Object(files), "model/weights.bin")) return null;
  return modelSha256((await openRun(run)).model);
}

/**
 * Puts the files of a run that a worker has sent in the place of what lies in its folder: all of them, or none if an error is
 * thrown or the model among them is not the one that the worker names.
 *
 * @param said The SHA-256 of the model, as the worker says
 * @returns As {@link unpackArtefacts}
 */
export async function receiveRun(text: string, run: string, said: string | null): Promise<string | null> {
  const fresh = `${run}.new`;
  const remove = (path: string) => Deno.remove(path, { recursive: true }).catch(() => {}); // it may not be there
  await remove(fresh); // of a sweep that was killed
  try {
    const found = await unpackArtefacts(text, fresh);
    if (found !== null && found !== said) return found;
    await remove(run); // of a run that was stopped here
    await Deno.rename(fresh, run);
    return found;
  } finally {
    await remove(fresh);
  }
}
