/**
 * What comes into a run from outside, and what it must be.
 *
 * @module
 */
import { CATALOGUE } from "../data/catalogue.ts";
import { CLASS_NAMES, type ModelDescription } from "../model/trained_model.ts";
import {
  BOOLEAN,
  FUNCTION,
  instanceOf,
  meets,
  NUMBER,
  OBJECT,
  oneOf,
  optional,
  type Rule,
  type Rules,
  TEXT,
  whole,
} from "../options.ts";
import type { TrainingState } from "../train/figures.ts";
import { Trainer } from "../train/trainer.ts";
import type { FigureMeanings } from "../view/history.ts";
import type { DataConfig, RunConfig } from "./config.ts";
import type { Metrics } from "./event_files.ts";
import type { RunOptions } from "./folder.ts";
import { StoppedRun } from "./stopped_run.ts";

/** What `config.json` keeps besides what the trainer knows. */
export interface RunAbout
  extends Partial<Pick<ModelDescription, "classNames" | "dataset" | "preparation">>, RunOptions {
  /** Where the images came from. */
  readonly data?: DataConfig;
  /** What the figures of the reports mean. */
  readonly figures?: FigureMeanings;
  /** Other properties, as JSON can hold them. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** What a run does besides keeping checkpoints, figures and the model. */
export interface RunSettings {
  /** Whether it draws pictures and writes a report; it does by default. */
  readonly pictures?: boolean;
  /** Whether it writes event files for TensorBoard; it does not by default, unless there are some already. */
  readonly tensorboard?: boolean;
  /** Called with a message for what could not be drawn. */
  readonly onProblem?: (message: string) => void;
}

/** Made by `compile()`. */
export const TRAINER = { ...instanceOf(Trainer), must: "a trainer, as compile() makes it" };

/** Opened by `StoppedRun.open()`. */
export const STOPPED: Rule = { must: "a StoppedRun", isKind: (value) => value instanceof StoppedRun };

/** Where a loop has come to; that it is one of this training is checked by the run. */
export const STATE: Rule = {
  ...OBJECT,
  must: "the state that a loop gives to onCheckpoint",
  isKind: (value) => {
    const { parameters, slots, step, tally } = (value ?? {}) as TrainingState;
    const parts = Array.isArray(slots) ? [parameters, ...slots] : [null];
    return OBJECT.isKind(tally) && meets(whole(0), step) &&
      parts.every((part) => part instanceof Float32Array);
  },
};

/** Of {@link RunAbout}; `checkConfig()` looks further. */
export const ABOUT_RULES: Rules<RunAbout> = {
  recipe: TEXT,
  root: optional(TEXT),
  out: optional(TEXT),
  classNames: optional(CLASS_NAMES),
  dataset: optional(oneOf(...Object.keys(CATALOGUE))),
  preparation: optional(oneOf("digit", "none")),
  data: optional(OBJECT),
  figures: optional(OBJECT),
  more: optional(OBJECT),
};

/** Of {@link RunSettings}. */
export const SETTINGS_RULES: Rules<RunSettings> = {
  pictures: optional(BOOLEAN),
  tensorboard: optional(BOOLEAN),
  onProblem: optional(FUNCTION),
};

/** Of `Run.resume()`. */
export const RESUME_RULES: Rules<RunSettings & { changes?: object }> = {
  ...SETTINGS_RULES,
  changes: optional(OBJECT),
};

/** Of what may have changed since. */
export const CHANGES_RULES: Rules<Pick<RunConfig, "command" | "length" | "data">> = {
  command: optional(TEXT),
  length: optional(OBJECT),
  data: optional(OBJECT),
};

/** Of where a report stands. */
export const PLACE_RULES: Rules<{ epoch: number; step?: number }> = {
  epoch: whole(0),
  step: optional(whole(0)),
};

/** Of its figures. */
export const METRICS_RULES: Rules<Metrics> = {
  trainLoss: NUMBER,
  trainAccuracy: NUMBER,
  testLoss: NUMBER,
  testAccuracy: NUMBER,
  seconds: NUMBER,
};

/** Of the figures of the end. */
export const RESULT_RULES: Rules<Partial<Metrics> & { interrupted?: boolean }> = {
  trainLoss: optional(NUMBER),
  trainAccuracy: optional(NUMBER),
  testLoss: optional(NUMBER),
  testAccuracy: optional(NUMBER),
  seconds: optional(NUMBER),
  interrupted: optional(BOOLEAN),
};
