/**
 * A run: a training, and the folder that keeps all of it.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { FLOATS } from "../data/images.ts";
import { shown } from "../data/places.ts";
import { excerpt } from "../excerpt.ts";
import { Turns } from "../engines/turns.ts";
import { modelSha256 } from "../model/hash.ts";
import { SLOT_COUNT } from "../model/optimizers.ts";
import { defaultClassNames, type ModelDescription } from "../model/trained_model.ts";
import { check, checkOptions } from "../options.ts";
import { BatchOrder } from "../train/batches.ts";
import { checkEpochs, hasEpochs } from "../train/course.ts";
import type { Length } from "../train/length.ts";
import type { Trainer } from "../train/trainer.ts";
import { Tally, type TrainingState } from "../train/figures.ts";
import { imagesSha256 } from "./checkpoint.ts";
import { CheckpointFolder } from "./checkpoint_folder.ts";
import { checkConfig, modelConfig, type RunConfig, type TrainedRunConfig } from "./config.ts";
import { EventFiles, type Metrics, type ReportFigures } from "./event_files.ts";
import type { Findings } from "./findings.ts";
import { createRunFolder, openMetrics, RunFolder } from "./folder.ts";
import { keepLosses, rewindLosses } from "./losses_file.ts";
import { type MetricsLine, RunPictures } from "./pictures.ts";
import {
  ABOUT_RULES,
  CHANGES_RULES,
  METRICS_RULES,
  PLACE_RULES,
  RESULT_RULES,
  RESUME_RULES,
  type RunAbout,
  type RunSettings,
  SETTINGS_RULES,
  STATE,
  STOPPED,
  TRAINER,
} from "./run_options.ts";
import { checkSameTraining, toPlain } from "./same_training.ts";
import { remainingLength, type StoppedRun } from "./stopped_run.ts";

/** A run that has ended; all of it is on disk except its pictures. */
export interface EndedRun {
  /** The folder. */
  readonly path: string;
  /** The last line of `metrics.jsonl`. */
  readonly line: MetricsLine;
  /** Draws the pictures and writes the report, see {@link RunPictures.end}; null if the run draws none. */
  readonly draw:
    | ((findings?: Findings | null, signal?: AbortSignal) => Promise<boolean | "incomplete">)
    | null;
}

const INEXACT =
  "The device reference computes in float64 and keeps float32: it continues closely, not to the bit";

/** What a {@link Run} is made of. */
interface RunParts {
  readonly folder: RunFolder;
  readonly checkpoints: CheckpointFolder;
  readonly config: TrainedRunConfig;
  /** SHA-256 of the images, see `imagesSha256()`. */
  readonly images: string;
  readonly order: BatchOrder;
  readonly events: EventFiles | null;
  readonly pictures: RunPictures | null;
}

/**
 * A training that is kept in a folder, locked while it is open: its configuration, the checkpoints that the loop gives,
 * the figures and the model of every report, pictures.
 *
 * @example
 * ```ts ignore
 * await using trainer = await compile(model, options);
 * using run = await Run.begin(trainer, { recipe: "mine" });
 * for await (const epoch of trainer.epochs(run.remaining({ epochs: 10 }), { onCheckpoint: run.keep })) {
 *   const test = await trainer.evaluate("test");
 *   await run.report({ epoch: epoch.index }, {
 *     trainLoss: epoch.loss,
 *     trainAccuracy: epoch.accuracy,
 *     testLoss: test.loss,
 *     testAccuracy: test.accuracy,
 *     seconds: epoch.seconds + test.seconds,
 *   });
 * }
 * await (await run.end()).draw?.();
 * ```
 *
 * To resume it, instead of `Run.begin()`, with a trainer that was compiled with the same options:
 *
 * ```ts ignore
 * using run = await Run.resume(await StoppedRun.open("runs/mine/2026-11-22T05-41-25"), trainer);
 * ```
 */
export class Run implements Disposable {
  /** The folder. */
  readonly path: string;
  /** The contents of `config.json`. */
  readonly config: RunConfig;
  /** Notes for people, a sentence each: skipped checkpoints, lost figures, inexact arithmetic. */
  readonly notes: readonly string[];
  readonly #trainer: Trainer;
  readonly #parts: RunParts;
  readonly #begun: { readonly epoch: number; readonly step: number };
  readonly #turns = new Turns("the run");
  #ended = false;

  private constructor(trainer: Trainer, notes: readonly string[], parts: RunParts) {
    this.path = parts.folder.path;
    this.config = parts.config;
    this.notes = notes;
    this.#trainer = trainer;
    this.#parts = parts;
    this.#begun = { epoch: parts.order.epochAt(trainer.step), step: trainer.step };
  }

