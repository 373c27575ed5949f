/**
 * The list of the files that the page is made of.
 *
 * @module
 */
import { sha256 } from "../../lib/data/files.ts";

/**
 * Files by their paths in the folder of the page. The `shell` is all that the page needs to read digits, and is kept for use
 * without a network at the first visit; `data` is what is large: it is fetched, and kept, when someone asks for it.
 */
export interface FileList {
  /** Changes with any file of the shell. */
  readonly version: string;
  /** Changes with any file of the data. */
  readonly dataVersion: string;
  /** Changes with any file; `index.html` says the same. */
  readonly build: string;
  readonly files: readonly ListedFile[];
}

/** A file, with what it must contain. */
export interface ListedFile {
  readonly path: string;
  readonly part: "shell" | "data";
  readonly sizeBytes: number;
  /** Its SHA-256 as browsers take it: `sha256-` and base64. */
  readonly integrity: string;
}

/** Characters of a version. */
const VERSION_LENGTH = 16;

/** Parts of the data set, though not the test digits. */
const DATA = /^mnist\/((train|test)-\d+\.bin|index\.json)$/;

/** Lists files, sorted by path. @param build What `index.html` says; by default the hash of all */
export function listFiles(files: ReadonlyMap<string, Uint8Array>, build?: string): FileList {
  const listed = [...files].sort(([a], [b]) => a < b ? -1 : 1).map(([path, bytes]): ListedFile => {
    const integrity = `sha256-${Uint8Array.fromHex(sha256(bytes)).toBase64()}`;
    return { path, part: DATA.test(path) ? "data" : "shell", sizeBytes: bytes.length, integrity };
  });
  const versionOf = (...parts: ListedFile["part"][]) => {
    const lines = listed.filter(({ part }) => parts.includes(part)).map(({ path, integrity }) =>
      `${path} ${integrity}\n`
    );
    return sha256(new TextEncoder().encode(lines.join(""))).slice(0, VERSION_LENGTH);
  };
  return {
    version: versionOf("shell"),
    dataVersion: versionOf("data"),
    build: build ?? versionOf("shell", "data"),
    files: listed,
  };
}
