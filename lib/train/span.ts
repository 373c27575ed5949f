/**
 * What one progress bar covers.
 *
 * @module
 */
import type { BatchOrder } from "./batches.ts";
import type { LoopProgress } from "./call_options.ts";

/** Some steps, and the time that they have taken. */
export interface Span {
  /** The epoch, where they are one; else null. */
  readonly epoch: number | null;
  readonly firstStep: number;
  readonly lastStep: number;
  elapsedMs: number;
}

/** How far the training is in a span. @param at.step Steps so far @param at.loss Mean loss since the last report */
export function progressIn(
  { epoch, firstStep, lastStep, elapsedMs }: Span,
  { step, loss, order }: { step: number; loss: number; order: BatchOrder },
): LoopProgress {
  const first = order.imagesThrough(firstStep);
  return {
    phase: "train",
    epoch,
    done: order.imagesThrough(step) - first,
    total: order.imagesThrough(lastStep) - first,
    elapsedMs,
    loss,
  };
}
