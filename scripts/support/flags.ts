/**
 * Command-line flags: parsed, checked and explained from one typed description.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { excerpt, printable } from "../../lib/excerpt.ts";
import { number, oneOf, type Rule, TEXT, whole } from "../../lib/options.ts";
import { nearest } from "./nearest.ts";

/**
 * One flag. A `switch` takes no value; `operands` are the arguments without a flag. An `input` names a file or a folder that
 * exists, a `run` the folder of a run, or a recipe, which is its latest run.
 */
export type Flag =
  & { readonly help: string }
  & (
    | { readonly kind: "whole"; readonly least: number; readonly most?: number; readonly default?: number }
    | { readonly kind: NumberKind; readonly default?: number }
    | { readonly kind: "amount"; readonly most?: number; readonly default?: number }
    | { readonly kind: "choice"; readonly choices: readonly string[]; readonly default?: string }
    | {
      readonly kind: "text";
      readonly placeholder: string;
      readonly default?: string;
      readonly input?: true;
      readonly run?: true;
    }
    | { readonly kind: "switch" }
    | {
      readonly kind: "operands";
      readonly placeholder: string;
      readonly least: number;
      /** 1 if the command rejects more than one. */
      readonly most?: 1;
      readonly input?: true;
      readonly run?: true;
    }
  );

/** `share` is at least 0 and below 1; `amount`, apart, is 0 or more. */
type NumberKind = "positive" | "number" | "share";

/** Flags by name, without the dashes. */
export type Flags = Readonly<Record<string, Flag>>;

/** A flag with dashes. */
type Option = Exclude<Flag, { kind: "operands" }>;

type ValueOf<F extends Flag> = F["kind"] extends "switch" ? boolean
  : F["kind"] extends "whole" | "amount" | NumberKind ? number
  : F["kind"] extends "operands" ? readonly string[]
  : F extends { choices: readonly (infer Choice)[] } ? Choice
  : string;

/** The values of flags; undefined if a flag was not given and has no default. */
export type FlagValues<F extends Flags> = {
  readonly [Name in keyof F]: F[Name] extends { kind: "switch" | "operands" } | { default: number | string }
    ? ValueOf<F[Name]>
    : ValueOf<F[Name]> | undefined;
};

/** An unknown flag, or a value that its flag does not take; the message names what was meant, or lists what is valid. */
export class FlagError extends Error {
  override name = "FlagError";
}

/** Whether `--help` or `-h` is among the arguments; if so, the others do not matter. */
export function asksForHelp(args: readonly string[]): boolean {
  return args.slice(0, [...args, "--"].indexOf("--")).some((arg) => arg === "--help" || arg === "-h");
}

/**
 * Reads the values of flags from the arguments of a command.
 *
 * @throws {FlagError} If a flag is unknown, a value is invalid, or operands are missing.
 */
export function parseFlags<const F extends Flags>(flags: F, args: readonly string[]): FlagValues<F> {
  const options = new Map<string, Option>();
  const values: Record<string, unknown> = {};
  const operands: string[] = [];
  let takesOperands = false;
  for (const [name, flag] of Object.entries(flags)) {
    if (flag.kind === "operands") takesOperands = true;
    else options.set(name, flag);
    values[name] = flag.kind === "operands" ? operands : flag.kind === "switch" ? false : flag.default;
  }
  const types = [...options].map(([name, { kind }]) => {
    return [name, { type: kind === "switch" ? "boolean" : "string" }] as const;
  });
  // Not strict: parseArgs()'s own messages list neither the valid flags nor the valid values.
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(types),
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const known = [...options.keys()];
  for (const [i, token] of tokens.entries()) {
    if (token.kind === "positional" && takesOperands) {
      operands.push(token.value);
      continue;
    }
    if (token.kind === "positional") {
      const reason = strayWord(token.value, known, tokens[i - 1]);
      throw new FlagError(`Cannot use ${excerpt(token.value)}: ${reason}`);
    }
    const isFlag = token.kind === "option" && token.rawName.startsWith("--");
    const flag = isFlag ? options.get(token.name) : undefined;
    if (!isFlag || !flag) {
      const given = isFlag ? token.rawName : args[token.index];
      throw new FlagError(`Cannot use ${excerpt(given)}: ${unknownFlag(given, known)}`);
    }
    values[token.name] = parseValue(token.rawName, flag, token.value);
  }
  for (const flag of Object.values(flags)) {
    if (flag.kind !== "operands" || operands.length >= flag.least) continue;
    const found = operands.length > 0 ? `: current value is ${operands.length} of ${flag.least}` : "";
    throw new FlagError(`Cannot start: ${flag.placeholder} must be given, ${flag.help}${found}`);
  }
  return values as FlagValues<F>;
}

/** The list of the flags is long: where it is clear which was meant, or the list would not help, it is left out. */
function unknownFlag(
  given: string,
  known: readonly string[],
  otherwise = oneOfThese(known),
): string {
  const meant = nearest(given.replace(/^-+|=[^]*/g, ""), known);
  return meant === undefined ? otherwise : `there is no such flag. Did you mean --${meant}?`;
}

function oneOfThese(known: readonly string[]): string {
  return `it must be one of ${known.map((name) => `--${name}`).join(", ")}`;
}

/** So many flags are listed in a message. */
const FEW_FLAGS = 8;

