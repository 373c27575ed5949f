/**
 * The settings that a sweep compares: all combinations of lists, or random ones from lists and ranges.
 *
 * @module
 */
import { excerpt } from "../../lib/excerpt.ts";
import { DOMAIN, hashName, RandomStream } from "../../lib/random.ts";
import type { KeptFlags } from "../recipe/config.ts";
import { didYouMean, type Flag, FlagError, parseFlags } from "../support/flags.ts";
import { FILE_FLAGS, mayVary } from "./arguments.ts";
import { RECIPE_FLAGS } from "./recipe_flags.ts";

/** The value of a flag in one combination; false for a switch that is left out. */
export type Value = KeptFlags[string] | false;

/** A flag that varies: over a list, or over a range to draw from. */
export type Dimension =
  & { readonly name: string }
  & ({ readonly values: readonly Value[] } | { readonly range: readonly [low: number, high: number] });

/** Values of the flags that vary, by name. */
export type Combination = Readonly<Record<string, Value>>;

const MOST_COMBINATIONS = 10_000;
/** Digits of a number that is drawn: more would only be harder to read and to type. */
const DIGITS = 3;
const NUMERIC = ["whole", "positive", "number", "share", "amount"];

/**
 * Reads `learning-rate=.003,.01`, `units=64,64;128,128` or, to draw from, `learning-rate=.001..0.1`.
 *
 * @throws {FlagError} If there is no such flag, or a value is not one of its.
 *
 * @example
 * ```ts
 * import { parseDimension } from "./combinations.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseDimension("units=64,128"), { name: "units", values: ["64", "128"] });
 * assert.deepEqual(parseDimension("learning-rate=.001..0.1"), { name: "learning-rate", range: [0.001, 0.1] });
 * ```
 */
export function parseDimension(text: string): Dimension {
  const [, name = "", list = ""] = /^(?:--)?([\w-]+)=([^]*)$/.exec(text) ?? [];
  if (name === "") {
    throw new FlagError(
      `Cannot use --grid: it must be a flag and its values, like learning-rate=.003,.01: current value is ${
        excerpt(text)
      }`,
    );
  }
  if (!mayVary(name)) throw new FlagError(wrongName(name));
  const flag = RECIPE_FLAGS[name], ends = list.split("..");
  if (ends.length === 2 && NUMERIC.includes(flag.kind)) {
    const [low, high] = ends.map((end) => parseValue(name, flag, end) as number);
    if (low < high) return { name, range: [low, high] };
    throw new FlagError(
      `Cannot use --grid ${name}: its range must rise: current value is ${excerpt(list)}`,
    );
  }
  if (name === "units" && ends.length > 1) {
    throw new FlagError(
      `Cannot use --grid units: it must be a list, like 64,128: current value is ${excerpt(list)}`,
    );
  }
  const values = list.split(list.includes(";") ? ";" : ",").map((value) => parseValue(name, flag, value));
  return { name, values: [...new Set(values)] };
}

function wrongName(name: string): string {
  if (name === "seed") return "Cannot use --grid seed: --seeds takes the seeds of all combinations";
  if (FILE_FLAGS.includes(name)) {
    return `Cannot use --grid ${name}: its files must be the same for all trainings: start a sweep with --${name} for each`;
  }
  const names = Object.keys(RECIPE_FLAGS).filter(mayVary);
  const remedy = didYouMean(name, names) || `; these may: ${names.join(", ")}`;
  return `Cannot use --grid ${name}: it must be a flag of the recipe that changes what is trained${remedy}`;
}

/** As the flag itself takes it; `yes` and `no` of a switch. */
function parseValue(name: string, flag: Flag, text: string): Value {
  if (flag.kind === "switch") {
    if (text === "yes" || text === "no") return text === "yes";
    throw new FlagError(`Cannot use --grid ${name}: it must be yes or no: current value is ${excerpt(text)}`);
  }
  return parseFlags({ [name]: flag }, [`--${name}=${text}`])[name] as Value;
}

/**
 * The combinations to train: all of the lists or, with `random`, so many that are drawn, each once.
 *
 * @param options.random How many to draw; all combinations without it
 * @param options.seed Of the draw
 * @throws {FlagError} If there are too many, a flag comes twice, or there is nothing to draw from.
 *
 * @example
 * ```ts
 * import { combine } from "./combinations.ts";
 * import assert from "node:assert/strict";
 *
 * const dimensions = [{ name: "units", values: ["8", "16"] }, { name: "reversed", values: [true, false] }];
 * assert.equal(combine(dimensions).length, 4);
 * ```
 */
export function combine(
  dimensions: readonly Dimension[],
  { random, seed = 1 }: { random?: number; seed?: number } = {},
): Combination[] {
  const names = dimensions.map(({ name }) => name), twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice) throw new FlagError(`Cannot use --grid ${twice} twice: one list must have all of its values`);
  if (random !== undefined) return draw(dimensions, random, seed);
  const ranged = dimensions.find((dimension) => "range" in dimension);
  if (ranged) {
    throw new FlagError(
      `Cannot use --grid ${ranged.name}: without --random N it must be a list: current value is a range`,
    );
  }
  const lists = dimensions.map((dimension) => ({ values: [], ...dimension }));
  const count = lists.reduce((count, { values }) => count * values.length, 1);
  if (count > MOST_COMBINATIONS) {
    throw new FlagError(
      `Cannot train all combinations: they must be at most ${MOST_COMBINATIONS}: current value is ${count}; ` +
        "--random N draws some of them",
    );
  }
  return lists.reduce<Combination[]>(
    (all, { name, values }) =>
      all.flatMap((combination) => values.map((value) => ({ ...combination, [name]: value }))),
    [{}],
  );
}

/** Every flag draws from a stream of its own: another flag beside it leaves its values as they are. */
function draw(dimensions: readonly Dimension[], count: number, seed: number): Combination[] {
  if (dimensions.length === 0) {
    throw new FlagError(
      "Cannot use --random: --grid must say what to draw from, as in learning-rate=.001..0.1",
    );
  }
  const streams = dimensions.map(({ name }) => new RandomStream(seed, DOMAIN.sweep, hashName(name)));
  const drawn = new Map<string, Combination>();
  for (let attempt = 0; attempt < 20 * count && drawn.size < count; attempt++) {
    const values = dimensions.map((dimension, i) => [dimension.name, drawValue(dimension, streams[i])]);
    drawn.set(JSON.stringify(values), Object.fromEntries(values));
  }
  return [...drawn.values()];
}

/** Log-uniform over a range of positive numbers, uniform over one from 0 or below. */
function drawValue(dimension: Dimension, random: RandomStream): Value {
  if ("values" in dimension) return dimension.values[random.below(dimension.values.length)];
  const { name, range: [low, high] } = dimension, share = random.uniform();
  const value = low > 0 ? low * (high / low) ** share : low + (high - low) * share;
  if (RECIPE_FLAGS[name].kind === "whole") return Math.round(value);
  return Math.min(high, Math.max(low, Number(value.toPrecision(DIGITS))));
}

/** A combination in words: `learning-rate 0.003, units 64`; the recipe's own settings where nothing varies. */
export function describeCombination(combination: Combination): string {
  const parts = Object.entries(combination).map(([name, value]) => `${name} ${showValue(value)}`);
  return parts.join(", ") || "as the recipe says";
}

/** A value as `--grid` takes it. */
export function showValue(value: Value): string {
  return value === true ? "yes" : value === false ? "no" : String(value);
}
