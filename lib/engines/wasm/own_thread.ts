/**
 * The calling thread as the one thread of the wasm engine, where memory cannot be shared with a worker.
 *
 * @module
 */
import type { Command } from "./thread.ts";
import { type Answer, type Start, ThreadHost } from "./thread_host.ts";

/** Has what the engine uses of a `Worker`, and holds the calling thread up while it computes. */
export class OwnThread {
  onmessage: ((event: MessageEvent<Answer>) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null; // never called: an answer says what failed
  readonly #host = new ThreadHost();
  #isOpen = true;

  /** Returns at once, as that of a worker. */
  postMessage(message: Start | Command): void {
    queueMicrotask(() => {
      if (!this.#isOpen) return;
      const data = this.#host.answer(message);
      this.onmessage?.(new MessageEvent("message", { data }));
    });
  }

  terminate(): void {
    this.#isOpen = false;
  }
}
