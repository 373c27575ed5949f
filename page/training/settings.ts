/**
 * What one may choose before a training, as plain values, and its part of the address.
 *
 * @module
 */
import { type PageRecipe, RECIPES } from "./recipes.ts";

/** The training images in the first part of MNIST: as many as a short training takes. */
export const FEW_IMAGES = 6_400;
/** All of them. */
export const ALL_IMAGES = 60_000;

/** The settings of a training. What is null is as the recipe says. */
export interface TrainingSettings {
  /** The name of a recipe. */
  readonly recipe: string;
  readonly seed: number | null;
  readonly learningRate: number | null;
  readonly device: "wasm" | "webgpu";
  /** How many training images; null for all. */
  readonly limit: number | null;
  readonly steps: number | null;
  /** Of `wasm`; null for as many as help. */
  readonly threads: number | null;
}

/** The settings of a page that nobody has changed. */
export const USUAL: TrainingSettings = {
  recipe: RECIPES[0].name,
  seed: null,
  learningRate: null,
  device: "wasm",
  limit: FEW_IMAGES,
  steps: null,
  threads: null,
};

/** The bounds of numbers. */
export const LEAST = { seed: 0, steps: 1, threads: 1, learningRate: 1e-6 } as const;
export const MOST = { seed: 2 ** 32 - 1, steps: 100_000, threads: 64, learningRate: 10 } as const;

/** The recipe of settings; the first one where there is none of that name. */
export function recipeOf({ recipe }: Pick<TrainingSettings, "recipe">): PageRecipe {
  return RECIPES.find(({ name }) => name === recipe) ?? RECIPES[0];
}

/** The settings with all that the recipe says. */
export interface SettledSettings extends Omit<TrainingSettings, "seed" | "learningRate" | "steps"> {
  readonly seed: number;
  readonly learningRate: number;
  readonly steps: number;
}

/** Fills in what the recipe says. */
export function settle(settings: TrainingSettings): SettledSettings {
  const { seed, optimizer } = recipeOf(settings);
  return {
    ...settings,
    seed: settings.seed ?? seed,
    learningRate: settings.learningRate ?? optimizer.learningRate,
    steps: settings.steps ?? ownSteps(settings),
  };
}

/** How many steps the recipe itself takes with so many images. */
export function ownSteps(settings: Pick<TrainingSettings, "recipe" | "limit">): number {
  const { length } = recipeOf(settings);
  return "steps" in length ? length.steps : length.epochs * stepsPerEpoch(settings);
}

/** The steps of an epoch, the last of which may have fewer images. */
export function stepsPerEpoch(settings: Pick<TrainingSettings, "recipe" | "limit">): number {
  return Math.ceil((settings.limit ?? ALL_IMAGES) / recipeOf(settings).batchSize);
}

/** Named values of an address, of what differs from {@link USUAL}. */
export function toParts(settings: TrainingSettings): Record<string, string> {
  const { recipe, seed, learningRate, device, limit, steps, threads } = settings;
  return {
    ...(recipe === USUAL.recipe ? {} : { recipe }),
    ...(seed === null ? {} : { seed: String(seed) }),
    ...(learningRate === null ? {} : { rate: String(learningRate) }),
    ...(device === USUAL.device ? {} : { device }),
    ...(limit === USUAL.limit ? {} : { images: limit === null ? "all" : String(limit) }),
    ...(steps === null ? {} : { steps: String(steps) }),
    ...(threads === null ? {} : { threads: String(threads) }),
  };
}

/** What the named values of {@link toParts} say; null for a value that is damaged. */
export const PART_READERS: Readonly<Record<string, (text: string) => Partial<TrainingSettings> | null>> = {
  recipe: (text) => RECIPES.some(({ name }) => name === text) ? { recipe: text } : null,
  seed: (text) => numbered("seed", text),
  rate: (text) => {
    const learningRate = /^[\d.]+(e-?\d+)?$/.test(text) ? Number(text) : NaN;
    return learningRate >= LEAST.learningRate && learningRate <= MOST.learningRate ? { learningRate } : null;
  },
  device: (text) => text === "wasm" || text === "webgpu" ? { device: text } : null,
  images: (text) => text === "all" ? { limit: null } : numbered("limit", text),
  steps: (text) => numbered("steps", text),
  threads: (text) => numbered("threads", text),
};

function numbered(
  name: "seed" | "limit" | "steps" | "threads",
  text: string,
): Partial<TrainingSettings> | null {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN,
    [least, most] = name === "limit" ? [1, ALL_IMAGES] : [LEAST[name], MOST[name]];
  return value >= least && value <= most ? { [name]: value } : null;
}
