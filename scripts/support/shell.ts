/**
 * Commands printed for people to copy into a shell, quoted and with the permissions that they need; and the flags of
 * processes that scripts start.
 *
 * @module
 */
import { dirname, resolve } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { type Access, type Files, isInside, outsideTargetOf } from "../../lib/data/places.ts";

/** Never asks a person, fetches nothing, and runs no packages but those in the lock file. */
export const OFFLINE: readonly string[] = ["--no-prompt", "--cached-only", "--no-remote", "--frozen"];

const TASKS: Readonly<Record<string, { readonly command: string }>> = config.tasks;

/**
 * The command that runs a task: `deno task`, or, if the words name files that the task may not use, the command behind the
 * task with more permissions, since those of a task are fixed.
 *
 * @param words Flags and operands, as the program receives them
 * @param files The files and folders among them
 */
export function taskCommand(task: string, words: readonly string[], files: Files = {}): string {
  const { command } = TASKS[task], program = command.slice(command.indexOf("deno run")); // the setup before it is done
  const write = placesOf(files.write), read = [...placesOf(files.read), ...write]; // files to write are also looked at
  const wider = widen(widen(program, "write", write), "read", read);
  return [wider === program ? `deno task ${task}` : wider, ...words.map((word) => quote(word))].join(" ");
}

/** A flag and its value, joined by `=` if the value looks like a flag. */
export function flagWords(name: string, value: string): string[] {
  return value.startsWith("-") ? [`--${name}=${value}`] : [`--${name}`, value];
}

/** A path given without a flag. */
export function operandWord(path: string): string {
  return path.startsWith("-") ? `./${path}` : path;
}

/**
 * A word for a POSIX shell, or for PowerShell on Windows, quoted if necessary.
 *
 * @example
 * ```ts
 * import { quote } from "./shell.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(quote("runs/a"), "runs/a");
 * assert.equal(quote("it's $(here)"), `'it'\\''s $(here)'`);
 * assert.equal(quote("a\nb"), `$'a\\nb'`); // bash and zsh know this form
 * ```
 */
export function quote(word: string, os: string = Deno.build.os): string {
  if (/^[\w./:,+@=-]+$/.test(word)) return word;
  if (os === "windows") return `'${word.replaceAll("'", "''")}'`;
  if (!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  // A terminal would obey or hide these characters: they are written as octal bytes.
  const octal = (character: string) =>
    Array.from(new TextEncoder().encode(character), (byte) => `\\${byte.toString(8).padStart(3, "0")}`);
  const escaped = word.replace(/[\\']/g, "\\$&").replaceAll("\n", "\\n")
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => octal(character).join(""));
  return `$'${escaped}'`;
}

/** The paths, and the targets of links among them that lead out of `data` and `runs`. */
function placesOf(paths: Files[Access] = []): string[] {
  return paths.flatMap((path) => path === undefined ? [] : [path, outsideTargetOf(path) ?? path]);
}

/** Adds to one of the command's permissions the places that it lacks. */
function widen(command: string, access: Access, places: readonly string[]): string {
  const [list, text] = command.match(new RegExp(`--allow-${access}=(\\S+)`)) ?? [null, ""];
  const allowed = text === "" ? [] : text.split(",");
  const isAllowed = (place: string) => allowed.some((folder) => isInside(resolve(place), resolve(folder)));
  const more = [...new Set(places.filter((place) => !isAllowed(place)).map(withoutComma))];
  if (more.length === 0) return command;
  const wider = `--allow-${access}=${[...allowed, ...more.map((place) => quote(place))].join(",")}`;
  return list === null
    ? command.replace(/(--allow-read=\S+)/, (read) => `${read} ${wider}`)
    : command.replace(list, () => wider);
}

/** A path above the comma: Deno's lists are separated by commas, and cannot hold a path with one. */
function withoutComma(path: string): string {
  return path.includes(",") ? withoutComma(dirname(path)) : path;
}
