/**
 * How long to train, in epochs or in steps.
 *
 * @module
 */
import { excerpt } from "../excerpt.ts";
import { checkOptions, optional, type Rules, whole } from "../options.ts";

/** How long to train. */
export type Length = { readonly epochs: number } | { readonly steps: number };

const RULES: Rules<Record<"epochs" | "steps", number>> = {
  epochs: optional(whole(0)),
  steps: optional(whole(0)),
};

/**
 * A length as an object.
 *
 * @param unit What a bare number counts
 * @param action What cannot be done without it, for messages
 * @throws {TypeError} If it is neither a number nor an object with one of the two units.
 * @throws {RangeError} If it is not a whole number from 0 on.
 */
export function toLength(
  unit: "epochs" | "steps",
  length: number | Length,
  action: string = "train",
): Length {
  const given = typeof length === "object" ? length : { [unit]: length };
  const { epochs, steps } = checkOptions<Partial<Record<"epochs" | "steps", number>>>(
    action,
    given,
    RULES,
    "length",
  );
  if (epochs !== undefined && steps === undefined) return { epochs };
  if (steps !== undefined && epochs === undefined) return { steps };
  throw new TypeError(
    `Cannot ${action}: length must be a number of either epochs or steps: current value is ${
      excerpt(length)
    }`,
  );
}
