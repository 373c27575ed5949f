/**
 * The workers of the wasm engine, as one thing that takes commands.
 *
 * @module
 */
import { startWorker } from "../assets.ts";
import type { Plan } from "./plan.ts";
import { dissolveTeam, TEAM_WORDS } from "./team.ts";
import type { Profile } from "./profile.ts";
import type { Command } from "./thread.ts";
import type { Answer, Start } from "./worker.ts";

/** Workers that run every command together. */
export class WorkerPool {
  readonly #workers: readonly Worker[];
  /** Where the threads meet. */
  readonly #team: Int32Array;
  #failure: Error | undefined;

  private constructor(workers: readonly Worker[], team: Int32Array) {
    this.#workers = workers;
    this.#team = team;
  }

  /** Starts a worker a thread and waits until all of them are ready. @throws {Error} If one does not start. */
  static async start(options: Omit<Start, "rank"> & { plan: Plan }): Promise<WorkerPool> {
    const { plan, memory } = options;
    const pool = new WorkerPool(
      Array.from({ length: plan.threads }, startWorker),
      new Int32Array(memory.buffer, plan.team, TEAM_WORDS),
    );
    await pool.#ask((rank) => ({ ...options, rank }));
    return pool;
  }

  /**
   * Runs a command on all threads.
   *
   * @returns What each thread spent on what, if the pool was started to tell
   * @throws {Error} If a worker fails; the others are stopped, since they may wait for it for ever
   */
  async run(command: Command): Promise<(Profile | undefined)[]> {
    if (this.#failure) throw this.#failure;
    return await this.#ask(() => command);
  }

  /** Ends all threads at once, those too that wait for another. */
  stop(): void {
    for (const worker of this.#workers) worker.terminate();
    dissolveTeam(this.#team);
  }

  async #ask(message: (rank: number) => Start | Command): Promise<(Profile | undefined)[]> {
    try {
      return await Promise.all(this.#workers.map((worker, rank) => ask(worker, message(rank))));
    } catch (error) {
      this.stop();
      this.#failure = error as Error;
      throw error;
    }
  }
}

/** Sends one message and waits for its answer. */
function ask(worker: Worker, message: Start | Command): Promise<Profile | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Profile | undefined>();
  const fail = (reason: string) =>
    reject(new Error(`Cannot go on: a thread of the device wasm failed: ${reason}`));
  worker.onmessage = ({ data }: MessageEvent<Answer>) =>
    "error" in data ? fail(data.error) : resolve(data.profile);
  worker.onerror = (event) => {
    event.preventDefault();
    fail(event.message);
  };
  worker.postMessage(message);
  return promise;
}
