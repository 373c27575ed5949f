/**
 * Where paths lead. Deno looks at the names of paths alone in most of its calls, and follows links wherever they point
 * to (`Deno.readFile()` and `Deno.writeFile()` do, `Deno.open()` sometimes does not): so links are looked at here.
 *
 * A path may lead through a link if `data` or `runs` is that link, to a bigger disk, say, or if Deno was allowed the place
 * that the link leads to. Inside a run, which may have come from anywhere, nothing may be a link.
 *
 * Looking comes before opening: who can change a folder between the two, can lead astray. Nobody can who only wrote it.
 *
 * @module
 */
import { dirname, resolve, sep } from "node:path";
import { printable } from "../excerpt.ts";

/** Folders that may be links themselves, wherever they lead to. */
export const HOMES: readonly string[] = ["data", "runs"];

const MOST_HOPS = 8;

/** Separators behind a path: with one, `lstat` looks at what a link leads to. A backslash is part of a name elsewhere. */
const END = sep === "\\" ? /(?<=.)[/\\]+$/ : /(?<=.)\/+$/;

/** A path as messages quote it: most are longer than other excerpts may be. */
export function shown(path: string): string {
  return printable(path, 300);
}

/** What is done with a path. */
export type Access = "read" | "write";

/** Paths by what is done with them. Those that are not given are left out. */
export type Files = Readonly<Partial<Record<Access, readonly (string | undefined)[]>>>;

/** A path, or what its links lead to, is not allowed. */
export class NotAllowedError extends Deno.errors.NotCapable {
  /** `"NotCapable"`, as Deno's own. */
  override readonly name = "NotCapable";
  /** All that would have to be allowed, as far as it is known. */
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
 * Sees to it that files may be used, before anything is done.
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
 * Sees to it that the links in a path, if there are any, lead nowhere but where they may.
 *
 * @throws {NotAllowedError} If one leads elsewhere; names what it leads to.
 */
export function checkPlace(path: string, access: Access): void {
  const target = outsideTargetOf(path);
  if (target !== null && !isGranted(access, target)) throw new NotAllowedError(access, path, { target });
}

/** What a path really is, if its links lead out of `data` and `runs`; null if it has none, or they do not. */
export function outsideTargetOf(path: string): string | null {
  const target = targetOf(path);
  return target === null || HOMES.some((home) => isInside(target, realPath(home))) ? null : target;
}

function isGranted(access: Access, path: string): boolean {
  return Deno.permissions.querySync({ name: access, path }).state === "granted";
}

/**
 * What a path really is, if it leads through links; null if it does not. What is not there yet counts as far as it is; what
 * lies above the folders that Deno may look at counts as no link.
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
  const named = resolve(realPath(dirname(there)) ?? ".", Deno.readLinkSync(there)); // by a link to nothing, or in a circle
  return hops < MOST_HOPS ? targetOf(named, hops + 1) ?? named : named;
}

/** Whether a path is a folder, or lies in it. */
export function isInside(path: string, folder: string | null): boolean {
  if (folder === null) return false;
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/**
 * Sees to it that a run holds files and folders, and neither links nor pipes nor anything else.
 *
 * @throws {NotAllowedError} If links lead to the run itself, and they may not.
 * @throws {TypeError} If something else is in it; names it.
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

/** None, where there is no such folder: it need not be there yet, or may just have gone. */
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

/** Null if it is not there, or Deno may not look. */
function realPath(path: string): string | null {
  try {
    return Deno.realPathSync(path);
  } catch {
    return null;
  }
}
