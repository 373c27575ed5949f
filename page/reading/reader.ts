/**
 * The page's end of the worker that reads.
 *
 * @module
 */
import type {
  AboutModel,
  ModelFiles,
  ReaderAnswer,
  ReaderRequest,
  ShownReading,
} from "../workers/messages.ts";

type Ink = Extract<ReaderRequest, { kind: "prepare" }>["ink"];

/** What is needed of a worker. */
export interface Channel {
  postMessage(request: ReaderRequest): void;
  terminate(): void;
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

/** Asks a worker, whose answers come in the order of the questions. In place of one that fails, the next question starts another. */
export class Reader {
  readonly #start: () => Channel;
  #channel: Channel | null;
  readonly #waiting: { resolve(answer: ReaderAnswer): void; reject(error: Error): void }[] = [];
  readonly #opened = new Map<string, ModelFiles>();
  #tickets = 0;

  /** @param start Starts a worker */
  constructor(start: () => Channel) {
    this.#start = start;
    this.#channel = this.#begin(); // it loads while others do
  }

  #begin(): Channel {
    const channel = this.#start();
    channel.onmessage = ({ data }: MessageEvent<ReaderAnswer>) => this.#waiting.shift()?.resolve(data);
    channel.onerror = ({ message }) => {
      channel.terminate();
      this.#channel = null;
      this.#opened.clear();
      const error = new Error(
        `Cannot read: the worker that reads has stopped (${message || "it could not be loaded"}). ` +
          "Draw again, or choose another digit, to start a new one.",
      );
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    };
    return channel;
  }

  /** Opens a model, in place of another one of this id. @throws {Error} If it cannot be opened. */
  async open(id: string, model: ModelFiles): Promise<AboutModel> {
    const answer = await this.#ask({ kind: "open", id, model });
    this.#opened.set(id, model);
    return (answer as Extract<ReaderAnswer, { kind: "opened" }>).about;
  }

  /** Whether an id is that of this very model, and need not be opened again. */
  isOpen(id: string, model: ModelFiles): boolean {
    return this.#opened.get(id) === model;
  }

  /** Lets go of a model. */
  close(id: string): void {
    if (this.#opened.delete(id)) this.#channel?.postMessage({ kind: "close", id });
  }

  /** How a model that is open reads pixels. @throws {Error} If its answers are not finite. */
  async read(id: string, pixels: Uint8Array): Promise<ShownReading> {
    const answer = await this.#ask({ kind: "read", id, ticket: ++this.#tickets, pixels });
    return (answer as Extract<ReaderAnswer, { kind: "reading" }>).reading;
  }

  /** What networks see of ink; null if that is too little. @throws {Error} If no digit stands out. */
  async prepare(ink: Ink): Promise<Uint8Array | null> {
    const answer = await this.#ask({ kind: "prepare", ticket: ++this.#tickets, ink });
    return (answer as Extract<ReaderAnswer, { kind: "prepared" }>).pixels;
  }

  async #ask(request: ReaderRequest): Promise<ReaderAnswer> {
    const channel = this.#channel ??= this.#begin();
    const answer = await new Promise<ReaderAnswer>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      channel.postMessage(request);
    });
    if (answer.kind === "failed") throw new Error(answer.message);
    return answer;
  }
}
