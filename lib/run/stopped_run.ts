/**
 * A run to resume.
 *
 * @module
 */
import { notAllowed } from "../data/files.ts";
import { shown } from "../data/places.ts";
import { check } from "../options.ts";
import { type Length, toLength } from "../train/length.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { CheckpointFolder } from "./checkpoint_folder.ts";
import { RUN_PATH } from "./folder.ts";

/** A stopped run, locked: no other process can resume it meanwhile. */
export class StoppedRun implements Disposable {
  /** The folder. */
  readonly path: string;
  /** The last intact checkpoint. */
  readonly checkpoint: Checkpoint;
  /** Why later checkpoints were skipped, a sentence each. */
  readonly notes: readonly string[];
  readonly #folder: CheckpointFolder;
  #held = true;

  private constructor(
    path: string,
    folder: CheckpointFolder,
    found: Pick<StoppedRun, "checkpoint" | "notes">,
  ) {
    this.path = path;
    this.#folder = folder;
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
    check("resume the run", "path", { value: path, rule: RUN_PATH });
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

  /** Hands over the folder, and its lock, to a {@link Run}. @ignore */
  take(): CheckpointFolder {
    if (!this.#held) {
      throw new Error(
        "Cannot resume the run: it must be open: current value is resumed already, or disposed",
      );
    }
    this.#held = false;
    return this.#folder;
  }

  /** Lets other processes resume it, unless it is being resumed. */
  [Symbol.dispose](): void {
    if (this.#held) this.#folder[Symbol.dispose]();
    this.#held = false;
  }
}

/** What remains of a total length. @throws {RangeError} If more has been trained already. */
export function remainingLength(length: Length, done: { epoch: number; step: number }): Length {
  const given = toLength("steps", length);
  const [unit, total, count] = "epochs" in given
    ? ["epochs", given.epochs, done.epoch]
    : ["steps", given.steps, done.step];
  if (total >= count) return unit === "epochs" ? { epochs: total - count } : { steps: total - count };
  throw new RangeError(
    `Cannot resume the run: ${unit} must be at least the ${count} that it has done: current value is ${total}`,
  );
}

async function checkIsRun(path: string): Promise<void> {
  const info = await Deno.stat(`${path}/checkpoints`).catch((error) => {
    if (error instanceof Deno.errors.NotCapable) throw notAllowed("read", `${path}/`, error);
  });
  if (info?.isDirectory) return;
  throw new Deno.errors.NotFound(
    `Cannot resume ${shown(path)}: it must be the folder of a run: current value has no ${
      shown(`${path}/checkpoints`)
    }`,
  );
}
