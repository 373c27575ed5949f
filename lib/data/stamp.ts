/**
 * A record of verified files, so that the next check costs four calls of `stat` instead of four hashes.
 *
 * @module
 */
import type { CatalogueEntry } from "./catalogue.ts";
import { readWhole, writeWhole } from "./files.ts";
import { keptName } from "./verify.ts";

const STAMP_NAME = ".verified.json";
const MOST_BYTES = 2 ** 16;

/** Whether all files were verified against today's catalogue, and not modified since. */
export async function isStamped(entry: CatalogueEntry, folder: string): Promise<boolean> {
  try {
    const stamp = await readWhole(`${folder}/${STAMP_NAME}`, { mostBytes: MOST_BYTES });
    return new TextDecoder().decode(stamp) === await describeFiles(entry, folder);
  } catch {
    return false; // no stamp, or a file is missing
  }
}

/** Records that all files have just been verified. A failure does not matter: the next run hashes again. */
export async function writeStamp(entry: CatalogueEntry, folder: string): Promise<void> {
  try {
    const stamp = new TextEncoder().encode(await describeFiles(entry, folder));
    await writeWhole(`${folder}/${STAMP_NAME}`, stamp);
  } catch {
    // a read-only or full disk
  }
}

async function describeFiles({ files }: CatalogueEntry, folder: string): Promise<string> {
  const stamped = [];
  for (const file of files) {
    const { size, mtime } = await Deno.stat(`${folder}/${keptName(file)}`);
    stamped.push({
      name: keptName(file),
      sha256: file.sha256,
      sizeBytes: size,
      modifiedMs: mtime?.getTime() ?? NaN,
    });
  }
  return JSON.stringify(stamped, undefined, 2) + "\n";
}
