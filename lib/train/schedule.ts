/**
 * Schedules: how the learning rate changes while a training goes on. Plain data, and pure functions of the step.
 *
 * η is the learning rate of the optimizer, s the number of a step and e that of its epoch, both from 0 on, T the steps of the
 * schedule's length. The equations are those of `torch.optim.lr_scheduler` in PyTorch 2.13; `step` and `exponential` change the
 * rate between epochs, `cosine` and `oneCycle` at every step. The rates are made of + − × ÷ only: the same bits on every machine.
 *
 * @module
 */
import { turnOf } from "../data/transform.ts";
import { excerpt } from "../excerpt.ts";
import { integerPower } from "../model/optimizers.ts";
import { check, checkOptions, number, OBJECT, type Rules, whole } from "../options.ts";
import type { BatchOrder } from "./batches.ts";
import { type Length, toLength } from "./length.ts";

/** `η γ^⌊e / every⌋`: PyTorch's `StepLR(step_size=every, gamma)`, stepped after each epoch. */
export interface StepSchedule {
  /** Which of the schedules this is. */
  readonly kind: "step";
  /** Epochs from one change to the next, at least 1. */
  readonly every: number;
  /** γ, positive and at most 1. */
  readonly gamma: number;
}

/** `η γᵉ`: PyTorch's `ExponentialLR(gamma)`, stepped after each epoch. */
export interface ExponentialSchedule {
  /** Which of the schedules this is. */
  readonly kind: "exponential";
  /** γ, positive and at most 1. */
  readonly gamma: number;
}

/**
 * With W the steps of the warm-up, `warmup · T` rounded: `η (s + 1) / W` for s < W, then
 * `least + (η − least) (1 + cos(π (s − W) / (T − W))) / 2` (Loshchilov, Hutter 2017). PyTorch's
 * `LinearLR(start_factor=1/W, total_iters=W - 1)` and `CosineAnnealingLR(T_max=T - W, eta_min=least)`, stepped after each step.
 */
export interface CosineSchedule {
  /** Which of the schedules this is. */
  readonly kind: "cosine";
  /** T, of the whole training: it cannot be trained longer. */
  readonly length: Length;
  /** Which share of the steps the warm-up has, at least 0 and below 1. */
  readonly warmup: number;
  /** What the rate falls to, 0 or more. */
  readonly least: number;
}

/**
 * One cycle (Smith, Topin 2018): from `η / divide` up to η at s = `warmup · T − 1`, then down to `η / divide / finalDivide` at the
 * last step, both along half a cosine. PyTorch's `OneCycleLR(max_lr=η, total_steps=T, pct_start=warmup, div_factor=divide,
 * final_div_factor=finalDivide, cycle_momentum=False)`, stepped after each step.
 */
export interface OneCycleSchedule {
  /** Which of the schedules this is. */
  readonly kind: "oneCycle";
  /** T, of the whole training: it cannot be trained longer. */
  readonly length: Length;
  /** Which share of the steps the rate rises, at least 0 and below 1. */
  readonly warmup: number;
  /** η through the first rate, 1 or more. */
  readonly divide: number;
  /** The first rate through the last one, 1 or more. */
  readonly finalDivide: number;
}

/**
 * Where the loss of `patience` epochs in a row was not below `best (1 − threshold)`, the next such epoch multiplies the rate by
 * `factor`, down to `least`. The loss is that of the validation images or, where there are none, the training loss of the epoch.
 * PyTorch's `ReduceLROnPlateau(factor, patience, threshold, min_lr=least)`.
 */
export interface PlateauSchedule {
  /** Which of the schedules this is. */
  readonly kind: "plateau";
  /** Positive and below 1. */
  readonly factor: number;
  /** Epochs, 0 or more. */
  readonly patience: number;
  /** A share of the best loss, at least 0 and below 1. */
  readonly threshold: number;
  /** The least rate, 0 or more. */
  readonly least: number;
}

/** One of the schedules. */
export type Schedule =
  | StepSchedule
  | ExponentialSchedule
  | CosineSchedule
  | OneCycleSchedule
  | PlateauSchedule;

