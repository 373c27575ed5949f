/**
 * The folder of a run: what was trained and how, what came of it, and the model.
 *
 * ```text
 * runs/train-lstm/2026-11-22T05-41-25/
 *   config.json     everything resolved
 *   metrics.jsonl   one line a report, appended as it happens
 *   checkpoints/    the last two, to go on from
 *   model/          model.json, weights.bin: what TensorFlow.js loads
 *   report.html, …  whatever else was written there
 * ```
 *
 * @module
 */
import type { Preparation } from "../data/catalogue.ts";
import {
  appendTo,
  makeFolder,
  makeFolders,
  makeNewFolder,
  notAllowed,
  readFirst,
  writeWhole,
} from "../data/files.ts";
import { checkPlace, checkRun, shown } from "../data/places.ts";
import type { Sequence } from "../data/sequence.ts";
import { hashModel } from "../model/hash.ts";
import { type LayersModel, readWeights, toNetwork } from "../model/from_tensorflow.ts";
import { deserializeModel, serializeModel } from "../model/tensorflow_files.ts";
import { check, TEXT } from "../options.ts";
import { parseMetrics } from "./metrics_file.ts";
import { parseRunConfig } from "./config.ts";
import type { TrainingConfig } from "../train/trainer.ts";

const MOST_BYTES = 2 ** 31;
const MOST_CONFIG_BYTES = 2 ** 20;

/** Where {@link createRun} puts a run. */
export interface RunOptions {
  /** Names the folder below `root`. */
  readonly recipe: string;
  /** The folder of all runs; `runs` by default. */
  readonly root?: string;
  /** Takes this folder instead, which must be empty or not there yet. */
  readonly out?: string;
}

/** What a run's `config.json` holds at least. */
export interface RunConfig {
  /** The name of what was run. */
  readonly recipe: string;
  /** How the model was trained. */
  readonly training: TrainingConfig;
  /** Where the images came from; what of it `loadDataset()` takes. */
  readonly data: Readonly<Record<string, unknown>>;
  /** What the model itself is. */
  readonly model?: {
    /** What class 0, 1, … stands for. */
    readonly classNames?: readonly string[];
    /** What must be done to a picture before the model sees it; absent in runs of before, and where nobody knows. */
    readonly preparation?: Preparation;
  };
}

/** A run as it was found on disk. */
export interface SavedRun {
  /** The folder. */
  readonly path: string;
  /** What `config.json` says. */
  readonly config: RunConfig;
  /** The model as it was saved last. */
  readonly model: LayersModel;
}

/** The figures of a run as they were found on disk. */
export interface SavedMetrics {
  /** The folder. */
  readonly path: string;
  /** What `config.json` says. */
  readonly config: RunConfig;
  /** The lines of `metrics.jsonl`, as far as they are JSON: the last one may be half written. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

/** A run that is being written. */
export class Run {
  /** The folder. */
  readonly path: string;

  /** Use {@link createRun}. */
  constructor(path: string) {
    this.path = path;
  }

  /** Writes `config.json`. */
  async writeConfig(config: RunConfig): Promise<void> {
    await writeWhole(`${this.path}/config.json`, encode(JSON.stringify(config, null, 2) + "\n"));
  }

  /** Appends one line to `metrics.jsonl`. */
  async log(metrics: Readonly<Record<string, unknown>>): Promise<void> {
    await appendTo(`${this.path}/metrics.jsonl`, JSON.stringify(metrics) + "\n");
  }

  /** Writes a file into the folder, or into one below it, or replaces it: whoever looks finds all of it. */
  async write(name: string, contents: string | Uint8Array): Promise<void> {
    await this.#makeFolders(name);
    await writeWhole(`${this.path}/${name}`, typeof contents === "string" ? encode(contents) : contents);
  }

  /** Appends to a file in the folder, or in one below it. */
  async append(name: string, bytes: Uint8Array): Promise<void> {
    await this.#makeFolders(name);
    await appendTo(`${this.path}/${name}`, bytes);
  }

  /** Those below the run that a name goes through; not the run itself, which may have vanished. */
  async #makeFolders(name: string): Promise<void> {
    const parts = name.split("/");
    for (let i = 1; i < parts.length; i++) await makeFolder(`${this.path}/${parts.slice(0, i).join("/")}`);
  }

  /** Writes the model, or replaces the one of the report before; a kill meanwhile leaves one of them whole. */
  async saveModel(model: LayersModel): Promise<void> {
    const { json, weights } = await serializeModel(model);
    await makeFolder(`${this.path}/model`);
    await writeWhole(`${this.path}/model/weights.bin`, weights);
    await writeWhole(`${this.path}/model/model.json`, encode(json)); // the same text every time
  }
}

/**
 * Makes the folder of a new run, `<root>/<recipe>/<time in UTC>`; nothing is ever overwritten.
 *
 * @example
 * ```ts ignore
 * import { createRun } from "./run.ts";
 *
 * const run = await createRun({ recipe: "my-recipe" });
 * await run.writeConfig({ recipe: "my-recipe", training: trainer.config, data: { dataset: "mnist" } });
 * for await (const { index, loss, accuracy } of trainer.epochs(10)) {
 *   await run.log({ event: "epoch", epoch: index, trainLoss: loss, trainAccuracy: accuracy });
 *   await run.saveModel(trainer.model);
 * }
 * ```
 *
 * @throws {RangeError} If `out` is not empty.
 * @throws {Deno.errors.NotCapable} If Deno may not write there; the message names the flag.
 */
