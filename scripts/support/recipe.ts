/**
 * What the recipes share and what is not the recipe: flags, Ctrl-C, the progress bar, `--json`, the folder of the run.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import * as scanline from "../../mod.ts";
import {
  DATA_FLAGS,
  describeDevice,
  DEVICE_FLAGS,
  deviceOptions,
  OUTPUT_FLAGS,
  runCommand,
} from "./command.ts";
import { EventFiles } from "./event_files.ts";
import { type Findings, findOut } from "./findings.ts";
import { FlagError, type Flags, type FlagValues } from "./flags.ts";
import { inputOf, RunPictures, stepsPerEpoch } from "./run_pictures.ts";
import { StatusLine } from "./status_line.ts";
import { drawForTerminal } from "./terminal.ts";

/** A recipe's name, and what its flags are by default. */
export interface Recipe {
  readonly name: string;
  readonly about: string;
  /** In its own unit: epochs or steps. */
  readonly length: scanline.Length;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
}

/** Figures of a report, as `--json` prints and `metrics.jsonl` keeps them. */
export interface Metrics {
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  readonly testLoss: number;
  readonly testAccuracy: number;
  readonly seconds: number;
}

/** Flags that change no bit of what is trained. */
const UNSEEN_IN_BITS = ["threads", "out", "tensorboard", "no-pictures", "json", "quiet", "help"];
const INTERRUPTED = 130; // 128 + SIGINT, as shells count

/** Runs a recipe with the flags it was called with, and saves its model, after Ctrl-C too. */
export function runRecipe(recipe: Recipe, body: (run: RecipeRun) => Promise<void>): Promise<void> {
  const { name, about } = recipe;
  const spec = { name, about, flags: flagsOf(recipe), read: ["data", "runs", "lib"], write: ["runs"] };
  return runCommand(spec, async (flags) => {
    using interrupt = new Interrupt();
    const run = new RecipeRun(recipe, flags, interrupt);
    try {
      await body(run);
    } catch (error) {
      run.status.clear();
      if (error !== interrupt.signal.reason) throw error;
    }
    await run.end();
    return interrupt.signal.aborted ? INTERRUPTED : 0;
  });
}

function flagsOf({ name, length, batchSize, learningRate, seed }: Recipe) {
  const usual = (unit: "epochs" | "steps") => unit in length ? ` (default ${Object.values(length)[0]})` : "";
  return {
    epochs: { kind: "whole", least: 1, help: `passes over the training images${usual("epochs")}` },
    steps: { kind: "whole", least: 1, help: `training steps, instead of epochs${usual("steps")}` },
    "batch-size": { kind: "whole", least: 1, default: batchSize, help: "images a step" },
    "learning-rate": { kind: "positive", default: learningRate, help: "of the optimizer" },
    seed: {
      kind: "whole",
      least: 0,
      most: 2 ** 32 - 1,
      default: seed,
      help: "of weights, order and dropout",
    },
    ...DEVICE_FLAGS,
    ...DATA_FLAGS,
    limit: { kind: "whole", least: 1, help: "take only the first N training images" },
    out: { kind: "text", placeholder: "FOLDER", help: `where the run goes (default runs/${name}/<time>)` },
    tensorboard: { kind: "switch", help: "write event files into the run's folder too" },
    "no-pictures": { kind: "switch", help: "draw nothing and write no report" },
    ...OUTPUT_FLAGS,
  } as const satisfies Flags;
}

/** The first Ctrl-C aborts, the second one exits. */
class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #listener = () => {
    if (this.signal.aborted) Deno.exit(INTERRUPTED);
    this.#controller.abort();
  };

  constructor() {
    Deno.addSignalListener("SIGINT", this.#listener);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    Deno.removeSignalListener("SIGINT", this.#listener);
  }
}

/** One run of a recipe. */
export class RecipeRun {
  /** What `loadDataset()` takes. */
  readonly data: scanline.LoadOptions;
  /** How long to train. */
  readonly length: scanline.Length;
  /** What `compile()` takes of the flags. */
  readonly training: Required<Pick<scanline.CompileOptions, "batchSize" | "seed">> & scanline.DeviceOptions;
  readonly learningRate: number;
  /** What every loop takes: Ctrl-C and the progress bar. */
  readonly loop: scanline.LoopOptions;
  readonly status: StatusLine;
  readonly #recipe: Recipe;
  readonly #flags: FlagValues<ReturnType<typeof flagsOf>>;
  #trainer: scanline.Trainer | null = null;
  #run: scanline.Run | null = null;
  #pictures: RunPictures | null = null;
  #events: EventFiles | null = null;
  #findings: Findings | null = null;
  #result: Partial<Metrics> = {};

