/**
 * The folder in which a worker trains, and those that dead workers have left.
 *
 * @module
 */
import { makeFolders } from "../../../run.ts";

const WORKERS = "runs/workers";
const LOCK = ".lock";

/** Removed when it is disposed of; if the worker is killed, by the next worker of this machine. */
export class WorkerFolder implements AsyncDisposable {
  readonly path: string;
  readonly #lock: Deno.FsFile;

  private constructor(path: string, lock: Deno.FsFile) {
    this.path = path;
    this.#lock = lock;
  }

  /** Makes the folder of a worker. */
  static async make(name: string): Promise<WorkerFolder> {
    await makeFolders(WORKERS);
    for await (const entry of Deno.readDir(WORKERS)) {
      if (entry.isDirectory) await removeDead(`${WORKERS}/${entry.name}`);
    }
    const path = `${WORKERS}/${name}`;
    await makeFolders(path);
    const lock = await Deno.open(`${path}/${LOCK}`, { create: true, write: true });
    await lock.lock(true);
    return new WorkerFolder(path, lock);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true }).catch(() => {}); // a recipe may still be writing
    this.#lock.close();
  }
}

/** Removes a folder whose worker has ended: the lock of a worker ends with it. */
async function removeDead(path: string): Promise<void> {
  const lock = await Deno.open(`${path}/${LOCK}`, { write: true }).catch(() => null);
  if (!lock) return; // one that is just being made
  try {
    if (await lock.tryLock(true)) await Deno.remove(path, { recursive: true }).catch(() => {}); // or by another worker
  } finally {
    lock.close();
  }
}