const SHARE = number("at least 0 and below 1", (value) => value >= 0 && value < 1);
const GAMMA = number("positive and at most 1", (value) => value > 0 && value <= 1);
const NOT_NEGATIVE = number("a number from 0 on", (value) => value >= 0);
const DIVISOR = number("a number from 1 on", (value) => value >= 1);
const LENGTH = { ...OBJECT, must: "{ epochs } or { steps } of the whole training" };

/** The rules for the properties of each schedule. */
const RULES: {
  readonly [Kind in Schedule["kind"]]: Rules<Omit<Extract<Schedule, { kind: Kind }>, "kind">>;
} = {
  step: { every: whole(1), gamma: GAMMA },
  exponential: { gamma: GAMMA },
  cosine: { length: LENGTH, warmup: SHARE, least: NOT_NEGATIVE },
  oneCycle: { length: LENGTH, warmup: SHARE, divide: DIVISOR, finalDivide: DIVISOR },
  plateau: {
    factor: number("positive and below 1", (value) => value > 0 && value < 1),
    patience: whole(0),
    threshold: SHARE,
    least: NOT_NEGATIVE,
  },
};

/** The kinds of schedules. */
export const SCHEDULES = Object.keys(RULES) as readonly Schedule["kind"][];

/**
 * Makes schedules, with PyTorch's defaults; each throws a RangeError if a value is out of range.
 *
 * @example
 * ```ts
 * import { schedules } from "./schedule.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(schedules.step({ every: 1, gamma: 0.7 }), { kind: "step", every: 1, gamma: 0.7 });
 * assert.equal(schedules.oneCycle({ length: { epochs: 15 } }).warmup, 0.3);
 * assert.throws(() => schedules.exponential({ gamma: 2 }), /gamma must be positive and at most 1/);
 * ```
 */
export const schedules = {
  /** η times γ every so many epochs. */
  step: (options: { every: number; gamma?: number }): StepSchedule =>
    make<StepSchedule>("step", { gamma: 0.1 }, options),
  /** η times γ after each epoch. */
  exponential: (options: { gamma: number }): ExponentialSchedule =>
    make<ExponentialSchedule>("exponential", {}, options),
  /** Half a cosine from η down, after a linear warm-up. */
  cosine: (options: { length: Length; warmup?: number; least?: number }): CosineSchedule => {
    return make<CosineSchedule>("cosine", { warmup: 0, least: 0 }, options);
  },
  /** Up to η and down to almost nothing. */
  oneCycle: (
    options: { length: Length; warmup?: number; divide?: number; finalDivide?: number },
  ): OneCycleSchedule =>
    make<OneCycleSchedule>("oneCycle", { warmup: 0.3, divide: 25, finalDivide: 1e4 }, options),
  /** Less where the loss does not fall any more. */
  plateau: (
    options: { factor?: number; patience?: number; threshold?: number; least?: number } = {},
  ): PlateauSchedule => {
    return make<PlateauSchedule>(
      "plateau",
      { factor: 0.1, patience: 10, threshold: 1e-4, least: 0 },
      options,
    );
  },
} as const;

function make<S extends Schedule>(
  kind: S["kind"],
  defaults: Partial<S>,
  options: Partial<Omit<S, "kind">>,
): S {
  const action = `use the schedule ${kind}`;
  check(action, "options", { value: options, rule: OBJECT });
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return checkSchedule(action, { ...defaults, ...Object.fromEntries(given), kind } as S) as S;
}

/**
 * Checks that a value is a schedule.
 *
 * @returns A copy of it
 * @throws {TypeError} If it is something else, or a property is missing, unknown or of the wrong kind.
 * @throws {RangeError} If a value is out of range.
 */
export function checkSchedule(action: string, schedule: Schedule): Schedule {
  const kind: unknown = (schedule as Partial<Schedule> | null | undefined)?.kind;
  if (!OBJECT.isKind(schedule) || typeof kind !== "string" || !Object.hasOwn(RULES, kind)) {
    throw new TypeError(
      `Cannot ${action}: schedule must be made by one of ${SCHEDULES.join(", ")}: ` +
        `current value is ${excerpt(schedule)} (scanline.schedules.step({ every: 1, gamma: 0.7 }) makes one)`,
    );
  }
  const { kind: known, ...rest } = schedule;
  const taken = checkOptions<Record<string, unknown>>(action, rest, RULES[known], "schedule");
  if (!("length" in taken)) return { kind: known, ...taken } as Schedule;
  const length = toLength("steps", taken.length as Length, action), [count] = Object.values(length);
  check(action, "length of schedule", { value: count, rule: whole(1) });
  return { kind: known, ...taken, length } as Schedule;
}

