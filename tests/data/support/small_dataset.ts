/**
 * A data set of a few bytes, with the files of those in the catalogue, and folders to put it into.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { type CatalogueEntry, FILE_NAMES } from "../../../lib/data/catalogue.ts";
import { sha256 } from "../../../lib/data/files.ts";
import { encodeIdx } from "../../support/encode_files.ts";

/** The permissions of a test that works in its own folder. */
export const FOLDER_NEEDS = [{ name: "read" }, { name: "write" }] as const;

/** The permissions of a test that also serves files. */
export const SERVER_NEEDS = [...FOLDER_NEEDS, { name: "net", host: "127.0.0.1" }] as const;

/** The permissions of a test that starts another Deno. */
export const PROCESS_NEEDS = [...FOLDER_NEEDS, { name: "run", command: Deno.execPath() }] as const;

function bytes(length: number, below: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 7 + 3) % below);
}

/** The four files: 6 training and 4 test images of 4 x 3, labels below 10. */
export const SMALL_FILES: ReadonlyMap<string, Uint8Array<ArrayBuffer>> = new Map([
  [FILE_NAMES[0], encodeIdx({ type: "u8", shape: [6, 4, 3], data: bytes(72, 256) })],
  [FILE_NAMES[1], encodeIdx({ type: "u8", shape: [6], data: bytes(6, 10) })],
  [FILE_NAMES[2], encodeIdx({ type: "u8", shape: [4, 4, 3], data: bytes(48, 251) })],
  [FILE_NAMES[3], encodeIdx({ type: "u8", shape: [4], data: bytes(4, 9) })],
]);

/** Their entry, as in the catalogue, without sources. */
export const SMALL_ENTRY: CatalogueEntry = {
  name: "small",
  title: "Small",
  classNames: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  preparation: "none",
  files: [...SMALL_FILES].map(([name, file]) => ({
    name,
    sizeBytes: file.length,
    sha256: sha256(file),
    keptAs: "raw",
  })),
  sources: [],
};

/** The same, kept packed. */
export const SMALL_PACKED_ENTRY: CatalogueEntry = {
  ...SMALL_ENTRY,
  files: SMALL_ENTRY.files.map((file) => ({ ...file, sha256: sha256(packed(file.name)), keptAs: "gzip" })),
};

/** One of the files, gzipped. */
export function packed(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(SMALL_FILES.get(name)!));
}

/** Writes the files into a folder; `change` returns other bytes for a file, or undefined to leave it out. */
export async function writeSmallFiles(
  folder: string,
  change: (name: string, file: Uint8Array) => Uint8Array | undefined = (_, file) => file,
): Promise<void> {
  for (const [name, file] of SMALL_FILES) {
    const changed = change(name, file);
    if (changed) await Deno.writeFile(`${folder}/${name}`, changed);
  }
}

/** Runs a test in an empty folder that is removed afterwards. */
export async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "scanline-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The names in a folder, sorted. */
export async function list(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
}
