/**
 * Addresses of a memory, handed out one after another.
 *
 * @module
 */
import { roundUp } from "../round_up.ts";

/** Every array starts on a cache line. */
export const CACHE_LINE = 64;

/** Hands out addresses, or elements of an array. */
export class Arena {
  /** The first that is free. */
  next: number;
  readonly #unit: number;

  /** @param unit What every array starts at a multiple of */
  constructor(start: number, unit = CACHE_LINE) {
    this.next = start;
    this.#unit = unit;
  }

  take(size: number): number {
    const start = this.next;
    this.next = roundUp(start + size, this.#unit);
    return start;
  }
}
