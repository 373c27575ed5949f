/**
 * A sweep's end of the queue: gives jobs to BullMQ, and waits for each until it has ended.
 *
 * @module
 */
import { type Job, Queue, QueueEvents } from "bullmq";
import type { Link } from "./link.ts";
import type { FromGiver, JobSpec } from "./messages.ts";

/** Attempts of a job that fails, the first pause between them, and how long ended jobs are kept in Redis. */
const ATTEMPTS = 10, BACKOFF_MS = 1000, KEEP_SECONDS = 86_400;
/** Artefacts that a sweep has taken are kept a little longer, for another sweep that waits for the same job. */
const TAKEN_SECONDS = 60;
/** BullMQ's events are hints: a restart of Redis may lose some, and jobs too, so all are looked at now and then. */
const LOOK_MS = 5_000, WORKERS_MS = 2_000;
/** Events that Redis keeps. */
const EVENTS = 1_000;
/** So many jobs are added or looked at together. */
const CHUNK = 200;

/** Holds the jobs that have not ended. */
export class Giver {
  readonly #link: Link;
  readonly #queue: Queue;
  readonly #events: QueueEvents;
  readonly #open = new Map<string, JobSpec>();
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #turn: Promise<void> = Promise.resolve();

  constructor(link: Link) {
    this.#link = link;
    this.#queue = new Queue(link.queue, { ...link.connection, streams: { events: { maxLen: EVENTS } } });
    this.#events = new QueueEvents(link.queue, link.connection);
    this.#queue.on("error", () => {}); // the link tells
    this.#events.on("error", () => {});
    this.#events.on("completed", ({ jobId }) => this.#later(() => this.#look([jobId])));
    this.#events.on("failed", ({ jobId }) => this.#later(() => this.#look([jobId])));
    this.#events.on("progress", ({ jobId, data }) => {
      if (this.#open.has(jobId)) link.send({ event: "progress", id: jobId, progress: data });
    });
  }

  async open(): Promise<void> {
    await this.#link.reach();
    await this.#events.waitUntilReady();
    this.#link.send({ event: "ready", off: await this.#link.redis.smembers(this.#link.offList) });
    this.#timers.push(
      setInterval(() => this.#later(() => this.#look([...this.#open.keys()])), LOOK_MS),
      setInterval(() => this.#countWorkers().catch(() => {}), WORKERS_MS),
    );
    await this.#countWorkers();
  }

  /** Does what the sweep says, one thing after the other. */
  hear(message: FromGiver): void {
    this.#later(async () => {
      if (message.say === "add") await this.#add(message.jobs);
      if (message.say === "drop") await this.#drop(message.ids);
      if (message.say === "taken") {
        await this.#link.redis.expire(this.#link.artefactsOf(message.id), TAKEN_SECONDS);
      }
      if (message.say === "off" && message.names.length > 0) {
        await this.#link.redis.sadd(this.#link.offList, ...message.names);
        await this.#link.redis.expire(this.#link.offList, KEEP_SECONDS);
      }
    });
  }

  async close(): Promise<void> {
    this.#timers.forEach((timer) => clearInterval(timer));
    await this.#turn;
    await this.#events.close();
    await this.#queue.close();
  }

  #later(work: () => Promise<void>): void {
    this.#turn = this.#turn.then(work).catch((error) => {
      this.#link.send({ event: "lost", reason: String(error) }); // the next look makes up for it
    });
  }

  /** Adds jobs. One that another sweep, or an earlier call, has added is waited for; one that failed then gets new attempts. */
  async #add(jobs: readonly JobSpec[]): Promise<void> {
    for (const job of jobs) this.#open.set(job.id, job);
    for (const ids of chunksOf(jobs.map(({ id }) => id))) {
      const found = await this.#find(ids);
      await this.#addMissing(ids.filter((_, i) => !found[i]));
      const failed = found.filter((job) => job?.finishedOn && job.failedReason);
      await Promise.all(
        failed.map((job) => job!.retry("failed", { resetAttemptsMade: true }).catch(() => {})),
      );
      await this.#look(ids);
    }
  }

  async #addMissing(ids: readonly string[]): Promise<void> {
    await this.#queue.addBulk(ids.map((id) => {
      const { recipe, data, priority } = this.#open.get(id)!;
      return {
        name: recipe,
        data,
        opts: {
          jobId: id,
          priority,
          attempts: ATTEMPTS,
          backoff: { type: "exponential", delay: BACKOFF_MS },
          removeOnComplete: { age: KEEP_SECONDS },
          removeOnFail: { age: KEEP_SECONDS },
        },
      };
    }));
  }

  #find(ids: readonly string[]): Promise<(Job | undefined)[]> {
    return Promise.all(ids.map((id) => this.#queue.getJob(id)));
  }

  /** Tells of jobs that have ended, and adds again those that Redis has lost. */
  async #look(ids: readonly string[]): Promise<void> {
    for (const open of chunksOf(ids.filter((id) => this.#open.has(id)))) {
      const found = await this.#find(open);
      await this.#addMissing(open.filter((_, i) => !found[i]));
      for (const job of found) if (job?.finishedOn) await this.#tell(job);
    }
  }

  async #tell({ id, failedReason, returnvalue }: Job): Promise<void> {
    if (!this.#open.delete(id!)) return;
    if (typeof returnvalue !== "string") {
      this.#link.send({ event: "failed", id, reason: failedReason ?? "no result" });
      return;
    }
    const artefacts = await this.#link.redis.get(this.#link.artefactsOf(id!));
    this.#link.send({ event: "done", id, result: returnvalue, artefacts });
  }

  async #drop(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      this.#open.delete(id);
      await this.#queue.remove(id); // not while a worker has it: its result is dropped when it comes
      await this.#link.redis.del(this.#link.artefactsOf(id));
    }
  }

  /** From the names of the clients of Redis, which BullMQ gives to its workers. */
  async #countWorkers(): Promise<void> {
    const list = String(await this.#link.redis.client("LIST"));
    const found = [...list.matchAll(/ name=scanline:([\w+/=]+):w:([\w.-]+) /g)];
    const own = btoa(this.#link.queue);
    const here = found.filter(([, queue]) => queue === own).map(([, , name]) => name);
    const names = [...new Set(here)];
    const others = new Set(found.map(([, , name]) => name)).size - names.length;
    this.#link.send({ event: "workers", names, others });
  }
}

function chunksOf<T>(all: readonly T[]): T[][] {
  return Array.from(
    { length: Math.ceil(all.length / CHUNK) },
    (_, i) => all.slice(i * CHUNK, (i + 1) * CHUNK),
  );
}
