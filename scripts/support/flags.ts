/**
 * Flags from a typed description: parsed, checked, explained.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { excerpt, printable } from "../../lib/excerpt.ts";

interface FlagText {
  /** What the flag does, for `--help`. */
  readonly help: string;
}

/**
 * One flag. `whole`, `positive` and `number` are numbers, `switch` takes no value, `operands` are what stands without a flag. An
 * `input` names a file or a folder that must be there.
 */
export type Flag =
  & FlagText
  & (
    | { readonly kind: "whole"; readonly least: number; readonly most?: number; readonly default?: number }
    | { readonly kind: "positive" | "number"; readonly default?: number }
    | { readonly kind: "choice"; readonly choices: readonly string[]; readonly default?: string }
    | {
      readonly kind: "text";
      readonly placeholder: string;
      readonly default?: string;
      readonly input?: true;
    }
    | { readonly kind: "switch" }
    | {
      readonly kind: "operands";
      readonly placeholder: string;
      readonly least: number;
      /** One where more are an error, which the command reports. */
      readonly most?: 1;
      readonly input?: true;
    }
  );

/** Flags by name, without the dashes. */
export type Flags = Readonly<Record<string, Flag>>;

/** A flag with dashes. */
type Option = Exclude<Flag, { kind: "operands" }>;

type ValueOf<F extends Flag> = F["kind"] extends "switch" ? boolean
  : F["kind"] extends "whole" | "positive" | "number" ? number
  : F["kind"] extends "operands" ? readonly string[]
  : F extends { choices: readonly (infer Choice)[] } ? Choice
  : string;

/** The values of flags; undefined where a flag was not given and has no default. */
export type FlagValues<F extends Flags> = {
  readonly [Name in keyof F]: F[Name] extends { kind: "switch" | "operands" } | { default: number | string }
    ? ValueOf<F[Name]>
    : ValueOf<F[Name]> | undefined;
};

/** A flag or a value that is not valid; the message lists those that are. */
export class FlagError extends Error {
  override name = "FlagError";
}

/** Whether `--help` or `-h` is among the arguments of a command: whatever else is, nothing but help is wanted. */
export function asksForHelp(args: readonly string[]): boolean {
  const [end] = [...args.keys()].filter((i) => args[i] === "--");
  return args.slice(0, end).some((arg) => arg === "--help" || arg === "-h");
}

/**
 * Reads the values of flags out of the arguments of a command.
 *
 * @throws {FlagError} If an argument is not a valid flag, or a value not one of its flag, or operands are missing.
 */
export function parseFlags<const F extends Flags>(flags: F, args: readonly string[]): FlagValues<F> {
  const options = Object.fromEntries(
    optionsOf(flags).map(([name, { kind }]) =>
      [name, { type: kind === "switch" ? "boolean" : "string" }] as const
    ),
  );
  // Not strict: its own messages name neither the valid flags nor the valid values.
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(flags)) {
    values[name] = flag.kind === "switch" ? false : flag.kind === "operands" ? [] : flag.default;
  }
  const [operands] = Object.entries(flags).filter(([, { kind }]) => kind === "operands");
  for (const token of tokens) {
    if (token.kind === "positional" && operands) {
      (values[operands[0]] as string[]).push(token.value);
      continue;
    }
    const given = token.kind === "option" ? token.rawName : token.kind === "positional" ? token.value : "--";
    const flag = token.kind === "option" && Object.hasOwn(flags, token.name) ? flags[token.name] : null;
    if (token.kind !== "option" || !flag || flag.kind === "operands" || !given.startsWith("--")) {
      const known = optionsOf(flags).map(([name]) => `--${name}`).join(", ");
      throw new FlagError(`Cannot use ${excerpt(given)}: it must be one of ${known}`);
    }
    values[token.name] = parseValue(token.rawName, flag, token.value);
  }
  if (operands) checkOperands(operands[1], values[operands[0]] as string[]);
  return values as FlagValues<F>;
}

function optionsOf(flags: Flags): [string, Option][] {
  return Object.entries(flags).flatMap(([name, flag]) => flag.kind === "operands" ? [] : [[name, flag]]);
}

function checkOperands(flag: Flag, given: readonly string[]): void {
  if (flag.kind !== "operands" || given.length >= flag.least) return;
  throw new FlagError(
    `Cannot go on: ${flag.placeholder} must be given, ${flag.help}` +
      (given.length > 0 ? `: current value is ${given.length} of ${flag.least}` : ""),
  );
}

function parseValue(name: string, flag: Option, text: string | undefined): unknown {
  const wanted = describeValue(flag);
  if (flag.kind === "switch") {
    if (text === undefined) return true;
    throw new FlagError(`Cannot use ${name}=${printable(text)}: ${name} takes no value`);
  }
  if (text === undefined) throw new FlagError(`Cannot use ${name}: it must be given a value, ${wanted}`);
  const invalid = new FlagError(
    `Cannot use ${name}: it must be ${wanted}: current value is ${excerpt(text)}`,
  );
  if (!text) throw invalid;
  switch (flag.kind) {
    case "whole": {
      const value = Number(text);
      const inRange = value >= flag.least && value <= (flag.most ?? Number.MAX_SAFE_INTEGER);
      if (!/^\d+$/.test(text) || !inRange) throw invalid;
      return value;
    }
    case "positive": {
      const value = Number(text);
      if (!/^[\d.]+(e[+-]?\d+)?$/i.test(text) || !(value > 0 && value < Infinity)) throw invalid;
      return value;
    }
    case "number":
      if (!/^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(text) || !Number.isFinite(Number(text))) throw invalid;
      return Number(text);
    case "choice":
      if (!flag.choices.includes(text)) throw invalid;
      return text;
    case "text":
      return text;
  }
}

function describeValue(flag: Option): string {
  switch (flag.kind) {
    case "whole":
      return `a whole number ${
        flag.most === undefined ? `from ${flag.least} on` : `from ${flag.least} to ${flag.most}`
      }`;
    case "positive":
      return "a positive number";
    case "number":
      return "a number";
    case "choice":
      return `one of ${flag.choices.join(", ")}`;
    case "text":
      return `a ${flag.placeholder.toLowerCase()}`;
    case "switch":
      return "given alone";
  }
}

/** What `--help` prints: what the command does, how to call it, and its flags. */
export function helpText(command: string, about: string, flags: Flags): string {
  const rows = Object.entries(flags).map(([name, flag]) =>
    [
      flag.kind === "operands" ? flag.placeholder : `${dashes(name)}${placeholder(flag)}`,
      explain(flag),
    ] as const
  );
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  const lines = rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`);
  const operands = Object.values(flags).map((flag) =>
    flag.kind === "operands" ? ` ${flag.placeholder}${flag.most === 1 ? "" : " …"}` : ""
  );
  return [about, "", `Usage: deno task ${command}${operands.join("")} [flags]`, "", ...lines].join("\n");
}

function dashes(name: string): string {
  return name === "help" ? "-h, --help" : `--${name}`;
}

function placeholder(flag: Option): string {
  const names = { whole: " N", positive: " X", number: " X", choice: " NAME", switch: "" };
  return flag.kind === "text" ? ` ${flag.placeholder}` : names[flag.kind];
}

function explain(flag: Flag): string {
  const choices = flag.kind === "choice" ? `: ${flag.choices.join(", ")}` : "";
  const byDefault = flag.kind !== "switch" && flag.kind !== "operands" && flag.default !== undefined
    ? ` (default ${flag.default})`
    : "";
  return `${flag.help}${choices}${byDefault}`;
}
