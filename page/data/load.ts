/**
 * Loads MNIST from beside the page, part by part, and only what is asked for.
 *
 * @module
 */
import type { Split } from "../../core.ts";
import { fetchBytes, type FetchOptions } from "./fetch_bytes.ts";
import {
  decodePart,
  INDEX_FILE,
  parseIndex,
  type PartEntry,
  type PartsIndex,
  type PartSplit,
} from "./parts.ts";

/** How much of what was asked for has come. */
export interface LoadProgress {
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

/** What {@link PartLoader} takes. */
export interface LoaderOptions extends Pick<FetchOptions, "fetch" | "patienceMs"> {
  /** The folder of the parts, with a slash at its end. */
  readonly folder: URL;
  readonly onProgress?: (progress: LoadProgress) => void;
}

/** A request that waits in the browser for others would look like a server that sends nothing. */
const MOST_REQUESTS = 4;

/** A part could not be loaded; another attempt may work. */
export class LoadError extends Error {
  override readonly name = "LoadError";
}

/** A split whose parts come in one by one. */
interface Filling {
  readonly split: Split;
  readonly parts: readonly { readonly entry: PartEntry; readonly first: number }[];
}

/** Keeps what it has loaded: asking again costs nothing, and after a failure only what is missing. */
export class PartLoader {
  readonly #options: LoaderOptions;
  readonly #loading = new Map<string, Promise<void>>();
  readonly #bytes = new Map<string, LoadProgress>();
  readonly #queue = new Queue(MOST_REQUESTS);
  #opened: Promise<Readonly<Record<PartSplit, Filling>> & { readonly index: PartsIndex }> | null = null;

  constructor(options: LoaderOptions) {
    this.#options = options;
  }

  /**
   * The first images of a split; views of memory that stays.
   *
   * @param count How many; null for all
   * @throws {LoadError} If a part cannot be loaded, or is not what the index says; the message has a remedy.
   */
  async first(name: PartSplit, count: number | null): Promise<Split> {
    this.#opened ??= this.#open();
    const opened = await this.#opened.catch((error) => {
      this.#opened = null;
      throw error;
    });
    const { split, parts } = opened[name], taken = count ?? split.count;
    if (taken > split.count) {
      throw new RangeError(
        `Cannot load the ${name} images: there are ${split.count}: current value is ${taken}`,
      );
    }
    const needed = parts.filter(({ first }) => first < taken);
    for (const { entry: { file, packedBytes } } of needed) {
      if (!this.#bytes.has(file)) this.#bytes.set(file, { loadedBytes: 0, totalBytes: packedBytes });
    }
    this.#tell();
    const settled = await Promise.allSettled(needed.map((part) => this.#load(part, split, opened.index)));
    const failed = settled.find((one) => one.status === "rejected");
    if (failed) throw failed.reason;
    return firstOf(split, taken);
  }

  async #open() {
    const index = await this.#attempt(INDEX_FILE, async () => {
      return parseIndex(new TextDecoder().decode(await this.#fetch(INDEX_FILE)));
    });
    return { index, train: allocate(index, "train"), test: allocate(index, "test") };
  }

  #load(part: Filling["parts"][number], into: Split, index: PartsIndex): Promise<void> {
    const { entry, first } = part, { file } = entry;
    const running = this.#loading.get(file);
    if (running) return running;
    const loading = this.#attempt(file, async () => {
      const bytes = await this.#queue.take(() =>
        this.#fetch(file, (loadedBytes) => {
          this.#bytes.set(file, {
            loadedBytes: Math.min(loadedBytes, entry.packedBytes),
            totalBytes: entry.packedBytes,
          });
          this.#tell();
        })
      );
      const { pixels, labels } = await decodePart(entry, index, bytes);
      into.pixels.set(pixels, first * index.height * index.width);
      into.labels.set(labels, first);
    }).catch((error) => {
      this.#loading.delete(file);
      this.#bytes.delete(file);
      throw error;
    });
    this.#loading.set(file, loading);
    return loading;
  }

  #fetch(file: string, onBytes?: (loaded: number) => void): Promise<Uint8Array<ArrayBuffer>> {
    const { folder, fetch, patienceMs } = this.#options;
    return fetchBytes(new URL(file, folder), { onBytes, fetch, patienceMs });
  }

  /** Gives whatever goes wrong with a file one message, with a remedy. */
  async #attempt<T>(file: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      const reason = (cause as Error).message.replace(/^Cannot use \S+: /, "");
      throw new LoadError(
        `Cannot load MNIST: ${file} could not be loaded (${reason}). Check the connection and try again; ` +
          "what has arrived is kept.",
        { cause },
      );
    }
  }

  #tell(): void {
    let loadedBytes = 0, totalBytes = 0;
    for (const one of this.#bytes.values()) {
      loadedBytes += one.loadedBytes;
      totalBytes += one.totalBytes;
    }
    this.#options.onProgress?.({ loadedBytes, totalBytes });
  }
}

/** Lets so many of its works run at a time, the others in their order. */
class Queue {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#free = most;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve)); // takes over the place of one that ends
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

/** In memory that threads can share, where there is any. */
function allocate({ height, width, parts: all }: PartsIndex, name: PartSplit): Filling {
  let count = 0;
  const parts = all.filter(({ split }) => split === name).map((entry) => {
    const first = count;
    count += entry.count;
    return { entry, first };
  });
  const bytes = (length: number) =>
    new Uint8Array(
      typeof SharedArrayBuffer === "undefined" ? new ArrayBuffer(length) : new SharedArrayBuffer(length),
    );
  const split = { pixels: bytes(count * height * width), labels: bytes(count), count, height, width };
  return { split, parts };
}

function firstOf({ pixels, labels, height, width }: Split, count: number): Split {
  return {
    pixels: pixels.subarray(0, count * height * width),
    labels: labels.subarray(0, count),
    count,
    height,
    width,
  };
}
