/**
 * Where the files of a data set come from: folders, an npm package, mirrors.
 *
 * A source is not trusted: what it sends is bounded in length and time, and the caller checks the bytes.
 *
 * @module
 */
import type { CatalogueFile, SourceSpec } from "./catalogue.ts";
import { printable } from "../excerpt.ts";
import { readFirst, reasonOf } from "./files.ts";
import { namesToRead } from "./verify.ts";

/** How long a source may take. */
export interface Limits {
  /** In each such span, in ms, a mirror must send `stallBytes` or finish. */
  readonly stallMs: number;
  /** The bytes a mirror must send within `stallMs`. */
  readonly stallBytes: number;
  /** The longest a mirror may take for one file, in ms. */
  readonly totalMs: number;
  /** The longest a package may take to load, in ms. */
  readonly packageMs: number;
}

/** At least 3.3 kB/s all the time, and 22 kB/s on average for the largest file. */
export const DEFAULT_LIMITS: Limits = {
  stallMs: 20_000,
  stallBytes: 65_536,
  totalMs: 1_200_000,
  packageMs: 300_000,
};

/** Called as bytes arrive; `total` is what the source announced, if it did. */
export type OnBytes = (done: number, total: number | undefined) => void;

export interface Source {
  /** For messages: a path, a package, a URL. */
  readonly label: string;
  /** The bytes of one file, raw or gzipped, unchecked. */
  read(file: CatalogueFile, onBytes: OnBytes): Promise<Uint8Array>;
}

/** A source does not have a file, or does not work at all. */
export class SourceError extends Error {
  override readonly name: string = "SourceError";
  /** Whether it is pointless to ask this source for other files. */
  readonly gone: boolean;

  constructor(message: string, options: { gone?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.gone = options.gone ?? false;
  }
}

export function openSource(spec: SourceSpec, limits: Limits): Source {
  switch (spec.kind) {
    case "folder":
      return { label: spec.path, read: (file) => readFromFolder(spec.path, file) };
    case "package":
      return { label: spec.specifier, read: (file) => readFromPackage(spec.specifier, file, limits) };
    case "mirror":
      return { label: spec.url, read: (file, onBytes) => download(spec.url, file, { limits, onBytes }) };
  }
}

async function readFromFolder(folder: string, file: CatalogueFile): Promise<Uint8Array> {
  const found = await readFirst(folder, namesToRead(file));
  if (found) return found.bytes;
  throw new SourceError("there is no such file");
}

async function readFromPackage(
  specifier: string,
  file: CatalogueFile,
  { packageMs }: Limits,
): Promise<Uint8Array> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`it took longer than ${packageMs / 1000} s`)), packageMs);
  try {
    return await Promise.race([importBytes(specifier, `data/${file.name}`), late]);
  } catch (cause) {
    throw new SourceError(`it cannot be loaded: ${explain(cause)}`, { gone: true, cause });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Needs no permission. The specifiers are computed, so that Deno fetches the package now and not when this module is
 * loaded or checked. Only the import of JSON makes Deno fetch a package that is not in its cache.
 */
async function importBytes(specifier: string, path: string): Promise<Uint8Array> {
  await import(`${specifier}/package.json`, { with: { type: "json" } });
  return (await import(`${specifier}/${path}`, { with: { type: "bytes" } })).default;
}

/** For a gzip header, and for a file that gzip makes longer. */
const SLACK_BYTES = 65_536;

/** The length of the first buffer; it doubles when it is full. */
const FIRST_BYTES = 65_536;

/** Downloads a file, and aborts a download that stalls, drips or never ends. */
async function download(
  base: string,
  file: CatalogueFile,
  { limits: { stallMs, stallBytes, totalMs }, onBytes }: { limits: Limits; onBytes: OnBytes },
): Promise<Uint8Array> {
  const controller = new AbortController(), { signal } = controller;
  const abort = (message: string) => controller.abort(new Error(message));
  let done = 0, doneBefore = 0;
  const stall = setInterval(() => {
    if (done - doneBefore < stallBytes) abort(`it sent less than ${stallBytes} bytes in ${stallMs / 1000} s`);
    doneBefore = done;
  }, stallMs);
  const late = setTimeout(() => abort(`it took longer than ${totalMs / 1000} s`), totalMs);
  try {
    const maxBytes = file.sizeBytes + SLACK_BYTES;
    const response = await fetch(`${base}${file.name}.gz`, { signal });
    const total = await expectFile(response, maxBytes);
    return await collect(response, maxBytes, (length) => onBytes(done = length, total));
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    if (signal.aborted) throw new SourceError(signal.reason.message, { gone: true, cause });
    const problem = `it cannot be reached, or the connection was cut: ${explain(cause)}`;
    throw new SourceError(problem, { gone: true, cause });
  } finally {
    clearInterval(stall);
    clearTimeout(late);
  }
}

/** Returns the length that the answer announces, if any. */
async function expectFile(response: Response, maxBytes: number): Promise<number | undefined> {
  const length = response.headers.get("content-length");
  const total = length === null ? undefined : Number(length);
  if (response.status === 200 && !(total! > maxBytes)) return total;
  await response.body?.cancel();
  const problem = response.status === 200
    ? `the file must be at most ${maxBytes} bytes long: current value is ${total}`
    : `the answer must be 200: current value is ${response.status} ${printable(response.statusText)}`;
  throw new SourceError(problem.trimEnd());
}

/**
 * Copies what arrives into one buffer that grows with it: an announced length alone takes no memory, and a piece of one
 * byte takes one byte, not the 50 kB of the buffer that `fetch` gives it.
 */
async function collect(
  response: Response,
  maxBytes: number,
  onBytes: (done: number) => void,
): Promise<Uint8Array> {
  let buffer = new ArrayBuffer(Math.min(FIRST_BYTES, maxBytes));
  let length = 0;
  for await (const piece of response.body ?? []) {
    const end = length + piece.length;
    if (end > maxBytes) {
      throw new SourceError(`the file must be at most ${maxBytes} bytes long`);
    }
    if (end > buffer.byteLength) {
      buffer = buffer.transfer(Math.min(Math.max(end, 2 * buffer.byteLength), maxBytes));
    }
    new Uint8Array(buffer).set(piece, length);
    length = end;
    onBytes(length);
  }
  return new Uint8Array(buffer.transfer(length));
}

/** The first lines of an error's message and of its causes' messages. */
function explain(error: unknown): string {
  const line = reasonOf(error instanceof Error ? error.message.split("\n", 1)[0] : error);
  return error instanceof Error && error.cause instanceof Error ? `${line}: ${explain(error.cause)}` : line;
}
