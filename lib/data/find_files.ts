/**
 * Finds the four files of a data set in a folder, by the names that people publish them under.
 *
 * @module
 */
import { printable } from "../excerpt.ts";
import { FILE_NAMES } from "./catalogue.ts";
import { notAllowed, reasonOf } from "./files.ts";

/** In the order of {@link FILE_NAMES}. */
const ROLES = [
  { what: "training images", split: "train", kind: "image" },
  { what: "training labels", split: "train", kind: "label" },
  { what: "test images", split: "test", kind: "image" },
  { what: "test labels", split: "test", kind: "label" },
] as const;

/** How many names a message shows. */
const SHOWN = 6;

/**
 * Finds the training images, training labels, test images and test labels: files named as MNIST's are, or as LeCun
 * (`train-images.idx3-ubyte`) or EMNIST (`emnist-letters-test-labels-idx1-ubyte`) name them, raw or `.gz`. If both forms of
 * a file exist, the raw one is taken.
 *
 * @returns Four names
 * @throws {Deno.errors.NotFound} If one is missing.
 * @throws {RangeError} If several files match; the message names them.
 * @throws {Deno.errors.NotCapable} If Deno may not read the folder; the message names the flag.
 */
export async function findFiles(folder: string): Promise<string[]> {
  const names = await listFiles(folder);
  return ROLES.map((role, at) => {
    const fitting = names.filter((name) => fits(name, role));
    const once = fitting.filter((name) => !(name.endsWith(".gz") && fitting.includes(name.slice(0, -3))));
    if (once.length === 1) return once[0];
    throw once.length === 0 ? missing(folder, names, at) : severalOf(folder, once, role.what);
  });
}

/** Whether a name has the split and the kind between separators; `idx1` or `idx3`, if present, must agree. */
function fits(name: string, { split, kind }: typeof ROLES[number]): boolean {
  const match =
    /^(?:.*[-_. ])?(train|t10k|test)[-_. ](image|label)s?(?:[-_. ]idx([13]))?(?:[-_. ]ubyte)?(?:\.gz)?$/i
      .exec(name);
  if (!match) return false;
  const [, splitName, kindName, axes] = match;
  return (splitName.toLowerCase() === "train") === (split === "train") && kindName.toLowerCase() === kind &&
    (axes === undefined || (axes === "3") === (kind === "image"));
}

async function listFiles(folder: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.filter(({ isDirectory }) => !isDirectory).map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw notAllowed("read", `${folder}/`, error);
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
      throw new Error(
        `Cannot load ${printable(folder)}: it must be a readable folder: current value is ${reasonOf(error)}`,
        { cause: error },
      );
    }
    const rule = `it must be a folder with ${FILE_NAMES.join(", ")}`;
    throw new Deno.errors.NotFound(`Cannot load ${printable(folder)}: ${rule}`, { cause: error });
  }
}

function missing(folder: string, names: readonly string[], at: number): Error {
  const rule = `it must hold ${FILE_NAMES[at]} or ${FILE_NAMES[at]}.gz`;
  const shown = names.slice(0, SHOWN).map((name) => printable(name)).join(", ");
  const found = names.length === 0 ? "is empty" : `holds ${shown}${names.length > SHOWN ? ", …" : ""}`;
  return new Deno.errors.NotFound(
    `Cannot load ${printable(folder)}: ${rule}: current value ${found}; put ${FILE_NAMES.join(", ")} there`,
  );
}

function severalOf(folder: string, names: readonly string[], what: string): Error {
  const shown = names.slice(0, SHOWN).map((name) => printable(name)).join(" and ");
  return new RangeError(
    `Cannot load ${printable(folder)}: it must hold one file of ${what}: current value is ${shown}; ` +
      "put each data set into a folder of its own",
  );
}
