/**
 * The page's end of the worker that reads.
 *
 * @module
 */
import type { Stroke } from "../ink/strokes.ts";
import type {
  AboutModel,
  ModelFiles,
  ReaderAnswer,
  ReaderQuestion,
  ReaderRequest,
  ShownReading,
} from "../workers/messages.ts";

/** What is needed of a worker. */
export interface Channel {
  postMessage(request: ReaderRequest): void;
  terminate(): void;
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

/** Asks a worker. In place of one that fails, the next question starts another. */
export class Reader {
  readonly #start: () => Channel;
  #channel: Channel | null;
  /** What was asked and is not answered yet, by its ticket. */
  readonly #waiting = new Map<number, PromiseWithResolvers<ReaderAnswer>>();
  /** The models by their ids, from when they were asked for. */
  readonly #opened = new Map<string, ModelFiles>();
  #tickets = 0;

  /** @param start Starts a worker */
  constructor(start: () => Channel) {
    this.#start = start;
    this.#channel = this.#begin(); // it loads while others do
  }

  #begin(): Channel {
    const channel = this.#start();
    channel.onmessage = ({ data }: MessageEvent<ReaderAnswer>) => {
      this.#waiting.get(data.ticket)?.resolve(data);
    };
    channel.onerror = ({ message }) => {
      channel.terminate();
      this.#channel = null;
      this.#opened.clear();
      const error = new Error(
        `Cannot read: the worker that reads has stopped (${message || "it could not be loaded"}). ` +
          "Draw again, or choose another digit, to start a new one.",
      );
      for (const { reject } of this.#waiting.values()) reject(error);
    };
    return channel;
  }

  /** Opens a model, in place of another one of this id. @throws {Error} If it cannot be opened. */
  async open(id: string, model: ModelFiles): Promise<AboutModel> {
    this.#opened.set(id, model);
    try {
      const answer = await this.#ask({ kind: "open", id, model });
      return (answer as Extract<ReaderAnswer, { kind: "opened" }>).about;
    } catch (error) {
      if (this.isOpen(id, model)) this.#opened.delete(id);
      throw error;
    }
  }

  /** Whether an id is that of this very model, which is open or about to be. */
  isOpen(id: string, model: ModelFiles): boolean {
    return this.#opened.get(id) === model;
  }

  /** Lets go of a model. */
  close(id: string): void {
    if (this.#opened.delete(id)) this.#channel?.postMessage({ kind: "close", id });
  }

  /** How a model that is open reads pixels. @throws {Error} If its answers are not finite. */
  async read(id: string, pixels: Uint8Array): Promise<ShownReading> {
    const answer = await this.#ask({ kind: "read", id, pixels });
    return (answer as Extract<ReaderAnswer, { kind: "reading" }>).reading;
  }

  /** What networks see of ink; null if that is too little. @throws {Error} If no digit stands out. */
  async prepare(ink: readonly Stroke[] | Blob): Promise<Uint8Array | null> {
    const answer = await this.#ask({ kind: "prepare", ink });
    return (answer as Extract<ReaderAnswer, { kind: "prepared" }>).pixels;
  }

  async #ask(question: ReaderQuestion): Promise<ReaderAnswer> {
    const channel = this.#channel ??= this.#begin();
    const ticket = ++this.#tickets, coming = Promise.withResolvers<ReaderAnswer>();
    this.#waiting.set(ticket, coming);
    try {
      channel.postMessage({ ...question, ticket });
      const answer = await coming.promise;
      if (answer.kind === "failed") throw new Error(answer.message);
      return answer;
    } finally {
      this.#waiting.delete(ticket);
    }
  }
}
