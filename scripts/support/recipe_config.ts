/**
 * What a recipe is asked for, and what its run keeps of that: flags, and the `config.json` that trains the same again.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import * as scanline from "../../mod.ts";
import { DATA_FLAGS, DEVICE_FLAGS, OUTPUT_FLAGS, PIXEL_FLAGS } from "./command.ts";
import type { Flags, FlagValues } from "./flags.ts";
import { dataOptions } from "./images.ts";
import { dataFolder } from "./pictures.ts";
import { RESUME_FLAGS } from "./resume.ts";
import { flagWords, taskCommand } from "./shell.ts";

/** A recipe's name, and what its flags are by default. */
export interface Recipe {
  readonly name: string;
  readonly about: string;
  /** In its own unit: epochs or steps. */
  readonly length: scanline.Length;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
}

/** What a recipe's flags say. */
export type RecipeFlags = FlagValues<ReturnType<typeof recipeFlags>>;

/** What there is to keep of a run that begins. */
export interface RecipeStart {
  readonly recipe: Recipe;
  readonly flags: RecipeFlags;
  readonly length: scanline.Length;
  readonly dataset: scanline.Dataset;
  readonly trainer: scanline.Trainer;
  /** What the figures of its reports are about. */
  readonly figures: scanline.FigureMeanings;
}

/** Flags that change no bit of what is trained. */
const UNSEEN_IN_BITS = [
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

/** The configuration of a run that begins. */
export function recipeConfig({ recipe, flags, length, dataset, trainer, figures }: RecipeStart) {
  const { layers, head, parameterCount } = trainer.network;
  const data = trainingData(flags);
  return {
    recipe: recipe.name,
    command: trainingCommand(recipe, flags, trainer),
    startedAt: new Date().toISOString(),
    length,
    training: trainer.config,
    figures,
    data: dataConfig(data, dataset),
    model: { classNames: dataset.classNames, preparation: preparationOf(data) },
    network: { layers: layers.map(sizesOf), classes: head.classes, parameterCount },
    device: trainer.device,
    versions: { deno: Deno.version.deno, v8: Deno.version.v8, tfjs: tf.version.tfjs },
    machine: { os: Deno.build.os, arch: Deno.build.arch, cores: navigator.hardwareConcurrency },
  };
}

/** What loads the images that the flags name. */
export function trainingData(flags: RecipeFlags): scanline.LoadOptions {
  return { ...dataOptions(flags), limit: flags.limit };
}

/** What trains the same again: with the device that was found, as another would give other bits. */
export function trainingCommand({ name }: Recipe, flags: RecipeFlags, { device }: scanline.Trainer): string {
  const values = Object.entries(flags).filter(([name, value]) => {
    return value !== undefined && value !== false && !UNSEEN_IN_BITS.includes(name) && name !== "device";
  });
  const words = [...values, ["device", device.kind] as const].flatMap(([name, value]) =>
    value === true ? [`--${name}`] : flagWords(name, String(value))
  );
  return taskCommand(name, words, { read: [dataFolder(trainingData(flags))] });
}

/** What was done to the images before anyone saw them. */
function preparationOf({ dataset, dataDir }: scanline.LoadOptions): "digit" | "none" {
  return dataDir ? "none" : scanline.CATALOGUE[dataset ?? "mnist"].preparation;
}

/** What loads the same images again. */
function dataConfig(
  { dataset, dataDir, transpose, limit }: scanline.LoadOptions,
  { classes, firstLabel }: scanline.Dataset,
): scanline.RunConfig["data"] {
  const files = dataDir ? [] : scanline.CATALOGUE[dataset ?? "mnist"].files;
  return {
    ...{ dataset, dataDir, limit },
    ...(dataDir ? { classes, firstLabel, transpose } : {}),
    sha256: Object.fromEntries(files.map(({ name, sha256 }) => [name, sha256])),
  };
}

function sizesOf({ kernel: _, recurrentKernel: __, bias: ___, ...sizes }: scanline.RecurrentLayer) {
  return sizes;
}
