/**
 * The folder of a run: its configuration, its figures and its model.
 *
 * ```text
 * runs/train-lstm/2026-11-22T05-41-25/
 *   config.json     the model, the training and the data, with all defaults filled in
 *   metrics.jsonl   one line a report, appended as it happens
 *   losses.f32      the loss of every step
 *   checkpoints/    the last two, to resume from
 *   model/          model.json, weights.bin: what TensorFlow.js loads
 *   report.html, …  pictures, exports and other files
 * ```
 *
 * @module
 */
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
import type { LayersModel } from "../model/from_tensorflow.ts";
import { serializeModel } from "../model/tensorflow_files.ts";
import type { TrainedModel } from "../model/trained_model.ts";
import { printable } from "../excerpt.ts";
import { check, checkOptions, optional, type Rule, type Rules, TEXT } from "../options.ts";
import { checkConfig, configText, MOST_CONFIG_BYTES, parseRunConfig, type RunConfig } from "./config.ts";
import { readLosses } from "./losses_file.ts";
import { parseMetrics } from "./metrics_file.ts";
import { withWeights } from "./run_files.ts";

const MOST_BYTES = 2 ** 31;

/** Where {@link createRunFolder} puts a run. */
export interface RunOptions {
  /** Names the folder below `root`. */
  readonly recipe: string;
  /** The folder of all runs; `runs` by default. */
  readonly root?: string;
  /** Takes this folder instead, which must be empty or not there yet. */
  readonly out?: string;
}

/** A run on disk. */
export interface SavedRun {
  /** The folder. */
  readonly path: string;
  /** The contents of `config.json`. */
  readonly config: RunConfig;
  /** The model that was saved last. */
  readonly model: TrainedModel;
}

/** The figures of a run on disk. */
export interface SavedMetrics {
  /** The folder. */
  readonly path: string;
  /** The contents of `config.json`. */
  readonly config: RunConfig;
  /** The lines of `metrics.jsonl` that are JSON objects: the last line may be half written. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** The loss of every step up to the last checkpoint; NaN where it is unknown. */
  readonly losses: Float32Array;
}

/** Writes files into the folder of a run. */
export class RunFolder {
  /** The folder. */
  readonly path: string;

  /** Makes no folder. @param path The folder of a run; {@link createRunFolder} makes a new one */
  constructor(path: string) {
    this.path = path;
  }

  /** Writes `config.json`. @throws {TypeError} If it could not be read back. */
  async writeConfig(config: RunConfig): Promise<void> {
    checkConfig("write config.json", config);
    await writeWhole(`${this.path}/config.json`, configText(config));
  }

  /** Appends one line to `metrics.jsonl`. */
  async log(metrics: Readonly<Record<string, unknown>>): Promise<void> {
    await appendTo(`${this.path}/metrics.jsonl`, JSON.stringify(metrics) + "\n");
  }

  /** Writes or replaces a file in the folder, or in one below it. Readers never find half a file. */
  async write(name: string, contents: string | Uint8Array): Promise<void> {
    await this.#makeFolders(name);
    await writeWhole(`${this.path}/${name}`, typeof contents === "string" ? encode(contents) : contents);
  }

  /** Appends to a file in the folder, or in one below it. */
  async append(name: string, bytes: Uint8Array): Promise<void> {
    await this.#makeFolders(name);
    await appendTo(`${this.path}/${name}`, bytes);
  }

  /** The loss of every step up to the last checkpoint. */
  async losses(): Promise<Float32Array> {
    return await readLosses(this.path);
  }

  /** Makes the folders of a name below the run; never the run itself, which may have vanished. */
  async #makeFolders(name: string): Promise<void> {
    const parts = name.split("/");
    for (let i = 1; i < parts.length; i++) await makeFolder(`${this.path}/${parts.slice(0, i).join("/")}`);
  }

  /** Writes or replaces the model. If the process is killed meanwhile, the old or the new model is intact. */
  async saveModel(model: LayersModel): Promise<void> {
    const { json, weights } = await serializeModel(model);
    await makeFolder(`${this.path}/model`);
    await writeWhole(`${this.path}/model/weights.bin`, weights);
    await writeWhole(`${this.path}/model/model.json`, encode(json)); // has the same text every time
  }
}

