/**
 * What the recipes share and what is about the terminal: flags, Ctrl-C, the progress bar, `--json`, the last lines.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { layOutSequence } from "../../lib/data/sequence.ts";
import * as scanline from "../../mod.ts";
import {
  CAPTIONS,
  checkAllowed,
  dataFolder,
  type Findings,
  findOut,
  messageOf,
  Run,
  shown,
  type StoppedRun,
} from "../../run.ts";
import { describeStructure, type FigureMeanings, formatProgress, formatQuantity } from "../../view.ts";
import { describeDevice, runCommand } from "../support/command.ts";
import { loadImages } from "../support/images.ts";
import { Interrupt } from "../support/interrupt.ts";
import { aboutRun, type StartedFrom, trainingCommand, trainingData } from "./config.ts";
import { type Recipe, type RecipeFlags, recipeFlags } from "./flags.ts";
import { makeModel, recurrentLayers } from "./layers.ts";
import { givenFlags, openResumed } from "./resume.ts";
import { meaningsOfEpochs, RecipeRun } from "./run.ts";
import { type Settings, settingsOf, type TrainingOptions } from "./settings.ts";
import { startFrom } from "./start_from.ts";
import { flagWords, operandWord, taskCommand } from "../support/shell.ts";
import { drawForTerminal, StatusLine } from "../support/terminal.ts";

/** The message for the first Ctrl-C, by what the recipe is doing. */
const STOPPING = {
  open: "Stopping before the first step",
  train: "Stopping after the running step",
  draw: "Stopping after the picture that is being drawn",
} as const;

/** Runs a recipe with the flags of the command line, and saves its model, also after Ctrl-C. */
export function runRecipe(recipe: Recipe, body: (call: RecipeCall) => Promise<void>): Promise<void> {
  const { name, about } = recipe;
  const spec = { name, about, flags: recipeFlags(recipe), interrupted: null };
  return runCommand(spec, async (flags) => {
    using interrupt = new Interrupt();
    const given = givenFlags(spec.flags, flags, Deno.args);
    const values = await openResumed(name, spec.flags, { flags, given });
    using call = new RecipeCall(recipe, values.flags, { interrupt, stopped: values.stopped });
    try {
      call.checkAllowed();
      await body(call).catch((error) => {
        if (error !== interrupt.signal.reason) throw error;
      });
      await call.end();
    } catch (error) {
      call.status.clear();
      throw call.withRemedy(error);
    }
    return interrupt.exitCode;
  });
}

/** One call of a recipe: the values of its flags, and the run that it begins. */
export class RecipeCall implements Disposable {
  /** How long to train in all. */
  readonly length: scanline.Length;
  /** What every loop takes: Ctrl-C and the progress bar. */
  readonly loop: scanline.LoopOptions;
  readonly status: StatusLine;
  readonly #recipe: Recipe;
  readonly #flags: RecipeFlags;
  readonly #data: scanline.LoadOptions;
  readonly #settings: Settings;
  readonly #signal: AbortSignal;
  readonly #stopped: StoppedRun | null;
  #run: RecipeRun | null = null;
  /** How many of the training images are held out. */
  #heldOut = 0;
  #startedFrom: StartedFrom | null = null;
  /** The folder of the run; before it begins, the folder that it will be in. */
  #path: string;
  #phase: keyof typeof STOPPING = "open";

  constructor(
    recipe: Recipe,
    flags: RecipeFlags,
    { interrupt, stopped }: { interrupt: Interrupt; stopped: StoppedRun | null },
  ) {
    const { signal } = interrupt;
    this.#recipe = recipe;
    this.#flags = flags;
    this.#signal = signal;
    this.#stopped = stopped;
    this.#path = stopped?.path ?? flags.out ?? `runs/${recipe.name}`;
    this.#data = trainingData(flags);
    this.#settings = settingsOf(recipe, flags, scheduledLength(stopped));
    this.length = this.#settings.length;
    this.status = new StatusLine(!flags.quiet);
    this.loop = {
      signal,
      onProgress: (progress) => this.#draw(progress),
      onCheckpoint: (...kept) => this.#run?.run.keep(...kept),
      checkpointEvery: flags["checkpoint-every"],
    };
    interrupt.lastWords = () => this.#lastWords();
    signal.addEventListener(
      "abort",
      () => this.tell(`${STOPPING[this.#phase]}; Ctrl-C again exits at once`),
    );
  }

