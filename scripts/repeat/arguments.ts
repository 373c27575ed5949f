/**
 * The arguments of `deno task repeat`: its own, and those of the recipe.
 *
 * @module
 */
import { excerpt } from "../../lib/excerpt.ts";
import { FlagError } from "../support/flags.ts";

/** Flags of `repeat` itself that take no value. */
const SWITCHES = ["--json", "--help", "-h"];

/** Flags of a recipe that each run has to have another value of. */
const TAKEN = ["--seed", "--out", "--resume"];

const LARGEST_SEED = 2 ** 32 - 1;
const MOST_SEEDS = 1_000;

/** Tells what is the recipe's: everything but its name, `--seeds` and the switches of `repeat` itself. */
export function splitArguments(args: readonly string[]): { own: string[]; passedOn: string[] } {
  const own: string[] = [], passedOn: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const isName = i === 0 && !args[i].startsWith("-");
    if (args[i] === "--seeds") own.push(...args.slice(i, ++i + 1));
    else if (isName || SWITCHES.includes(args[i]) || args[i].startsWith("--seeds=")) own.push(args[i]);
    else passedOn.push(args[i]);
  }
  return { own, passedOn };
}

/** @throws {FlagError} If a flag is passed on that each run must have its own of. */
export function checkPassedOn(args: readonly string[]): void {
  const taken = TAKEN.find((flag) => passedValue(args, flag) !== null);
  if (taken) {
    throw new FlagError(`Cannot pass ${taken} on: each run must have its own; --seeds says which seeds`);
  }
}

/**
 * Seeds of `1..5` or `1,2,2017`, each once.
 *
 * @throws {FlagError} If it is neither.
 */
export function parseSeeds(text: string): number[] {
  const [, first, last] = /^(\d+)\.\.(\d+)$/.exec(text) ?? [];
  const range = Math.min(Number(last) - Number(first) + 1, MOST_SEEDS + 1);
  const seeds = first !== undefined
    ? Array.from({ length: Math.max(0, range) }, (_, i) => Number(first) + i)
    : /^\d+(,\d+)*$/.test(text)
    ? text.split(",").map(Number)
    : [];
  const once = [...new Set(seeds)];
  if (once.length === 0 || once.length > MOST_SEEDS || once.some((seed) => seed > LARGEST_SEED)) {
    throw new FlagError(
      `Cannot use --seeds: it must be a range like 1..5 or a list like 1,2,3 of at most ${MOST_SEEDS} seeds ` +
        `below 2^32: current value is ${excerpt(text)}`,
    );
  }
  return once;
}

/** The value of a recipe's flag as it was passed on, the last of several; null without it. */
export function passedValue(args: readonly string[], flag: string): string | null {
  const values = args.flatMap((arg, i) =>
    arg === flag ? [args[i + 1] ?? ""] : arg.startsWith(`${flag}=`) ? [arg.slice(flag.length + 1)] : []
  );
  return values.at(-1) ?? null;
}
