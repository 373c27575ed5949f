/**
 * From what a person asks for to the trainings that it means.
 *
 * @module
 */
import type { KeptFlags } from "../recipe/config.ts";
import { FlagError } from "../support/flags.ts";
import { codeVersion } from "./code_version.ts";
import { combine, type Dimension } from "./combinations.ts";
import { hashInputs } from "./inputs.ts";
import { SWITCHED_ON } from "./recipe_flags.ts";
import { planTrainings, type Training } from "./training.ts";

/** What varies in a sweep. */
export interface Variation {
  readonly seeds: readonly number[];
  readonly dimensions?: readonly Dimension[];
  /** How many combinations to draw; all by default. */
  readonly random?: number;
  /** The seed of that draw. */
  readonly randomSeed?: number;
  /** Says which device flags mean that leave it open. */
  readonly settle: (flags: KeptFlags) => KeptFlags | Promise<KeptFlags>;
}

/** The trainings of a sweep. */
export interface Plan {
  readonly trainings: readonly Training[];
  /** The flags that all of them share, with the device that `auto` means here. */
  readonly flags: KeptFlags;
  /** See `codeVersion()`. */
  readonly version: string;
}

const MOST_TRAININGS = 100_000;

/** Plans the trainings of a recipe. @throws {FlagError} If a flag cannot vary, or they are too many. */
export async function planSweep(
  recipe: string,
  passedOn: KeptFlags,
  { seeds, dimensions = [], random, randomSeed, settle }: Variation,
): Promise<Plan> {
  const twice = dimensions.find(({ name }) => Object.hasOwn(passedOn, name));
  if (twice) {
    throw new FlagError(`Cannot use --${twice.name} and --grid ${twice.name}: it must be one of them`);
  }
  const on = dimensions.find(({ name }) => SWITCHED_ON[recipe]?.includes(name));
  if (on) {
    throw new FlagError(
      `Cannot use --grid ${on.name}: the recipe must leave it open: current value is yes, in all trainings of ${recipe}`,
    );
  }
  const combinations = combine(dimensions, { random, seed: randomSeed });
  const count = combinations.length * seeds.length;
  if (count > MOST_TRAININGS) {
    throw new FlagError(
      `Cannot train so much: it must be at most ${MOST_TRAININGS} trainings: current value is ${count}`,
    );
  }
  const varies = dimensions.some(({ name }) => name === "device" || name === "math");
  const flags = varies ? passedOn : await settle(passedOn);
  const [version, inputs] = await Promise.all([codeVersion(), hashInputs(flags)]);
  const trainings = planTrainings({ recipe, flags, version, inputs }, combinations, seeds);
  return { trainings, flags, version };
}
