/**
 * The images that a command works on: those its flags name, or those of a run, as its model reads them.
 *
 * @module
 */
import * as scanline from "../../mod.ts";
import { excerpt, imagesOf, loadImagesFor, type SavedRun } from "../../run.ts";
import type { DATA_FLAGS } from "./command.ts";
import { FlagError, type FlagValues } from "./flags.ts";

/** What a `config.json` may hold. */
const MOST_NAME_CHARACTERS = 100;

/** How it is said what was found. */
export interface ImagesOptions {
  readonly quiet: boolean;
}

/** What `loadDataset()` takes of the flags. */
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

/** The names in `--class-names`, each as short as a run may keep it. */
export function classNamesFlag(text: string | undefined): readonly string[] | undefined {
  const names = text?.split(",");
  const long = names?.find((name) => name.length > MOST_NAME_CHARACTERS);
  if (long === undefined) return names;
  throw new FlagError(
    `Cannot use --class-names: a name must have at most ${MOST_NAME_CHARACTERS} characters: ` +
      `current value is ${long.length}, of ${excerpt(long, 20)}`,
  );
}

/** Flags that are about images of one's own, by what `loadDataset()` calls them. */
const OWN_DATA_FLAGS = {
  classes: "classes",
  firstLabel: "first-label",
  transpose: "transpose",
  classNames: "class-names",
} as const;

/** Refuses flags about images of one's own where there are none. */
export function checkOwnData(options: scanline.LoadOptions): void {
  if (options.dataDir !== undefined) return;
  for (const [option, flag] of Object.entries(OWN_DATA_FLAGS)) {
    if (options[option as keyof typeof OWN_DATA_FLAGS] === undefined) continue;
    throw new FlagError(`Cannot use --${flag}: it must stand with --data-dir, whose images it is about`);
  }
}

/** Loads images, and says which classes were found that nobody had told. */
export async function loadImages(
  options: scanline.LoadOptions,
  { quiet }: ImagesOptions,
): Promise<scanline.Dataset> {
  checkOwnData(options);
  const data = await scanline.loadDataset(options);
  tellClasses(data, options, { quiet });
  return data;
}

function tellClasses(
  { classes, firstLabel }: scanline.Dataset,
  options: scanline.LoadOptions,
  { quiet }: ImagesOptions,
): void {
  const told = options.classes !== undefined && options.firstLabel !== undefined;
  const asUsual = classes === 10 && firstLabel === 0;
  if (!quiet && options.dataDir !== undefined && !told && !asUsual) {
    console.error(`labels ${firstLabel} to ${firstLabel + classes - 1}: ${classes} classes`);
  }
}

/**
 * Loads the images of a run, or others that flags name, for its model to read.
 *
 * @param what For messages: `Cannot <what>`
 */
export async function loadImagesOf(
  run: SavedRun,
  flags: FlagValues<typeof DATA_FLAGS> | null,
  { what, quiet }: ImagesOptions & { what: string },
): Promise<scanline.Dataset> {
  const options = imagesOf(run, flags ? dataOptions(flags) : {});
  checkOwnData(options);
  const data = await loadImagesFor(run, options, what);
  tellClasses(data, options, { quiet });
  return data;
}
