/**
 * Files on this machine: read once, written whole or not at all.
 *
 * @module
 */
import { createHash, randomUUID } from "node:crypto";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { printable } from "../excerpt.ts";
import { type Access, checkPlace, NotAllowedError, shown } from "./places.ts";

/** Characters; longer than any message of Scanline's. */
const MOST_OF_A_REASON = 1000;

export interface FileBytes {
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Reads the first file that exists in the folder; `undefined` if none does.
 *
 * @param options.mostBytes The longest file to read; any by default
 * @throws {Deno.errors.NotCapable} If Deno may not read there; the message names the flag.
 * @throws {Error} If it cannot be read.
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
 * Reads a file, but no pipe or device: those may never end, such as `/dev/zero`.
 *
 * @param options.mostBytes The longest file to read; any by default
 * @throws {Deno.errors.NotFound} If it does not exist.
 * @throws {Deno.errors.NotCapable} If Deno may not read there; the message names the flag.
 * @throws {Error} If it cannot be read.
 */
export async function readWhole(
  path: string,
  { mostBytes = Infinity }: { mostBytes?: number } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    checkPlace(path, "read");
    const info = await Deno.stat(path); // before opening, which may wait for ever
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

/** `Deno.readFile` would hold the contents twice for a moment, and `Deno.open` refuses some links. */
async function readBytes(path: string, size: number): Promise<Uint8Array<ArrayBuffer>> {
  await using file = await open(path);
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await file.read(bytes, length, size - length, null);
    if (bytesRead === 0) break; // it shrank meanwhile
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || (error as { code?: unknown }).code === "ENOENT";
}

/** What is there, if not a file. */
function kindOf({ isDirectory, isFifo, isSocket }: Deno.FileInfo): string {
  return isDirectory ? "a folder" : isFifo ? "a named pipe" : isSocket ? "a socket" : "a device";
}

/** The message of an exception, as one line that is safe to show. */
export function reasonOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error), MOST_OF_A_REASON);
}

/** The error for a path that Deno's permissions do not include. */
export function notAllowed(access: Access, path: string, cause: unknown): Error {
  return cause instanceof NotAllowedError ? cause : new NotAllowedError(access, path, { cause });
}

/** SHA-256 in hexadecimal. (`node:crypto` takes half the time of `crypto.subtle`, which copies first.) */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const PART = /\.[0-9a-f-]{36}\.part$/;

/**
 * Writes a file under a temporary name and renames it: whatever happens, readers find the old contents, the new ones or
 * no file. If several write at once, the last one wins.
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.${randomUUID()}.part`;
  try {
    checkPlace(dirname(path), "write"); // a link at the path itself is replaced, not followed
    await writeAndSync(part, bytes);
    await Deno.rename(part, path);
  } catch (error) {
    await Deno.remove(part).catch(() => {});
    if (error instanceof Deno.errors.NotCapable) throw notAllowed("write", path, error);
    const rule = `the disk must take ${bytes.length} bytes`;
    throw new Error(`Cannot write ${shown(path)}: ${rule}: current value is ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

async function writeAndSync(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  await file.syncData();
}

/**
 * Writes a file that the user named: in place, because Deno may be allowed to write this file but not its folder.
 *
 * @throws {Error} If anything but a file is there, or one with several hard links, or the disk does not take it.
 */
export async function writeNamed(
  path: string,
  bytes: Uint8Array,
  options: Deno.WriteFileOptions = {},
): Promise<void> {
  let isNew = false;
  try {
    checkPlace(path, "write");
    isNew = !await checkWritable(path);
    await Deno.writeFile(path, bytes, options);
  } catch (error) {
    if (isNew) await Deno.remove(path).catch(() => {}); // half a file helps nobody
    throw notWritable(path, error);
  }
}

/**
 * Appends to a file, which need not exist yet.
 *
 * @throws {Error} As {@link writeNamed} does.
 */
export async function appendTo(path: string, contents: string | Uint8Array): Promise<void> {
  const bytes = typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
  await writeNamed(path, bytes, { append: true });
}

function notWritable(path: string, cause: unknown): Error {
  if (cause instanceof Deno.errors.NotCapable) return notAllowed("write", path, cause);
  const rule = `it must be a writable file: current value is ${shown(reasonOf(cause))}`;
  return new Error(`Cannot write ${shown(path)}: ${rule}`, { cause });
}

/**
 * Checks what writing in place would change: it must be a file, and have no other name by a hard link.
 *
 * @returns Whether it exists
 */
async function checkWritable(path: string): Promise<boolean> {
  const info = await Deno.stat(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  if (info && !info.isFile) throw new TypeError(kindOf(info));
  if (info && (info.nlink ?? 1) > 1) throw new TypeError(`one with ${info.nlink} names, by hard links`);
  return info !== undefined;
}

/** Flushes a file to the disk, and returns its length; 0 if it does not exist. */
export async function syncedLength(path: string): Promise<number> {
  try {
    await checkWritable(path);
    await using file = await open(path, "r+");
    await file.datasync();
    return (await file.stat()).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw notWritable(path, error);
  }
}

/**
 * Makes a folder unless it exists. The folder that it is in must exist: one that vanished is not made again.
 *
 * @throws {Error} If it cannot be made; the message names it.
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
 * Makes a folder and those above it, unless they exist.
 *
 * @throws {Error} If it cannot be made, or something else is there; the message names it.
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

/** Makes a folder that must not exist yet. @throws {Deno.errors.AlreadyExists} If it does. */
export async function makeNewFolder(path: string): Promise<void> {
  await attemptFolder(path, () => Deno.mkdir(path));
}

/** Gives every fault of the disk the same message; missing permissions and existing folders keep their own. */
async function attemptFolder(path: string, make: () => Promise<void>): Promise<void> {
  try {
    await make();
  } catch (cause) {
    const isClear = cause instanceof TypeError; // ours
    if (isClear || cause instanceof Deno.errors.NotCapable || cause instanceof Deno.errors.AlreadyExists) {
      throw cause;
    }
    const rule = `it must be in a writable folder: current value is ${reasonOf(cause)}`;
    throw new Error(`Cannot make the folder ${shown(path)}: ${rule}`, { cause });
  }
}

/** No writer leaves its file untouched for so long. */
const STALE_MS = 60_000;

/** Removes the temporary files that killed writers left in a folder. */
export async function removeStaleParts(folder: string): Promise<void> {
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  for (const name of names.filter((name) => PART.test(name))) {
    const part = `${folder}/${name}`;
    const info = await Deno.stat(part).catch(() => undefined);
    if (!info?.mtime || Date.now() - info.mtime.getTime() < STALE_MS) continue;
    await Deno.remove(part).catch(() => {}); // another run may have removed it
  }
}
