/**
 * Ctrl-C, and SIGTERM likewise: the first one ends the work cleanly, the second one at once.
 *
 * @module
 */

/** Signals, and what a process exits with that one of them ends: 128 and its number, as shells count. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type SignalName = keyof typeof EXIT_CODES;

/**
 * Signals that come so close behind the first one are the same Ctrl-C: the terminal sends it to all processes of a task,
 * and `deno task` sends it on, half a millisecond later.
 */
const SAME_MS = 500;
/** Time for the event loop to hear of signals that came while this thread was busy. */
const HEAR_MS = 50;

const ERASE_LINE = "\r\x1b[K";

/** Listens as long as it is not disposed. */
export class Interrupt implements Disposable {
  /** Asked by the second signal for what a person should know; null if there is nothing. */
  lastWords: () => string | null = () => null;
  readonly #controller = new AbortController();
  readonly #listening: Disposable;
  #received: SignalName | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sameAsFirst = true;

  constructor() {
    this.#listening = listen((name) => this.#receive(name));
  }

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The first signal; null if there was none. */
  get received(): SignalName | null {
    return this.#received;
  }

  /** What to exit with: 130 after Ctrl-C, 143 after SIGTERM, 0 if there was neither. */
  get exitCode(): number {
    return this.#received ? EXIT_CODES[this.#received] : 0;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#listening[Symbol.dispose]();
  }

  #receive(name: SignalName): void {
    if (this.#received === null) {
      this.#received = name;
      this.#after(SAME_MS, () => this.#after(HEAR_MS, () => this.#sameAsFirst = false));
      this.#controller.abort();
    } else if (!this.#sameAsFirst) {
      exit(name, this.lastWords());
    }
  }

  #after(ms: number, then: () => void): void {
    this.#timer = setTimeout(then, ms);
    this.#timer.unref();
  }
}

/** Ends the process at once, by the first signal, and says what came of it. */
export function exitWhenInterrupted(words: string): Disposable {
  return listen((name) => exit(name, words));
}

function listen(receive: (name: SignalName) => void): Disposable {
  const names: readonly SignalName[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  const listeners = names.map((name) => [name, () => receive(name)] as const);
  for (const [name, listener] of listeners) Deno.addSignalListener(name, listener);
  return {
    [Symbol.dispose]() {
      for (const [name, listener] of listeners) Deno.removeSignalListener(name, listener);
    },
  };
}

function exit(name: SignalName, words: string | null): never {
  if (words !== null) console.error((Deno.stderr.isTerminal() ? ERASE_LINE : "") + words);
  Deno.exit(EXIT_CODES[name]);
}
