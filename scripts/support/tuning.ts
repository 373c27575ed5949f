/**
 * What was measured of this machine, from one command to the next: `runs/tuning.json`. To measure again, delete it.
 *
 * @module
 */
import { makeFolders, readWhole, reasonOf, writeWhole } from "../../lib/data/files.ts";
import { parseJson } from "../../lib/json.ts";
import { dirname } from "node:path";

const VERSION = 1;
/** Some hundred times what one command measures. */
const MOST_BYTES = 2 ** 20;
/** The oldest go first. */
const MOST_ENTRIES = 200;

type Entries = Readonly<Record<string, unknown>>;

/** The option `tuning` of whatever opens a device. A file that cannot be used costs one line, and the time to measure again. */
export class TuningFile {
  readonly #path: string;
  readonly #onProblem: (message: string) => void;

  constructor(
    path: string = "runs/tuning.json",
    onProblem: (message: string) => void = (message) => console.error(message),
  ) {
    this.#path = path;
    this.#onProblem = onProblem;
  }

  /** What was remembered, if anything. */
  async get(key: string): Promise<unknown> {
    const entries = await this.#read((reason) => this.#onProblem(`${reason}; measuring again`));
    return Object.hasOwn(entries, key) ? entries[key] : undefined;
  }

  /** Adds to what is there by now: another command may have written since {@link get}. */
  async set(key: string, value: unknown): Promise<void> {
    const { [key]: _, ...others } = await this.#read(() => {}); // what get() has complained about is replaced
    const entries = Object.fromEntries([...Object.entries(others), [key, value]].slice(-MOST_ENTRIES));
    try {
      await makeFolders(dirname(this.#path));
      const text = JSON.stringify({ version: VERSION, entries }, null, 2) + "\n";
      await writeWhole(this.#path, new TextEncoder().encode(text));
    } catch (error) {
      this.#onProblem(`${reasonOf(error)}; the next command will measure again`);
    }
  }

  /** The entries of the file; none if it is missing, or is not such a file. */
  async #read(complain: (reason: string) => void): Promise<Entries> {
    try {
      const bytes = await readWhole(this.#path, { mostBytes: MOST_BYTES });
      return entriesOf(parseJson(new TextDecoder().decode(bytes)));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return {};
      const message = reasonOf(error), named = message.includes(this.#path);
      complain(named ? message : `Cannot read ${this.#path}: ${message}`);
      return {};
    }
  }
}

/** @throws {TypeError} If it is not what {@link TuningFile} writes. */
function entriesOf(content: unknown): Entries {
  const { version, entries } = Object(content) as { version?: unknown; entries?: unknown };
  const isEntries = typeof entries === "object" && entries !== null && !Array.isArray(entries);
  if (version === VERSION && isEntries) return entries as Entries;
  throw new TypeError("it must have the entries of version 1: current value is something else");
}
