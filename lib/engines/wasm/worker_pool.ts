/**
 * The workers of the wasm engine.
 *
 * @module
 */
import { canShare } from "../../data/shared.ts";
import { holdProgram, startWorker } from "../assets.ts";
import { OwnThread } from "./own_thread.ts";
import type { Plan } from "./plan.ts";
import { dissolveTeam, TEAM_WORDS } from "./team.ts";
import type { Profile } from "./profile.ts";
import type { Command } from "./thread.ts";
import type { Answer, Start } from "./thread_host.ts";

/** A thread that runs commands: the calling one is the only one where memory cannot be shared. */
type Runner = Worker | OwnThread;

/** Threads that run each command together. */
export class WorkerPool {
  readonly #workers: readonly Runner[];
  /** The shared words of the threads' team. */
  readonly #team: Int32Array;
  #failure: Error | undefined;

  private constructor(workers: readonly Runner[], team: Int32Array) {
    this.#workers = workers;
    this.#team = team;
    this.#hold(false);
  }

  /** Starts each thread and waits until all are ready. @throws {Error} If one does not start. */
  static async start(options: Omit<Start, "rank"> & { plan: Plan }): Promise<WorkerPool> {
    const { plan, memory } = options;
    const pool = new WorkerPool(
      Array.from({ length: plan.threads }, () => canShare() ? startWorker() : new OwnThread()),
      new Int32Array(memory.buffer, plan.team, TEAM_WORDS),
    );
    await pool.#ask((rank) => ({ ...options, rank }));
    return pool;
  }

  /**
   * Runs a command on all threads.
   *
   * @returns The profile of each thread, if the pool was started with `profile`
   * @throws {Error} If a worker fails; the others are stopped, because they may wait for it
   */
  async run(command: Command): Promise<(Profile | undefined)[]> {
    if (this.#failure) throw this.#failure;
    return await this.#ask(() => command);
  }

  /** Ends all threads at once, waiting or not. */
  stop(): void {
    for (const worker of this.#workers) worker.terminate();
    dissolveTeam(this.#team);
  }

  async #ask(message: (rank: number) => Start | Command): Promise<(Profile | undefined)[]> {
    this.#hold(true);
    try {
      return await Promise.all(this.#workers.map((worker, rank) => ask(worker, message(rank))));
    } catch (error) {
      this.stop();
      this.#failure = error as Error;
      throw error;
    } finally {
      this.#hold(false);
    }
  }

  /** Waiting threads do not keep the program from ending, working ones do. */
  #hold(holds: boolean): void {
    for (const worker of this.#workers) if (!(worker instanceof OwnThread)) holdProgram(worker, holds);
  }
}

/** Sends a message and waits for its answer. */
function ask(worker: Runner, message: Start | Command): Promise<Profile | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Profile | undefined>();
  const fail = (reason: string) =>
    reject(new Error(`Cannot go on: a thread of the device wasm failed: ${reason}`));
  worker.onmessage = ({ data }: MessageEvent<Answer>) =>
    "error" in data ? fail(data.error) : resolve(data.profile);
  worker.onerror = (event: ErrorEvent) => {
    event.preventDefault();
    fail(event.message ?? "its file could not be loaded");
  };
  worker.postMessage(message);
  return promise;
}
