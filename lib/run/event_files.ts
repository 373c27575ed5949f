/**
 * Scalars for TensorBoard, in `tensorboard/train`, `tensorboard/test` and, where they are watched, `tensorboard/validation` of a
 * run's folder: TensorBoard draws all in one chart.
 *
 * @module
 */
import { readFirst, writeWhole } from "../data/files.ts";
import { encodeEvent, encodeEventsStart, eventsThrough } from "../view/events.ts";
import type { RunFolder } from "./folder.ts";

/** Figures of a report, as `metrics.jsonl` keeps them. */
export interface Metrics {
  /** Mean cross-entropy, in nats. */
  readonly trainLoss: number;
  /** A share, 0 … 1. */
  readonly trainAccuracy: number;
  /** Mean cross-entropy, in nats. */
  readonly testLoss: number;
  /** A share, 0 … 1. */
  readonly testAccuracy: number;
  /** Time spent training and measuring since the report before. */
  readonly seconds: number;
}

/** {@link Metrics}, and what the trainer adds to them. */
export interface ReportFigures extends Metrics {
  /** Mean cross-entropy, in nats, after the epoch that ended last, where the validation images are watched. */
  readonly validationLoss?: number;
  /** A share, 0 … 1, measured with it. */
  readonly validationAccuracy?: number;
  /** That of the next step, where there is a schedule. */
  readonly learningRate?: number;
}

const SPLITS = ["train", "test", "validation"] as const;
const OURS = /^events\.out\.tfevents\.(\d+)\.scanline$/;
const MOST_BYTES = 2 ** 30;

/** Writes the event files of a run. */
export class EventFiles {
  readonly #run: RunFolder;
  /** Part of the names of the files: TensorBoard reads them in this order. */
  #seconds = Math.floor(Date.now() / 1000);
  readonly #begun = new Set<string>();

  constructor(run: RunFolder) {
    this.#run = run;
  }

  /**
   * Removes the figures after a step: training will write them again, and TensorBoard would show them twice.
   *
   * @returns Whether there are event files
   */
  async rewind(step: number): Promise<boolean> {
    let found = false;
    for (const split of SPLITS) {
      const folder = `${this.#run.path}/tensorboard/${split}`;
      const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name).catch(() => []);
      for (const name of names) {
        const [, seconds] = OURS.exec(name) ?? [];
        if (seconds === undefined) continue;
        found = true;
        this.#seconds = Math.max(this.#seconds, Number(seconds) + 1);
        const { bytes } = (await readFirst(folder, [name], { mostBytes: MOST_BYTES }))!;
        const length = eventsThrough(bytes, step);
        if (length < bytes.length) await writeWhole(`${folder}/${name}`, bytes.subarray(0, length));
      }
    }
    return found;
  }

  /** Appends the figures of a report. */
  async report(step: number, figures: ReportFigures): Promise<void> {
    const { trainLoss, trainAccuracy, testLoss, testAccuracy, learningRate } = figures;
    const rate: Record<string, number> = learningRate === undefined ? {} : { "learning rate": learningRate };
    await this.#append("train", step, { loss: trainLoss, accuracy: trainAccuracy, ...rate });
    await this.#append("test", step, { loss: testLoss, accuracy: testAccuracy });
    const { validationLoss, validationAccuracy } = figures;
    if (validationLoss === undefined || validationAccuracy === undefined) return;
    await this.#append("validation", step, { loss: validationLoss, accuracy: validationAccuracy });
  }

  async #append(split: typeof SPLITS[number], step: number, scalars: Record<string, number>): Promise<void> {
    const name = `tensorboard/${split}/events.out.tfevents.${this.#seconds}.scanline`;
    if (!this.#begun.has(split)) await this.#run.append(name, encodeEventsStart(Date.now()));
    this.#begun.add(split);
    await this.#run.append(name, encodeEvent({ timeMs: Date.now(), step, scalars }));
  }
}
