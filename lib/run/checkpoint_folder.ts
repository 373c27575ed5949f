/**
 * The checkpoints of a run, in its folder, and the lock that keeps other processes out of it.
 *
 * ```text
 * runs/train-lstm/2026-11-22T05-41-25/
 *   .lock                          held while a process writes the run
 *   checkpoints/938.safetensors    the last two, by their step
 * ```
 *
 * A file has its name only when all of it is on the disk, and an old one goes only when the new one has its name: whatever
 * happens meanwhile, the last good one is there.
 *
 * @module
 */
import { makeFolder, notAllowed, readFirst, reasonOf, syncedLength, writeWhole } from "../data/files.ts";
import { checkRun } from "../data/places.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";

const LOCK = ".lock";
const NAME = /^(\d{1,15})\.safetensors$/;
/** What is ours in the folder: checkpoints, and what a kill left of one. */
const OURS = /^\d{1,15}\.safetensors(\.[0-9a-f-]{36}\.part)?$/;
const KEPT = 2;
const MOST_BYTES = 2 ** 32;

/** The checkpoint that was found, and what is said of others. */
export interface FoundCheckpoint {
  /** The last one that is whole. */
  readonly checkpoint: Checkpoint;
  /** Why later ones were passed over, a sentence each. */
  readonly notes: readonly string[];
}

/** Checkpoints of one run. While it is open no other process can open it. */
export class CheckpointFolder implements Disposable {
  readonly #run: string;
  readonly #lock: Deno.FsFile;
  #open = true;
  /** Steps of the files that stay, oldest first. */
  #kept: readonly number[] = [];

  private constructor(run: string, lock: Deno.FsFile) {
    this.#run = run;
    this.#lock = lock;
  }

  /**
   * Locks the folder of a run, which must be there. The lock goes with the process, however that ends.
   *
   * @param options.fresh Whether nothing else may be in the folder yet
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

  /** Keeps a checkpoint, and of the others the one before it. @throws {Error} If the disk does not take it. */
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
   * The last checkpoint that is whole.
   *
   * @throws {Deno.errors.NotFound} If there is none; says what is wrong with those that are there.
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
   * Takes back what `metrics.jsonl` got after a checkpoint: it will come again.
   *
   * @returns What is wrong with it, if something is missing
   */
  async rewind({ metricsBytes, state }: Checkpoint): Promise<string | null> {
    const found = await syncedLength(this.#metrics);
    if (found > metricsBytes) await Deno.truncate(this.#metrics, metricsBytes);
    return found >= metricsBytes
      ? null
      : `Figures before step ${state.step} are lost: ${this.#metrics} must have ` +
        `${metricsBytes} bytes: current value is ${found}`;
  }

  /** Whether the folder is there, still. */
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

  /** Does something in the folder of the checkpoints; one error, whatever is wrong with it. */
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

  /** The names of files; what else is there is not ours. */
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

/** Makes the names in a folder last through a power cut, where the platform lets a folder be opened. */
async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using folder = await Deno.open(path);
  await folder.sync();
}
