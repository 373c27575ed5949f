/**
 * What a recipe trains and how, after its flags: the options of `compile()`.
 *
 * @module
 */
import type * as scanline from "../../mod.ts";
import { deviceOptions, normalizationFlags } from "../support/command.ts";
import { FlagError } from "../support/flags.ts";
import type { Recipe, RecipeFlags } from "./flags.ts";
import { type RecurrentStack, unitsOf } from "./layers.ts";
import { changeOptimizer } from "./optimizer.ts";
import { parseClip, parseSchedule } from "./schedule.ts";

/** How many images MNIST has to train on, of which a recipe's `validation` is a part. */
const ALL_IMAGES = 60_000;

/** What a recipe does, after its flags. */
export interface Settings {
  /** Its recurrent layers. */
  readonly stack: RecurrentStack;
  /** How long it trains in all. */
  readonly length: scanline.Length;
  /** What `compile()` takes besides the images, but for how many of them are held out. */
  readonly training: TrainingOptions;
  /** How many of the training images are held out. @throws {FlagError} If the flags do not fit the images. */
  readonly heldOut: (train: scanline.Images) => number;
}

/** What `compile()` takes besides the images. */
export type TrainingOptions =
  & Omit<scanline.CompileOptions, "train" | "test" | "batchSize" | "seed">
  & Required<Pick<scanline.CompileOptions, "batchSize" | "seed">>;

/**
 * The settings of a recipe, as flags change them.
 *
 * @param begun How long the schedule of the run to resume is; null for a new run
 * @throws {FlagError} If flags contradict each other, or the text of one means nothing.
 */
export function settingsOf(recipe: Recipe, flags: RecipeFlags, begun: scanline.Length | null): Settings {
  const { epochs, steps, cell, bidirectional, last, dropout, patience, validation } = flags;
  if (epochs !== undefined && steps !== undefined) {
    throw new FlagError("Cannot use --epochs and --steps: it must be one of them");
  }
  const isBidirectional = bidirectional || recipe.bidirectional === true;
  if (last === "step" && !isBidirectional) {
    throw new FlagError(
      "Cannot use --last step: the layers must be bidirectional (--bidirectional makes them so)",
    );
  }
  const length = epochs ? { epochs } : steps ? { steps } : recipe.length;
  const share = recipe.validation ?? 0;
  if (patience !== undefined && (validation ?? share) === 0) {
    throw new FlagError(
      "Cannot use --patience alone: --validation must say how many images are held out to watch",
    );
  }
  const isWatched = patience !== undefined || (validation ?? (recipe.watch ? share : 0)) > 0;
  return {
    length,
    stack: {
      cell,
      activation: recipe.activation ?? "tanh",
      units: unitsOf(flags.units),
      bidirectional: isBidirectional,
      last,
      dropout,
    },
    training: {
      sequence: sequenceOf(recipe.sequence, flags),
      optimizer: changeOptimizer(recipe.optimizer, {
        name: flags.optimizer,
        learningRate: flags["learning-rate"],
        weightDecay: flags["weight-decay"],
      }),
      initialize: recipe.initialize,
      forgetBias: cell === "lstm" ? recipe.forgetBias : undefined, // no other cell has that gate
      biases: recipe.initialize === "pytorch" ? 2 : 1,
      unbiased: recipe.initialize === "pytorch",
      schedule: parseSchedule(flags.schedule, begun ?? length),
      clip: parseClip(flags.clip),
      labelSmoothing: flags["label-smoothing"],
      augment: { shift: flags.shift, rotate: flags.rotate, scale: flags.scale },
      monitor: isWatched ? { patience, keepBest: patience !== undefined } : undefined,
      batchSize: flags["batch-size"],
      lastBatch: recipe.lastBatch,
      seed: flags.seed,
      ...deviceOptions(flags),
    },
    heldOut: (train) => {
      checkShift(flags.shift, train);
      const held = validation ?? Math.floor(train.count * share / ALL_IMAGES);
      if (held >= train.count) {
        throw new FlagError(
          `Cannot use --validation: it must be less than all of the ${train.count} training images: current value is ${held}`,
        );
      }
      if (held > 0 || !isWatched) return held;
      throw new FlagError(
        `Cannot hold out images: the training images must be at least ${
          Math.ceil(ALL_IMAGES / share)
        }, for one of them ` +
          `to be held out: current value is ${train.count} (--validation says how many are)`,
      );
    },
  };
}

/** @throws {FlagError} If nothing of an image might be left. */
function checkShift(shift: number, { height, width }: scanline.Images): void {
  if (shift < Math.min(height, width)) return;
  throw new FlagError(
    `Cannot use --shift: it must be less than the images are high and wide, ${height} × ${width}: current value is ${shift}`,
  );
}

/** How the network reads an image: as the recipe says, unless flags say otherwise. */
function sequenceOf(own: scanline.Sequence, flags: RecipeFlags): scanline.Sequence {
  const { axis, reversed, permuted, permutation = permuted ? 1 : undefined } = flags;
  if (permuted && flags.permutation !== undefined) {
    throw new FlagError("Cannot use --permuted and --permutation: it must be one of them");
  }
  if (permutation !== undefined && axis !== "pixels") {
    throw new FlagError(
      `Cannot use --permutation: --axis must be pixels, of which it is an order: current value is ${axis}`,
    );
  }
  const scale = normalizationFlags(flags) ??
    ("range" in own ? { range: own.range } : { mean: own.mean, deviation: own.deviation });
  return {
    axis,
    ...(reversed || own.reversed ? { reversed: true } : {}),
    ...(permutation === undefined ? {} : { permutation }),
    ...scale,
  };
}
