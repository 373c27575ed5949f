/**
 * Training steps on an engine: their batches, transforms and learning rates follow from their numbers.
 *
 * @module
 */
import type { ImageSize } from "../data/raster.ts";
import { drawTransforms } from "../data/transform.ts";
import type { Engine } from "../engines/engine.ts";
import type { BatchOrder } from "./batches.ts";
import type { Course } from "./course.ts";
import { NonFiniteLossError, type StepFigures } from "./figures.ts";
import { Pace } from "./pace.ts";
import type { TrainingConfig } from "./training_config.ts";

/** What a {@link Stepper} is made of. */
export interface StepperParts {
  readonly engine: Engine;
  readonly order: BatchOrder;
  readonly course: Course;
  readonly config: TrainingConfig;
  /** Of the images that are trained on. */
  readonly size: ImageSize;
}

/** Takes the steps of one training, one after another. */
export class Stepper {
  /** Steps taken since the start of the training. */
  step = 0;
  readonly #parts: StepperParts;
  readonly #pace = new Pace();

  constructor(parts: StepperParts) {
    this.#parts = parts;
  }

  /**
   * Takes up to `most` steps, all of one epoch, in one call to the engine. Their number affects only the speed.
   *
   * @throws {NonFiniteLossError} If the loss of a step is not finite.
   */
  async take(most: number): Promise<{ results: StepFigures[]; elapsedMs: number }> {
    const { engine, order, course, config } = this.#parts, { step } = this;
    const steps = Math.min(this.#pace.steps, most);
    const batches = Array.from({ length: steps }, (_, i) => order.batch(step + i));
    const started = performance.now();
    const measured = await engine.train(batches, {
      learningRates: course.ratesOf(step, steps),
      transforms: this.#transformsOf(batches),
    });
    const elapsedMs = performance.now() - started;
    const results = measured.map(({ step, loss, metrics: [correct], count }) => {
      return { step, loss, correct, count };
    });
    this.#pace.record(steps, elapsedMs);
    this.step += steps;
    const broken = results.find(({ loss }) => !Number.isFinite(loss));
    if (broken) throw new NonFiniteLossError(broken, config.optimizer.learningRate);
    course.add(results);
    return { results, elapsedMs };
  }

  /** How the images of the next batches are moved: each as in its own epoch. */
  #transformsOf(batches: readonly Uint32Array[]): Int32Array[] | undefined {
    const { order, config: { augment, seed }, size } = this.#parts;
    return augment && batches.map((positions, i) => {
      return drawTransforms(augment, { seed, epoch: order.epochsOf(this.step + i), positions, size });
    });
  }
}
