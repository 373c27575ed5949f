/**
 * Ctrl-C, and SIGTERM likewise: the first one ends the work cleanly, the second one at once.
 *
 * @module
 */

/** Signals, and what a process exits with that one of them ends: 128 and its number, as shells count. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type SignalName = keyof typeof EXIT_CODES;

/** Listens as long as it is not disposed. */
export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #listeners: readonly (readonly [SignalName, () => void])[];
  #exitCode = 0;

  constructor() {
    const names: readonly SignalName[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
    this.#listeners = names.map((name) => [name, () => this.#receive(name)] as const);
    for (const [name, listener] of this.#listeners) Deno.addSignalListener(name, listener);
  }

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What to exit with: 130 after Ctrl-C, 143 after SIGTERM, 0 if there was neither. */
  get exitCode(): number {
    return this.#exitCode;
  }

  [Symbol.dispose](): void {
    for (const [name, listener] of this.#listeners) Deno.removeSignalListener(name, listener);
  }

  #receive(name: SignalName): void {
    if (this.signal.aborted) Deno.exit(EXIT_CODES[name]);
    this.#exitCode = EXIT_CODES[name];
    this.#controller.abort();
  }
}
