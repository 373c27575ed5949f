/**
 * The arguments of `deno task sweep` and `deno task repeat`: their own, and those of the recipe.
 *
 * @module
 */
import { excerpt } from "../../lib/excerpt.ts";
import { hasEffect, type KeptFlags } from "../recipe/config.ts";
import { RECIPE_FLAGS } from "./recipe_flags.ts";
import { didYouMean, FlagError, type Flags, parseFlags } from "../support/flags.ts";

/** Flags of a recipe that must differ from run to run, or that a sweep gives itself. */
const PER_RUN = ["seed", "out", "resume"];

/** Flags that name files: what these hold is hashed once, for all trainings of a sweep. */
export const FILE_FLAGS: readonly string[] = ["data-dir", "start-from"];

const LARGEST_SEED = 2 ** 32 - 1;
const MOST_SEEDS = 1_000;

/**
 * Separates a command's own arguments from those of the recipe.
 *
 * @param flags The command's own flags
 * @param repeated Those of them that may be given several times, whose values are returned apart
 */
export function splitArguments(
  args: readonly string[],
  flags: Flags,
  repeated: readonly string[] = [],
): { own: string[]; passedOn: string[]; values: string[] } {
  const own: string[] = [], passedOn: string[] = [], values: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const [name, value] = nameOf(args[i]);
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    const takesNext = flag !== undefined && flag.kind !== "switch" && value === null;
    if (repeated.includes(name)) values.push(value ?? args[++i] ?? "");
    else if (args[i] === "-h" || flag !== undefined) own.push(...args.slice(i, takesNext ? ++i + 1 : i + 1));
    else if (i === 0 && !args[i].startsWith("-")) own.push(args[i]); // the recipe
    else passedOn.push(args[i]);
  }
  return { own, passedOn, values };
}

/** The name and the value of `--name=value`; an empty name of what is no flag, null without a value. */
function nameOf(arg: string): [name: string, value: string | null] {
  const [, name = "", , value = null] = /^--([\w-]+)(=([^]*))?$/.exec(arg) ?? [];
  return [name, value];
}

/**
 * The values of the recipe's flags that were given, checked.
 *
 * @throws {FlagError} If one is unknown or has a wrong value, or must differ from run to run.
 */
export function parsePassedOn(args: readonly string[]): KeptFlags {
  const given = Object.entries<unknown>(parseFlags(RECIPE_FLAGS, args))
    .filter((entry): entry is [string, KeptFlags[string]] => entry[1] !== undefined && entry[1] !== false);
  const flag = given.map(([name]) => name).find((name) => PER_RUN.includes(name));
  if (flag === undefined) return Object.fromEntries(given);
  throw new FlagError(
    `Cannot pass --${flag} on: it must differ from run to run; --seeds takes the seeds of all runs`,
  );
}

/** @throws {FlagError} Unless it is one of the recipes. */
export function checkRecipe(recipe: string, recipes: readonly string[], action: string): void {
  if (recipes.includes(recipe)) return;
  const remedy = didYouMean(recipe, recipes);
  throw new FlagError(`Cannot ${action} ${recipe}: it must be one of ${recipes.join(", ")}${remedy}`);
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

/** Whether a flag of the recipe may take several values in one sweep. */
export function mayVary(name: string): boolean {
  return Object.hasOwn(RECIPE_FLAGS, name) && hasEffect(name) && ![...PER_RUN, ...FILE_FLAGS].includes(name);
}
