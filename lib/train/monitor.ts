/**
 * What a training watches in its validation images after each epoch: when to stop, and which epoch was the best.
 *
 * @module
 */
import {
  BOOLEAN,
  checkOptions,
  number,
  OBJECT,
  oneOf,
  optional,
  orNull,
  type Rules,
  whole,
} from "../options.ts";

/** What to watch, and what to do about it. */
export interface MonitorOptions {
  /** What makes an epoch better: a lower `loss` (the default) or a higher `accuracy` on the validation images. */
  readonly metric?: "loss" | "accuracy";
  /** The training stops after so many epochs in a row without a better one; without it, it does not stop early. */
  readonly patience?: number;
  /** By how much a better epoch must be better, in nats or as a share; 0 by default. */
  readonly minDelta?: number;
  /** Whether the model gets the weights of the best epoch when a loop ends; false by default. */
  readonly keepBest?: boolean;
}

/** {@link MonitorOptions} with all defaults filled in. */
export type Monitor = Required<Omit<MonitorOptions, "patience">> & Pick<MonitorOptions, "patience">;

const RULES: Rules<MonitorOptions> = {
  metric: optional(oneOf("loss", "accuracy")),
  patience: optional(whole(1)),
  minDelta: optional(number("a number from 0 on", (value) => value >= 0)),
  keepBest: optional(BOOLEAN),
};

/** Checks what to watch, and fills in the defaults. @throws {TypeError | RangeError} If an option is not as it must be. */
export function checkMonitor(action: string, options: MonitorOptions): Monitor {
  return { metric: "loss", minDelta: 0, keepBest: false, ...checkOptions(action, options, RULES, "monitor") };
}

/** An epoch, and what was measured on the validation images after it. */
export interface BestEpoch {
  /** From 0 on. */
  readonly epoch: number;
  /** Mean softmax cross-entropy, in nats. */
  readonly loss: number;
  /** A share, 0 … 1. */
  readonly accuracy: number;
}

/** What a monitor remembers from one epoch to the next. */
export interface MonitorState {
  /** The best epoch so far; null before the first one. */
  readonly best: BestEpoch | null;
  /** Epochs since then. */
  readonly badEpochs: number;
  /** Whether the training has stopped early. */
  readonly stopped: boolean;
}

/** What a monitor remembers after one more epoch: `best` is that epoch if it was better. */
export function watchEpoch(
  { metric, patience = Infinity, minDelta }: Monitor,
  { best, badEpochs }: MonitorState,
  epoch: BestEpoch,
): MonitorState {
  const gain = best === null ? Infinity : (epoch[metric] - best[metric]) * (metric === "loss" ? -1 : 1);
  if (gain > minDelta) return { best: epoch, badEpochs: 0, stopped: false };
  return { best, badEpochs: badEpochs + 1, stopped: badEpochs + 1 >= patience };
}

const COUNT = whole(0);
const FIGURE = number("a finite number", () => true);
const BEST_RULES: Rules<BestEpoch> = { epoch: COUNT, loss: FIGURE, accuracy: FIGURE };
const STATE_RULES: Rules<MonitorState> = {
  best: orNull(OBJECT),
  badEpochs: COUNT,
  stopped: BOOLEAN,
};

/** Checks what a file says that a monitor remembers. @throws {TypeError | RangeError} If it is not that. */
export function checkMonitorState(action: string, state: MonitorState): MonitorState {
  const { best, ...rest } = checkOptions(action, state, STATE_RULES, "monitor");
  return { best: best && checkOptions(action, best, BEST_RULES, "best epoch"), ...rest };
}
