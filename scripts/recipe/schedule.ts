/**
 * `--schedule` and `--clip`: names and numbers between colons.
 *
 * @module
 */
import * as scanline from "../../mod.ts";
import { excerpt } from "../../run.ts";
import { didYouMean, FlagError } from "../support/flags.ts";

/** What `--schedule` takes. */
export const SCHEDULE_HELP =
  "none, step:EPOCHS[:FACTOR], exponential:FACTOR, cosine[:WARMUP], one-cycle[:WARMUP], " +
  "plateau[:PATIENCE[:FACTOR]]";

type Length = scanline.Length;
type Options = Readonly<Record<string, number>>;

/** A schedule by name: which options its numbers give, in order, how many of them it must have, and how it is made. */
interface Maker {
  readonly options: readonly (keyof typeof WORDS)[];
  readonly least: number;
  readonly make: (options: never, length: Length) => scanline.Schedule;
}

/** What the help calls the options. */
const WORDS = {
  every: "EPOCHS",
  gamma: "FACTOR",
  factor: "FACTOR",
  warmup: "WARMUP",
  patience: "PATIENCE",
} as const;

const MAKERS: Readonly<Record<string, Maker>> = {
  "step": { options: ["every", "gamma"], least: 1, make: scanline.schedules.step },
  "exponential": { options: ["gamma"], least: 1, make: scanline.schedules.exponential },
  "cosine": {
    options: ["warmup"],
    least: 0,
    make: (given: Options, length) => scanline.schedules.cosine({ ...given, length }),
  },
  "one-cycle": {
    options: ["warmup"],
    least: 0,
    make: (given: Options, length) => scanline.schedules.oneCycle({ ...given, length }),
  },
  "plateau": { options: ["patience", "factor"], least: 0, make: scanline.schedules.plateau },
};

/**
 * The schedule that a text like `one-cycle:0.2` describes; undefined for `none`.
 *
 * @param length Of the whole training
 * @throws {FlagError} If it describes none.
 */
export function parseSchedule(text: string, length: Length): scanline.Schedule | undefined {
  if (text === "none") return undefined;
  const [name, ...parts] = text.split(":");
  const numbers = parts.map(toNumber), known = Object.hasOwn(MAKERS, name) ? MAKERS[name] : undefined;
  if (
    !known || numbers.length < known.least || numbers.length > known.options.length ||
    numbers.some(Number.isNaN)
  ) {
    const remedy = known ? "" : didYouMean(name, ["none", ...Object.keys(MAKERS)]);
    throw new FlagError(
      `Cannot use --schedule: it must be one of ${SCHEDULE_HELP}: current value is ${excerpt(text)}${remedy}`,
    );
  }
  const options = Object.fromEntries(numbers.map((number, i) => [known.options[i], number]));
  try {
    return known.make(options as never, length);
  } catch (error) {
    const reason = (error as Error).message.replace(
      /^Cannot [^:]+: (\w+)/,
      (_, option: keyof typeof WORDS) => WORDS[option] ?? option,
    );
    throw new FlagError(`Cannot use --schedule ${excerpt(text)}: ${reason}`);
  }
}

/**
 * What limits the gradient: `1` its length, `value:1` each of its numbers; undefined for `none`.
 *
 * @throws {FlagError} If the text is something else.
 */
export function parseClip(text: string): scanline.CompileOptions["clip"] {
  if (text === "none") return undefined;
  const [, value, most] = /^(value:)?(.*)$/s.exec(text)!, limit = toNumber(most);
  if (limit > 0) return value ? { value: limit } : { norm: limit };
  throw new FlagError(
    `Cannot use --clip: it must be a positive number, value: and a positive number, or none: current value is ${
      excerpt(text)
    }`,
  );
}

/** NaN for what is no plain number. */
function toNumber(text: string): number {
  return /^\d*\.?\d+(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text)) ? Number(text) : NaN;
}
