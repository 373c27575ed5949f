/**
 * The checkpoints of a run, in its folder, and the lock that keeps other processes out of it.
 *
 * ```text
 * runs/train-lstm/2026-11-22T05-41-25/
 *   .lock                          held while a process writes the run
 *   checkpoints/938.safetensors    the last two, by their step
 * ```
 *
 * A file gets its name only when it is completely on the disk, and old ones are removed only afterwards: whatever happens
 * meanwhile, an intact checkpoint remains.
 *
 * @module
 */
import { makeFolder, notAllowed, readFirst, reasonOf, syncedLength, writeWhole } from "../data/files.ts";
import { checkRun } from "../data/places.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";

const LOCK = ".lock";
const NAME = /^(\d{1,15})\.safetensors$/;
/** Files that may be removed: checkpoints, and the temporary files of killed writers. */
const OURS = /^\d{1,15}\.safetensors(\.[0-9a-f-]{36}\.part)?$/;
const KEPT = 2;
const MOST_BYTES = 2 ** 32;

/** A checkpoint that was found, and notes about others. */
export interface FoundCheckpoint {
  /** The last intact checkpoint. */
  readonly checkpoint: Checkpoint;
  /** Why later checkpoints were skipped, a sentence each. */
  readonly notes: readonly string[];
}

/** The checkpoints of one run. While the folder is open, no other process can open it. */
export class CheckpointFolder implements Disposable {
  readonly #run: string;
  readonly #lock: Deno.FsFile;
  #open = true;
  /** Steps of the files to keep, oldest first. */
  #kept: readonly number[] = [];

  private constructor(run: string, lock: Deno.FsFile) {
    this.#run = run;
    this.#lock = lock;
  }

  /**
   * Locks the folder of a run, which must exist. The lock ends with the process, however that ends.
   *
   * @param options.fresh Whether the folder must be empty
   * @throws {Error} If another process has it open, or it cannot be written.
   * @throws {TypeError} If something in it is a link, or a pipe.
   */
  static async open(run: string, { fresh = false } = {}): Promise<CheckpointFolder> {
    await checkRun(run, "write");
    const lock = await openLock(run);
    const folder = new CheckpointFolder(run, lock);
    try {
      if (!await lock.tryLock(true)) throw inUse(run);
      const others = await Array.fromAsync(Deno.readDir(run), ({ name }) => name);
      if (fresh && others.some((name) => name !== LOCK)) throw inUse(run);
      return folder;
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** Writes a checkpoint, and removes all others but the previous one. @throws {Error} If it cannot be written. */
  async save(checkpoint: Omit<Checkpoint, "metricsBytes">): Promise<void> {
    const { step } = checkpoint.state;
    const metricsBytes = await syncedLength(this.#metrics);
    await makeFolder(this.#folder);
    await writeWhole(this.#pathOf(step), encodeCheckpoint({ ...checkpoint, metricsBytes }));
    await this.#touch(() => syncFolder(this.#folder)); // the new name is on the disk before an old one goes
    this.#kept = [...this.#kept.filter((kept) => kept !== step), step].slice(-KEPT);
    const names = this.#kept.map(nameOf);
    await this.#touch(async () => {
      for (const name of await this.#list()) {
        if (OURS.test(name) && !names.includes(name)) await Deno.remove(`${this.#folder}/${name}`);
      }
    });
  }

  /**
   * Finds the last intact checkpoint.
   *
   * @throws {Deno.errors.NotFound} If there is none; says what is wrong with each.
   */
  async latest(): Promise<FoundCheckpoint> {
    const names = await this.#list().catch(() => []);
    const steps = names.flatMap((name) => NAME.test(name) ? [parseInt(name)] : []).sort((a, b) => b - a);
    const notes: string[] = [];
    for (const step of steps) {
      try {
        const { bytes } = (await readFirst(this.#folder, [nameOf(step)], { mostBytes: MOST_BYTES }))!;
        const checkpoint = decodeCheckpoint(bytes);
        this.#kept = [...steps.filter((other) => other < step).slice(0, KEPT - 1), step];
        return { checkpoint, notes };
      } catch (error) {
        notes.push(`Passed over ${this.#pathOf(step)}: ${reasonOf(error)}`);
      }
    }
    throw new Deno.errors.NotFound(
      [`Cannot resume ${this.#run}: it must have a checkpoint: current value is no whole one`, ...notes]
        .join("\n"),
    );
  }

  /**
   * Removes the lines of `metrics.jsonl` that were appended after a checkpoint: training will write them again.
   *
   * @returns A note about lines that are missing, or null
   */
  async rewind({ metricsBytes, state }: Checkpoint): Promise<string | null> {
    const found = await syncedLength(this.#metrics);
    if (found > metricsBytes) await Deno.truncate(this.#metrics, metricsBytes);
    return found >= metricsBytes
      ? null
      : `Figures before step ${state.step} are lost: ${this.#metrics} must have ` +
        `${metricsBytes} bytes: current value is ${found}`;
  }

  /** Whether the folder still exists. */
  isThere(): boolean {
    try {
      return Deno.statSync(this.#folder).isDirectory;
    } catch {
      return false;
    }
  }

  /** Lets other processes in. */
  [Symbol.dispose](): void {
    if (this.#open) this.#lock.close();
    this.#open = false;
  }

  get #metrics(): string {
    return `${this.#run}/metrics.jsonl`;
  }

  get #folder(): string {
    return `${this.#run}/checkpoints`;
  }

  #pathOf(step: number): string {
    return `${this.#folder}/${nameOf(step)}`;
  }

  /** Does some work in the folder of the checkpoints; all faults get the same message. */
  async #touch(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      throw new Error(
        `Cannot write ${this.#folder}: it must be a writable folder: current value is ${reasonOf(cause)}`,
        { cause },
      );
    }
  }

  /** The names of the files in the folder. */
  async #list(): Promise<string[]> {
    const entries = await Array.fromAsync(Deno.readDir(this.#folder));
    return entries.filter(({ isFile }) => isFile).map(({ name }) => name);
  }
}

async function openLock(run: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(`${run}/${LOCK}`, { create: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw notAllowed("write", `${run}/`, error);
    throw new Error(
      `Cannot write the run ${run}: it must be a writable folder: current value is ${reasonOf(error)}`,
      { cause: error },
    );
  }
}

function inUse(run: string): Error {
  return new Error(
    `Cannot write the run ${run}: no other process must write it: current value is one that does; ` +
      "wait for its end, or give another folder",
  );
}

function nameOf(step: number): string {
  return `${step}.safetensors`;
}

/** Flushes the names in a folder to the disk, where the platform can open folders. */
async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using folder = await Deno.open(path);
  await folder.sync();
}
