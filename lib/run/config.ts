/**
 * What a `config.json` must be before anything in it is used: it comes from a disk, and anyone may have written it.
 *
 * @module
 */
import { CATALOGUE } from "../data/catalogue.ts";
import { checkSequence } from "../data/sequence.ts";
import { excerpt, printable } from "../excerpt.ts";
import { parseJson } from "../json.ts";
import { SLOT_COUNT } from "../model/optimizers.ts";
import type { RunConfig } from "./run.ts";

type JsonObject = Readonly<Record<string, unknown>>;
type Check = readonly [rule: string, holds: (value: unknown) => boolean];

/** As long as a path may be. */
const MOST_CHARACTERS = 4096;

const WHOLE: Check = ["a whole number from 0 on", isWhole];
const COUNT: Check = ["a whole number from 1 on", (value) => isWhole(value) && value > 0];
const TEXT: Check = [
  `a text of 1 to ${MOST_CHARACTERS} characters`,
  (value) => typeof value === "string" && value.length > 0 && value.length <= MOST_CHARACTERS,
];
const NAME: Check = [
  "a text of 1 to 200 printable characters",
  (value) => typeof value === "string" && value !== "" && printable(value, 200) === value,
];

/** The properties of a config, by their path, and what each must be. Others are let pass: nothing takes them for more than JSON. */
const REQUIRED: Readonly<Record<string, Check>> = {
  "recipe": NAME,
  "training.sequence": ["an axis, and a range or mean and deviation", isSequence],
  "training.optimizer.kind": oneOf(...Object.keys(SLOT_COUNT)),
  "training.optimizer": ["a kind and finite numbers", isOptimizer],
  "training.biases": oneOf(1, 2),
  "training.batchSize": COUNT,
  "training.lastBatch": oneOf("short", "carry"),
  "training.seed": ["a 32-bit whole number", (value) => isWhole(value) && value < 2 ** 32],
  "training.images.train": COUNT,
  "training.images.validation": WHOLE,
  "training.images.test": WHOLE,
  "data": ["an object", isRecord],
};

const OPTIONAL: Readonly<Record<string, Check>> = {
  "training.initialize": TEXT, // null where the model kept its weights
  "model": ["an object", isRecord],
  "model.preparation": oneOf("digit", "none"),
  "data.dataset": oneOf(...Object.keys(CATALOGUE)),
  "data.dataDir": TEXT,
  "data.limit": COUNT,
  "data.classes": ["a whole number from 2 to 256", (value) => isWhole(value) && value >= 2 && value <= 256],
  "data.firstLabel": WHOLE,
  "data.transpose": ["true or false", (value) => typeof value === "boolean"],
  "model.classNames": ["2 to 256 short texts", isNames],
  "command": TEXT,
  "startedAt": TEXT,
  "network.parameterCount": COUNT,
  "device.kind": TEXT,
  "device.math": TEXT,
  "device.detail": TEXT,
};

/**
 * Reads the text of a `config.json`.
 *
 * @param where What to call it in messages
 * @throws {SyntaxError} If it is none; names the first property that is wrong.
 */
export function parseRunConfig(text: string, where: string): RunConfig {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw new SyntaxError(`${where} must be JSON: ${(cause as SyntaxError).message}`, { cause });
  }
  return checkRunConfig(value, where);
}

/**
 * Takes a value for a run's config if it is one.
 *
 * @throws {SyntaxError} If it is not; names the first property that is wrong.
 */
function checkRunConfig(value: unknown, where: string): RunConfig {
  for (const [path, [rule, holds]] of Object.entries({ ...REQUIRED, ...OPTIONAL })) {
    const found = at(value, path);
    if (Object.hasOwn(OPTIONAL, path) && (found === undefined || found === null)) continue;
    if (holds(found)) continue;
    const [missing] = path.split(".");
    if (at(value, missing) === undefined) {
      throw new SyntaxError(`${where} must be that of a run, with ${missing}`);
    }
    throw new SyntaxError(`${where} must have ${path}, ${rule}: current value is ${excerpt(found)}`);
  }
  return value as RunConfig;
}

/** An own property, however deep; never one of a prototype. */
function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>(
    (inner, key) => isRecord(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined,
    value,
  );
}

function oneOf(...values: readonly unknown[]): Check {
  return [`one of ${values.join(", ")}`, (value) => values.includes(value)];
}

function isRecord(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isSequence(value: unknown): boolean {
  try {
    checkSequence(value);
    return true;
  } catch {
    return false;
  }
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.length >= 2 && value.length <= 256 &&
    value.every((name) => typeof name === "string" && name.length <= 100);
}

function isOptimizer(value: unknown): boolean {
  return isRecord(value) &&
    Object.entries(value).every(([name, part]) => name === "kind" || Number.isFinite(part)) &&
    (value.learningRate as number) > 0;
}
