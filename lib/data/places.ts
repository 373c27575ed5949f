/**
 * Where paths lead. Most calls of Deno check only the names of paths, and follow links anywhere (`Deno.readFile()` and
 * `Deno.writeFile()` do, `Deno.open()` sometimes does not), so links are checked here.
 *
 * A path may lead through a link if `data` or `runs` is that link, to a bigger disk, say, or if Deno may use the link's
 * target. Inside a run, which may come from anywhere, nothing may be a link.
 *
 * Paths are checked before they are opened: a process that changes a folder in between can still mislead a task, but
 * nobody can who only made the folder.
 *
 * @module
 */
import { dirname, resolve, sep } from "node:path";
import { printable } from "../excerpt.ts";

/** Folders that may themselves be links, to anywhere. */
const HOMES: readonly string[] = ["data", "runs"];

const MOST_HOPS = 8;

/** Separators after a path, with which `lstat` would follow a link. Outside Windows, a backslash is part of a name. */
const END = sep === "\\" ? /(?<=.)[/\\]+$/ : /(?<=.)\/+$/;

/** A path as messages show it: many are longer than other excerpts may be. */
export function shown(path: string): string {
  return printable(path, 300);
}

/** How a path is used. */
export type Access = "read" | "write";

/** Paths by how they are used. Undefined ones are ignored. */
export type Files = Readonly<Partial<Record<Access, readonly (string | undefined)[]>>>;

/** `Deno.errors.NotCapable`; in Node and browsers, where everything works that touches no disk, there is none. */
export const NotCapable: new (message?: string, options?: ErrorOptions) => Error =
  globalThis.Deno?.errors.NotCapable ?? Error;

/** Deno may not use a path, or the target of its links. */
export class NotAllowedError extends NotCapable {
  /** `"NotCapable"`, as Deno's own. */
  override readonly name: string = "NotCapable";
  /** All that must be allowed, as far as known. */
  readonly files: Files;

  /** Composes the message. */
  constructor(
    access: Access,
    path: string,
    { target, files, cause }: { target?: string; files?: Files; cause?: unknown } = {},
  ) {
    const place = target ?? (files ? path : END.test(path) ? path.replace(END, "") : dirname(path));
    const rule = target === undefined
      ? "Deno must be allowed to: current value is denied"
      : `Deno must be allowed to where its link leads to: current value is ${shown(target)}, which is denied`;
    super(`Cannot ${access} ${shown(path)}: ${rule}; add --allow-${access}=${shown(place)}`, { cause });
    this.files = files ?? { [access]: [place] };
  }
}

/**
 * Checks that files may be used, before anything is done.
 *
 * @throws {NotAllowedError} If one may not; its `files` are all of them.
 */
export function checkAllowed(files: Files): void {
  for (const access of ["write", "read"] as const) {
    for (const path of files[access] ?? []) {
      if (path === undefined) continue;
      if (!isGranted(access, path)) throw new NotAllowedError(access, path, { files });
      const target = outsideTargetOf(path);
      if (target !== null && !isGranted(access, target)) {
        throw new NotAllowedError(access, path, { target, files });
      }
    }
  }
}

/**
 * Checks that the links in a path lead only where they may.
 *
 * @throws {NotAllowedError} If one leads elsewhere; the message names its target.
 */
export function checkPlace(path: string, access: Access): void {
  const target = outsideTargetOf(path);
  if (target !== null && !isGranted(access, target)) throw new NotAllowedError(access, path, { target });
}

/** The real path, if its links lead out of `data` and `runs`; else null. */
export function outsideTargetOf(path: string): string | null {
  const target = targetOf(path);
  return target === null || HOMES.some((home) => isInside(target, realPath(home))) ? null : target;
}

function isGranted(access: Access, path: string): boolean {
  return Deno.permissions.querySync({ name: access, path }).state === "granted";
}

/**
 * The real path, if it leads through links; else null. Of a path that does not exist yet, the part that exists counts;
 * folders that Deno may not look at count as no links.
 */
export function targetOf(path: string, hops = 0): string | null {
  const prefixes: string[] = [];
  for (let at = path.replace(END, ""); at !== dirname(at); at = dirname(at)) prefixes.unshift(at);
  let linked = false, there = "";
  for (const prefix of prefixes) {
    const info = lstat(prefix);
    if (info === "denied") continue;
    if (info === null) break;
    there = prefix;
    linked ||= info.isSymlink;
  }
  if (!linked) return null;
  const real = realPath(there);
  if (real !== null) return real;
  const named = resolve(realPath(dirname(there)) ?? ".", Deno.readLinkSync(there)); // the link leads to nothing, or in a circle
  return hops < MOST_HOPS ? targetOf(named, hops + 1) ?? named : named;
}

/** Whether a path is the folder, or in it. */
export function isInside(path: string, folder: string | null): boolean {
  if (folder === null) return false;
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/**
 * Checks that a run contains only files and folders: no links, pipes or devices.
 *
 * @throws {NotAllowedError} If the path leads through links that may not be followed.
 * @throws {TypeError} If it contains anything else; the message names it.
 */
export async function checkRun(run: string, access: Access): Promise<void> {
  checkPlace(run, access);
  const folders = [run];
  for (let folder; (folder = folders.pop()) !== undefined;) {
    for (const { name, isDirectory, isFile, isSymlink } of await entriesOf(folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) folders.push(path);
      if (isDirectory || isFile) continue;
      const what = isSymlink ? `a link to ${shown(Deno.readLinkSync(path))}` : "a pipe or a device";
      throw new TypeError(
        `Cannot use the run ${shown(run)}: nothing in it may be a link or a pipe: ` +
          `current value is ${shown(path)}, ${what}`,
      );
    }
  }
}

/** Empty if there is no such folder: it need not exist yet, or may just have vanished. */
async function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error instanceof Deno.errors.NotCapable
      ? new NotAllowedError("read", `${folder}/`, { cause: error })
      : error;
  }
}

function lstat(path: string): Deno.FileInfo | "denied" | null {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    return error instanceof Deno.errors.NotCapable ? "denied" : null;
  }
}

/** Null if it does not exist, or Deno may not look. */
function realPath(path: string): string | null {
  try {
    return Deno.realPathSync(path);
  } catch {
    return null;
  }
}
