/**
 * The images that a command works on: those its flags name, or those of a run, as its model reads them.
 *
 * @module
 */
import * as scanline from "../../mod.ts";
import {
  checkAllowed,
  dataFolder,
  excerpt,
  type Files,
  imagesOf,
  loadImagesFor,
  type SavedRun,
  shown,
} from "../../run.ts";
import type { DATA_FLAGS } from "./command.ts";
import { FlagError, type FlagValues } from "./flags.ts";

/** The longest name that `config.json` may hold. */
const MOST_NAME_CHARACTERS = 100;

/** The values of the flags, as `loadDataset()` takes them. */
export function dataOptions(flags: FlagValues<typeof DATA_FLAGS>): scanline.LoadOptions {
  return {
    dataset: flags.dataset,
    dataDir: flags["data-dir"],
    classes: flags.classes,
    firstLabel: flags["first-label"],
    transpose: flags.transpose || undefined,
    classNames: classNamesFlag(flags["class-names"]),
  };
}

/** The names in `--class-names`. @throws {FlagError} If one is longer than `config.json` may hold. */
export function classNamesFlag(text: string | undefined): readonly string[] | undefined {
  const names = text?.split(",");
  const long = names?.find((name) => name.length > MOST_NAME_CHARACTERS);
  if (long === undefined) return names;
  throw new FlagError(
    `Cannot use --class-names: a name must have at most ${MOST_NAME_CHARACTERS} characters: ` +
      `current value is ${long.length}, of ${excerpt(long, 20)}`,
  );
}

/** Flags that need `--data-dir`, by the names of the options of `loadDataset()`. */
const OWN_DATA_FLAGS = {
  classes: "classes",
  firstLabel: "first-label",
  transpose: "transpose",
  classNames: "class-names",
} as const;

/** @throws {FlagError} If a flag that needs `--data-dir` stands without it. */
export function checkOwnData(options: scanline.LoadOptions): void {
  if (options.dataDir !== undefined) return;
  for (const [option, flag] of Object.entries(OWN_DATA_FLAGS)) {
    if (options[option as keyof typeof OWN_DATA_FLAGS] === undefined) continue;
    throw new FlagError(`Cannot use --${flag}: it must stand with --data-dir, whose images it is about`);
  }
}

/** Loads images, and prints the labels that were found, unless flags gave them. */
export async function loadImages(
  options: scanline.LoadOptions,
  { quiet }: { quiet: boolean },
): Promise<scanline.Dataset> {
  checkOwnData(options);
  const data = await scanline.loadDataset(options);
  printLabels(data, options, { quiet });
  return data;
}

function printLabels(
  { classes, firstLabel }: scanline.Dataset,
  options: scanline.LoadOptions,
  { quiet }: { quiet: boolean },
): void {
  const told = options.classes !== undefined && options.firstLabel !== undefined;
  const asUsual = classes === 10 && firstLabel === 0;
  if (!quiet && options.dataDir !== undefined && !told && !asUsual) {
    console.error(`labels ${firstLabel} to ${firstLabel + classes - 1}: ${classes} classes`);
  }
}

/**
 * Loads the images of a run, or others that flags name, for its model.
 *
 * @param options.what For messages: `Cannot <what>`
 * @param options.files The other paths that the command uses: the error for a folder that Deno may not read names all
 * @throws {NotAllowedError} If Deno may not read the images.
 */
export async function loadImagesOf(
  run: SavedRun,
  flags: FlagValues<typeof DATA_FLAGS>,
  { what, quiet, files }: { what: string; quiet: boolean; files: Files },
): Promise<scanline.Dataset> {
  if (!run.config.data && flags.dataset === undefined && flags["data-dir"] === undefined) {
    throw new FlagError(
      `Cannot ${what}: --dataset or --data-dir must name images, as the run ${
        shown(run.path)
      } does not say which it learned`,
    );
  }
  const options = imagesOf(run, dataOptions(flags));
  checkAllowed({ ...files, read: [...files.read ?? [], dataFolder(options)] });
  checkOwnData(options);
  const data = await loadImagesFor(run, options, what);
  printLabels(data, options, { quiet });
  return data;
}
