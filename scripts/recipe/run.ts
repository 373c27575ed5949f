/**
 * The run of a recipe that has begun: what it reports, and what is printed beside it.
 *
 * @module
 */
import type * as scanline from "../../mod.ts";
import type { EpochReport, Evaluation, Findings, Metrics, Run, StepFigures } from "../../run.ts";
import { type FigureMeanings, formatQuantity } from "../../view.ts";
import type { RecipeCall } from "./recipe.ts";

/** Where a step stands. */
export interface StepPlace {
  /** Within its epoch, from 1 on. */
  readonly step: number;
  /** Of an epoch. */
  readonly steps: number;
  /** From 1 on. */
  readonly epoch: number;
  /** Of the whole training. */
  readonly epochs: number;
}

/** A run that has begun, as the body of a recipe sees it. */
export class RecipeRun {
  /** How long to train from here. */
  readonly length: scanline.Length;
  readonly run: Run;
  /** Figures of the trained model, for the last line of `metrics.jsonl`, and what its pictures show. */
  result: { readonly figures: Partial<Metrics>; readonly findings: Findings | null } = {
    figures: {},
    findings: null,
  };
  readonly #call: RecipeCall;
  readonly #trainer: scanline.Trainer;
  readonly #dataset: scanline.Dataset;

  constructor(
    call: RecipeCall,
    run: Run,
    { trainer, dataset }: { trainer: scanline.Trainer; dataset: scanline.Dataset },
  ) {
    this.#call = call;
    this.run = run;
    this.#trainer = trainer;
    this.#dataset = dataset;
    this.length = run.remaining(call.length);
  }

  /** Saves the figures of an epoch or of some steps, and the current model. With `--json`, prints the figures. */
  async report(place: { epoch: number } | { epoch: number; step: number }, metrics: Metrics): Promise<void> {
    this.#call.emit(await this.run.report(place, metrics));
  }

  /** Where a step stands, from 1 on: which of the steps of its epoch it is, and which epoch of all that is. */
  place(step: number): StepPlace {
    const { images, batchSize } = this.#trainer.config, { length } = this.#call;
    const steps = Math.ceil(images.train / batchSize), epoch = Math.ceil(step / steps);
    const epochs = "epochs" in length ? length.epochs : Math.ceil(length.steps / steps);
    return { step: step - (epoch - 1) * steps, steps, epoch, epochs };
  }

  /**
   * The `onSteps` of a loop that prints a line for every so many steps of an epoch.
   *
   * @param options.from The first of them
   */
  printSteps(
    { every, from = every }: { every: number; from?: number },
    lineOf: (place: StepPlace, figures: StepFigures) => string,
  ): (steps: readonly StepFigures[]) => void {
    return (steps) => {
      for (const figures of steps) {
        const place = this.place(figures.step);
        if ((place.step - from) % every === 0) this.#call.print(lineOf(place, figures));
      }
    };
  }

  /** Saves the figures of an epoch and of the test after it, see {@link report}. */
  async epoch(epoch: EpochReport, tested: Evaluation): Promise<void> {
    const { validation } = epoch;
    if (validation && !this.#call.showsValidation) {
      const { loss, accuracy } = validation;
      this.#call.print(
        `Validation after ${epochsThrough(epoch.index)}: loss ${loss.toFixed(4)}, accuracy ${
          accuracy.toFixed(4)
        }`,
      );
    }
    await this.report({ epoch: epoch.index }, {
      trainLoss: epoch.loss,
      trainAccuracy: epoch.accuracy,
      testLoss: tested.loss,
      testAccuracy: tested.accuracy,
      seconds: epoch.seconds + tested.seconds,
    });
  }

  /** Shows the first test images and the class predicted for each. @param figures Of the trained model */
  async finish(figures: Partial<Metrics> = {}): Promise<void> {
    this.result = { figures: { ...figures, ...await this.#figuresOfBest() }, findings: null };
    const { test, classNames } = this.#dataset;
    const findings = await this.#call.findOut({ model: this.#trainer, test, classNames });
    this.result = { ...this.result, findings };
  }

  /** Tests the model that has the weights of an earlier epoch, and says of which; nothing if it has the last ones. */
  async #figuresOfBest(): Promise<Partial<Metrics>> {
    const { config: { monitor }, monitored } = this.#trainer;
    if (!monitor?.keepBest || !monitored?.best) return {};
    const { epoch, loss } = monitored.best;
    const tested = await this.#trainer.evaluate("test", this.#call.loop);
    this.#call.print(
      `${monitored.stopped ? "Stopped early. " : ""}Kept are the weights after ${epochsThrough(epoch)}: ` +
        `validation loss ${loss.toFixed(4)}, test loss ${tested.loss.toFixed(4)}, ` +
        `test accuracy ${tested.accuracy.toFixed(4)}`,
    );
    return { testLoss: tested.loss, testAccuracy: tested.accuracy };
  }
}

/** How many epochs have ended with this one: some recipes print numbers from 0 on, as their sources do, others from 1 on. */
function epochsThrough(index: number): string {
  return formatQuantity(index + 1, "epochs");
}

/** What figures mean that are reported after each epoch. */
export function meaningsOfEpochs({ config: { images } }: scanline.Trainer): FigureMeanings {
  return {
    train: `mean over an epoch (${formatQuantity(images.train, "images")}), while the weights move`,
    test: `all ${formatQuantity(images.test, "test images")}, after the epoch`,
    testImages: images.test,
  };
}
