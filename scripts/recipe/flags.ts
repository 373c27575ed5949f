/**
 * A recipe: an experiment as data, and the flags that replace parts of it.
 *
 * @module
 */
import { MOST_DEGREES } from "../../lib/data/transform.ts";
import type * as scanline from "../../mod.ts";
import { AXES, type Start } from "../../run.ts";
import { DATA_FLAGS, OUTPUT_FLAGS, PIXEL_FLAGS, TRAINING_DEVICE_FLAGS } from "../support/command.ts";
import type { Flags, FlagValues } from "../support/flags.ts";
import { CELL_NAMES, type CellName, type Reading, READINGS } from "./layers.ts";
import { nameOf, OPTIMIZER_NAMES } from "./optimizer.ts";
import { RESUME_FLAGS } from "./resume.ts";
import { SCHEDULE_HELP } from "./schedule.ts";

/** An experiment. Each of its settings is the default of a flag. */
export interface Recipe {
  /** The name of its task. */
  readonly name: string;
  /** A sentence, for `--help`. */
  readonly about: string;
  /** The kind of its recurrent layers. */
  readonly cell: CellName;
  /** Of an RNN; tanh by default. */
  readonly activation?: "tanh" | "relu";
  /** Hidden units of each recurrent layer, from the input up. */
  readonly units: readonly number[];
  /** Whether each recurrent layer also reads the sequence from its end. */
  readonly bidirectional?: boolean;
  /** Which state of a layer that reads in both directions goes on, see {@link Reading}; `own` by default. */
  readonly last?: Reading;
  /** The share of what each recurrent layer puts out that training drops; 0 by default. */
  readonly dropout?: number;
  /** How the network reads an image. */
  readonly sequence: scanline.Sequence;
  /** Whose initializers start the weights. */
  readonly initialize: Start;
  /** The bias of the forget gates at the start; that of `initialize` by default. */
  readonly forgetBias?: number;
  readonly optimizer: scanline.Optimizer;
  /** How the learning rate changes, as `--schedule` takes it; it does not by default. */
  readonly schedule?: string;
  /** What limits the gradient, as `--clip` takes it; nothing by default. */
  readonly clip?: string;
  readonly labelSmoothing?: number;
  /** How far training images are moved at most, anew in every epoch. */
  readonly augment?: { readonly shift?: number; readonly rotate?: number; readonly scale?: number };
  /** How many of MNIST's 60,000 training images are held out; as large a share of others. None by default. */
  readonly validation?: number;
  /** Whether the held-out images are evaluated after each epoch, and the recipe prints how; it does not by default. */
  readonly watch?: boolean;
  /** In its own unit: epochs or steps. */
  readonly length: scanline.Length;
  readonly batchSize: number;
  /** Whether batches run on across the end of an epoch; by default the last one is short. */
  readonly lastBatch?: "short" | "carry";
  readonly seed: number;
}

/** The values of a recipe's flags. */
export type RecipeFlags = FlagValues<ReturnType<typeof recipeFlags>>;

