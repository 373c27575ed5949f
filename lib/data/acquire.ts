/**
 * Puts a data set of the catalogue into a folder: finds or fetches its files, verifies and stores them.
 *
 * @module
 */
import type { CatalogueEntry, CatalogueFile, SourceSpec } from "./catalogue.ts";
import { notAllowed, readFirst, reasonOf, removeStaleParts, writeWhole } from "./files.ts";
import { checkPlace } from "./places.ts";
import {
  DEFAULT_LIMITS,
  type Limits,
  type OnBytes,
  openSource,
  type Source,
  SourceError,
} from "./sources.ts";
import { isStamped, writeStamp } from "./stamp.ts";
import { keptName, namesToRead, verifyFile } from "./verify.ts";

/** What happens while a data set is fetched. */
export type AcquireEvent =
  /** Bytes of a file have arrived; `totalBytes` if the source announced it. */
  | {
    readonly kind: "progress";
    readonly source: string;
    readonly file: string;
    readonly doneBytes: number;
    readonly totalBytes?: number;
  }
  /** A file has been verified and stored. */
  | { readonly kind: "stored"; readonly source: string; readonly file: string }
  /** A file in the folder differs from the catalogue, and will be replaced. */
  | { readonly kind: "damaged"; readonly file: string; readonly reason: string };

/** Where to put the data set, and how. */
export interface AcquireOptions {
  /** Default: `data/<name>`. */
  readonly folder?: string;
  /** Where to look, in this order. Default: as the catalogue says. */
  readonly sources?: readonly SourceSpec[];
  /** How long a source may take. Default: {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<Limits>;
  /** Is told what happens. */
  readonly onEvent?: (event: AcquireEvent) => void;
}

/** What {@link acquireDataset} did. */
export interface Acquired {
  /** The folder that now has the files. */
  readonly folder: string;
  /** How many files were stored; 0 if all were there. */
  readonly stored: number;
}

/** Why a file could not be taken from a source. */
export interface Attempt {
  /** The source: a path, a package, a URL. */
  readonly source: string;
  /** The name of the file, unpacked. */
  readonly file: string;
  readonly reason: string;
}

/** No source had all missing files; the message says what happened at each. */
export class AcquireError extends Error {
  override readonly name: string = "AcquireError";
  readonly attempts: readonly Attempt[];

  constructor(
    { title, files }: CatalogueEntry,
    missing: readonly CatalogueFile[],
    { folder, attempts }: { folder: string; attempts: readonly Attempt[] },
  ) {
    const tried = attempts.map(({ source, file, reason }) => `\n  ${source}, ${file}: ${reason}`).join("");
    super(
      `Cannot get ${title}: ${folder} must hold ${files.length} files: ` +
        `current value is ${files.length - missing.length}; tried${tried || " nothing"}\n` +
        `Try again later, or put ${missing.map(({ name }) => `${name}.gz`).join(", ")} into ${folder}`,
    );
    this.attempts = attempts;
  }
}

/**
 * Makes a folder hold a data set: files that are there are kept, missing ones are taken from the first source that has
 * them. Whatever the source, a file is stored only if its hash is right, and then whole or not at all, even if two
 * processes run at once or one is killed.
 *
 * If everything is there, only sizes and times are looked at; `loadDataset` hashes what it loads.
 *
 * @throws {AcquireError} If a file is missing and no source had it.
 * @throws {Error} If the folder cannot be written.
 *
 * @example
 * ```ts ignore
 * import { acquireDataset } from "./acquire.ts";
 * import { findDataset } from "./catalogue.ts";
 *
 * const { folder, stored } = await acquireDataset(findDataset("mnist")); // "data/mnist", 4 the first time
 * ```
 */
export async function acquireDataset(entry: CatalogueEntry, options: AcquireOptions = {}): Promise<Acquired> {
  const { folder = `data/${entry.name}`, sources = entry.sources, limits, onEvent = () => {} } = options;
  await prepareFolder(folder);
  if (await isStamped(entry, folder)) return { folder, stored: 0 };

  const job: Job = { folder, onEvent, attempts: [], stored: 0 };
  let missing: CatalogueFile[] = [];
  for (const file of entry.files) if (!await isThere(file, job)) missing.push(file);
  for (const spec of sources) {
    if (missing.length === 0) break;
    missing = await takeFrom(openSource(spec, { ...DEFAULT_LIMITS, ...limits }), missing, job);
  }
  if (missing.length > 0) throw new AcquireError(entry, missing, job);
  await writeStamp(entry, folder);
  return { folder, stored: job.stored };
}

interface Job {
  readonly folder: string;
  readonly onEvent: (event: AcquireEvent) => void;
  readonly attempts: Attempt[];
  stored: number;
}

async function prepareFolder(folder: string): Promise<void> {
  try {
    checkPlace(folder, "write");
    await Deno.mkdir(folder, { recursive: true });
    await removeStaleParts(folder);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw notAllowed(error.message.includes("read access") ? "read" : "write", `${folder}/`, error);
    }
    const rule = `it must be a folder: current value is ${reasonOf(error)}`;
    throw new Error(`Cannot write ${folder}: ${rule}`, { cause: error });
  }
}

/** Whether the folder has the right file; a packed one is unpacked. */
async function isThere(file: CatalogueFile, job: Job): Promise<boolean> {
  for (const name of namesToRead(file)) {
    const found = await readFirst(job.folder, [name]);
    if (!found) continue;
    const checked = check(file, found.bytes);
    if (checked instanceof Uint8Array) {
      if (name !== keptName(file)) await store(file, checked, { source: found.path, job });
      return true;
    }
    job.attempts.push({ source: job.folder, file: name, reason: checked.reason });
    job.onEvent({ kind: "damaged", file: found.path, reason: checked.reason });
  }
  return false;
}

/** Returns the files that the source does not have. */
async function takeFrom(source: Source, files: readonly CatalogueFile[], job: Job): Promise<CatalogueFile[]> {
  const missing: CatalogueFile[] = [];
  for (const [index, file] of files.entries()) {
    const answer = await ask(source, file, job.onEvent);
    if (answer instanceof Uint8Array) {
      await store(file, answer, { source: source.label, job });
      continue;
    }
    job.attempts.push({ source: source.label, file: file.name, reason: answer.reason });
    if (answer.gone) return [...missing, ...files.slice(index)];
    missing.push(file);
  }
  return missing;
}

interface Refusal {
  readonly reason: string;
  /** Whether to ask the source for no other file. */
  readonly gone: boolean;
}

async function ask(
  source: Source,
  file: CatalogueFile,
  onEvent: Job["onEvent"],
): Promise<Uint8Array | Refusal> {
  const event = { kind: "progress", source: source.label, file: file.name } as const;
  onEvent({ ...event, doneBytes: 0 });
  try {
    const onBytes: OnBytes = (doneBytes, totalBytes) => onEvent({ ...event, doneBytes, totalBytes });
    return check(file, await source.read(file, onBytes));
  } catch (error) {
    return { reason: reasonOf(error), gone: error instanceof SourceError && error.gone };
  }
}

function check(file: CatalogueFile, bytes: Uint8Array): Uint8Array | Refusal {
  try {
    return verifyFile(file, bytes, "it");
  } catch (error) {
    return { reason: reasonOf(error), gone: false };
  }
}

async function store(file: CatalogueFile, kept: Uint8Array, { source, job }: { source: string; job: Job }) {
  await writeWhole(`${job.folder}/${keptName(file)}`, kept);
  job.stored++;
  job.onEvent({ kind: "stored", source, file: file.name });
}
