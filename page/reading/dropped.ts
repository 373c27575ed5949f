/**
 * Files that are dropped on the page, pasted into it, or chosen.
 *
 * @module
 */
/// <reference lib="dom" />
import type { FoundFile } from "./run_folder.ts";

/** A folder with more files is not that of a run. */
const MOST_FILES = 2_000;

/** All files of a drop, those in folders too. The list must be taken while the event is handled. */
export async function filesOfDrop({ items, files }: DataTransfer): Promise<FoundFile[]> {
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
  if (entries.length === 0) return filesOfList(files);
  const found: FoundFile[] = [];
  for (const entry of entries) await collect(entry, found);
  return found;
}

/** The files that were chosen: with their folders, if a folder was. */
export function filesOfList(files: Iterable<File>): FoundFile[] {
  return [...files].map((file) => found(file.webkitRelativePath || file.name, file));
}

/**
 * The picture that files are; null if there is none among them.
 *
 * @throws {Error} If there are other files, too, or another picture.
 */
export function pictureIn(files: readonly File[]): File | null {
  const picture = files.find(({ type }) => type.startsWith("image/"));
  if (picture && files.length > 1) {
    throw new Error(`Cannot open ${files.length} files: bring one picture, or the files of one network`);
  }
  return picture ?? null;
}

function found(path: string, file: File): FoundFile {
  return {
    path: path.replace(/^\//, ""),
    sizeBytes: file.size,
    bytes: async () => new Uint8Array(await file.arrayBuffer()),
  };
}

async function collect(entry: FileSystemEntry, files: FoundFile[]): Promise<void> {
  if (files.length >= MOST_FILES) {
    throw new Error(
      `Cannot open a network: a folder must have at most ${MOST_FILES} files; take that of one run`,
    );
  }
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject)
    );
    files.push(found(entry.fullPath, file));
  }
  if (!entry.isDirectory) return;
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) { // it lists a hundred at a time
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject)
    );
    if (some.length === 0) return;
    for (const inner of some) await collect(inner, files);
  }
}
