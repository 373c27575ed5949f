/**
 * How many steps to hand to an engine at once.
 *
 * A call costs a message to the device and back, so it should have many steps; but the progress bar moves and Ctrl-C takes
 * effect only between calls, so it should not have too many.
 *
 * @module
 */
import { MAX_STEPS } from "../engines/engine.ts";

const TARGET_MS = 50;
const MOST_GROWTH = 4; // one lucky measurement must not lead to a call that lasts for seconds

/** Adapts the number of steps in a call to their measured time: about 50 ms a call, 1 to 256 steps. */
export class Pace {
  #steps = 1;

  /** How many steps the next call should take. */
  get steps(): number {
    return this.#steps;
  }

  /** Records the duration of a call of so many steps. */
  record(steps: number, elapsedMs: number): void {
    const fitting = Math.floor(steps * TARGET_MS / Math.max(elapsedMs, 0.001));
    this.#steps = Math.max(1, Math.min(fitting, steps * MOST_GROWTH, MAX_STEPS));
  }
}
