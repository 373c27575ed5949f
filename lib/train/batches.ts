/**
 * The order in which a training uses its images: which positions make up the batch of step s, as a pure function of
 * (seed, s). Nothing else must be stored to resume a training.
 *
 * @module
 */
import { check, checkOptions, oneOf, type Rules, whole } from "../options.ts";
import { shuffledOrder } from "../random.ts";

/** How a stream of images is cut into batches. */
export interface BatchOptions {
  /** How many images there are; every epoch uses each once, in a new order. */
  readonly count: number;
  /** Images a step. */
  readonly batchSize: number;
  /** Seeds the order of every epoch, an unsigned 32-bit integer. */
  readonly seed: number;
  /**
   * What happens where an epoch does not end with a full batch. `short`: its last batch has the remaining images (PyTorch's
   * `DataLoader`). `carry`: all batches are full and continue into the next epoch (TensorFlow 1's `next_batch`).
   */
  readonly lastBatch: "short" | "carry";
}

const MOST = 2 ** 21; // RandomStream.below() is unbiased up to this

/** The rules for the options of {@link BatchOrder}. */
export const BATCH_RULES: Rules<BatchOptions> = {
  count: whole(1, MOST),
  batchSize: whole(1, MOST),
  seed: whole(0, 2 ** 32 - 1),
  lastBatch: oneOf("short", "carry"),
};

const WHOLE = whole(0);

/**
 * The batches of a training, by the number of their step from 0 on.
 *
 * @example
 * ```ts
 * import { BatchOrder } from "./batches.ts";
 * import assert from "node:assert/strict";
 *
 * const order = new BatchOrder({ count: 10, batchSize: 4, seed: 1, lastBatch: "short" });
 * assert.deepEqual([0, 1, 2].map((step) => order.batch(step).length), [4, 4, 2]);
 * assert.equal(order.stepsThrough(10), 30);
 * ```
 */
export class BatchOrder {
  readonly #options: BatchOptions;
  readonly #stepsPerEpoch: number; // of "short"
  #epoch = -1;
  #order: Uint32Array = new Uint32Array(0);

  /**
   * Shuffles nothing yet.
   *
   * @throws {RangeError} If the count or the batch size is not a positive whole number, the seed is not 32-bit, or
   * `lastBatch` is neither of the two.
   */
  constructor(options: BatchOptions) {
    this.#options = checkOptions("order the batches", options, BATCH_RULES);
    this.#stepsPerEpoch = Math.ceil(options.count / options.batchSize);
  }

  /** The positions of the images of one step, a new array. @throws {RangeError} If the step is not a whole number from 0 on. */
  batch(step: number): Uint32Array {
    const { count } = this.#options;
    const first = this.imagesThrough(step);
    const positions = new Uint32Array(this.imagesThrough(step + 1) - first);
    for (let filled = 0; filled < positions.length;) {
      const epoch = Math.floor((first + filled) / count);
      const from = (first + filled) % count;
      const piece = this.#orderOf(epoch).subarray(from, from + positions.length - filled);
      positions.set(piece, filled);
      filled += piece.length;
    }
    return positions;
  }

  /** The epoch, from 0 on, that each image of a step belongs to: a step of `carry` can have images of several. */
  epochsOf(step: number): Uint32Array {
    const { count } = this.#options, first = this.imagesThrough(step);
    return Uint32Array.from({ length: this.imagesThrough(step + 1) - first }, (_, n) => {
      return Math.floor((first + n) / count);
    });
  }

  /** The epoch, from 0 on, that a step's first image belongs to. */
  epochAt(step: number): number {
    return Math.floor(this.imagesThrough(step) / this.#options.count);
  }

  /** How many steps `epochs` epochs take. */
  stepsThrough(epochs: number): number {
    const { count, batchSize, lastBatch } = this.#options;
    check("count the steps", "epochs", { value: epochs, rule: WHOLE });
    return lastBatch === "short" ? epochs * this.#stepsPerEpoch : Math.ceil(epochs * count / batchSize);
  }

  /** How many images the first `steps` steps use. */
  imagesThrough(steps: number): number {
    const { count, batchSize, lastBatch } = this.#options;
    check("count the images", "steps", { value: steps, rule: WHOLE });
    if (lastBatch === "carry") return steps * batchSize;
    const epochs = Math.floor(steps / this.#stepsPerEpoch);
    return epochs * count + (steps % this.#stepsPerEpoch) * batchSize;
  }

  /** Keeps the order of one epoch: steps are mostly consecutive, and shuffling takes milliseconds. */
  #orderOf(epoch: number): Uint32Array {
    if (this.#epoch !== epoch) {
      this.#order = shuffledOrder(this.#options.count, this.#options.seed, epoch);
      this.#epoch = epoch;
    }
    return this.#order;
  }
}
