/**
 * The connection to Redis, and the names of what lies there.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import type { Address } from "./address.ts";
import type { Hello } from "./messages.ts";

/** Begins the names of all keys and of all clients. */
const PREFIX = "scanline";

/** How long to try before giving up on a Redis that was never reached. */
const FIRST_MS = 10_000;

/** How often to look whether it is back. */
const LOOK_MS = 250;

/** What Redis's clients take; commands wait for as long as Redis is away. */
type Options = Address & { readonly maxRetriesPerRequest: null };

/** A connection that comes back by itself; the version of the code is part of each name, so versions never meet. */
export class Link {
  readonly redis: Redis;
  /** Says something to the process that started this one. */
  readonly send: (message: object) => void;
  /** The name of the queue. */
  readonly queue: string;
  readonly prefix = PREFIX;
  readonly #options: Options;
  readonly #version: string;
  /** Rejected by what Redis will not answer otherwise later, such as a database that it does not have. */
  readonly #refused = Promise.withResolvers<never>();
  #isLost = false;

  constructor({ address, version }: Hello, send: (message: object) => void) {
    this.send = send;
    this.queue = `sweeps-${version}`;
    this.#version = version;
    const { host } = address;
    this.#options = { ...address, host: host.replace(/^\[|\]$/g, ""), maxRetriesPerRequest: null };
    this.redis = new Redis(this.#options);
    this.#refused.promise.catch(() => {}); // reach() may be over
    this.redis.on("error", (error) => this.#lost(error));
    this.redis.on("ready", () => this.#back());
  }

  /** What each queue and worker of BullMQ takes: it opens connections of its own. */
  get connection(): { connection: Options; prefix: string } {
    return { connection: this.#options, prefix: PREFIX };
  }

  /** Where small files of a job are kept for a while. */
  artefactsOf(id: string): string {
    return `${PREFIX}:artefacts:${this.#version}:${id}`;
  }

  /** The set of the workers that are no longer trusted. */
  get offList(): string {
    return `${PREFIX}:off:${this.#version}`;
  }

  /** Waits for the first contact. @throws {Error} If there is none. */
  async reach(): Promise<void> {
    const abort = new AbortController();
    const late = delay(FIRST_MS, undefined, abort).then(() => Promise.reject(new Error("no answer")));
    try {
      await Promise.race([this.#refused.promise, this.redis.ping(), late]);
    } finally {
      abort.abort();
      late.catch(() => {}); // aborted
    }
  }

  /** Resolves once Redis has been away for so long at a stretch. */
  async isAwayFor(ms: number): Promise<void> {
    for (let left = ms; left > 0; left = this.#isLost ? left - LOOK_MS : ms) await delay(LOOK_MS);
  }

  async close(): Promise<void> {
    await this.redis.quit();
  }

  #lost(error: Error): void {
    if (error.name === "ReplyError") this.#refused.reject(error);
    if (!this.#isLost) {
      this.send({ event: "lost", reason: error.message || (error as { code?: string }).code });
    }
    this.#isLost = true;
  }

  #back(): void {
    if (this.#isLost) this.send({ event: "back" });
    this.#isLost = false;
  }
}
