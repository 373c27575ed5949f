/**
 * Ctrl-C and SIGTERM: the first one ends the work cleanly, the second one ends the process at once.
 *
 * @module
 */
import { ERASE_LINE } from "./terminal.ts";

/** The exit code of a process that a signal ends: 128 plus the signal's number, as in shells. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type SignalName = keyof typeof EXIT_CODES;

/**
 * Signals this soon after the first one belong to the same Ctrl-C: the terminal sends it to all processes of a task, and
 * `deno task` forwards it half a millisecond later.
 */
const SAME_MS = 500;
/** Time for the event loop to receive signals that arrived while this thread was busy. */
const HEAR_MS = 50;

/** Listens until it is disposed. */
export class Interrupt implements Disposable {
  /** Called by the second signal: what to tell the person; null for nothing. */
  lastWords: () => string | null = () => null;
  readonly #controller = new AbortController();
  /** Aborted by the first signal. */
  readonly signal: AbortSignal = this.#controller.signal;
  readonly #listening: Disposable;
  #received: SignalName | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sameAsFirst = true;

  constructor() {
    this.#listening = listen((name) => this.#receive(name));
  }

  /** The first signal; null before it. */
  get received(): SignalName | null {
    return this.#received;
  }

  /** 130 after Ctrl-C, 143 after SIGTERM, 0 before either. */
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

/** Ends the process at the first signal, with a message. */
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
