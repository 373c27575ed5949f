/**
 * The course of a training: the learning rate of each step, and what goes on from epoch to epoch.
 *
 * @module
 */
import type { Optimizer } from "../model/optimizers.ts";
import { checkOptions, number, OBJECT, orNull, type Rules, whole } from "../options.ts";
import type { BatchOrder } from "./batches.ts";
import type { EpochsState, Evaluation, StepFigures } from "./figures.ts";
import { checkMonitorState, watchEpoch } from "./monitor.ts";
import type { Refinements } from "./refinements.ts";
import { afterEpoch, mostSteps, type PlateauState, scheduledRate } from "./schedule.ts";

/** What decides the course of a training. */
export interface CourseOptions extends Pick<Refinements, "schedule" | "monitor"> {
  readonly optimizer: Optimizer;
  /** How many images each split has. */
  readonly images: { readonly validation: number };
}

/** The course of one training. It is told of all steps and of the end of each epoch. */
export class Course {
  readonly #options: CourseOptions;
  readonly #order: BatchOrder;
  #state: EpochsState;

  constructor(options: CourseOptions, order: BatchOrder) {
    this.#options = options;
    this.#order = order;
    this.#state = this.#start(0);
  }

  /** Whether the end of an epoch changes what follows. */
  get #watches(): boolean {
    return hasEpochs(this.#options);
  }

  /** Whether the validation images are evaluated at the end of each epoch. */
  get validates(): boolean {
    return this.#watches && this.#options.images.validation > 0;
  }

  /** Whether the training has stopped early. */
  get stopped(): boolean {
    return this.#state.monitor?.stopped ?? false;
  }

  /** What is known of the epochs so far. */
  get known(): EpochsState {
    return this.#state;
  }

