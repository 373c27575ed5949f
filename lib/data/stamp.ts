/**
 * A note of which files were verified, so that the next look costs four calls of `stat` and not four hashes.
 *
 * @module
 */
import type { CatalogueEntry } from "./catalogue.ts";
import { readWhole, writeWhole } from "./files.ts";
import { keptName } from "./verify.ts";

interface StampedFile {
  readonly name: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

const STAMP_NAME = ".verified.json";
const MOST_BYTES = 2 ** 16;

/** Whether each file was verified against the catalogue as it is today, and has not been touched since. */
export async function isStamped(entry: CatalogueEntry, folder: string): Promise<boolean> {
  try {
    const stamp = await readWhole(`${folder}/${STAMP_NAME}`, { mostBytes: MOST_BYTES });
    return new TextDecoder().decode(stamp) === await describeFiles(entry, folder);
  } catch {
    return false; // no stamp, or a file is missing: whoever asked will see for itself
  }
}

/** Notes that each file has just been verified. Without a note the next run hashes, so no failure matters. */
export async function writeStamp(entry: CatalogueEntry, folder: string): Promise<void> {
  try {
    const stamp = new TextEncoder().encode(await describeFiles(entry, folder));
    await writeWhole(`${folder}/${STAMP_NAME}`, stamp);
  } catch {
    // a read-only or full disk
  }
}

async function describeFiles({ files }: CatalogueEntry, folder: string): Promise<string> {
  const stamped: StampedFile[] = [];
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
