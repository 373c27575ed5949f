/**
 * The arguments of `deno task repeat`: its own, and those of the recipe.
 *
 * @module
 */
import { excerpt } from "../../lib/excerpt.ts";
import { FlagError } from "../support/flags.ts";

/** Flags of `repeat` that take no value. */
const SWITCHES = ["--json", "--help", "-h"];

/** Flags of a recipe that must differ from run to run. */
const PER_RUN = ["--seed", "--out", "--resume"];

const LARGEST_SEED = 2 ** 32 - 1;
const MOST_SEEDS = 1_000;

/** Separates the recipe's arguments from the name of the recipe, `--seeds` and the switches of `repeat`. */
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

/** @throws {FlagError} If a flag is passed on that must differ from run to run. */
export function checkPassedOn(args: readonly string[]): void {
  const flag = PER_RUN.find((flag) => passedValue(args, flag) !== null);
  if (!flag) return;
  throw new FlagError(
    `Cannot pass ${flag} on: it must differ from run to run; --seeds takes the seeds of all runs`,
  );
}

/**
 * The seeds of `1..5` or `1,2,2017`, without repetitions.
 *
 * @throws {FlagError} If the text is neither.
 */
export function parseSeeds(text: string): number[] {
  const [, first, last] = /^(\d+)\.\.(\d+)$/.exec(text) ?? [];
  const range = Math.min(Number(last) - Number(first) + 1, MOST_SEEDS + 1);
  const seeds = first !== undefined
    ? Array.from({ length: Math.max(0, range) }, (_, i) => Number(first) + i)
    : /^\d+(,\d+)*$/.test(text)
    ? text.split(",").map(Number)
    : [];
  const distinct = [...new Set(seeds)];
  if (distinct.length > 0 && distinct.length <= MOST_SEEDS && Math.max(...distinct) <= LARGEST_SEED) {
    return distinct;
  }
  throw new FlagError(
    `Cannot use --seeds: it must be a range like 1..5 or a list like 1,2,3 of at most ${MOST_SEEDS} seeds ` +
      `below 2^32: current value is ${excerpt(text)}`,
  );
}

/** The value of a flag among the recipe's arguments, the last one if there are several; null if it is not given. */
export function passedValue(args: readonly string[], flag: string): string | null {
  const values = args.flatMap((arg, i) =>
    arg === flag ? [args[i + 1] ?? ""] : arg.startsWith(`${flag}=`) ? [arg.slice(flag.length + 1)] : []
  );
  return values.at(-1) ?? null;
}
