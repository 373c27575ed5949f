/**
 * Scalars for TensorBoard, in `tensorboard/train` and `tensorboard/test` of a run's folder: it draws both in one chart.
 *
 * @module
 */
import * as scanline from "../../mod.ts";
import type { Metrics } from "./recipe.ts";

/** Writes the event files of a run. */
export class EventFiles {
  readonly #run: scanline.Run;
  readonly #startedMs = Date.now();
  #begun = false;

  constructor(run: scanline.Run) {
    this.#run = run;
  }

  /** Appends the figures of a report. */
  async report(step: number, { trainLoss, trainAccuracy, testLoss, testAccuracy }: Metrics): Promise<void> {
    await this.#append("train", step, { loss: trainLoss, accuracy: trainAccuracy });
    await this.#append("test", step, { loss: testLoss, accuracy: testAccuracy });
    this.#begun = true;
  }

  async #append(split: "train" | "test", step: number, scalars: Record<string, number>): Promise<void> {
    const name = `tensorboard/${split}/events.out.tfevents.${Math.floor(this.#startedMs / 1000)}.scanline`;
    if (!this.#begun) await this.#run.append(name, scanline.encodeEventsStart(this.#startedMs));
    await this.#run.append(name, scanline.encodeEvent({ timeMs: Date.now(), step, scalars }));
  }
}
