/**
 * What the run of a recipe keeps in `config.json`, to train the same again.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type * as scanline from "../../mod.ts";
import { CATALOGUE, dataFolder, type RunAbout } from "../../run.ts";
import type { FigureMeanings } from "../../view.ts";
import { dataOptions } from "../support/images.ts";
import { flagWords, taskCommand } from "../support/shell.ts";
import type { Recipe, RecipeFlags } from "./flags.ts";

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

/** Flags that may change when a run is resumed, or whose value says less than what became of it. */
const MAY_CHANGE = ["epochs", "steps", "device", "math", "tune", "no-self-check"];

/** Whether a flag determines the bits of the trained model, and `config.json` keeps its value. */
export function isDetermining(name: string): boolean {
  return ![...WITHOUT_EFFECT, ...MAY_CHANGE].includes(name);
}

/** Flags about how a device is used, which leave its bits as they are. */
const ABOUT_DEVICE = ["tune", "no-self-check"];

/** Whether a flag changes the bits of the trained model of a new run; most of those that do are {@link isDetermining}, too. */
export function hasEffect(name: string): boolean {
  return ![...WITHOUT_EFFECT, ...ABOUT_DEVICE].includes(name);
}

/** Values of flags by name; switches are true. */
export type KeptFlags = Readonly<Record<string, string | number | true>>;

/** The flags that a run's `config.json` keeps, so that the run can be resumed. */
export function keptFlags(flags: RecipeFlags, trainer: scanline.Trainer): KeptFlags {
  const determining = Object.entries(settledFlags(flags, trainer)).filter(([name]) => isDetermining(name));
  return Object.fromEntries(determining);
}

/** The flags that were given or have a default, with what became of the learning rate and of the device. */
function settledFlags({ device: _, ...flags }: RecipeFlags, { config, device }: scanline.Trainer): KeptFlags {
  const all = { ...flags, "learning-rate": config.optimizer.learningRate, device: device.kind };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, KeptFlags[string]] => {
      const [name, value] = entry;
      return value !== undefined && value !== false && !WITHOUT_EFFECT.includes(name);
    }),
  );
}

/** The arguments that give flags these values. */
export function wordsOf(flags: KeptFlags): string[] {
  return Object.entries(flags).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : flagWords(name, String(value))
  );
}

/** What `config.json` of a new run keeps besides what the trainer knows. */
export function aboutRun(
  recipe: Recipe,
  flags: RecipeFlags,
  { length, dataset, trainer, figures, startedFrom }: {
    length: scanline.Length;
    dataset: scanline.Dataset;
    trainer: scanline.Trainer;
    figures: FigureMeanings;
    startedFrom: StartedFrom | null;
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
      flags: keptFlags(flags, trainer),
      ...(startedFrom && { startedFrom }),
      versions: { deno: Deno.version.deno, v8: Deno.version.v8, tfjs: tf.version.tfjs },
      machine: { os: Deno.build.os, arch: Deno.build.arch, cores: navigator.hardwareConcurrency },
    },
  };
}

/** The options that load the images of the flags. */
export function trainingData(flags: RecipeFlags): scanline.LoadOptions {
  return { ...dataOptions(flags), limit: flags.limit };
}

/** The run whose weights a training began with. */
export interface StartedFrom {
  readonly run: string;
  readonly modelSha256: string;
}

/** The command that trains the same again, on the same device: another one would give other bits. */
export function trainingCommand({ name }: Recipe, flags: RecipeFlags, trainer: scanline.Trainer): string {
  const words = wordsOf(settledFlags(flags, trainer));
  return taskCommand(name, words, { read: [dataFolder(trainingData(flags)), flags["start-from"]] });
}
