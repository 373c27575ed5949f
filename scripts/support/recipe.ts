/**
 * What the recipes share and what is not the recipe: flags, Ctrl-C, the progress bar, `--json`, the folder of the run.
 *
 * @module
 */
import { checkAllowed, shown } from "../../lib/data/places.ts";
import { messageOf } from "../../lib/excerpt.ts";
import * as scanline from "../../mod.ts";
import { describeDevice, deviceOptions, normalizationFlags, runCommand } from "./command.ts";
import { EventFiles } from "../../lib/run/event_files.ts";
import { CAPTIONS, type Findings, findOut } from "../../lib/run/findings.ts";
import { FlagError } from "./flags.ts";
import { loadImages } from "./images.ts";
import { Interrupt } from "./interrupt.ts";
import {
  type Recipe,
  recipeConfig,
  type RecipeFlags,
  recipeFlags,
  trainingCommand,
  trainingData,
} from "./recipe_config.ts";
import { Checkpoints, givenFlags, openResumed, remaining, type Resumed } from "./resume.ts";
import { epochOf, inputOf, RunPictures } from "../../lib/run/pictures.ts";
import { dataFolder } from "./pictures.ts";
import { flagWords, operandWord, taskCommand } from "./shell.ts";
import { drawForTerminal, StatusLine } from "./terminal.ts";

/** Figures of a report, as `--json` prints and `metrics.jsonl` keeps them. */
export interface Metrics {
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  readonly testLoss: number;
  readonly testAccuracy: number;
  readonly seconds: number;
}

/** What the first Ctrl-C does, by what it meets. */
const STOPPING = {
  open: "Stopping before the first step",
  train: "Stopping after the running step",
  draw: "Stopping after the picture that is being drawn",
} as const;

/** Runs a recipe with the flags it was called with, and saves its model, after Ctrl-C too. */
export function runRecipe(recipe: Recipe, body: (run: RecipeRun) => Promise<void>): Promise<void> {
  const { name, about } = recipe;
  const spec = { name, about, flags: recipeFlags(recipe), interrupted: null };
  return runCommand(spec, async (flags) => {
    using interrupt = new Interrupt();
    const values = await openResumed(name, flags, givenFlags(spec.flags, Deno.args));
    using run = new RecipeRun(recipe, values.flags, { signal: interrupt.signal, resumed: values.resumed });
    interrupt.lastWords = () => run.lastWords();
    try {
      run.checkAllowed();
      await body(run).catch((error) => {
        if (error !== interrupt.signal.reason) throw error;
      });
      await run.end();
    } catch (error) {
      run.status.clear();
      throw run.withRemedy(error);
    }
    return interrupt.exitCode;
  });
}

/** One run of a recipe. */
export class RecipeRun implements Disposable {
  /** How long to train; after `begin()`, how long still. */
  length: scanline.Length;
  /** What `compile()` takes of the flags. */
  readonly training: Required<Pick<scanline.CompileOptions, "batchSize" | "seed">> & scanline.DeviceOptions;
  readonly learningRate: number;
  /** What every loop takes: Ctrl-C and the progress bar. */
  readonly loop: scanline.LoopOptions;
  readonly status: StatusLine;
  readonly #data: scanline.LoadOptions;
  #dataset: scanline.Dataset | null = null;
  readonly #recipe: Recipe;
  readonly #flags: RecipeFlags;
  #trainer: scanline.Trainer | null = null;
  #run: scanline.Run | null = null;
  readonly #normalization: ReturnType<typeof normalizationFlags>;
  readonly #resumed: Resumed | null;
  #checkpoints: Checkpoints | null = null;
  #pictures: RunPictures | null = null;
  #events: EventFiles | null = null;
  #findings: Findings | null = null;
  #result: Partial<Metrics> = {};
  #phase: keyof typeof STOPPING = "open";

  constructor(
    recipe: Recipe,
    flags: RecipeFlags,
    { signal, resumed }: { signal: AbortSignal; resumed: Resumed | null },
  ) {
    const { epochs, steps, seed } = flags;
    if (epochs !== undefined && steps !== undefined) {
      throw new FlagError("Cannot use --epochs and --steps: it must be one of them");
    }
    this.#recipe = recipe;
    this.#flags = flags;
    this.#resumed = resumed;
    this.#normalization = normalizationFlags(flags);
    this.#data = trainingData(flags);
    this.length = epochs ? { epochs } : steps ? { steps } : recipe.length;
    this.training = { batchSize: flags["batch-size"], seed, ...deviceOptions(flags) };
    this.learningRate = flags["learning-rate"];
    this.status = new StatusLine(!flags.quiet);
    this.loop = {
      signal,
      onProgress: (progress) => this.#draw(progress),
      onCheckpoint: (state) => this.#checkpoints?.save(state),
      checkpointEvery: flags["checkpoint-every"],
    };
    signal.addEventListener(
      "abort",
      () => this.#tell(`${STOPPING[this.#phase]}; Ctrl-C again exits at once`),
    );
  }

