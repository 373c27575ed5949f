/**
 * `config.json`: what a run trained, how, and on which images. Anyone may have written it: every property that is used is
 * checked first.
 *
 * @module
 */
import { CATALOGUE } from "../data/catalogue.ts";
import type { LoadOptions } from "../data/dataset.ts";
import { checkSequence } from "../data/sequence.ts";
import { excerpt, printable } from "../excerpt.ts";
import { parseJson } from "../json.ts";
import {
  type Classifier,
  type ClassifierOptions,
  classifierOptions,
  createClassifier,
} from "../model/classifier.ts";
import { SLOT_COUNT } from "../model/optimizers.ts";
import { CLASS_NAMES, LENGTH, type ModelDescription } from "../model/trained_model.ts";
import { BOOLEAN, meets, OBJECT, oneOf, type Rule, TEXT, whole } from "../options.ts";
import { checkRefinements, REFINEMENT_RULES } from "../train/refinements.ts";
import type { TrainingConfig } from "../train/training_config.ts";
import { isOldConfig, upgradeConfig, upgradeLayers } from "./old_config.ts";

/** What a run's `config.json` holds; a program may add properties of its own. */
export interface RunConfig {
  /** The name of what was run. */
  readonly recipe: string;
  /** What the model is. */
  readonly model: ModelConfig;
  /** How it was trained; absent where that is not known, as of imported weights. */
  readonly training?: TrainingConfig;
  /** Where the images came from; absent where that is not known. */
  readonly data?: DataConfig;
  /** The command that trains the same again. */
  readonly command?: string;
  /** When it began, as ISO 8601. */
  readonly startedAt?: string;
  /** How long it was to train. */
  readonly length?: unknown;
  /** The device that trained it. */
  readonly device?: { readonly kind?: string; readonly math?: string; readonly detail?: string };
  /** What the figures of its reports are about. */
  readonly figures?: unknown;
}

/** The configuration of a run that Scanline trained. */
export type TrainedRunConfig = RunConfig & { readonly training: TrainingConfig };

/** A model without its weights. */
export type ModelConfig = Required<ClassifierOptions> & Omit<ModelDescription, "network" | "dataset">;

/** What `loadDataset()` takes to load the same images again, and what else is known about them. */
export interface DataConfig extends Omit<LoadOptions, "classNames"> {
  /** Whether these images are only assumed. */
  readonly assumed?: true;
  /** Of the files of a data set of the catalogue, by name. */
  readonly sha256?: Readonly<Record<string, string>>;
}

/** As long as a path may be. */
const MOST_CHARACTERS = 4096;

const MOST_CLASSES = 256;
const WHOLE = whole(0), COUNT = whole(1), CLASSES = whole(2, MOST_CLASSES);
const SHORT_TEXT: Rule = {
  ...TEXT,
  must: `a text of 1 to ${MOST_CHARACTERS} characters`,
  holds: (value: string) => value.length > 0 && value.length <= MOST_CHARACTERS,
};
const NAME: Rule = {
  ...TEXT,
  must: "a text of 1 to 200 printable characters",
  holds: (value: string) => value !== "" && printable(value, 200) === value,
};

/** What must be there, by its path; `training` and `data` may be missing as a whole. Other properties are kept unchecked. */
const REQUIRED: Readonly<Record<string, Rule>> = {
  "recipe": NAME,
  "model": OBJECT,
  "model.inputSize": COUNT,
  "model.layers": { must: "a list of layers", isKind: isLayers },
  "model.biases": oneOf(1, 2),
  "model.T": LENGTH,
  "model.sequence": { must: "an axis, and a range or mean and deviation", isKind: isSequence },
  "model.classNames": CLASS_NAMES,
  "training": OBJECT,
  "training.optimizer.kind": oneOf(...Object.keys(SLOT_COUNT)),
  "training.optimizer": { must: "a kind and finite numbers", isKind: isOptimizer },
  "training.batchSize": COUNT,
  "training.lastBatch": oneOf("short", "carry"),
  "training.seed": { ...whole(0, 2 ** 32 - 1), must: "a 32-bit whole number" },
  "training.images.train": COUNT,
  "training.images.validation": WHOLE,
  "training.images.test": WHOLE,
  "data": OBJECT,
};

const OPTIONAL: Readonly<Record<string, Rule>> = {
  "training.initialize": SHORT_TEXT, // null where the model kept its weights
  "model.preparation": oneOf("digit", "none"),
  "data.dataset": oneOf(...Object.keys(CATALOGUE)),
  "data.dataDir": SHORT_TEXT,
  "data.limit": COUNT,
  "data.classes": CLASSES,
  "data.firstLabel": WHOLE,
  "data.transpose": BOOLEAN,
  "command": SHORT_TEXT,
  "startedAt": SHORT_TEXT,
  "device.kind": SHORT_TEXT,
  "device.math": SHORT_TEXT,
  "device.detail": SHORT_TEXT,
};

/**
 * Parses the text of a `config.json`, of older versions too.
 *
 * @param where What to call it in messages
 * @param modelJson Reads the text of `model/model.json`: older versions kept some things only there
 * @throws {SyntaxError} If it is not the configuration of a run; names the first property that is wrong.
 */
