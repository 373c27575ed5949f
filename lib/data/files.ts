/**
 * Files on this machine: read once, hashed in place, written whole or not at all.
 *
 * @module
 */
import { createHash, randomUUID } from "node:crypto";
import { printable } from "../excerpt.ts";

/** Longer than any sentence of ours, and than most paths. */
const MOST_OF_A_REASON = 1000, MOST_OF_A_PATH = 400;

/** A file that has been read. */
export interface FileBytes {
  /** Where it lies. */
  readonly path: string;
  /** All of it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Reads the first file of those names that the folder has; `undefined` if it has none.
 *
 * @throws {Deno.errors.NotCapable} If Deno may not read there; the message names the flag.
 * @throws {Error} If there is one that cannot be read.
 */
export async function readFirst(folder: string, names: readonly string[]): Promise<FileBytes | undefined> {
  for (const name of names) {
    const path = `${folder}/${name}`;
    try {
      return { path, bytes: await readWhole(path) };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      if (error instanceof Deno.errors.NotCapable) throw notAllowed("read", path, error);
      throw new Error(
        `Cannot read ${shown(path)}: it must be a readable file: current value is ${reasonOf(error)}`,
        {
          cause: error,
        },
      );
    }
  }
}

/** `Deno.readFile` would hold the contents twice for a moment. */
async function readWhole(path: string): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  const { size, isFile } = await file.stat();
  if (!isFile) throw new TypeError("something else");
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const read = await file.read(bytes.subarray(length));
    if (read === null) break; // the file shrank meanwhile
    length += read;
  }
  return bytes.subarray(0, length);
}

/** What an exception says, in one line that is safe to show. */
export function reasonOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error), MOST_OF_A_REASON);
}

/** A path in a message. */
function shown(path: string): string {
  return printable(path, MOST_OF_A_PATH);
}

/** The error for a path that Deno's permissions leave out. */
export function notAllowed(access: "read" | "write", path: string, cause: unknown): Error {
  const folder = path.replace(/[^/\\]*$/, "").replace(/(?<=.)[/\\]$/, "") || ".";
  return new Deno.errors.NotCapable(
    `Cannot ${access} ${shown(path)}: Deno must be allowed to: current value is denied; ` +
      `add --allow-${access}=${shown(folder)}`,
    { cause },
  );
}

/** SHA-256 in hexadecimal. (`node:crypto` takes half the time of `crypto.subtle`, which copies first.) */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const PART = /\.[0-9a-f-]{36}\.part$/;

/**
 * Writes a file under a temporary name and renames it, so that whoever looks finds the old contents, or the
 * new ones, or nothing, whatever happens meanwhile. Of several writers at once the last one wins.
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.${randomUUID()}.part`;
  try {
    await writeAndSync(part, bytes);
    await Deno.rename(part, path);
  } catch (error) {
    await Deno.remove(part).catch(() => {});
    if (error instanceof Deno.errors.NotCapable) throw notAllowed("write", path, error);
    throw new Error(
      `Cannot write ${shown(path)}: the disk must take ${bytes.length} bytes: current value is ${
        reasonOf(error)
      }`,
      {
        cause: error,
      },
    );
  }
}

async function writeAndSync(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  await file.syncData();
}

/** Makes a folder in one that is there; nothing if it is there itself. Never makes again what has vanished above it. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

/** Nobody writes for so long without touching the file. */
const STALE_MS = 60_000;

/** Removes what writers that were killed have left in a folder. */
export async function removeStaleParts(folder: string): Promise<void> {
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  for (const name of names.filter((name) => PART.test(name))) {
    const part = `${folder}/${name}`;
    const info = await Deno.stat(part).catch(() => undefined);
    if (!info?.mtime || Date.now() - info.mtime.getTime() < STALE_MS) continue;
    await Deno.remove(part).catch(() => {}); // another run may have removed it
  }
}