  /** Loads the images that the flags name; MNIST by default. */
  async loadData(): Promise<scanline.Dataset> {
    const data = await loadImages(this.#data, { quiet: this.#flags.quiet }).catch((error) => {
      if (this.#stopped && this.#data.dataDir !== undefined && error instanceof Deno.errors.NotFound) {
        error.message += `\nThe run in ${
          shown(this.#path)
        } was trained on images that lay there: --data-dir says where they are now`;
      }
      throw error;
    });
    this.#heldOut = this.#settings.heldOut(data.train);
    return data;
  }

  /** The recurrent layers of the recipe, or those that flags say, for images of this size. */
  recurrent(images: scanline.Images): tf.layers.Layer[] {
    const { T, C } = layOutSequence(this.#settings.training.sequence, images);
    return recurrentLayers(this.#settings.stack, [T, C]);
  }

  /** A model of these layers, with the weights of the run that `--start-from` names, if it names one. */
  async model(layers: tf.layers.Layer[]): Promise<tf.Sequential> {
    const model = makeModel(layers), path = this.#flags["start-from"];
    if (path !== undefined && !this.#stopped) this.#startedFrom = await startFrom(model, path);
    return model;
  }

  /** What `compile()` takes besides the images. */
  get training(): TrainingOptions {
    const { training } = this.#settings;
    const start = this.#startedFrom ? { initialize: undefined, forgetBias: undefined } : {};
    const onMemory = (bytes: number) =>
      this.tell(`Memory: ${formatQuantity(Math.ceil(bytes / 1e6), "MB")}, besides the images`);
    return { ...training, ...start, validation: this.#heldOut, onMemory };
  }

  /** Whether the lines of the recipe themselves tell what is measured on the held-out images. */
  get showsValidation(): boolean {
    return this.#recipe.watch === true;
  }

  /** Checks at the start that Deno may read and write all that the recipe will. */
  checkAllowed(): void {
    const read = [dataFolder(this.#data), this.#path, this.#flags["start-from"]];
    checkAllowed({ read, write: [this.#path] });
  }

  /**
   * Begins the run, or resumes the one that `--resume` names, and prints the network and the device.
   *
   * @param figures What the figures of its reports mean, for pictures of them; by default those of epochs
   */
  async begin(
    trainer: scanline.Trainer,
    dataset: scanline.Dataset,
    figures: FigureMeanings = meaningsOfEpochs(trainer),
  ): Promise<RecipeRun> {
    this.#signal.throwIfAborted();
    const recipe = this.#recipe, flags = this.#flags, length = this.length, stopped = this.#stopped;
    const startedFrom = this.#startedFrom;
    const { device, network, config } = trainer;
    stopped?.remaining(length); // before anything is written
    const settings = {
      pictures: !flags["no-pictures"],
      tensorboard: flags.tensorboard,
      onProblem: (message: string) => this.#warn(messageOf(message)),
    };
    const command = trainingCommand(recipe, flags, trainer);
    const changes = { command, length, data: { ...stopped?.checkpoint.config.data, ...this.#data } };
    const run = stopped ? await Run.resume(stopped, trainer, { ...settings, changes }) : await Run.begin(
      trainer,
      aboutRun(recipe, flags, { length, dataset, trainer, figures, startedFrom }),
      settings,
    );
    this.#path = run.path;
    this.#phase = "train";
    this.#run = new RecipeRun(this, run, { trainer, dataset });
    run.notes.forEach((note) => this.#warn(note)); // of what is lost, with --quiet too
    if (stopped) this.tell(`Resumed after step ${trainer.step}`);
    this.tell(describeDevice(trainer));
    const { height, width } = dataset.test, input = { ...trainer.sequence, height, width };
    if (!flags.json) this.tell(describeStructure(network, input).join("\n"));
    this.emit({
      event: "start",
      recipe: recipe.name,
      run: run.path,
      device: device.kind,
      deviceDetail: device.detail,
      threads: device.threads,
      seed: config.seed,
      parameterCount: network.parameterCount,
    });
    return this.#run;
  }

  /** Ends the run, also one that was interrupted, and draws its pictures. */
  async end(): Promise<void> {
    const interrupted = this.#signal.aborted;
    if (!this.#run) {
      const kept = this.#stopped ? "the run is as it was" : "nothing was trained";
      if (interrupted) this.tell(`Interrupted before the first step: ${kept}`);
      return;
    }
    const { draw, line, findings } = await this.#finish(this.#run, interrupted);
    this.emit(line);
    if (interrupted) this.print(`Interrupted after ${formatQuantity(line.step as number, "steps")}`);
    this.print(
      "",
      `saved     ${shown(this.#path)}`,
      `sha256    ${line.modelSha256}`,
      ...(interrupted ? [`resume    ${this.#resumeCommand()}`] : []),
      `evaluate  ${this.#commandFor("evaluate", flagWords("model", this.#path))}`,
    );
    (globalThis as { gc?: () => void }).gc?.(); // there with --v8-flags=--expose-gc, as in the tasks of the recipes
    if (!draw) return;
    this.#phase = "draw";
    const drawn = await draw(findings, interrupted ? undefined : this.#signal);
    if (drawn === true) return this.print(`report    ${shown(this.#path)}/report.html`);
    const why = drawn ? "Not everything could be drawn" : "Interrupted while drawing";
    this.#warn(`${why}: the model is saved, and this draws the rest:\n  ${this.#reportCommand()}`);
  }

  /** Ends the run and lets go of it, and so of the images and the engine: drawing needs memory too. */
  async #finish({ run, result: { figures, findings } }: RecipeRun, interrupted: boolean) {
    const ended = await run.end({ interrupted, ...figures });
    run[Symbol.dispose]();
    this.#run = null;
    return { ...ended, findings };
  }

  /** Adds to an error where the last checkpoint is, if there is one, and the command that resumes the run. */
  withRemedy(error: unknown): unknown {
    if (!(error instanceof Error) || !this.#run?.run.isThere()) return error;
    error.message += error instanceof scanline.NonFiniteLossError // which would come again
      ? `\nThe last checkpoint before that is in ${shown(this.#path)}`
      : `\nThe last checkpoint is whole; this continues from it:\n  ${this.#resumeCommand()}`;
    return error;
  }

  /** Lets other processes write the run. */
  [Symbol.dispose](): void {
    this.#run?.run[Symbol.dispose]();
    this.#stopped?.[Symbol.dispose]();
  }

  /** Prints lines for people; nothing with `--json`. */
  print(...lines: string[]): void {
    this.status.clear();
    if (!this.#flags.json) lines.forEach((line) => console.log(line));
  }

  /** Prints a line for programs, with `--json`. */
  emit(line: Readonly<Record<string, unknown>>): void {
    this.status.clear();
    if (this.#flags.json) console.log(JSON.stringify(line));
  }

  /** Prints a message on stderr, unless `--quiet` is given. */
  tell(text: string): void {
    this.status.clear();
    if (!this.#flags.quiet) console.error(text);
  }

  /** Prints a problem on stderr, with `--quiet` too. */
  #warn(text: string): void {
    this.status.clear();
    console.error(text);
  }

  /** Predicts the test images for the pictures of the run, and prints the first of them; null without pictures, or if it fails. */
  async findOut(tested: Parameters<typeof findOut>[0]): Promise<Findings | null> {
    if (this.#flags["no-pictures"]) return null;
    try {
      const findings = await findOut(tested, this.loop);
      this.print("", `The first test images: ${CAPTIONS}`, "", ...drawForTerminal(findings.first));
      return findings;
    } catch (error) {
      if (error === this.#signal.reason) throw error;
      this.#warn(`Cannot show predictions: ${messageOf(error)}; all else continues`);
      return null;
    }
  }

  /** The message for the second Ctrl-C, which exits at once. */
  #lastWords(): string | null {
    if (this.#flags.quiet) return null;
    if (this.#phase === "draw") {
      return `Stopped at once: the model is saved, and this draws the rest:\n  ${this.#reportCommand()}`;
    }
    if (!this.#run?.run.isThere()) return "Stopped at once: nothing was trained";
    return `Stopped at once: this continues from the last checkpoint:\n  ${this.#resumeCommand()}`;
  }

  #commandFor(task: string, words: readonly string[], write: readonly string[] = []): string {
    return taskCommand(task, words, { read: [this.#path, dataFolder(this.#data)], write });
  }

  #reportCommand(): string {
    return this.#commandFor("report", [operandWord(this.#path)], [this.#path]);
  }

  #resumeCommand(): string {
    return this.#commandFor(this.#recipe.name, flagWords("resume", this.#path), [this.#path]);
  }

  #draw({ phase, epoch, done, total, elapsedMs, loss }: scanline.LoopProgress): void {
    this.status.draw((width) =>
      formatProgress({
        label: phase === "evaluate" ? "Evaluating" : epoch === null ? "Training" : `Epoch ${epoch}`,
        done,
        total,
        elapsedMs,
        unit: "images",
        width,
        extra: loss === null ? undefined : `loss ${loss.toFixed(4)}`,
      })
    );
  }
}

/** The length that the schedule of a stopped run has: its own, however long the run goes on. */
function scheduledLength(stopped: StoppedRun | null): scanline.Length | null {
  const schedule = stopped?.checkpoint.config.training.schedule;
  return schedule && "length" in schedule ? schedule.length : null;
}
