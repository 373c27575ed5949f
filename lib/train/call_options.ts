/**
 * What the methods of a trainer and of a model take, and the rules for it.
 *
 * @module
 */
import { checkPositions, POSITIONS } from "../data/images.ts";
import { FUNCTION, instanceOf, oneOf, optional, type Rules, whole } from "../options.ts";
import type { StepFigures, TrainingState } from "./figures.ts";

/** The images of a training: those trained on, those held out of them, and the test images. */
export type SplitName = "train" | "validation" | "test";

/** The progress of a loop over images. */
export interface LoopProgress {
  /** The kind of the loop. */
  readonly phase: "train" | "evaluate";
  /** The current epoch, from 0 on; null in `steps()` and in an evaluation. */
  readonly epoch: number | null;
  /** Images done, of this epoch, this call of `steps()` or this evaluation. */
  readonly done: number;
  /** Images to do in all. */
  readonly total: number;
  /** Time spent on them. */
  readonly elapsedMs: number;
  /** Mean loss since the last report; null in an evaluation. */
  readonly loss: number | null;
}

/** Options of every long call. */
export interface LoopOptions {
  /** Ends the work cleanly, after the steps that are running. */
  readonly signal?: AbortSignal;
  /** Called some twenty times a second. */
  readonly onProgress?: (progress: LoopProgress) => void;
  /** Called while training with every step, in order, some at a time. */
  readonly onSteps?: (steps: readonly StepFigures[]) => void;
  /**
   * Awaited between two steps while training: after each epoch, every `checkpointEvery` steps, after the last step, and
   * when the signal ends the loop. `Trainer.writeState()` takes the state to continue to the bit. A report that is due at
   * the same step comes after it.
   *
   * @param losses Those of the loop's steps since the checkpoint before, the last of them that of `state.step`
   */
  readonly onCheckpoint?: (state: TrainingState, losses: Float32Array) => void | Promise<void>;
  /** Steps from one checkpoint to the next, besides the checkpoints after epochs. */
  readonly checkpointEvery?: number;
}

/** Which images to use: those at `positions`, or those from `from` (0) to `to` (the count), exclusive. */
export interface Selection {
  /** The first position. */
  readonly from?: number;
  /** The position after the last one. */
  readonly to?: number;
  /** Any positions, in any order. */
  readonly positions?: Uint32Array;
}

/** The rules for {@link LoopOptions}. */
export const LOOP_RULES: Rules<LoopOptions> = {
  signal: optional(instanceOf(AbortSignal)),
  onProgress: optional(FUNCTION),
  onSteps: optional(FUNCTION),
  onCheckpoint: optional(FUNCTION),
  checkpointEvery: optional(whole(1)),
};

/** The rules for the options of `steps()`. */
export const STEPS_RULES: Rules<LoopOptions & { every?: number }> = {
  ...LOOP_RULES,
  every: optional(whole(1)),
};

/** The rules for {@link Selection}. */
export const SELECTION_RULES: Rules<Selection> = {
  from: optional(whole(0)),
  to: optional(whole(0)),
  positions: optional(POSITIONS),
};

/** All names of splits. */
export const SPLIT_NAMES: readonly SplitName[] = ["train", "validation", "test"];

/** The rule for the name of a split. */
export const SPLIT = oneOf(...SPLIT_NAMES);

/**
 * The positions of the selected images, `[N]`.
 *
 * @param name What the images are called in messages
 * @throws {RangeError} If no image is selected, or one that is not there.
 */
export function selectPositions(
  action: string,
  { from = 0, to, positions }: Selection,
  { count, name }: { count: number; name: string },
): Uint32Array {
  if (positions && (to !== undefined || from !== 0)) {
    throw new TypeError(
      `Cannot ${action}: it must be either positions or from and to: current value has both`,
    );
  }
  const selected = positions ?? range(from, Math.min(to ?? count, count));
  if (selected.length === 0 || (to ?? 0) > count) {
    throw new RangeError(
      `Cannot ${action}: one or more of the ${count} images of ${name} must be selected: ` +
        `current value is ${selected.length === 0 ? "none" : `up to ${to}`}`,
    );
  }
  checkPositions(action, selected, count);
  return selected;
}

/** The whole numbers from `from` to `to`, exclusive. */
function range(from: number, to: number): Uint32Array {
  return Uint32Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}