  /** Loads the images that the flags name; MNIST by default. */
  async loadData(): Promise<scanline.Dataset> {
    return this.#dataset = await loadImages(this.#data, { quiet: this.#flags.quiet });
  }

  /** How the recipe reads an image, unless flags ask for other numbers. */
  sequence(own: scanline.Sequence): scanline.Sequence {
    return this.#normalization ? { axis: own.axis, ...this.#normalization } : own;
  }

  /** Sees to it, before anything is done, that all that it will read and write is allowed. */
  checkAllowed(): void {
    const out = this.#resumed?.path ?? this.#flags.out ?? `runs/${this.#recipe.name}`;
    checkAllowed({ read: [dataFolder(this.#data), out], write: [out] });
  }

  /** What a person should know whose second Ctrl-C ends all at once. */
  lastWords(): string | null {
    if (this.#flags.quiet) return null;
    if (this.#phase === "draw") {
      return `Stopped at once: the model is saved, and this draws the rest:\n  ${this.#reportCommand()}`;
    }
    if (!this.#checkpoints?.areThere()) return "Stopped at once: nothing was trained";
    return `Stopped at once: this goes on from the last checkpoint:\n  ${this.#resumeCommand()}`;
  }

  /**
   * Makes the folder of the run, and says what will be trained, and on what.
   *
   * @param figures What the figures of its reports are about, for whoever draws them
   */
  async begin(trainer: scanline.Trainer, figures: scanline.FigureMeanings): Promise<void> {
    this.loop.signal?.throwIfAborted();
    const { name } = this.#recipe;
    const { device, network } = trainer;
    const input = inputOf(trainer.split("test"), trainer.config.sequence);
    this.#run = this.#resumed
      ? new scanline.Run(this.#resumed.path)
      : await scanline.createRun({ recipe: name, out: this.#flags.out });
    this.#trainer = trainer;
    const recipe = this.#recipe, flags = this.#flags, length = this.length, dataset = this.#dataset!;
    const config = this.#resumed
      ? this.#resumedConfig(trainer)
      : recipeConfig({ recipe, flags, length, dataset, trainer, figures });
    await this.#keepCheckpoints(trainer, config);
    await this.#run.writeConfig(config);
    this.#phase = "train";
    this.#tell(describeDevice(trainer));
    if (!this.#flags.json) this.#tell(scanline.describeStructure(network, input).join("\n"));
    this.#emit({
      event: "start",
      recipe: name,
      run: this.#run.path,
      device: device.kind,
      deviceDetail: device.detail,
      threads: device.threads,
      seed: trainer.config.seed,
      parameterCount: network.parameterCount,
    });
    if (this.#flags.tensorboard || this.#resumed) await this.#keepEvents();
    if (this.#flags["no-pictures"]) return;
    this.#pictures = new RunPictures(this.#run, {
      config,
      network,
      input,
      ...epochOf(trainer.config),
    }, this.#resumed ? (await scanline.openMetrics(this.#run.path)).lines : []);
    this.#pictures.begin();
  }

  /** Begins with a first checkpoint, or goes on from the last one. */
  async #keepCheckpoints(trainer: scanline.Trainer, config: scanline.RunConfig): Promise<void> {
    if (!this.#resumed) {
      this.#checkpoints = await Checkpoints.begin(this.#run!.path, trainer, config);
      return;
    }
    this.length = remaining(this.length, this.#resumed.checkpoint);
    const { checkpoints, notes } = await Checkpoints.resume(this.#resumed, trainer, config);
    this.#checkpoints = checkpoints;
    [...notes, `Resumed after step ${trainer.step}`].forEach((note) => this.#tell(note));
  }

  /** Goes on with event files that are there; begins some if they are asked for. */
  async #keepEvents(): Promise<void> {
    const events = new EventFiles(this.#run!);
    const { step, tally } = this.#resumed?.checkpoint.state ?? { step: 0, tally: { steps: 0 } };
    const found = await events.rewind(step - tally.steps); // to the last report
    if (found || this.#flags.tensorboard) this.#events = events;
  }

  /** What went wrong, and that not all is lost by it. */
  withRemedy(error: unknown): unknown {
    if (!(error instanceof Error) || error instanceof scanline.NonFiniteLossError) return error;
    if (!this.#checkpoints?.areThere()) return error;
    error.message += `\nThe last checkpoint is whole; this goes on from it:\n  ${this.#resumeCommand()}`;
    return error;
  }

  /** What does something with the run. */
  #commandFor(task: string, words: readonly string[]): string {
    return taskCommand(task, words, { read: [this.#run!.path, dataFolder(this.#data)] });
  }

  #reportCommand(): string {
    const { path } = this.#run!;
    return taskCommand("report", [operandWord(path)], { read: [dataFolder(this.#data)], write: [path] });
  }

  #resumeCommand(): string {
    const { path } = this.#run!;
    const files = { read: [dataFolder(this.#data)], write: [path] };
    return taskCommand(this.#recipe.name, flagWords("resume", path), files);
  }

  /** Lets other processes write the run. */
  [Symbol.dispose](): void {
    this.#checkpoints?.[Symbol.dispose]();
    this.#resumed?.folder[Symbol.dispose]();
  }

  /** Prints lines for people; nothing with `--json`. */
  print(...lines: string[]): void {
    this.status.clear();
    if (!this.#flags.json) lines.forEach((line) => console.log(line));
  }

  /** Prints and keeps the figures of an epoch, or of some steps, and saves the model of that moment. */
  async report(place: { epoch: number } | { epoch: number; step: number }, metrics: Metrics): Promise<void> {
    const { step } = this.#trainer!;
    const line = { event: "step" in place ? "report" : "epoch", ...place, step, ...metrics };
    this.#emit(line);
    await this.#run!.log(line);
    await this.#run!.saveModel(this.#trainer!.model);
    await this.#events?.report(this.#trainer!.step, metrics);
    await this.#pictures?.report(line, 1000 * metrics.seconds);
  }

  /**
   * Shows what the trained model takes the first test images for; draws its confusion and its mistakes. Like the other
   * pictures, it ends no training.
   */
  async show({ classNames }: scanline.Dataset): Promise<void> {
    if (!this.#pictures) return;
    try {
      const reader = this.#trainer!, { sequence } = reader.config;
      const tested = { reader, sequence, test: reader.split("test"), classNames };
      this.#findings = await findOut(tested, this.loop);
    } catch (error) {
      if (error === this.loop.signal?.reason) throw error;
      this.status.clear();
      console.error(`Cannot show predictions: ${messageOf(error)}; all else goes on`);
      return;
    }
    this.status.clear();
    if (this.#flags.json) return;
    this.print("", `The first test images: ${CAPTIONS}`, "");
    this.print(...drawForTerminal(this.#findings.first));
  }

  /** Keeps figures of the trained model for the `end` of the run. */
  conclude(result: Partial<Metrics>): void {
    this.#result = result;
  }

  /** Saves the model and says where it is. */
  async end(): Promise<void> {
    const interrupted = this.loop.signal!.aborted;
    if (!this.#run || !this.#trainer) {
      const kept = this.#resumed ? "the run is as it was" : "nothing was trained";
      if (interrupted) this.#tell(`Interrupted before the first step: ${kept}`);
      return;
    }
    const { path } = this.#run;
    const { model, step } = this.#trainer;
    await this.#run.saveModel(model);
    const sha256 = await scanline.modelSha256(model, this.#trainer.config.sequence);
    const line = {
      event: "end",
      run: path,
      step,
      interrupted,
      ...this.#result,
      modelSha256: sha256,
      endedAt: new Date().toISOString(),
    };
    this.#emit(line);
    await this.#run.log(line);
    if (interrupted) this.print(`Interrupted after ${scanline.formatQuantity(step, "steps")}`);
    this.print(
      "",
      `saved     ${shown(path)}`,
      `sha256    ${sha256}`,
      ...(interrupted ? [`resume    ${this.#resumeCommand()}`] : []),
      `evaluate  ${this.#commandFor("evaluate", flagWords("model", path))}`,
    );
    this.#trainer = null; // and with it the images and the engine: drawing needs room too
    (globalThis as { gc?: () => void }).gc?.(); // there with --v8-flags=--expose-gc, as in the tasks of the recipes
    if (!this.#pictures) return;
    this.#phase = "draw";
    const drawn = await this.#pictures.end(line, this.#findings, interrupted ? undefined : this.loop.signal);
    if (drawn === true) this.print(`report    ${shown(path)}/report.html`);
    else {
      const why = drawn ? "Not everything could be drawn" : "Interrupted while drawing";
      this.#tell(`${why}: the model is saved, and this draws the rest:\n  ${this.#reportCommand()}`);
    }
  }

  /** The configuration of the run that goes on, but for what may change on the way. */
  #resumedConfig(trainer: scanline.Trainer) {
    const { config } = this.#resumed!.checkpoint;
    const command = trainingCommand(this.#recipe, this.#flags, trainer);
    return { ...config, command, length: this.length, data: { ...config.data, ...this.#data } };
  }

  #emit(line: Record<string, unknown>): void {
    this.status.clear();
    if (this.#flags.json) console.log(JSON.stringify(line));
  }

  #tell(text: string): void {
    this.status.clear();
    if (!this.#flags.quiet) console.error(text);
  }

  #draw({ phase, epoch, done, total, elapsedMs, loss }: scanline.LoopProgress): void {
    this.status.draw((width) =>
      scanline.formatProgress({
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