/**
 * Makes the folder of a new run, `<root>/<recipe>/<time in UTC>`. It never overwrites anything.
 *
 * @throws {RangeError} If `out` is not empty.
 * @throws {Deno.errors.NotCapable} If Deno may not write there; the message names the flag.
 */
export async function createRunFolder(options: RunOptions): Promise<RunFolder> {
  const { recipe, root = "runs", out } = checkOptions("make the folder of the run", options, FOLDER_RULES);
  const path = out?.replace(/(?<=.)\/+$/, "") ?? `${root}/${recipe}`;
  try {
    return new RunFolder(out ? await makeEmpty(path) : await makeTimed(path));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw notAllowed(error.message.includes("read access") ? "read" : "write", `${path}/`, error);
  }
}

const FOLDER_RULES: Rules<RunOptions> = {
  recipe: {
    ...TEXT,
    must: "a name of at most 200 bytes that can name a folder, without a dot in front",
    holds: (name: string) =>
      /^[^/\\]{1,200}$/.test(name) && !/^\.|^ *$/.test(name) && printable(name, 200) === name &&
      new TextEncoder().encode(name).length <= 200,
  },
  root: optional({ ...TEXT, must: "the folder of all runs", holds: (path: string) => path !== "" }),
  out: optional({ ...TEXT, must: "a folder", holds: (path: string) => path !== "" }),
};

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
 * Opens a run on disk.
 *
 * @param path The folder of the run, or `model` in it
 * @throws {Deno.errors.NotFound} If there is no run.
 * @throws {SyntaxError} If `config.json` is not the configuration of a run.
 * @throws {TypeError} If the model is damaged, or something in the folder is a link, or a pipe.
 */
export async function openRun(path: string): Promise<SavedRun> {
  const folder = await folderOf(path);
  const config = await readConfig(folder);
  const weights = await readPart(folder, "model/weights.bin");
  return { path: folder, config, model: withWeights(config, weights, `the run ${shown(folder)}`) };
}

/**
 * Opens the figures of a run, which may still be training.
 *
 * @param path The folder of the run, or `model` in it
 * @throws {Deno.errors.NotFound} If there is no run.
 * @throws {SyntaxError} If `config.json` is not the configuration of a run.
 * @throws {TypeError} If something in the folder is a link, or a pipe.
 */
export async function openMetrics(path: string): Promise<SavedMetrics> {
  const folder = await folderOf(path);
  const config = await readConfig(folder);
  const found = await readFirst(folder, ["metrics.jsonl"], { mostBytes: MOST_BYTES }); // missing before the first report
  const lines = found ? parseMetrics(decode(found.bytes)) : [];
  return { path: folder, config, lines, losses: await readLosses(folder) };
}

/** The rule for the path of a run. */
export const RUN_PATH: Rule = {
  ...TEXT,
  must: "the folder of a run",
  holds: (path: string) => path.length > 0 && path.length <= 4096,
};

/** `model` in a run means the run, unless it is a run itself. */
async function folderOf(path: string): Promise<string> {
  check("open the run", "path", { value: path, rule: RUN_PATH });
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
  if (await hasConfig(folder)) await checkRun(folder, "read"); // other folders may have links in them
  const text = decode(await readPart(folder, "config.json", MOST_CONFIG_BYTES));
  return await parseRunConfig(text, `Cannot open the run ${shown(folder)}: config.json`, async () => {
    const found = await readFirst(`${folder}/model`, ["model.json"], { mostBytes: MOST_CONFIG_BYTES });
    return found && decode(found.bytes);
  });
}

async function readPart(folder: string, name: string, mostBytes = MOST_BYTES): Promise<Uint8Array> {
  const parts = name.split("/"), file = parts.pop()!;
  const found = await readFirst([folder, ...parts].join("/"), [file], { mostBytes });
  if (found) return found.bytes;
  throw new Deno.errors.NotFound(
    `Cannot open the run: it must have config.json and model/weights.bin: ` +
      `current value is no ${shown(`${folder}/${name}`)}`,
  );
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