/** The flags of a recipe. */
export function recipeFlags(recipe: Recipe) {
  const { name, length, augment = {}, optimizer } = recipe;
  const usual = (unit: "epochs" | "steps") => unit in length ? ` (default ${Object.values(length)[0]})` : "";
  return {
    epochs: { kind: "whole", least: 1, help: `passes over the training images${usual("epochs")}` },
    steps: { kind: "whole", least: 1, help: `training steps, instead of epochs${usual("steps")}` },
    "batch-size": { kind: "whole", least: 1, default: recipe.batchSize, help: "images a step" },
    seed: {
      kind: "whole",
      least: 0,
      most: 2 ** 32 - 1,
      default: recipe.seed,
      help: "of weights, order and dropout",
    },
    cell: { kind: "choice", choices: CELL_NAMES, default: recipe.cell, help: "of the recurrent layers" },
    units: {
      kind: "text",
      placeholder: "LIST",
      default: recipe.units.join(","),
      help: "hidden units of each recurrent layer, from the input up: 64 or 64,64",
    },
    bidirectional: { kind: "switch", help: `read in both directions${isOn(recipe.bidirectional)}` },
    last: {
      kind: "choice",
      choices: READINGS,
      default: recipe.last ?? "own",
      help: "what goes on of two directions: each one's own last state, or both at the last step",
    },
    dropout: {
      kind: "share",
      default: recipe.dropout ?? 0,
      help:
        "share of what each recurrent layer puts out that training drops; other dropout layers of a recipe stay",
    },
    optimizer: {
      kind: "choice",
      choices: OPTIMIZER_NAMES,
      default: nameOf(optimizer),
      help: "what makes a step",
    },
    "learning-rate": {
      kind: "positive",
      help: `of the optimizer (default ${optimizer.learningRate}; of another optimizer its usual one)`,
    },
    "weight-decay": { kind: "amount", help: `of adamw${weightDecayHelp(optimizer)}` },
    schedule: {
      kind: "text",
      placeholder: "NAME",
      default: recipe.schedule ?? "none",
      help:
        `how the learning rate changes: ${SCHEDULE_HELP}; plateau watches the validation loss or, without --validation, the training loss`,
    },
    clip: {
      kind: "text",
      placeholder: "LIMIT",
      default: recipe.clip ?? "none",
      help: "the longest that a gradient may be; value:X limits each of its numbers",
    },
    "label-smoothing": {
      kind: "share",
      default: recipe.labelSmoothing ?? 0,
      help: "share of a target that is spread over all classes",
    },
    shift: {
      kind: "whole",
      least: 0,
      default: augment.shift ?? 0,
      help: "move training images by up to so many pixels, anew in each epoch",
    },
    rotate: {
      kind: "amount",
      most: MOST_DEGREES,
      default: augment.rotate ?? 0,
      help: "turn them by up to so many degrees",
    },
    scale: { kind: "share", default: augment.scale ?? 0, help: "scale them by up to this share" },
    axis: { kind: "choice", choices: AXES, default: recipe.sequence.axis, help: "what is read at each step" },
    reversed: { kind: "switch", help: `read the last line first${isOn(recipe.sequence.reversed)}` },
    permutation: {
      kind: "whole",
      least: 0,
      most: 2 ** 32 - 1,
      help: "with --axis pixels: seed of a random order of the pixels, the same for all images",
    },
    permuted: { kind: "switch", help: "the same as --permutation 1" },
    validation: {
      kind: "whole",
      least: 0,
      help: `hold out the first N training images${
        recipe.validation ? ` (default ${recipe.validation})` : ""
      }`,
    },
    patience: {
      kind: "whole",
      least: 1,
      help: "stop after N epochs without a smaller validation loss; the best weights are kept",
    },
    "start-from": {
      kind: "text",
      placeholder: "RUN",
      run: true,
      help: "begin with the weights of this run, or of the latest one of a recipe",
    },
    ...TRAINING_DEVICE_FLAGS,
    ...DATA_FLAGS,
    ...PIXEL_FLAGS,
    limit: { kind: "whole", least: 1, help: "take only the first N training images" },
    out: { kind: "text", placeholder: "FOLDER", help: `where the run goes (default runs/${name}/<time>)` },
    ...RESUME_FLAGS,
    tensorboard: { kind: "switch", help: "write event files into the run's folder too" },
    "no-pictures": { kind: "switch", help: "draw nothing and write no report" },
    ...OUTPUT_FLAGS,
  } as const satisfies Flags;
}

function isOn(value: boolean | undefined): string {
  return value ? " (this recipe always does)" : "";
}

function weightDecayHelp(optimizer: scanline.Optimizer): string {
  return optimizer.kind === "adamw" ? ` (default ${optimizer.weightDecay})` : "";
}
