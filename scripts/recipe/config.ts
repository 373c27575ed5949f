/**
 * The flags of a recipe, and what its run keeps of them in `config.json`, to train the same again.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type * as scanline from "../../mod.ts";
import { CATALOGUE, dataFolder, type RunAbout } from "../../run.ts";
import type { FigureMeanings } from "../../view.ts";
import { DATA_FLAGS, DEVICE_FLAGS, OUTPUT_FLAGS, PIXEL_FLAGS } from "../support/command.ts";
import type { Flags, FlagValues } from "../support/flags.ts";
import { dataOptions } from "../support/images.ts";
import { RESUME_FLAGS } from "./resume.ts";
import { flagWords, taskCommand } from "../support/shell.ts";

/** The name of a recipe, and the defaults of its flags. */
export interface Recipe {
  readonly name: string;
  readonly about: string;
  /** In its own unit: epochs or steps. */
  readonly length: scanline.Length;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
}

/** The values of a recipe's flags. */
export type RecipeFlags = FlagValues<ReturnType<typeof recipeFlags>>;

/** Flags without effect on the bits of the trained model. */
const WITHOUT_EFFECT = [
  "threads",
  "out",
  "checkpoint-every",
  "resume",
  "tensorboard",
  "no-pictures",
  "json",
  "quiet",
  "help",
];

/** The flags of a recipe. */
export function recipeFlags({ name, length, batchSize, learningRate, seed }: Recipe) {
  const usual = (unit: "epochs" | "steps") => unit in length ? ` (default ${Object.values(length)[0]})` : "";
  return {
    epochs: { kind: "whole", least: 1, help: `passes over the training images${usual("epochs")}` },
    steps: { kind: "whole", least: 1, help: `training steps, instead of epochs${usual("steps")}` },
    "batch-size": { kind: "whole", least: 1, default: batchSize, help: "images a step" },
    "learning-rate": { kind: "positive", default: learningRate, help: "of the optimizer" },
    seed: {
      kind: "whole",
      least: 0,
      most: 2 ** 32 - 1,
      default: seed,
      help: "of weights, order and dropout",
    },
    ...DEVICE_FLAGS,
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

/** What `config.json` of a new run keeps besides what the trainer knows. */
export function aboutRun(
  recipe: Recipe,
  flags: RecipeFlags,
  { length, dataset, trainer, figures }: {
    length: scanline.Length;
    dataset: scanline.Dataset;
    trainer: scanline.Trainer;
    figures: FigureMeanings;
  },
): RunAbout {
  const data = trainingData(flags), { dataDir, transpose, limit } = data;
  const entry = dataDir === undefined ? CATALOGUE[data.dataset ?? "mnist"] : null;
  const { classNames, classes, firstLabel } = dataset;
  return {
    recipe: recipe.name,
    out: flags.out,
    classNames,
    preparation: entry?.preparation ?? "none", // of the images, before they were published
    figures,
    data: entry
      ? {
        dataset: data.dataset ?? "mnist",
        limit,
        sha256: Object.fromEntries(entry.files.map(({ name, sha256 }) => [name, sha256])),
      }
      : { dataset: data.dataset, dataDir, limit, classes, firstLabel, transpose },
    more: {
      command: trainingCommand(recipe, flags, trainer),
      length,
      versions: { deno: Deno.version.deno, v8: Deno.version.v8, tfjs: tf.version.tfjs },
      machine: { os: Deno.build.os, arch: Deno.build.arch, cores: navigator.hardwareConcurrency },
    },
  };
}

/** The options that load the images of the flags. */
export function trainingData(flags: RecipeFlags): scanline.LoadOptions {
  return { ...dataOptions(flags), limit: flags.limit };
}

/** The command that trains the same again, on the same device: another one would give other bits. */
export function trainingCommand({ name }: Recipe, flags: RecipeFlags, { device }: scanline.Trainer): string {
  const values = Object.entries(flags).filter(([name, value]) => {
    return value !== undefined && value !== false && !WITHOUT_EFFECT.includes(name) && name !== "device";
  });
  const words = [...values, ["device", device.kind] as const].flatMap(([name, value]) =>
    value === true ? [`--${name}`] : flagWords(name, String(value))
  );
  return taskCommand(name, words, { read: [dataFolder(trainingData(flags))] });
}
