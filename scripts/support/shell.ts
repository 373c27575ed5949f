/**
 * Commands as they are printed, for people to copy into a shell: quoted, and with the permissions that they need.
 *
 * @module
 */
import { dirname, resolve } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { type Files, isInside, outsideTargetOf } from "../../lib/data/places.ts";

const TASKS: Readonly<Record<string, { readonly command: string }>> = config.tasks;

/**
 * The command that runs a task: `deno task`, or, where it needs other places than its own, the command behind the task
 * with these too, since a task's permissions are fixed.
 *
 * @param words Flags and operands, as the program is to get them
 * @param files What it has to read and write of what the words name
 */
export function taskCommand(task: string, words: readonly string[], files: Files = {}): string {
  const { command } = TASKS[task], program = command.slice(command.indexOf("deno run")); // what stands before has been done
  const write = placesOf(files.write), read = [...placesOf(files.read), ...write]; // what is written is looked at, too
  const wider = widen(widen(program, "write", write), "read", read);
  return [wider === program ? `deno task ${task}` : wider, ...words.map((word) => quote(word))].join(" ");
}

/** A flag and its value; joined, where the value looks like a flag. */
export function flagWords(name: string, value: string): string[] {
  return value.startsWith("-") ? [`--${name}=${value}`] : [`--${name}`, value];
}

/** A path that stands without a flag. */
export function operandWord(path: string): string {
  return path.startsWith("-") ? `./${path}` : path;
}

/**
 * A word for a shell, quoted where that is needed: a POSIX shell, or PowerShell on Windows.
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
  if (!UNPRINTABLE.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  const escaped = word.replace(/[\\']/g, "\\$&").replaceAll("\n", "\\n").replace(
    new RegExp(UNPRINTABLE, "gu"),
    (character) =>
      [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join(
        "",
      ),
  );
  return `$'${escaped}'`;
}

/** What a terminal would obey or hide. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Paths, and what their links lead to where that is elsewhere. */
function placesOf(paths: Files["read"] = []): string[] {
  return paths.filter((path) => path !== undefined).flatMap((path) => {
    const target = outsideTargetOf(path);
    return target === null ? [path] : [path, target];
  });
}

/** A command with more places in one of its lists, as far as they are not in it. */
function widen(command: string, access: "read" | "write", places: readonly string[]): string {
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

/** Deno takes commas for the ends of paths, so a folder above must do. */
function withoutComma(path: string): string {
  return path.includes(",") ? withoutComma(dirname(path)) : path;
}
