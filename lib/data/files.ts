/**
 * Files on this machine: read once, hashed in place, written whole or not at all.
 *
 * @module
 */
import { createHash, randomUUID } from "node:crypto";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { printable } from "../excerpt.ts";
import { type Access, checkPlace, NotAllowedError, shown } from "./places.ts";

/** Longer than any sentence of ours. */
const MOST_OF_A_REASON = 1000;

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
 * @param options.mostBytes How long it may be; any length by default
 * @throws {Deno.errors.NotCapable} If Deno may not read there; the message names the flag.
 * @throws {Error} If there is one that cannot be read.
 */
export async function readFirst(
  folder: string,
  names: readonly string[],
  options: { mostBytes?: number } = {},
): Promise<FileBytes | undefined> {
  for (const name of names) {
    const path = `${folder}/${name}`;
    try {
      return { path, bytes: await readWhole(path, options) };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/**
 * Reads all of a file, and nothing but a file: a pipe may never end, and neither does `/dev/zero`.
 *
 * @param options.mostBytes How long it may be; any length by default
 * @throws {Deno.errors.NotFound} If there is none.
 * @throws {Deno.errors.NotCapable} If Deno may not read there; the message names the flag.
 * @throws {Error} If it cannot be read.
 */
export async function readWhole(
  path: string,
  { mostBytes = Infinity }: { mostBytes?: number } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    checkPlace(path, "read");
    const info = await Deno.stat(path); // before it is opened: that alone may wait for ever
    if (!info.isFile) throw new TypeError(kindOf(info));
    if (info.size > mostBytes) throw new RangeError(`${info.size} bytes, and ${mostBytes} at most are read`);
    return await readBytes(path, info.size);
  } catch (error) {
    if (error instanceof NotAllowedError) throw error;
    if (error instanceof Deno.errors.NotCapable) throw new NotAllowedError("read", path, { cause: error });
    const missing = isMissing(error);
    const found = missing ? "missing" : shown(reasonOf(error));
    const message = `Cannot read ${shown(path)}: it must be a readable file: current value is ${found}`;
    throw missing
      ? new Deno.errors.NotFound(message, { cause: error })
      : new Error(message, { cause: error });
  }
}

/** `Deno.readFile` would hold the contents twice for a moment, and `Deno.open` refuses what lies behind links. */
async function readBytes(path: string, size: number): Promise<Uint8Array<ArrayBuffer>> {
  await using file = await open(path);
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await file.read(bytes, length, size - length, null);
    if (bytesRead === 0) break; // the file shrank meanwhile
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || (error as { code?: unknown }).code === "ENOENT";
}

/** What lies there, if it is no file. */
function kindOf({ isDirectory, isFifo, isSocket }: Deno.FileInfo): string {
  return isDirectory ? "a folder" : isFifo ? "a named pipe" : isSocket ? "a socket" : "a device";
}

/** What an exception says, in one line that is safe to show. */
export function reasonOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error), MOST_OF_A_REASON);
}

/** The error for a path that Deno's permissions leave out. */
export function notAllowed(access: Access, path: string, cause: unknown): Error {
  return cause instanceof NotAllowedError ? cause : new NotAllowedError(access, path, { cause });
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
    checkPlace(dirname(path), "write"); // a link under the name itself would be replaced, not followed
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

/**
 * Writes a file that a person named: in place, as Deno may have been allowed that one alone, and not its folder.
 *
 * @throws {Error} If something else than a file is there, or the disk does not take it.
 */
export async function writeNamed(path: string, bytes: Uint8Array): Promise<void> {
  await writeInPlace(path, bytes);
}

/**
 * Appends to a file, which need not be there yet.
 *
 * @throws {Error} If something else than a file is there, or one that has another name elsewhere, or the disk does not
 * take it.
 */
export async function appendTo(path: string, contents: string | Uint8Array): Promise<void> {
  const bytes = typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
  await writeInPlace(path, bytes, { append: true });
}

async function writeInPlace(path: string, bytes: Uint8Array, options: Deno.WriteFileOptions = {}) {
  let begun = false; // a file that was not there before
  try {
    checkPlace(path, "write");
    begun = !await checkWritable(path);
    await Deno.writeFile(path, bytes, options);
  } catch (error) {
    if (begun) await Deno.remove(path).catch(() => {}); // half of one helps nobody
    if (error instanceof Deno.errors.NotCapable) throw notAllowed("write", path, error);
    throw new Error(
      `Cannot write ${shown(path)}: it must be a writable file: current value is ${shown(reasonOf(error))}`,
      { cause: error },
    );
  }
}

/**
 * Writing in place changes what is there: it must be a file, and nobody else's too by a hard link.
 *
 * @returns Whether it is there
 */
async function checkWritable(path: string): Promise<boolean> {
  const info = await Deno.stat(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  if (info && !info.isFile) throw new TypeError(kindOf(info));
  if (info && (info.nlink ?? 1) > 1) throw new TypeError(`one with ${info.nlink} names, by hard links`);
  return info !== undefined;
}

/** How long a file is that has just been brought to the disk; 0 if it is not there. */
export async function syncedLength(path: string): Promise<number> {
  try {
    await checkWritable(path);
    await using file = await open(path, "r+");
    await file.datasync();
    return (await file.stat()).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw new Error(
      `Cannot write ${shown(path)}: it must be a writable file: current value is ${shown(reasonOf(error))}`,
      { cause: error },
    );
  }
}

/**
 * Makes a folder in one that is there; nothing if it is there itself. Never makes again what has vanished above it.
 *
 * @throws {Error} If it cannot be made; names it.
 */
export async function makeFolder(path: string): Promise<void> {
  await attemptFolder(path, async () => {
    try {
      await Deno.mkdir(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  });
}

/**
 * Makes a folder, and those above it; nothing if it is there.
 *
 * @throws {Error} If it cannot be made, or something else is there; names it.
 */
export async function makeFolders(path: string): Promise<void> {
  await attemptFolder(path, async () => {
    try {
      await Deno.mkdir(path, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotADirectory)) {
        throw error;
      }
      throw new TypeError(`Cannot write to ${shown(path)}: it must be a folder: current value is a file`);
    }
  });
}

/** Makes a folder that must not be there yet. @throws {Deno.errors.AlreadyExists} If it is. */
export async function makeNewFolder(path: string): Promise<void> {
  await attemptFolder(path, () => Deno.mkdir(path));
}

/** One error, whatever is wrong with the disk; that a permission is missing, or that it is there already, stays as it is. */
async function attemptFolder(path: string, make: () => Promise<void>): Promise<void> {
  try {
    await make();
  } catch (cause) {
    const isClear = cause instanceof TypeError; // ours
    if (isClear || cause instanceof Deno.errors.NotCapable || cause instanceof Deno.errors.AlreadyExists) {
      throw cause;
    }
    throw new Error(
      `Cannot make the folder ${shown(path)}: it must be in a writable folder: current value is ${
        reasonOf(cause)
      }`,
      { cause },
    );
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
