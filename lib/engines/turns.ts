/**
 * One call at a time: a call while another one runs, or after the end, is an error, and leaves the running call alone.
 *
 * @module
 */

interface Running {
  readonly action: string;
  readonly abandon: (reason: Error) => void;
}

/** Lets one call at a time use a thing. */
export class Turns {
  readonly #what: string;
  #running: Running | null = null;
  #open = true;

  /** @param what The thing, for messages: `the engine` */
  constructor(what: string) {
    this.#what = what;
  }

  /** Whether it has not been closed. */
  get open(): boolean {
    return this.#open;
  }

  /** @throws {Error} If it is closed, or another call runs. */
  check(action: string): void {
    if (!this.#open) {
      throw new Error(`Cannot ${action}: ${this.#what} must be open: current value is disposed`);
    }
    if (this.#running) {
      throw new Error(
        `Cannot ${action}: ${this.#what} must have nothing else to do: current value is a call to ` +
          `${this.#running.action} (await each call before the next)`,
      );
    }
  }

  /** Runs `work` alone. @throws {Error} If it is closed, before or meanwhile, or another call runs. */
  async take<T>(action: string, work: () => T | Promise<T>): Promise<T> {
    this.check(action);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#running = { action, abandon: reject };
    try {
      (async () => await work())().then(resolve, reject);
      return await promise;
    } finally {
      this.#running = null;
    }
  }

  /** Closes it. A running call fails at once, since what it waits for may never happen. */
  close(): void {
    this.#open = false;
    this.#running?.abandon(
      new Error(
        `Cannot ${this.#running.action}: ${this.#what} must stay open until the call is done: ` +
          `current value is disposed`,
      ),
    );
  }
}