export async function parseRunConfig(
  text: string,
  where: string,
  modelJson: () => Promise<string | undefined>,
): Promise<RunConfig> {
  const value = parse(text, where);
  return checkRunConfig(
    isOldConfig(value) ? upgradeConfig(value, await modelJson()) : upgradeLayers(value),
    where,
  );
}

/** Parses the copy of a `config.json` in a checkpoint, without a `model.json` beside it. */
export function parseCheckpointConfig(text: string, where: string): RunConfig {
  const value = parse(text, where);
  return checkRunConfig(isOldConfig(value) ? upgradeConfig(value) : upgradeLayers(value), where);
}

function parse(text: string, where: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    throw new SyntaxError(`${where} must be JSON: ${(cause as SyntaxError).message}`, { cause });
  }
}

/** @throws {SyntaxError} If it is not the config of a run; names the first property that is wrong. */
function checkRunConfig(value: unknown, where: string): RunConfig {
  for (const [path, rule] of Object.entries({ ...REQUIRED, ...OPTIONAL })) {
    const [first] = path.split("."), part = propertyOf(value, first);
    if (part === undefined && (first === "training" || first === "data")) continue;
    const found = propertyOf(value, path);
    if (Object.hasOwn(OPTIONAL, path) && (found === undefined || found === null)) continue;
    if (meets(rule, found)) continue;
    if (part === undefined) throw new SyntaxError(`${where} must be that of a run, with ${first}`);
    throw new SyntaxError(`${where} must have ${path}, ${rule.must}: current value is ${excerpt(found)}`);
  }
  const config = value as RunConfig, { classNames } = config.model;
  let classes: number;
  if (config.training) checkTraining(config.training, where);
  try {
    ({ classes } = networkOf(config.model));
  } catch (cause) {
    throw new SyntaxError(
      `${where} must have model.layers of a network: ${printable((cause as Error).message, 300)}`,
      {
        cause,
      },
    );
  }
  if (classes > MOST_CLASSES) {
    throw new SyntaxError(
      `${where} must have model.layers of at most ${MOST_CLASSES} classes: current value is ${classes}`,
    );
  }
  if (classNames.length === classes) return config;
  throw new SyntaxError(
    `${where} must have model.classNames, one for each of ${classes} classes: current value is ${classNames.length}`,
  );
}

/** Checks what a training does beyond plain steps, as `compile()` does. */
function checkTraining(training: TrainingConfig, where: string): void {
  const names = Object.keys(REFINEMENT_RULES).filter((name) => Object.hasOwn(training, name));
  const refinements = Object.fromEntries(names.map((name) => [name, training[name as keyof TrainingConfig]]));
  try {
    checkRefinements("read", refinements);
  } catch (cause) {
    const reason = (cause as Error).message.replace(/^Cannot read: /, "");
    throw new SyntaxError(`${where} must have training that can be done: ${printable(reason, 300)}`, {
      cause,
    });
  }
}

/** How long a `config.json` may be. */
export const MOST_CONFIG_BYTES = 2 ** 20;

/** The contents of `config.json`. */
export function configText(config: RunConfig): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(config, null, 2) + "\n");
}

/**
 * Checks a configuration before it is written: what is written can be read.
 *
 * @throws {TypeError} If a part of it is not as it must be, or JSON cannot hold it.
 */
export function checkConfig(action: string, config: RunConfig): void {
  let plain: unknown, length: number;
  try {
    length = configText(config).length;
    plain = JSON.parse(JSON.stringify(config));
  } catch (cause) {
    const [reason] = (cause as Error).message.split("\n");
    throw new TypeError(
      `Cannot ${action}: its config must be as JSON can hold it: current value is not: ${reason}`,
      { cause },
    );
  }
  if (length > MOST_CONFIG_BYTES) {
    throw new RangeError(
      `Cannot ${action}: its config must have at most ${MOST_CONFIG_BYTES} bytes: current value is ${length}`,
    );
  }
  try {
    checkRunConfig(plain, `Cannot ${action}: its config`);
  } catch (error) {
    throw new TypeError((error as Error).message, { cause: error });
  }
}

/** What `config.json` keeps of a model. */
export function modelConfig({ network, dataset: _, ...about }: ModelDescription): ModelConfig {
  const { T, sequence, classNames, preparation } = about;
  return { ...classifierOptions(network), T, sequence, classNames, preparation };
}

/** The model that a `config.json` describes. */
export function modelDescription({ model, data }: RunConfig): ModelDescription {
  const { T, sequence, classNames, preparation } = model;
  const dataset = data?.dataDir === undefined && !data?.assumed ? data?.dataset : undefined;
  return { network: networkOf(model), T, sequence, classNames, dataset, preparation };
}

function networkOf({ inputSize, layers, biases }: ModelConfig): Classifier {
  return createClassifier({ inputSize, layers, biases });
}

/** An own property, however deep; never one of a prototype. */
function propertyOf(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>(
    (inner, key) => isRecord(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined,
    value,
  );
}

function isSequence(value: unknown): boolean {
  try {
    checkSequence(value);
    return true;
  } catch {
    return false;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return OBJECT.isKind(value);
}

function isLayers(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.length <= 1_000 && value.every(isRecord);
}

function isOptimizer(value: unknown): boolean {
  return isRecord(value) &&
    Object.entries(value).every(([name, part]) => name === "kind" || Number.isFinite(part)) &&
    (value.learningRate as number) > 0;
}