  constructor(
    recipe: Recipe,
    flags: FlagValues<ReturnType<typeof flagsOf>>,
    { signal }: { signal: AbortSignal },
  ) {
    const { epochs, steps, dataset, limit, seed } = flags;
    if (epochs !== undefined && steps !== undefined) {
      throw new FlagError("Cannot use --epochs and --steps: it must be one of them");
    }
    this.#recipe = recipe;
    this.#flags = flags;
    this.data = { dataset, dataDir: flags["data-dir"], limit };
    this.length = epochs ? { epochs } : steps ? { steps } : recipe.length;
    this.training = { batchSize: flags["batch-size"], seed, ...deviceOptions(flags) };
    this.learningRate = flags["learning-rate"];
    this.status = new StatusLine(!flags.quiet);
    this.loop = { signal, onProgress: (progress) => this.#draw(progress) };
    signal.addEventListener(
      "abort",
      () => this.#tell("Stopping after the running step; Ctrl-C again exits at once"),
    );
  }

  /** Makes the folder of the run, and says what will be trained, and on what. */
  async begin(trainer: scanline.Trainer): Promise<void> {
    this.loop.signal?.throwIfAborted();
    const { name } = this.#recipe;
    const { device, network } = trainer;
    this.#run = await scanline.createRun({ recipe: name, out: this.#flags.out });
    this.#trainer = trainer;
    const config = this.#config(trainer);
    await this.#run.writeConfig(config);
    this.#tell(describeDevice(trainer));
    if (!this.#flags.json) this.#tell(scanline.describeStructure(network, inputOf(trainer)).join("\n"));
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
    if (this.#flags.tensorboard) this.#events = new EventFiles(this.#run);
    if (this.#flags["no-pictures"]) return;
    this.#pictures = new RunPictures(this.#run, {
      config,
      network,
      input: inputOf(trainer),
      stepsPerEpoch: stepsPerEpoch(trainer.config),
    });
    await this.#pictures.begin();
  }

  /** Prints lines for people; nothing with `--json`. */
  print(...lines: string[]): void {
    this.status.clear();
    if (!this.#flags.json) lines.forEach((line) => console.log(line));
  }

  /** Prints and keeps the figures of an epoch, or of some steps, and saves the model of that moment. */
  async report(place: { epoch: number } | { epoch: number; step: number }, metrics: Metrics): Promise<void> {
    const line = { event: "step" in place ? "report" : "epoch", ...place, ...metrics };
    this.#emit(line);
    await this.#run!.log(line);
    await this.#run!.saveModel(this.#trainer!.model);
    await this.#events?.report(this.#trainer!.step, metrics);
    await this.#pictures?.report(line, 1000 * metrics.seconds);
  }

  /** Shows what the trained model takes the first test images for; draws its confusion and its mistakes. */
  async show({ classNames }: scanline.Dataset): Promise<void> {
    if (!this.#pictures) return;
    this.#findings = await findOut(this.#trainer!, classNames, this.loop);
    this.status.clear();
    if (this.#flags.json) return;
    this.print("", "The first test images: what each was taken for, for what it is, and how surely", "");
    this.print(...drawForTerminal(this.#findings.first));
  }

  /** Keeps figures of the trained model for the `end` of the run. */
  conclude(result: Partial<Metrics>): void {
    this.#result = result;
  }

  /** Saves the model and says where it is. */
  async end(): Promise<void> {
    if (!this.#run || !this.#trainer) return;
    const { path } = this.#run;
    const { model, step } = this.#trainer;
    await this.#run.saveModel(model);
    const sha256 = await scanline.parametersSha256(model);
    const interrupted = this.loop.signal!.aborted;
    const line = { event: "end", run: path, step, interrupted, ...this.#result, parametersSha256: sha256 };
    this.#emit(line);
    await this.#run.log(line);
    await this.#pictures?.end(line, this.#findings);
    if (interrupted) this.print(`Interrupted after ${step} steps`);
    this.print(
      "",
      `saved     ${path}`,
      `sha256    ${sha256}`,
      `evaluate  deno task evaluate --model ${path}`,
      ...(this.#pictures ? [`report    ${path}/report.html`] : []),
    );
  }

  #config(trainer: scanline.Trainer) {
    const { layers, head, parameterCount } = trainer.network;
    const { dataset, dataDir } = this.data;
    const files = dataDir ? [] : scanline.CATALOGUE[dataset ?? "mnist"].files;
    return {
      recipe: this.#recipe.name,
      command: this.#command(trainer),
      startedAt: new Date().toISOString(),
      length: this.length,
      training: trainer.config,
      data: { ...this.data, sha256: Object.fromEntries(files.map(({ name, sha256 }) => [name, sha256])) },
      network: { layers: layers.map(sizesOf), classes: head.classes, parameterCount },
      device: trainer.device,
      versions: { deno: Deno.version.deno, v8: Deno.version.v8, tfjs: tf.version.tfjs },
      machine: { os: Deno.build.os, arch: Deno.build.arch, cores: navigator.hardwareConcurrency },
    };
  }

  /** What trains the same again: with the device that was found, as another would give other bits. */
  #command({ device }: scanline.Trainer): string {
    const values = Object.entries(this.#flags).filter(([name, value]) => {
      return value !== undefined && value !== false && !UNSEEN_IN_BITS.includes(name) && name !== "device";
    });
    const words = [...values, ["device", device.kind] as const].flatMap(([name, value]) =>
      value === true ? [`--${name}`] : [`--${name}`, quote(String(value))]
    );
    return ["deno task", this.#recipe.name, ...words].join(" ");
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

/** For a shell, where that is needed. */
function quote(word: string): string {
  return /^[\w./:,+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function sizesOf({ kernel: _, recurrentKernel: __, bias: ___, ...sizes }: scanline.RecurrentLayer) {
  return sizes;
}
