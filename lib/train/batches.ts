/**
 * The order in which a training sees its images: which positions make up the batch of step s, as a pure function of
 * (seed, s). Nothing else has to be stored to go on where a training stopped.
 *
 * @module
 */
import { excerpt } from "../excerpt.ts";
import { shuffledOrder } from "../random.ts";

/** How a stream of images is cut into batches. */
export interface BatchOptions {
  /** How many images there are; every epoch sees each once, in an order of its own. */
  readonly count: number;
  /** Images a step. */
  readonly batchSize: number;
  /** Seeds the order of every epoch, an unsigned 32-bit integer. */
  readonly seed: number;
  /**
   * What happens where an epoch does not end with a full batch. `short`: its last batch has what is left (PyTorch's
   * `DataLoader`). `carry`: batches are always full and run on into the next epoch (TensorFlow 1's `next_batch`).
   */
  readonly lastBatch: "short" | "carry";
}

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

  /** Nothing is shuffled yet. @throws {RangeError} If the count or the batch size is not a positive whole number, or the seed is not 32-bit. */
  constructor(options: BatchOptions) {
    checkWhole("count", options.count, 1, 2 ** 21); // what RandomStream.below() draws from without a bias
    checkWhole("batchSize", options.batchSize, 1, 2 ** 21);
    checkWhole("seed", options.seed, 0, 2 ** 32 - 1);
    this.#options = options;
    this.#stepsPerEpoch = Math.ceil(options.count / options.batchSize);
  }

  /** The positions of the images of one step, a new array. */
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

  /** The epoch, from 0 on, that a step's first image belongs to. */
  epochAt(step: number): number {
    return Math.floor(this.imagesThrough(step) / this.#options.count);
  }

  /** How many steps it takes until every image was seen `epochs` times. */
  stepsThrough(epochs: number): number {
    const { count, batchSize, lastBatch } = this.#options;
    return lastBatch === "short" ? epochs * this.#stepsPerEpoch : Math.ceil(epochs * count / batchSize);
  }

  /** How many images the first `steps` steps use. */
  imagesThrough(steps: number): number {
    const { count, batchSize, lastBatch } = this.#options;
    if (lastBatch === "carry") return steps * batchSize;
    const epochs = Math.floor(steps / this.#stepsPerEpoch);
    return epochs * count + (steps % this.#stepsPerEpoch) * batchSize;
  }

  /** One order is kept: steps mostly come one after another, and shuffling costs milliseconds. */
  #orderOf(epoch: number): Uint32Array {
    if (this.#epoch !== epoch) {
      this.#order = shuffledOrder(this.#options.count, this.#options.seed, epoch);
      this.#epoch = epoch;
    }
    return this.#order;
  }
}

function checkWhole(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(
      `Cannot order the batches: ${name} must be a whole number from ${least} to ${most}: current value is ${
        excerpt(value)
      }`,
    );
  }
}