  /**
   * Makes the folder of a new run, with a checkpoint of where the trainer is.
   *
   * @throws {TypeError} If an argument is missing, unknown or of the wrong kind, or makes a `config.json` that none could read.
   * @throws {RangeError} If `out` is not empty.
   * @throws {Deno.errors.NotCapable} If Deno may not write there; the message names the flag.
   */
  static async begin(trainer: Trainer, about: RunAbout, settings: RunSettings = {}): Promise<Run> {
    const action = "begin the run";
    check(action, "trainer", { value: trainer, rule: TRAINER });
    const { recipe, root, out, ...rest } = checkOptions(action, about, ABOUT_RULES, "about");
    const chosen = checkOptions(action, settings, SETTINGS_RULES, "settings");
    const config = configOf(trainer, { recipe, ...rest });
    checkConfig(action, config); // what cannot be read back is not worth a training
    const images = imagesOf(trainer), order = orderOf(trainer);
    const state = { ...await trainer.readState(), tally: new Tally().state() };
    const folder = await createRunFolder({ recipe, root, out });
    const checkpoints = await CheckpointFolder.open(folder.path, { fresh: true });
    try {
      await checkpoints.save({ state, epoch: order.epochAt(state.step), config, images });
      await folder.writeConfig(config);
      const events = chosen.tensorboard ? new EventFiles(folder) : null;
      const pictures = picturesOf(trainer, folder, { config, settings: chosen, lines: [] });
      return new Run(trainer, [], { folder, checkpoints, config, images, order, events, pictures });
    } catch (error) {
      checkpoints[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Takes a trainer, and the figures on disk, back to the last checkpoint of a stopped run, and takes that over: it is
   * closed with this run, or at once if it cannot be resumed.
   *
   * @param settings.changes Properties of `config.json` that have changed since, without effect on the bits
   * @throws {TypeError} If an argument is of the wrong kind.
   * @throws {RangeError} If the trainer was compiled with other options, images or another device.
   */
  static async resume(
    stopped: StoppedRun,
    trainer: Trainer,
    settings: RunSettings & { changes?: Pick<RunConfig, "command" | "length" | "data"> } = {},
  ): Promise<Run> {
    const action = "resume the run";
    check(action, "stopped", { value: stopped, rule: STOPPED });
    const checkpoints = stopped.take();
    try {
      check(action, "trainer", { value: trainer, rule: TRAINER });
      const { changes = {}, ...chosen } = checkOptions(action, settings, RESUME_RULES, "settings");
      const { path, checkpoint } = stopped, { state, config: saved } = checkpoint;
      checkSameTraining(saved, {
        model: modelOf(trainer, {}),
        training: trainer.config,
        device: trainer.device,
      });
      const images = imagesOf(trainer), order = orderOf(trainer);
      if (images !== checkpoint.images) {
        throw new RangeError(
          `Cannot resume ${shown(path)}: the images must be those it began with: current value is other ones`,
        );
      }
      const config = {
        ...saved,
        model: modelOf(trainer, saved.model),
        ...checkOptions(action, changes, CHANGES_RULES, "changes"),
      };
      checkConfig(action, config);
      await trainer.writeState(state);
      const lost = await checkpoints.rewind(checkpoint);
      await rewindLosses(path, state.step);
      // What has changed must outlast a kill before the next checkpoint.
      if (!isDeepStrictEqual(toPlain(config), saved)) await checkpoints.save({ ...checkpoint, config });
      const folder = new RunFolder(path);
      await folder.writeConfig(config);
      const files = new EventFiles(folder);
      const found = await files.rewind(state.step - state.tally.steps); // to the last report
      const events = found || chosen.tensorboard ? files : null;
      const { lines } = await openMetrics(path);
      const pictures = picturesOf(trainer, folder, { config, settings: chosen, lines });
      const inexact = trainer.device.kind === "reference" ? [INEXACT] : [];
      const notes = [...stopped.notes, ...(lost ? [lost] : []), ...inexact];
      return new Run(trainer, notes, { folder, checkpoints, config, images, order, events, pictures });
    } catch (error) {
      checkpoints[Symbol.dispose]();
      throw error;
    }
  }

  /** What remains of a total length. @throws {RangeError} If more has been trained already. */
  remaining(length: Length): Length {
    return remainingLength(length, this.#begun);
  }

  /** Saves a checkpoint, and the losses of the steps before it: the `onCheckpoint` of a loop. */
  readonly keep = (state: TrainingState, losses: Float32Array = new Float32Array()): Promise<void> => {
    const action = "keep the checkpoint";
    return this.#take(action, async () => {
      check(action, "state", { value: state, rule: STATE });
      check(action, "losses", { value: losses, rule: FLOATS });
      const { size } = this.#trainer.network, slots = SLOT_COUNT[this.#trainer.config.optimizer.kind];
      const { config: training } = this.#trainer;
      const fits = [state.parameters, ...state.slots].every((part) => part.length === size) &&
        (state.epochs !== undefined) === hasEpochs(training);
      if (state.epochs) checkEpochs(action, state.epochs, { ...training, size });
      const counted = Math.max(state.tally.steps, losses.length);
      if (!fits || state.slots.length !== slots || counted > state.step) {
        throw new RangeError(
          `Cannot ${action}: state must be one of this training, ${slots + 1} × ${size} numbers: ` +
            `current value is another one`,
        );
      }
      const { checkpoints, config, images, order } = this.#parts;
      await keepLosses(this.path, state.step, losses);
      await checkpoints.save({ state, epoch: order.epochAt(state.step), config, images });
    });
  };

  /** Whether its checkpoints still exist. */
  isThere(): boolean {
    return this.#parts.checkpoints.isThere();
  }

  /**
   * Saves the figures of an epoch or of some steps, and the current model; figures of the validation images too, where they are
   * watched, and the learning rate, where there is a schedule.
   *
   * @returns The line of `metrics.jsonl`
   */
  report(
    place: { epoch: number } | { epoch: number; step: number },
    metrics: Metrics,
  ): Promise<MetricsLine> {
    const action = "keep the report";
    return this.#take(action, async () => {
      checkOptions<{ epoch: number; step?: number }>(action, place, PLACE_RULES, "place");
      const figures = {
        ...checkOptions(action, metrics, METRICS_RULES, "metrics"),
        ...watchedOf(this.#trainer),
      };
      const { step, model } = this.#trainer, { folder, events, pictures } = this.#parts;
      const line = { event: "step" in place ? "report" : "epoch", ...place, step, ...figures };
      await folder.log(line);
      await folder.saveModel(model);
      await events?.report(step, figures);
      await pictures?.report(line, 1000 * figures.seconds);
      return line;
    });
  }

  /**
   * Saves the model, and a last line in `metrics.jsonl`; with the epoch that the weights are of, where the best are kept.
   *
   * @param result Figures of the trained model
   */
  end(result: Partial<Metrics> & { interrupted?: boolean } = {}): Promise<EndedRun> {
    const action = "end the run";
    return this.#take(action, async () => {
      const { interrupted = false, ...figures } = checkOptions(action, result, RESULT_RULES, "result");
      const { model, step } = this.#trainer, { folder, pictures } = this.#parts;
      await folder.saveModel(model);
      const line = {
        event: "end",
        run: this.path,
        step,
        interrupted,
        ...figures,
        ...bestOf(this.#trainer),
        modelSha256: modelSha256(await this.#trainer.trained()),
        endedAt: new Date().toISOString(),
      };
      await folder.log(line);
      this.#ended = true;
      return endedRun(this.path, line, pictures);
    });
  }

  /** One call at a time, and none after the end. */
  #take<T>(action: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(action, () => {
      if (this.#ended) {
        throw new Error(`Cannot ${action}: the run must not have ended: current value is ended`);
      }
      return work();
    });
  }

  /** Lets other processes write the run. */
  [Symbol.dispose](): void {
    this.#turns.close();
    this.#parts.checkpoints[Symbol.dispose]();
  }
}

