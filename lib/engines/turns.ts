/**
 * One call at a time: whoever comes while another call runs, or after the end, gets an error and disturbs nobody.
 *
 * @module
 */

interface Running {
  readonly action: string;
  readonly abandon: (reason: Error) => void;
}

/** The turns of one thing that does one thing at a time. */
export class Turns {
  readonly #what: string;
  #running: Running | null = null;
  #open = true;

  /** @param what What it is, for messages: `the engine` */
  constructor(what: string) {
    this.#what = what;
  }

  /** Whether nobody closed it. */
  get open(): boolean {
    return this.#open;
  }

  /** @throws {Error} If it is closed, or somebody's turn. */
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

  /** Does some work alone. @throws {Error} If it is closed, before or meanwhile, or somebody's turn. */
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

  /** Ends it: a call that runs fails at once, since what it waits for may never come. */
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