/** How many steps a length has. */
function stepsOf(length: Length, order: BatchOrder): number {
  return "steps" in length ? length.steps : order.stepsThrough(length.epochs);
}

/** How many steps a training with this schedule can have at most. */
export function mostSteps(schedule: Schedule, order: BatchOrder): number {
  return "length" in schedule ? stepsOf(schedule.length, order) : Infinity;
}

/**
 * The learning rate of a step; after the last one, that of the last.
 *
 * @param step From 0 on
 *
 * @example
 * ```ts
 * import { BatchOrder } from "./batches.ts";
 * import { scheduledRate, schedules } from "./schedule.ts";
 * import assert from "node:assert/strict";
 *
 * const order = new BatchOrder({ count: 8, batchSize: 4, seed: 1, lastBatch: "short" }); // two steps an epoch
 * const schedule = schedules.step({ every: 1, gamma: 0.5 });
 * const rates = [0, 1, 2, 3, 4].map((step) => scheduledRate(schedule, { learningRate: 8, step, order }));
 * assert.deepEqual(rates, [8, 8, 4, 4, 2]);
 * ```
 */
export function scheduledRate(
  schedule: Exclude<Schedule, PlateauSchedule>,
  { learningRate, step, order }: { learningRate: number; step: number; order: BatchOrder },
): number {
  switch (schedule.kind) {
    case "step":
      return learningRate * integerPower(schedule.gamma, Math.floor(order.epochAt(step) / schedule.every));
    case "exponential":
      return learningRate * integerPower(schedule.gamma, order.epochAt(step));
    case "cosine": {
      const { warmup, least, length } = schedule, T = stepsOf(length, order), W = Math.round(warmup * T);
      const s = Math.min(step, T - 1); // all steps may be of the warm-up
      return s < W ? learningRate * (s + 1) / W : between(learningRate, least, (s - W) / (T - W));
    }
    case "oneCycle": {
      const { warmup, divide, finalDivide, length } = schedule, T = stepsOf(length, order);
      const peak = warmup * T - 1, first = learningRate / divide;
      if (step <= peak && peak > 0) return between(first, learningRate, step / peak);
      return between(learningRate, first / finalDivide, (Math.min(step, T - 1) - peak) / (T - 1 - peak));
    }
  }
}

/** Along half a cosine from `start` at 0 to `end` at 1. */
function between(start: number, end: number, share: number): number {
  const quarter = turnOf(share * Math.PI / 4).cosine; // of a quarter of the angle
  const half = 2 * quarter * quarter - 1, cosine = 2 * half * half - 1;
  return end + (start - end) * (1 + cosine) / 2;
}

/** What {@link PlateauSchedule} remembers from one epoch to the next. */
export interface PlateauState {
  /** The best loss; null before the first epoch. */
  readonly best: number | null;
  /** Epochs since it fell below the threshold, or since the rate changed. */
  readonly badEpochs: number;
  /** The learning rate of the next steps. */
  readonly rate: number;
}

/** Smaller changes of the rate are left out, as in PyTorch. */
const LEAST_CHANGE = 1e-8;

/** What the schedule remembers after one more epoch. */
export function afterEpoch(
  { factor, patience, threshold, least }: PlateauSchedule,
  { best, badEpochs, rate }: PlateauState,
  loss: number,
): PlateauState {
  if (best === null || loss < best * (1 - threshold)) return { best: loss, badEpochs: 0, rate };
  if (badEpochs < patience) return { best, badEpochs: badEpochs + 1, rate };
  const next = Math.max(rate * factor, least);
  return { best, badEpochs: 0, rate: rate - next > LEAST_CHANGE ? next : rate };
}
