/**
 * The images of a run: those that its model was trained on, or others that it can read.
 *
 * @module
 */
import { CATALOGUE } from "../data/catalogue.ts";
import { type Dataset, loadDataset, type LoadOptions } from "../data/dataset.ts";
import type { PreparePictureOptions } from "../data/prepare_picture.ts";
import { imageSizeOf } from "../data/sequence.ts";
import { printable } from "../excerpt.ts";
import { readsImagesOf } from "../model/trained_model.ts";
import type { SavedRun } from "./folder.ts";

/** The folder that images are loaded from. */
export function dataFolder({ dataset = "mnist", dataDir }: LoadOptions): string {
  return dataDir ?? `data/${dataset}`;
}

/**
 * What `loadDataset()` takes to load the images of a run, or others, as its model needs them: with as many classes, and
 * with the run's own labels and names where they are the run's own images.
 *
 * @param asked Options that replace those of the run
 */
export function imagesOf({ config, model }: SavedRun, asked: LoadOptions = {}): LoadOptions {
  const { sha256: _, assumed: __, ...saved } = config.data ?? {};
  const given: LoadOptions = Object.fromEntries(
    Object.entries(asked).filter(([, value]) => value !== undefined),
  );
  const others = given.dataset !== undefined ||
    (given.dataDir !== undefined && given.dataDir !== saved.dataDir);
  const options = others ? given : { ...saved, ...given };
  if (options.dataDir === undefined) return options;
  const { classes } = model.network;
  const known = saved.firstLabel !== undefined || // unknown in an imported run whose images were never loaded
    saved.dataDir === undefined && classes === CATALOGUE[saved.dataset ?? "mnist"].classNames.length;
  const named = model.classNames.some((name, k) => name !== String(k));
  return {
    classes,
    ...(known ? { firstLabel: saved.firstLabel ?? 0 } : {}),
    ...(named ? { classNames: model.classNames.map((name) => printable(name)) } : {}),
    ...options,
  };
}

/**
 * Loads images for the model of a run.
 *
 * @param options As {@link imagesOf} returns them
 * @param what For messages: `Cannot <what>`
 * @throws {RangeError} If they have other classes, or another size, than the model was trained on.
 */
export async function loadImagesFor(
  { path, model }: SavedRun,
  options: LoadOptions,
  what: string,
): Promise<Dataset> {
  const { network, T, sequence } = model, { classes } = network;
  const data = await loadDataset(options).catch((error) => {
    if (error instanceof RangeError) error.message += `; the model of ${path} has ${classes} classes`;
    throw error;
  });
  const wrong = (rule: string, found: string) =>
    new RangeError(
      `Cannot ${what}: the images must have ${rule}, as the model of ${path} has: current value is ${found}, ` +
        `of ${data.name}; --dataset or --data-dir names other images`,
    );
  if (data.classes !== classes) throw wrong(`${classes} classes`, `${data.classes} classes`);
  const { height, width } = data.test;
  if (readsImagesOf(data.test, model)) return data;
  const size = imageSizeOf(sequence, { T, C: network.input.size });
  const rule = sequence.axis === "pixels"
    ? `${T} pixels`
    : `${size.height ?? "any"} × ${size.width ?? "any"} pixels`;
  throw wrong(rule, `${height} × ${width}`);
}

/** How pictures must be prepared for the model of a run. */
export function pictureOptions({ config, model }: SavedRun): PreparePictureOptions {
  const { dataset, dataDir } = config.data ?? {};
  const entry = dataset === undefined || dataDir !== undefined ? null : CATALOGUE[dataset];
  return {
    preparation: model.preparation ?? entry?.preparation ?? "none",
    lightOnBlack: entry !== null,
  };
}
