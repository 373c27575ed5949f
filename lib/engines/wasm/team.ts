/**
 * Threads that work together: a barrier, and a counter that hands out the items of a phase.
 *
 * @module
 */

const ARRIVED = 0, GENERATION = 1, NEXT_ITEM = 2, DISSOLVED = 3;

/** 32-bit words that a {@link Team} needs in shared memory. */
export const TEAM_WORDS = 4;

/**
 * Ends a team that has lost a thread: every barrier throws, at once or when it is reached. `Worker.terminate()` does not
 * wake a thread that sleeps in `Atomics.wait`, which would keep Deno's process alive for ever.
 */
export function dissolveTeam(words: Int32Array): void {
  Atomics.store(words, DISSOLVED, 1); // for threads that are not waiting yet
  Atomics.add(words, GENERATION, 1); // for a thread that is about to sleep
  Atomics.notify(words, GENERATION);
}

/** One thread's view of the team; all threads share the same words of memory. */
export class Team {
  readonly #words: Int32Array;
  readonly #threads: number;
  readonly #spins: number;

  /**
   * @param words {@link TEAM_WORDS} words of shared memory, all 0 at first
   * @param threads How many threads meet at a barrier
   * @param spins How often a waiting thread looks again before it sleeps: waking costs tens of microseconds
   */
  constructor(words: Int32Array, threads: number, spins: number) {
    this.#words = words;
    this.#threads = threads;
    this.#spins = spins;
  }

  /** The next item of this phase: 0, 1, 2, …, each for one thread only. */
  takeItem(): number {
    return Atomics.add(this.#words, NEXT_ITEM, 1);
  }

  /** Takes items of a phase of `count` as long as there are any. */
  takeItems(count: number, work: (index: number) => void): void {
    for (let index = this.takeItem(); index < count; index = this.takeItem()) work(index);
  }

  /** A phase of `count` items: takes some, then waits for the others; the last thread to finish runs `last`. */
  eachItem(count: number, work: (index: number) => void, last?: () => void): void {
    this.takeItems(count, work);
    this.barrier(last);
  }

  /**
   * Ends a phase: returns once every thread has called it. Writes before it are visible after it; items start at 0 again.
   *
   * @param last Runs on the last thread to arrive, while the others wait
   */
  barrier(last?: () => void): void {
    const words = this.#words;
    const generation = Atomics.load(words, GENERATION);
    if (Atomics.add(words, ARRIVED, 1) === this.#threads - 1) {
      last?.();
      Atomics.store(words, ARRIVED, 0);
      Atomics.store(words, NEXT_ITEM, 0);
      Atomics.add(words, GENERATION, 1);
      Atomics.notify(words, GENERATION);
      return;
    }
    for (let spin = 0; spin < this.#spins && Atomics.load(words, GENERATION) === generation; spin++);
    while (Atomics.load(words, GENERATION) === generation && !Atomics.load(words, DISSOLVED)) {
      Atomics.wait(words, GENERATION, generation);
    }
    if (Atomics.load(words, DISSOLVED)) throw new Error("another thread has failed");
  }
}
