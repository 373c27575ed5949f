/**
 * Where a person stood when they called a task: Deno starts its command in the folder of `deno.json`.
 *
 * @module
 */
import type { Flags } from "./flags.ts";

/** Which values name files that must be there. */
function isInput(flag: Flags[string]): boolean {
  return (flag.kind === "text" || flag.kind === "operands") && flag.input === true;
}

/**
 * Files that were named from a folder below, as seen from the project's: `seven.png` is `photos/seven.png` where that is
 * there. Others stay as they are, and so does everything where the task does not tell the folder.
 */
export async function fromCallFolder<Values extends object>(flags: Flags, values: Values): Promise<Values> {
  const folder = callFolder();
  if (folder === null) return values;
  const entries = Object.entries(values).map(async ([name, value]) => {
    if (!isInput(flags[name])) return [name, value];
    return [name, Array.isArray(value) ? await Promise.all(value.map(locate)) : await locate(value)];
  });
  return Object.fromEntries(await Promise.all(entries)) as Values;

  async function locate(path: string | undefined) {
    if (!path || /^(\d+|[/\\].*|[a-z]:.*)$/i.test(path)) return path; // a test image's number, or absolute
    const there = `${folder}/${path}`;
    return await Deno.stat(there).then(() => there, () => path); // not there, or not to be read
  }
}

/** Relative to the working folder; null where it is that, is not below it, or is not known. */
function callFolder(): string | null {
  if (Deno.permissions.querySync({ name: "env", variable: "INIT_CWD" }).state !== "granted") return null;
  const called = Deno.env.get("INIT_CWD"), here = Deno.cwd();
  return called?.startsWith(`${here}/`) || called?.startsWith(`${here}\\`)
    ? called.slice(here.length + 1)
    : null;
}
