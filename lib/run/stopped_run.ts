/**
 * A run to resume.
 *
 * @module
 */
import type { Length } from "../train/call_options.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { CheckpointFolder } from "./checkpoint_folder.ts";

/** A stopped run, locked: no other process can resume it meanwhile. */
export class StoppedRun implements Disposable {
  /** The folder. */
  readonly path: string;
  /** The last intact checkpoint. */
  readonly checkpoint: Checkpoint;
  /** Why later checkpoints were skipped, a sentence each. */
  readonly notes: readonly string[];
  /** @ignore `Run.resume()` takes it over. */
  readonly folder: CheckpointFolder;

  private constructor(
    path: string,
    folder: CheckpointFolder,
    found: Pick<StoppedRun, "checkpoint" | "notes">,
  ) {
    this.path = path;
    this.folder = folder;
    this.checkpoint = found.checkpoint;
    this.notes = found.notes;
  }

  /**
   * Opens the run in a folder.
   *
   * @throws {Deno.errors.NotFound} If there is no run, or it has no intact checkpoint.
   * @throws {Error} If another process writes it.
   */
  static async open(path: string): Promise<StoppedRun> {
    await checkIsRun(path);
    const folder = await CheckpointFolder.open(path);
    try {
      return new StoppedRun(path, folder, await folder.latest());
    } catch (error) {
      folder[Symbol.dispose]();
      throw error;
    }
  }

  /** What remains of a total length. @throws {RangeError} If more has been trained already. */
  remaining(length: Length): Length {
    const { epoch, state: { step } } = this.checkpoint;
    return remainingLength(length, { epoch, step });
  }

  /** Lets other processes resume it. */
  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}

/** What remains of a total length. @throws {RangeError} If more has been trained already. */
export function remainingLength(length: Length, done: { epoch: number; step: number }): Length {
  const [unit, total, count] = "epochs" in length
    ? ["epochs", length.epochs, done.epoch]
    : ["steps", length.steps, done.step];
  if (total >= count) return unit === "epochs" ? { epochs: total - count } : { steps: total - count };
  throw new RangeError(
    `Cannot resume the run: --${unit} must be at least the ${count} that it has done: current value is ${total}`,
  );
}

async function checkIsRun(path: string): Promise<void> {
  const info = await Deno.stat(`${path}/checkpoints`).catch((error) => {
    if (error instanceof Deno.errors.NotCapable) throw error;
  });
  if (info?.isDirectory) return;
  throw new Deno.errors.NotFound(
    `Cannot resume ${path}: it must be the folder of a run: current value has no ${path}/checkpoints`,
  );
}
