/**
 * The arguments of `fit()` and `fitDataset()`: those of `model.fit()` and `model.fitDataset()`, with the checks that TensorFlow.js
 * leaves out.
 *
 * @module
 */
import { DEVICE_RULES, type DeviceOptions } from "../engines/open.ts";
import type { NumberArray } from "../model/tensorflow_arrays.ts";
import type { CallbacksOption, YieldEvery } from "../model/tensorflow_callbacks.ts";
import { excerpt } from "../excerpt.ts";
import {
  BOOLEAN,
  checkOptions,
  number,
  oneOf,
  optional,
  type Rule,
  type Rules,
  UINT32,
  whole,
} from "../options.ts";
import type { Named, SequenceSource } from "./fit_data.ts";

/** The weight of each class in the loss, by its number. */
export interface ClassWeights {
  /** Any finite number. */
  readonly [classNumber: number]: number;
}

/** {@link ClassWeights}, also as TensorFlow.js takes those of several outputs: in a list, or by name. */
export type ClassWeightOption = ClassWeights | readonly ClassWeights[] | {
  readonly [output: string]: ClassWeights;
};

/** What `fit()` and `fitDataset()` both take. */
export interface CommonArgs extends DeviceOptions {
  /** The epoch at which to begin; `epochs` is the one at which to end. 0 by default. */
  readonly initialEpoch?: number;
  /** Functions by hook (`onEpochEnd`, …), instances of `tf.Callback`, or a list of them. */
  readonly callbacks?: CallbacksOption;
  /** How often callbacks that are functions let the page breathe: as in TensorFlow.js; every 125 ms by default. */
  readonly yieldEvery?: YieldEvery;
  /** 0, 1 or 2. Nothing is printed in any case. */
  readonly verbose?: number;
  /** The weight of each class in the loss of training. */
  readonly classWeight?: ClassWeightOption;
  /**
   * Seeds order and dropout, an unsigned 32-bit integer; 1 by default. The steps that the model's optimizer has taken count too:
   * a second call goes on with other random numbers, as one long call would.
   */
  readonly seed?: number;
}

/** The arguments of `fit()`: those of `model.fit()`, a seed, and the device. */
export interface FitArgs extends CommonArgs {
  /** Sequences a step; 32 by default. The last step of an epoch has what remains. */
  readonly batchSize?: number;
  /** Where to end, 1 by default. */
  readonly epochs?: number;
  /** Which share of the sequences is not trained on but measured after each epoch: the last ones. */
  readonly validationSplit?: number;
  /** x and y to be measured after each epoch. `validationSplit` is not used then. */
  readonly validationData?: readonly [Named<SequenceSource>, Named<NumberArray>, Named<NumberArray>?];
  /** Whether each epoch has an order of its own; true by default. */
  readonly shuffle?: boolean;
  /** `[N]`, the weight of each sequence in the loss of training (TensorFlow.js has none). */
  readonly sampleWeight?: NumberArray;
}

/** What `fitDataset()` reads: a `tf.data.Dataset` of batches `{ xs, ys }`, or what behaves like one. */
export interface BatchDataset {
  /** Starts to read it from the beginning. */
  iterator(): Promise<{ next(): Promise<IteratorResult<unknown>> }>;
  /** How many batches there are, if that is known. */
  readonly size?: number;
}

/** The arguments of `fitDataset()`: those of `model.fitDataset()`, a seed, and the device. */
export interface FitDatasetArgs extends CommonArgs {
  /** Where to end. */
  readonly epochs: number;
  /** How many batches are an epoch; all that there are by default. */
  readonly batchesPerEpoch?: number;
  /** A dataset, or x and y, to be measured after each epoch. */
  readonly validationData?:
    | BatchDataset
    | readonly [Named<SequenceSource>, Named<NumberArray>, Named<NumberArray>?];
  /** How many batches of a dataset to measure; all that there are by default. */
  readonly validationBatches?: number;
  /** Has no effect on the result: means over all sequences are measured. */
  readonly validationBatchSize?: number;
}

const ANY: Rule = { must: "anything", isKind: () => true };
const COUNT = whole(1);
const YIELDS = ["auto", "batch", "epoch", "never"];

const COMMON_RULES: Rules<CommonArgs> = {
  initialEpoch: optional(whole(0)),
  callbacks: optional(ANY), // Callbacks checks them
  yieldEvery: optional({
    must: `one of ${YIELDS.join(", ")}, or a number of milliseconds`,
    isKind: (value) => typeof value === "string" || typeof value === "number",
    holds: (value: unknown) => typeof value === "number" ? value >= 0 : YIELDS.includes(String(value)),
  }),
  verbose: optional(oneOf(0, 1, 2)),
  classWeight: optional({
    must: "an object with a weight for each class",
    isKind: (value) => typeof value === "object" && value !== null,
  }),
  seed: optional(UINT32),
  ...DEVICE_RULES,
};

const PAIR: Rule = {
  must: "[x, y]",
  isKind: (value) => Array.isArray(value) && value.length === 2,
};

const FIT_RULES: Rules<FitArgs> = {
  ...COMMON_RULES,
  batchSize: optional(COUNT),
  epochs: optional(whole(0)),
  validationSplit: optional(number("at least 0 and below 1", (value) => value >= 0 && value < 1)),
  validationData: optional(PAIR),
  shuffle: optional(BOOLEAN),
  sampleWeight: optional(ANY),
};

const FIT_DATASET_RULES: Rules<FitDatasetArgs> = {
  ...COMMON_RULES,
  epochs: COUNT,
  batchesPerEpoch: optional(COUNT),
  validationData: optional({
    must: "a dataset, or [x, y]",
    isKind: (value) => PAIR.isKind(value) || isDataset(value),
  }),
  validationBatches: optional(COUNT),
  validationBatchSize: optional(COUNT),
};

/** Arguments that TensorFlow.js has but does not use. */
const UNUSED = ["stepsPerEpoch", "validationSteps"];

/** Checks the arguments of `fit()`; null counts as left out. */
export function checkFitArgs(action: string, args: FitArgs): FitArgs {
  return checkOptions(action, withoutNulls(action, args), FIT_RULES, "args");
}

/** Checks the arguments of `fitDataset()`; null counts as left out. */
export function checkFitDatasetArgs(action: string, args: FitDatasetArgs): FitDatasetArgs {
  return checkOptions(action, withoutNulls(action, args), FIT_DATASET_RULES, "args");
}

/** Whether it can be read batch by batch. */
export function isDataset(value: unknown): value is BatchDataset {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "iterator") === "function";
}

function withoutNulls<T extends object>(action: string, args: T): T {
  if (typeof args !== "object" || args === null || Array.isArray(args)) return args; // checkOptions() refuses it
  for (const name of UNUSED) {
    const value: unknown = Reflect.get(args, name);
    if (value === undefined || value === null) continue;
    throw new TypeError(
      `Cannot ${action}: ${name} must be left out: current value is ${
        excerpt(value)
      } (TensorFlow.js does not use it)`,
    );
  }
  const given = Object.entries(args).filter(([name, value]) => value !== null && !UNUSED.includes(name));
  return Object.fromEntries(given) as T;
}
