/**
 * The images that a command works on: those its flags name, or those of a run, as its model reads them.
 *
 * @module
 */
import { imageSizeOf, layOutSequence } from "../../lib/data/sequence.ts";
import { excerpt } from "../../lib/excerpt.ts";
import * as scanline from "../../mod.ts";
import type { DATA_FLAGS } from "./command.ts";
import { FlagError, type FlagValues } from "./flags.ts";
import { classNamesOf } from "./pictures.ts";

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
  const { dataDir } = options;
  const data = await scanline.loadDataset(options);
  const { classes, firstLabel } = data;
  const told = options.classes !== undefined && options.firstLabel !== undefined;
  const asUsual = classes === 10 && firstLabel === 0;
  if (!quiet && dataDir !== undefined && !told && !asUsual) {
    console.error(`labels ${firstLabel} to ${firstLabel + classes - 1}: ${classes} classes`);
  }
  return data;
}

/**
 * Loads the images of a run, or others that flags name, for its model to read.
 *
 * @param what For messages: `Cannot <what>`
 * @throws {RangeError} If they have other classes, or another size, than the model was trained on; says so in words.
 */
export async function loadImagesFor(
  run: scanline.SavedRun,
  flags: FlagValues<typeof DATA_FLAGS> | null,
  { what, ...options }: ImagesOptions & { what: string },
): Promise<scanline.Dataset> {
  const { network, T: length } = scanline.toNetwork(run.model);
  const { classes } = network.head;
  const data = await loadImages(optionsFor(run, flags, classes), options).catch((error) => {
    if (error instanceof RangeError) error.message += `; the model of ${run.path} has ${classes} classes`;
    throw error;
  });
  const wrong = (rule: string, found: string) =>
    new RangeError(
      `Cannot ${what}: the images must have ${rule}, as the model of ${run.path} has: current value is ${found}, ` +
        `of ${data.name}; --dataset or --data-dir names other images`,
    );
  if (data.classes !== classes) throw wrong(`${classes} classes`, `${data.classes} classes`);
  const { height, width } = data.test;
  const { sequence } = run.config.training;
  const { T, C } = layOutSequence(sequence, data.test);
  if (C !== network.inputSize || T !== (length ?? T)) {
    const size = imageSizeOf(sequence, { T: length, C: network.inputSize });
    const rule = sequence.axis === "pixels"
      ? `${length} pixels`
      : `${size.height ?? "any"} × ${size.width ?? "any"} pixels`;
    throw wrong(rule, `${height} × ${width}`);
  }
  return data;
}

function optionsFor(
  run: scanline.SavedRun,
  flags: FlagValues<typeof DATA_FLAGS> | null,
  classes: number,
): scanline.LoadOptions {
  const { config } = run;
  const { sha256: _, ...data } = config.data;
  const saved: scanline.LoadOptions = data;
  const given = Object.entries(flags ? dataOptions(flags) : {}).filter(([, value]) => value !== undefined);
  const asked: scanline.LoadOptions = Object.fromEntries(given);
  const others = asked.dataset !== undefined ||
    (asked.dataDir !== undefined && asked.dataDir !== saved.dataDir);
  const options = others ? asked : { ...saved, ...asked };
  if (options.dataDir === undefined) return options;
  const known = saved.firstLabel !== undefined || // not of an import, which may not have seen its images
    saved.dataDir === undefined && classes === scanline.CATALOGUE[saved.dataset ?? "mnist"].classNames.length;
  return {
    classes,
    ...(known ? { firstLabel: saved.firstLabel ?? 0 } : {}),
    ...(config.model?.classNames?.length === classes ? { classNames: classNamesOf(run, classes) } : {}),
    ...options,
  };
}