  /** The learning rate of a step, from 0 on: of the next one, where it depends on a loss. */
  rateAt(step: number): number {
    const { schedule, optimizer: { learningRate } } = this.#options, { plateau } = this.#state;
    if (plateau) return plateau.rate;
    if (!schedule || schedule.kind === "plateau") return learningRate;
    return scheduledRate(schedule, { learningRate, step, order: this.#order });
  }

  /** The rates of some steps, for an engine; none where it is that of the optimizer throughout. */
  ratesOf(step: number, steps: number): number[] | undefined {
    if (!this.#options.schedule) return undefined;
    return Array.from({ length: steps }, (_, i) => this.rateAt(step + i));
  }

  /** @throws {RangeError} If a training up to `lastStep` is longer than the schedule. */
  checkLength(lastStep: number): void {
    const { schedule } = this.#options, most = schedule ? mostSteps(schedule, this.#order) : Infinity;
    if (lastStep <= most) return;
    throw new RangeError(
      `Cannot train: there must be at most ${most} steps, the length of the schedule ${schedule!.kind}: ` +
        `current value is ${lastStep}`,
    );
  }

  /** Adds steps, all of one epoch. */
  add(results: readonly StepFigures[]): void {
    let { loss, images } = this.#state.begun;
    for (const step of results) {
      loss += step.loss * step.count;
      images += step.count;
    }
    this.#state = { ...this.#state, begun: { loss, images } };
  }

  /** Whether an epoch ended with the last of so many steps, and {@link endEpoch} has not been called for it. */
  isDue(step: number): boolean {
    return this.#watches && this.#order.epochAt(step) > this.#state.ended;
  }

  /**
   * Ends the epoch of the last step.
   *
   * @param step Steps so far
   * @param validation What was measured, if there are validation images
   * @returns Whether it was the best one, whose parameters are to be kept: {@link keep}
   */
  endEpoch(step: number, validation: Evaluation | null): boolean {
    const { schedule, monitor: watched } = this.#options, { begun, plateau, monitor } = this.#state;
    const loss = validation?.loss ?? begun.loss / begun.images;
    const epoch = this.#order.epochAt(step - 1);
    const next = watched && monitor && validation
      ? watchEpoch(watched, monitor, { epoch, loss, accuracy: validation.accuracy })
      : monitor;
    this.#state = {
      ...this.#state,
      ended: this.#order.epochAt(step),
      begun: { loss: 0, images: 0 },
      validation,
      plateau: plateau && schedule?.kind === "plateau" ? afterEpoch(schedule, plateau, loss) : plateau,
      monitor: next,
    };
    return (watched?.keepBest ?? false) && next?.best?.epoch === epoch;
  }

  /** Keeps the parameters of the best epoch. */
  keep(best: Float32Array): void {
    this.#state = { ...this.#state, best };
  }

  /** A copy of what is known of the epochs so far; none where nothing goes on from epoch to epoch. */
  state(): { epochs?: EpochsState } {
    const { best } = this.#state;
    return this.#watches ? { epochs: { ...this.#state, best: best && best.slice() } } : {};
  }

  /** Continues after so many steps from what was known then; without that, anew. */
  restore(step: number, epochs?: EpochsState): void {
    this.#state = (this.#watches && epochs) || this.#start(step);
  }

  #start(step: number): EpochsState {
    const { schedule, monitor, optimizer } = this.#options;
    return {
      ended: this.#order.epochAt(step),
      begun: { loss: 0, images: 0 },
      validation: null,
      plateau: schedule?.kind === "plateau" ? startPlateau(optimizer.learningRate) : null,
      monitor: monitor ? { best: null, badEpochs: 0, stopped: false } : null,
      best: null,
    };
  }
}

function startPlateau(rate: number): PlateauState {
  return { best: null, badEpochs: 0, rate };
}

/** Whether a training has something that goes on from epoch to epoch. */
export function hasEpochs({ schedule, monitor }: Refinements): boolean {
  return monitor !== undefined || schedule?.kind === "plateau";
}

const COUNT = whole(0);
const FIGURE = number("a finite number", () => true);
const SUM = number("a number from 0 on", (value) => value >= 0);
const STATE_RULES: Rules<Omit<EpochsState, "best">> = {
  ended: COUNT,
  begun: OBJECT,
  validation: orNull(OBJECT),
  plateau: orNull(OBJECT),
  monitor: orNull(OBJECT),
};
const BEGUN_RULES: Rules<EpochsState["begun"]> = { loss: FIGURE, images: COUNT };
const EVALUATION_RULES: Rules<Evaluation> = {
  loss: FIGURE,
  accuracy: FIGURE,
  correct: COUNT,
  count: COUNT,
  seconds: SUM,
};
const PLATEAU_RULES: Rules<PlateauState> = { best: orNull(FIGURE), badEpochs: COUNT, rate: SUM };

/**
 * Checks what someone says that a training knows of its epochs.
 *
 * @param config What decides the course of that training
 * @param size How many parameters it has
 * @throws {TypeError | RangeError} If it is not that, or not of such a training.
 */
export function checkEpochs(
  action: string,
  epochs: EpochsState,
  { schedule, monitor: watched, size }: Pick<CourseOptions, "schedule" | "monitor"> & { size: number },
): EpochsState {
  const { best, ...rest } = epochs;
  const { ended, begun, validation, plateau, monitor } = checkOptions(action, rest, STATE_RULES, "epochs");
  const keeps = watched?.keepBest === true && monitor?.best !== null;
  const fits = (plateau !== null) === (schedule?.kind === "plateau") &&
    (monitor !== null) === (watched !== undefined) &&
    (keeps ? best instanceof Float32Array && best.length === size : best === null);
  if (!fits) {
    throw new RangeError(
      `Cannot ${action}: its epochs must be of a training with the same schedule and monitor: ` +
        `current value is of another one`,
    );
  }
  return {
    ended,
    begun: checkOptions(action, begun, BEGUN_RULES, "begun"),
    validation: validation && checkOptions(action, validation, EVALUATION_RULES, "validation"),
    plateau: plateau && checkOptions(action, plateau, PLATEAU_RULES, "plateau"),
    monitor: monitor && checkMonitorState(action, monitor),
    best,
  };
}