/** Why a word cannot be used that no flag takes as its value. @param before The token before it */
function strayWord(
  word: string,
  known: readonly string[],
  before: { kind: string; rawName?: string; value?: string } | undefined,
): string {
  const isSwitch = before?.kind === "option" && before.value === undefined;
  const reason = isSwitch
    ? `${before.rawName} takes no value`
    : known.length > FEW_FLAGS
    ? "this task takes only flags, which begin with --"
    : oneOfThese(known);
  return unknownFlag(word, known, reason);
}

/** A remedy for a word that is not in a list: the one that is most like it. */
export function didYouMean(given: string, words: readonly string[]): string {
  const meant = nearest(given, words);
  return meant === undefined ? "" : ` (did you mean ${meant}?)`;
}

function parseValue(name: string, flag: Option, text: string | undefined): unknown {
  if (flag.kind === "switch") {
    if (text === undefined) return true;
    throw new FlagError(`Cannot use ${name}=${printable(text)}: ${name} takes no value`);
  }
  const { must, holds } = ruleOf(flag);
  if (text === undefined) throw new FlagError(`Cannot use ${name}: it must be given a value, ${must}`);
  const value = flag.kind === "text" || flag.kind === "choice"
    ? text
    : NUMBERS[flag.kind].test(text)
    ? Number(text)
    : NaN;
  if (text !== "" && (holds?.(value as never) ?? true)) return value;
  const remedy = flag.kind === "choice" ? didYouMean(text, flag.choices) : "";
  throw new FlagError(`Cannot use ${name}: it must be ${must}: current value is ${excerpt(text)}${remedy}`);
}

/** How numbers are written: `Number()` alone would take "", "0x10" and " 1 " too. */
const NUMBERS = {
  whole: /^\d+$/,
  positive: /^[\d.]+(e[+-]?\d+)?$/i,
  share: /^[\d.]+(e[+-]?\d+)?$/i,
  amount: /^[\d.]+(e[+-]?\d+)?$/i,
  number: /^[+-]?[\d.]+(e[+-]?\d+)?$/i,
};

function ruleOf(flag: Exclude<Option, { kind: "switch" }>): Rule {
  switch (flag.kind) {
    case "whole":
      return whole(flag.least, flag.most);
    case "positive":
      return number("a positive number", (value) => value > 0);
    case "share":
      return number("a number of at least 0 and below 1", (value) => value < 1);
    case "amount":
      return number(
        `a number from 0 ${flag.most === undefined ? "on" : `to ${flag.most}`}`,
        (value) => value <= (flag.most ?? Infinity),
      );
    case "number":
      return number("a number", () => true);
    case "choice":
      return oneOf(...flag.choices);
    case "text":
      return { ...TEXT, must: `a ${flag.placeholder.toLowerCase()}` };
  }
}

/** What `--help` prints: what the command does, how to call it, and its flags. */
export function helpText(command: string, about: string, flags: Flags): string {
  const rows = Object.entries(flags).map(([name, flag]) => [callOf(name, flag), explain(flag)]);
  const width = Math.max(...rows.map(([call]) => call.length)) + 2;
  const lines = rows.map(([call, help]) => `  ${call.padEnd(width)}${help}`);
  const operands = Object.values(flags).map((flag) =>
    flag.kind === "operands" ? ` ${flag.placeholder}${flag.most === 1 ? "" : " …"}` : ""
  );
  return [about, "", `Usage: deno task ${command}${operands.join("")} [flags]`, "", ...lines].join("\n");
}

function callOf(name: string, flag: Flag): string {
  if (flag.kind === "operands") return flag.placeholder;
  const placeholders = {
    whole: " N",
    choice: " NAME",
    switch: "",
    positive: " X",
    number: " X",
    share: " X",
    amount: " X",
  };
  const value = flag.kind === "text" ? ` ${flag.placeholder}` : placeholders[flag.kind];
  return `${name === "help" ? "-h, --help" : `--${name}`}${value}`;
}

function explain(flag: Flag): string {
  const choices = flag.kind === "choice" ? `: ${flag.choices.join(", ")}` : "";
  const byDefault = "default" in flag && flag.default !== undefined ? ` (default ${flag.default})` : "";
  return `${flag.help}${choices}${byDefault}`;
}

/**
 * Finds input files from the folder in which a person called the task, since Deno runs tasks in the folder of `deno.json`:
 * called in `photos/`, `seven.png` becomes `photos/seven.png` if that exists. All other values stay as they are, and so do
 * all values if the folder is unknown.
 */
export async function fromCallFolder<Values extends object>(flags: Flags, values: Values): Promise<Values> {
  const folder = callFolder();
  if (folder === null) return values;
  const entries = Object.entries(values).map(async ([name, value]) => {
    if (!("input" in flags[name])) return [name, value];
    return [name, Array.isArray(value) ? await Promise.all(value.map(locate)) : await locate(value)];
  });
  return Object.fromEntries(await Promise.all(entries)) as Values;

  async function locate(path: string | undefined) {
    if (!path || /^(\d+|[/\\].*|[a-z]:.*)$/i.test(path)) return path; // the number of a test image, or an absolute path
    const there = `${folder}/${path}`;
    return await Deno.stat(there).then(() => there, () => path); // missing, or not readable
  }
}

/** Relative to the working folder; null if it is that folder, is outside of it, or is unknown. */
function callFolder(): string | null {
  if (Deno.permissions.querySync({ name: "env", variable: "INIT_CWD" }).state !== "granted") return null;
  const called = Deno.env.get("INIT_CWD"), here = Deno.cwd();
  return called?.startsWith(`${here}/`) || called?.startsWith(`${here}\\`)
    ? called.slice(here.length + 1)
    : null;
}
