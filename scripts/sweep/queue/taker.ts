/**
 * A worker's end of the queue: takes jobs from BullMQ, and hands them to the process that trains.
 *
 * @module
 */
import { DelayedError, type Job, UnrecoverableError, WaitingError, Worker } from "bullmq";
import type { Link } from "./link.ts";
import type { FromTaker, Hello } from "./messages.ts";

/** A job whose worker is silent for so long is given to another one; how often BullMQ looks for such jobs. */
const LOCK_MS = 10_000, STALLED_MS = 5_000;
/** How often a job may lose its worker: dying workers are not the job's fault. */
const MOST_STALLED = 1_000;
/** How long a job that is for another worker waits for it. */
const PASS_ON_MS = 500;
/** How long artefacts wait for the sweep. */
const ARTEFACTS_SECONDS = 3_600;

type Reply = Extract<FromTaker, { say: "done" | "failed" | "back" }>;

/** Holds the jobs that this worker has. */
export class Taker {
  readonly #link: Link;
  readonly #name: string;
  readonly #concurrency: number;
  readonly #held = new Map<number, { job: Job; reply: (reply: Reply) => void }>();
  #worker: Worker | null = null;
  #tickets = 0;

  constructor(link: Link, { name, concurrency }: Extract<Hello, { role: "take" }>) {
    this.#link = link;
    this.#name = name;
    this.#concurrency = concurrency;
  }

  async open(): Promise<void> {
    await this.#link.reach();
    this.#link.send({ event: "ready", off: [] });
    this.#worker = new Worker(this.#link.queue, (job, token) => this.#take(job, token), {
      ...this.#link.connection,
      name: this.#name,
      concurrency: this.#concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_MS,
      maxStalledCount: MOST_STALLED,
    });
    this.#worker.on("error", () => {}); // the link tells
  }

  hear(message: Exclude<FromTaker, { say: "close" }>): void {
    const held = this.#held.get(message.ticket);
    if (message.say === "progress") held?.job.updateProgress(message.progress).catch(() => {}); // only for people
    else held?.reply(message);
  }

  /** Waits until the jobs in progress have been answered. */
  async close(): Promise<void> {
    await this.#worker?.close();
  }

  async #take(job: Job, token?: string): Promise<string> {
    if (await this.#link.redis.sismember(this.#link.offList, this.#name)) {
      this.#link.send({ event: "off" });
      return await this.#giveBack(job, token);
    }
    if (job.data?.not === this.#name) {
      await job.moveToDelayed(Date.now() + PASS_ON_MS, token);
      throw new DelayedError();
    }
    const ticket = this.#tickets++;
    const reply = await new Promise<Reply>((reply) => {
      this.#held.set(ticket, { job, reply });
      this.#link.send({ event: "job", ticket, id: job.id, data: job.data });
    });
    this.#held.delete(ticket);
    if (reply.say === "back") return await this.#giveBack(job, token);
    if (reply.say === "failed") {
      throw reply.isFinal ? new UnrecoverableError(reply.reason) : new Error(reply.reason);
    }
    await this.#link.redis.set(this.#link.artefactsOf(job.id!), reply.artefacts, "EX", ARTEFACTS_SECONDS);
    return reply.result;
  }

  /** Another worker gets the job; this was no attempt. */
  async #giveBack(job: Job, token?: string): Promise<never> {
    await job.moveToWait(token);
    throw new WaitingError();
  }
}
