/**
 * A training as data: a recipe, its settings, a seed and the version of the code. It is a pure function of these.
 *
 * @module
 */
import { sha256 } from "../../run.ts";
import { hasEffect, type KeptFlags, wordsOf } from "../recipe/config.ts";
import type { Combination } from "./combinations.ts";

/** A training to do. */
export interface Training {
  /** Names it, and its folder: 16 hexadecimal digits of a hash of all the rest, and of the code. */
  readonly key: string;
  readonly recipe: string;
  /** The values of the flags that change what is trained, without the seed. */
  readonly flags: KeptFlags;
  readonly seed: number;
  /** What it differs in from the others. */
  readonly combination: Combination;
}

/** What all trainings of a sweep share. */
export interface Common {
  readonly recipe: string;
  /** The flags that were passed on. */
  readonly flags: KeptFlags;
  /** See `codeVersion()`. */
  readonly version: string;
  /** A hash of files that flags name; empty if they name none. */
  readonly inputs: string;
}

/** The trainings of all combinations with all seeds, the seeds of one combination one after the other. */
export function planTrainings(
  common: Common,
  combinations: readonly Combination[],
  seeds: readonly number[],
): Training[] {
  return combinations.flatMap((combination) => {
    const all = Object.entries({ ...common.flags, ...combination });
    const effective = all.filter(([name, value]) => hasEffect(name) && value !== false);
    const flags = Object.fromEntries(effective.sort(([a], [b]) => a < b ? -1 : 1)) as KeptFlags;
    const { recipe } = common;
    return seeds.map((seed) => ({
      key: keyOf({ recipe, flags, seed }, common),
      recipe,
      flags,
      seed,
      combination,
    }));
  });
}

/** The key of a training. */
export function keyOf(
  { recipe, flags, seed }: Pick<Training, "recipe" | "flags" | "seed">,
  { version, inputs }: Pick<Common, "version" | "inputs">,
): string {
  const sorted = Object.entries(flags).sort(([a], [b]) => a < b ? -1 : 1);
  const text = JSON.stringify([recipe, sorted, seed, version, inputs]);
  return sha256(new TextEncoder().encode(text)).slice(0, 16);
}

/** The arguments that train it. */
export function argumentsOf({ flags, seed }: Pick<Training, "flags" | "seed">): string[] {
  return [...wordsOf(flags), "--seed", String(seed)];
}
