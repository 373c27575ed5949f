/**
 * Finds a model among files: that of a run's folder, or of its zip, or a safetensors file.
 *
 * @module
 */
import type { ModelFiles } from "../workers/messages.ts";

/** A file that was dropped or chosen. */
export interface FoundFile {
  /** With the folders that it lies in. */
  readonly path: string;
  readonly sizeBytes: number;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
}

/** A model, and what to call it. */
export interface FoundModel {
  readonly name: string;
  readonly model: ModelFiles;
}

/** More than any network that reads 28 × 28 pixels and is still a pleasure to watch. */
const MOST_BYTES = 2 ** 26;
/** As `openRun()` takes it. */
const MOST_CONFIG_BYTES = 2 ** 20;

/**
 * The model in files. What it contains is checked where it is opened.
 *
 * @throws {Error} With one sentence, if there is no model, more than one, or one that is too large.
 */
export async function findModel(files: readonly FoundFile[]): Promise<FoundModel> {
  if (files.length === 1 && /\.zip$/i.test(files[0].path)) files = await unpack(files[0]);
  const find = (path: string) => files.find((file) => file.path === path);
  const folders = files.flatMap(({ path }) => {
    const [, folder] = /^(.*?)model\/weights\.bin$/.exec(path) ?? [];
    return folder !== undefined && find(`${folder}config.json`) ? [folder] : [];
  });
  if (folders.length > 1) {
    throw cannot(
      `it must hold one run: current value is ${folders.length}; take one of them, such as ${folders[0]}`,
    );
  }
  if (folders.length === 1) return await runIn(folders[0], find);
  const single = files.filter(({ path }) =>
    path.endsWith(".safetensors") && !/(^|\/)checkpoints\//.test(path)
  );
  if (single.length === 1) {
    const name = nameOf(single[0].path.replace(/\.safetensors$/, ""));
    return { name, model: await contentsOf(single[0], MOST_BYTES) };
  }
  const given = files.length === 1 ? `: current value is ${files[0].path}` : "";
  throw cannot(
    "it must be the folder of a run, with config.json and model/weights.bin, its zip, or one .safetensors file that " +
      `Scanline wrote${given}`,
  );
}

/** The files of a zip that make a model. */
async function unpack(zip: FoundFile): Promise<FoundFile[]> {
  const { unzipSync } = await import("fflate"), bytes = await contentsOf(zip, MOST_BYTES);
  const kept = /(^|\/)(config\.json|model\/model\.json|model\/weights\.bin)$/;
  let sizeBytes = 0;
  const filter = ({ name, originalSize }: { name: string; originalSize: number }) =>
    kept.test(name) && (sizeBytes += originalSize) <= MOST_BYTES;
  let found: Record<string, Uint8Array>;
  try {
    found = unzipSync(bytes, { filter });
  } catch (cause) {
    throw new Error(`Cannot open a network: ${zip.path} must be a zip that is whole`, { cause });
  }
  if (sizeBytes > MOST_BYTES) {
    throw cannot(
      `the models in ${zip.path} must have at most ${MOST_BYTES} bytes: current value is ${sizeBytes}`,
    );
  }
  return Object.entries(found).map(([path, bytes]) => ({
    path,
    sizeBytes: bytes.length,
    bytes: () => Promise.resolve(new Uint8Array(bytes)),
  }));
}

async function runIn(folder: string, find: (path: string) => FoundFile | undefined): Promise<FoundModel> {
  const textOf = async (file: FoundFile) =>
    new TextDecoder().decode(await contentsOf(file, MOST_CONFIG_BYTES));
  const modelJson = find(`${folder}model/model.json`);
  const config = await textOf(find(`${folder}config.json`)!);
  return {
    name: nameOfRun(folder, config),
    model: {
      config,
      weights: await contentsOf(find(`${folder}model/weights.bin`)!, MOST_BYTES),
      ...(modelJson && modelJson.sizeBytes <= MOST_CONFIG_BYTES
        ? { modelJson: await textOf(modelJson) }
        : {}),
    },
  };
}

async function contentsOf(file: FoundFile, most: number): Promise<Uint8Array<ArrayBuffer>> {
  if (file.sizeBytes <= most) return await file.bytes();
  throw cannot(`${file.path} must have at most ${most} bytes: current value is ${file.sizeBytes}`);
}

/** The last two folders of a path: `train-lstm/2026-11-22T05-41-25`. */
function nameOf(path: string): string {
  return path.split("/").filter(Boolean).slice(-2).join("/").slice(0, 80);
}

/** Its recipe, and the folder that it lies in: `train-lstm/2026-11-22T05-41-25`. */
function nameOfRun(folder: string, config: string): string {
  const [, recipe] = /"recipe":\s*"([\w-]{1,60})"/.exec(config) ?? [];
  const path = nameOf(folder.replace(/\/$/, ""));
  if (recipe === undefined) return path || "a run";
  return path === "" || path.includes(recipe) ? path || recipe : `${recipe}/${path.split("/").at(-1)}`;
}

function cannot(rule: string): Error {
  return new Error(`Cannot open a network: ${rule}`);
}
