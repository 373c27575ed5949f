/**
 * Training steps on an engine: their batches, transforms and learning rates follow from their numbers.
 *
 * @module
 */
import type { ImageSize } from "../data/raster.ts";
import { drawTransforms } from "../data/transform.ts";
import type { Engine, StepResult } from "../engines/engine.ts";
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
  /** The steps of each call whose results the engine has not returned: the next ones, too, where it works by itself. */
  #begun: number[] = [];

  constructor(parts: StepperParts) {
    this.#parts = parts;
  }

  /** How many of the next steps the engine takes already: {@link take} must return them before it is used otherwise. */
  get ahead(): number {
    return this.#begun.reduce((sum, steps) => sum + steps, 0);
  }

  /**
   * Takes up to `most` steps, all of one epoch, in one call to the engine. Their number affects only the speed. An engine that
   * works by itself begins with the steps after them, as far as `most` allows; 0 stands for none but those that were begun.
   *
   * @throws {NonFiniteLossError} If the loss of a step is not finite.
   */
  async take(most: number): Promise<{ results: StepFigures[]; elapsedMs: number }> {
    const { engine, course, config } = this.#parts, entered = performance.now();
    if (this.#begun.length === 0) await this.#begin(most);
    const [steps] = this.#begun, left = most - this.ahead;
    if (engine.runsAhead && this.#begun.length === 1 && left > 0) await this.#begin(left);
    const measured = await this.#collect();
    const elapsedMs = performance.now() - entered; // without what the caller does between two calls
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

  /** Hands up to `most` steps to the engine, after those that it has. */
  async #begin(most: number): Promise<void> {
    const { engine, order, course } = this.#parts, first = this.step + this.ahead;
    const steps = Math.min(this.#pace.steps, most);
    const batches = Array.from({ length: steps }, (_, i) => order.batch(first + i));
    await engine.begin(batches, {
      learningRates: course.ratesOf(first, steps),
      transforms: this.#transformsOf(batches, first),
    });
    this.#begun.push(steps);
  }

  /** The results of the steps that were begun first. If they fail, those after them are lost too. */
  async #collect(): Promise<StepResult[]> {
    const [_, ...rest] = this.#begun;
    this.#begun = [];
    const results = await this.#parts.engine.collect();
    this.#begun = rest;
    return results;
  }

  /** How the images of batches are moved: each as in its own epoch. */
  #transformsOf(batches: readonly Uint32Array[], first: number): Int32Array[] | undefined {
    const { order, config: { augment, seed }, size } = this.#parts;
    return augment && batches.map((positions, i) => {
      return drawTransforms(augment, { seed, epoch: order.epochsOf(first + i), positions, size });
    });
  }
}