/** Apart from the run, so that drawing keeps no trainer, and no images of its, in memory. */
function endedRun(path: string, line: MetricsLine, pictures: RunPictures | null): EndedRun {
  return {
    path,
    line,
    draw: pictures && ((findings = null, signal) => pictures.end(line, findings, signal)),
  };
}

/** The epoch, from 0 on, that the weights of the model are of, where those of the best one are kept. */
function bestOf({ config, monitored }: Trainer): { bestEpoch?: number } {
  return config.monitor?.keepBest && monitored?.best ? { bestEpoch: monitored.best.epoch } : {};
}

/** What a trainer adds to the figures of a report. */
function watchedOf({ validation, config, learningRate }: Trainer): Partial<ReportFigures> {
  return {
    ...(validation && { validationLoss: validation.loss, validationAccuracy: validation.accuracy }),
    ...(config.schedule && { learningRate }),
  };
}

function configOf(trainer: Trainer, about: RunAbout): TrainedRunConfig {
  const { recipe, dataset, data = dataset && { dataset }, figures, more } = about,
    { config, device } = trainer;
  if (dataset && data?.dataset !== dataset) {
    throw new RangeError(
      `Cannot begin the run: dataset must be that of data: current value is ${excerpt(dataset)}, and ${
        excerpt(data?.dataset)
      }`,
    );
  }
  return {
    ...more,
    recipe,
    startedAt: new Date().toISOString(),
    model: modelOf(trainer, about),
    training: config,
    figures,
    data,
    device,
  };
}

function modelOf(
  { network, T, sequence }: Trainer,
  { classNames, dataset, preparation }: Partial<ModelDescription>,
) {
  const names = classNames ?? defaultClassNames(network.classes, dataset);
  return modelConfig({ network, T, sequence, classNames: names, preparation });
}

function picturesOf(
  trainer: Trainer,
  folder: RunFolder,
  { config, settings, lines }: {
    config: RunConfig;
    settings: RunSettings;
    lines: readonly MetricsLine[];
  },
): RunPictures | null {
  const { pictures = true, onProblem } = settings;
  if (!pictures) return null;
  const drawing = new RunPictures(folder, { config, imageSize: trainer.split("train"), lines, onProblem });
  drawing.begin();
  return drawing;
}

function orderOf({ config: { images, batchSize, lastBatch, seed } }: Trainer): BatchOrder {
  return new BatchOrder({ count: images.train, batchSize, lastBatch, seed });
}

function imagesOf(trainer: Trainer): string {
  return imagesSha256((["train", "validation", "test"] as const).map((name) => trainer.split(name)));
}
