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

/** How each schedule is made from its numbers, and how many it must be given and can be given. */
const MAKERS: Readonly<
  Record<
    string,
    {
      least: number;
      most: number;
      make: (numbers: (number | undefined)[], length: Length) => scanline.Schedule;
    }
  >
> = {
  "step": {
    least: 1,
    most: 2,
    make: ([every = 1, gamma]) => scanline.schedules.step({ every, ...given({ gamma }) }),
  },
  "exponential": { least: 1, most: 1, make: ([gamma = 1]) => scanline.schedules.exponential({ gamma }) },
  "cosine": {
    least: 0,
    most: 1,
    make: ([warmup], length) => scanline.schedules.cosine({ length, ...given({ warmup }) }),
  },
  "one-cycle": {
    least: 0,
    most: 1,
    make: ([warmup], length) => scanline.schedules.oneCycle({ length, ...given({ warmup }) }),
  },
  "plateau": {
    least: 0,
    most: 2,
    make: ([patience, factor]) => scanline.schedules.plateau(given({ patience, factor })),
  },
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
  if (!known || numbers.length < known.least || numbers.length > known.most || numbers.some(Number.isNaN)) {
    const remedy = known ? "" : didYouMean(name, ["none", ...Object.keys(MAKERS)]);
    throw new FlagError(
      `Cannot use --schedule: it must be one of ${SCHEDULE_HELP}: current value is ${excerpt(text)}${remedy}`,
    );
  }
  try {
    return known.make(numbers, length);
  } catch (error) {
    throw new FlagError(`Cannot use --schedule ${excerpt(text)}: ${(error as Error).message}`);
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

/** The properties that are there. */
function given<T extends object>(options: T): { [Name in keyof T]?: NonNullable<T[Name]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
