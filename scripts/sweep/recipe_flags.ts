/**
 * The flags that all recipes take, without defaults: those differ from recipe to recipe, names and kinds do not.
 *
 * @module
 */
import * as scanline from "../../mod.ts";
import { recipeFlags } from "../recipe/flags.ts";
import type { Flag, Flags } from "../support/flags.ts";

/** Switches that a recipe itself turns on: no flag turns them off. */
export const SWITCHED_ON: Readonly<Record<string, readonly string[]>> = { "train-bilstm": ["bidirectional"] };

/** Some recipe: any has these flags. */
const ANY = recipeFlags({
  name: "",
  about: "",
  cell: "lstm",
  units: [1],
  sequence: { axis: "rows", range: [0, 1] },
  initialize: "pytorch",
  optimizer: scanline.sgd({ learningRate: 1 }),
  length: { epochs: 1 },
  batchSize: 1,
  seed: 1,
});

/** By name: what a value must be. */
export const RECIPE_FLAGS: Flags = Object.fromEntries(
  Object.entries<Flag>(ANY).map(([name, flag]) => [name, { ...flag, default: undefined } as Flag]),
);
