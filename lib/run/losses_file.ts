/**
 * `losses.f32` of a run: the loss of every training step, float32, that of step s at byte 4(s − 1); NaN where it is unknown.
 *
 * The place of a loss follows from its step, so that a run that is taken back to a checkpoint has none of them twice.
 *
 * @module
 */
import { appendTo, readFirst, syncedLength } from "../data/files.ts";

const NAME = "losses.f32";

/** Steps; the losses of later ones are not kept. */
const MOST = 2 ** 26;

/** Puts the losses of the steps up to `step` on the disk, and drops those of later ones. */
export async function keepLosses(run: string, step: number, losses: Float32Array): Promise<void> {
  if (step > MOST) return;
  await rewindLosses(run, step - losses.length);
  await append(run, losses);
  await syncedLength(`${run}/${NAME}`);
}

/** Leaves the losses of the first `steps` steps; those that are missing become NaN. */
export async function rewindLosses(run: string, steps: number): Promise<void> {
  if (steps > MOST) return;
  const path = `${run}/${NAME}`, found = await syncedLength(path);
  const kept = Math.min(Math.floor(found / 4), steps); // a killed writer may have left a part of one
  if (4 * kept < found) await Deno.truncate(path, 4 * kept);
  if (kept < steps) await append(run, new Float32Array(steps - kept).fill(NaN));
}

/** The losses of all steps; none before the first checkpoint, or in a run that kept none. */
export async function readLosses(run: string): Promise<Float32Array> {
  const found = await readFirst(run, [NAME], { mostBytes: 4 * MOST + 3 });
  return found
    ? new Float32Array(found.bytes.buffer, 0, Math.floor(found.bytes.length / 4))
    : new Float32Array();
}

async function append(run: string, losses: Float32Array): Promise<void> {
  await appendTo(`${run}/${NAME}`, new Uint8Array(losses.buffer, losses.byteOffset, losses.byteLength));
}