export async function createRun({ recipe, root = "runs", out }: RunOptions): Promise<Run> {
  const path = out?.replace(/(?<=.)\/+$/, "") ?? `${root}/${recipe}`;
  try {
    return new Run(out ? await makeEmpty(path) : await makeTimed(path));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw notAllowed(error.message.includes("read access") ? "read" : "write", `${path}/`, error);
  }
}

async function makeEmpty(out: string): Promise<string> {
  checkPlace(out, "write");
  await makeFolders(out);
  const found = (await Array.fromAsync(Deno.readDir(out))).length;
  if (found > 0) {
    throw new RangeError(
      `Cannot write the run to ${shown(out)}: it must be empty: current value is ${found} entries`,
    );
  }
  return out;
}

/** A second run in the same second gets `-2`. */
async function makeTimed(folder: string): Promise<string> {
  checkPlace(folder, "write");
  await makeFolders(folder);
  const time = Temporal.Now.plainDateTimeISO("UTC").toString({ smallestUnit: "second" }).replaceAll(":", "-");
  for (let attempt = 1;; attempt++) {
    const path = `${folder}/${time}${attempt > 1 ? `-${attempt}` : ""}`;
    try {
      await makeNewFolder(path);
      return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

/**
 * Reads a run back.
 *
 * @example
 * ```ts ignore
 * import { openRun } from "./run.ts";
 *
 * const { config, model } = await openRun("runs/train-lstm/2026-11-22T05-41-25");
 * const { axis } = config.training.sequence;
 * const parameters = model.countParams();
 * ```
 *
 * @param path The folder of the run, or `model` in it
 * @throws {Deno.errors.NotFound} If there is no run.
 * @throws {SyntaxError} If `config.json` is none.
 * @throws {TypeError} If the model is damaged, or something in the folder is a link, or a pipe.
 */
export async function openRun(path: string): Promise<SavedRun> {
  const folder = await folderOf(path);
  const config = await readConfig(folder);
  const json = decode(await readPart(`${folder}/model`, "model.json"));
  const weights = await readPart(`${folder}/model`, "weights.bin");
  return { path: folder, config, model: await deserializeModel(json, weights) };
}

/**
 * Reads the figures of a run, which may still be going on.
 *
 * @param path The folder of the run, or `model` in it
 * @throws {Deno.errors.NotFound} If there is no run.
 * @throws {SyntaxError} If `config.json` is none.
 * @throws {TypeError} If something in the folder is a link, or a pipe.
 */
export async function openMetrics(path: string): Promise<SavedMetrics> {
  const folder = await folderOf(path);
  const config = await readConfig(folder);
  const found = await readFirst(folder, ["metrics.jsonl"], { mostBytes: MOST_BYTES }); // none before the first report
  return { path: folder, config, lines: found ? parseMetrics(decode(found.bytes)) : [] };
}

/** `model` in a run stands for the run, unless it is one itself. */
async function folderOf(path: string): Promise<string> {
  check("open the run", "path", { value: path, rule: { ...TEXT, must: "the folder of a run" } });
  const folder = path.replace(/(?<=.)\/+$/, "");
  if (await isFile(folder)) {
    throw new TypeError(
      `Cannot open the run ${shown(folder)}: it must be the folder of a run: current value is a file`,
    );
  }
  if (!/(^|\/)model$/.test(folder) || await hasConfig(folder)) return folder;
  return folder.replace(/\/?model$/, "") || ".";
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(({ isFile }) => isFile, () => false);
}

async function hasConfig(folder: string): Promise<boolean> {
  return await Deno.lstat(`${folder}/config.json`).then(() => true, () => false);
}

async function readConfig(folder: string): Promise<RunConfig> {
  if (await hasConfig(folder)) await checkRun(folder, "read"); // what is no run may hold anything
  const text = decode(await readPart(folder, "config.json", MOST_CONFIG_BYTES));
  return parseRunConfig(text, `Cannot open the run ${shown(folder)}: config.json`);
}

async function readPart(folder: string, name: string, mostBytes = MOST_BYTES): Promise<Uint8Array> {
  const found = await readFirst(folder, [name], { mostBytes });
  if (found) return found.bytes;
  throw new Deno.errors.NotFound(
    `Cannot open the run: it must have config.json, model/model.json and model/weights.bin: ` +
      `current value is no ${shown(`${folder}/${name}`)}`,
  );
}

/**
 * SHA-256, in hexadecimal, of a model: of its layers, of how it reads an image, and of its weights. Equal hashes are equal
 * models, to the bit.
 */
export async function modelSha256(model: LayersModel, sequence: Sequence): Promise<string> {
  const { network } = toNetwork(model);
  return hashModel(network, sequence, await readWeights(model, network));
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
