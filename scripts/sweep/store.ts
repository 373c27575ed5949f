/**
 * The folders of sweeps: `runs/sweeps/NAME/KEY` is the run of a training, with its result in `training.json`.
 *
 * @module
 */
import { writeWhole } from "../../lib/data/files.ts";
import {
  checkAllowed,
  excerpt,
  makeFolders,
  openMetrics,
  readWhole,
  type SavedMetrics,
  shown,
} from "../../run.ts";
import { FlagError } from "../support/flags.ts";
import { type FoundResult, parseResult, type Result } from "./results.ts";

/** Where all sweeps are. */
export const SWEEPS = "runs/sweeps";

const RESULT = "training.json";
const LOCK = ".lock";
/** Far more than a result has. */
const MOST_BYTES = 2 ** 20;

/** The folder of one sweep, which also finds what other sweeps have trained. */
export class SweepStore implements Disposable {
  /** Of the sweep. */
  readonly path: string;
  readonly #others: readonly string[];
  #lock: Deno.FsFile | null = null;

  private constructor(path: string, others: readonly string[]) {
    this.path = path;
    this.#others = others;
  }

  /** Makes the folder, unless it exists. @throws {FlagError} If the name is not that of a folder. */
  static async open(name: string): Promise<SweepStore> {
    const store = await SweepStore.look(name);
    checkAllowed({ write: [store.path] });
    await makeFolders(store.path);
    return store;
  }

  /** Without making the folder, to find what is there. */
  static async look(name: string): Promise<SweepStore> {
    if (!/^[\w][\w.-]{0,99}$/.test(name)) {
      throw new FlagError(
        `Cannot use --name: it must be letters, digits, dots and dashes: current value is ${excerpt(name)}`,
      );
    }
    const entries = await Array.fromAsync(Deno.readDir(SWEEPS)).catch(() => []); // there may be none yet
    const folders = entries.filter(({ isDirectory }) => isDirectory).map((entry) =>
      `${SWEEPS}/${entry.name}`
    );
    const path = `${SWEEPS}/${name}`;
    return new SweepStore(path, folders.filter((folder) => folder !== path).sort());
  }

  /** Keeps other processes from training this sweep here; the lock ends with the process. @throws {Error} If one does. */
  async lock(): Promise<void> {
    const file = await Deno.open(`${this.path}/${LOCK}`, { create: true, write: true });
    if (await file.tryLock(true)) this.#lock = file;
    else {
      file.close();
      throw new Error(
        `Cannot train the sweep ${
          shown(this.path)
        }: no other process may do so: current value is one that does; ` +
          "wait for its end, or give a sweep another folder with --name",
      );
    }
  }

  /** The folder of a training. */
  folderOf(key: string): string {
    return `${this.path}/${key}`;
  }

  /** The result of a training, of this sweep or of another one; null if there is none. */
  async find(key: string): Promise<FoundResult | null> {
    for (const sweep of [this.path, ...this.#others]) {
      const run = `${sweep}/${key}`;
      const bytes = await readWhole(`${run}/${RESULT}`, { mostBytes: MOST_BYTES }).catch(() => null);
      if (!bytes) continue;
      try {
        return { ...parseResult(new TextDecoder().decode(bytes), key), run };
      } catch {
        // damaged: it is trained again
      }
    }
    return null;
  }

  /** Keeps a result: from now on the training counts as done. */
  async keep(result: Result): Promise<FoundResult> {
    const run = this.folderOf(result.key);
    await makeFolders(run);
    await writeWhole(`${run}/${RESULT}`, new TextEncoder().encode(JSON.stringify(result, null, 2) + "\n"));
    return { ...result, run };
  }

  /** Forgets a training and its run, so that it is trained again. */
  async forget(key: string): Promise<void> {
    await Deno.remove(this.folderOf(key), { recursive: true }).catch(() => {}); // it may not be there
  }

  /** What an earlier process has left of a training; null if that is no run. */
  async runOf(key: string): Promise<SavedMetrics | null> {
    return await openMetrics(this.folderOf(key)).catch(() => null);
  }

  [Symbol.dispose](): void {
    this.#lock?.close();
  }
}
