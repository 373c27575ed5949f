/**
 * Checks of arguments at run time, because JavaScript, notebooks and `deno run` check no types.
 *
 * A table of rules says what each option must be. A value of the wrong type is a TypeError, a wrong value of the right type
 * a RangeError.
 *
 * @module
 */
import { excerpt, printable } from "./excerpt.ts";

/** A condition on a value. */
export interface Rule {
  /** What a value must be, for messages: `a number`. */
  readonly must: string;
  /** Whether a value has the right type. */
  readonly isKind: (value: unknown) => boolean;
  /** Whether a value of the right type is allowed; all are by default. */
  readonly holds?: (value: never) => boolean;
  /** Whether the value can be left out. */
  readonly optional?: true;
}

/** One rule for each option. */
export type Rules<T> = { readonly [Name in keyof Required<T>]: Rule };

/** A whole number from `least` to `most`. */
export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): Rule {
  return {
    must: most === Number.MAX_SAFE_INTEGER
      ? `a whole number from ${least} on`
      : `a whole number from ${least} to ${most}`,
    isKind: isNumber,
    holds: (value: number) => Number.isSafeInteger(value) && value >= least && value <= most,
  };
}

/** A finite number on which `holds` is true. */
export function number(must: string, holds: (value: number) => boolean): Rule {
  return { must, isKind: isNumber, holds: (value: number) => Number.isFinite(value) && holds(value) };
}

/** One of these strings, or one of these numbers. */
export function oneOf(...values: readonly (string | number)[]): Rule {
  return {
    must: `one of ${values.join(", ")}`,
    isKind: (value) => typeof value === typeof values[0],
    holds: (value: string | number) => values.includes(value),
  };
}

/** An instance of a class. */
export function instanceOf(type: { readonly name: string; new (...args: never[]): object }): Rule {
  return { must: `a ${type.name}`.replace(/^a (?=[AEIO])/, "an "), isKind: (value) => value instanceof type };
}

/** Any string. */
export const TEXT: Rule = { must: "a text", isKind: (value) => typeof value === "string" };

/** Any number. */
export const NUMBER: Rule = { must: "a number", isKind: isNumber };

/** True or false. */
export const BOOLEAN: Rule = { must: "true or false", isKind: (value) => typeof value === "boolean" };

/** A function. */
export const FUNCTION: Rule = { must: "a function", isKind: (value) => typeof value === "function" };

/** An unsigned 32-bit integer, such as a seed. */
export const UINT32: Rule = whole(0, 2 ** 32 - 1);

/** An object, but no array. */
export const OBJECT: Rule = {
  must: "an object",
  isKind: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

/** The same rule for a value that can be left out; null is still a value. */
export function optional(rule: Rule): Rule {
  return { ...rule, optional: true };
}

/** The same rule for a value that can be null. */
export function orNull(rule: Rule): Rule {
  return {
    ...rule,
    must: `${rule.must}, or null`,
    isKind: (value) => value === null || rule.isKind(value),
    holds: (value) => value === null || (rule.holds?.(value) ?? true),
  };
}

/** Whether a value is as its rule says. */
export function meets(rule: Rule, value: unknown): boolean {
  return rule.isKind(value) && (rule.holds?.(value as never) ?? true);
}

/**
 * Checks one value.
 *
 * @param action What fails without it, for the message: `train`
 * @param name What the value is called in the message
 * @param remedy What to do about it, for the end of the message
 * @throws {TypeError} If the value has the wrong type, or is missing.
 * @throws {RangeError} If the value has the right type, but is not allowed.
 */
export function check(
  action: string,
  name: string,
  { value, rule, remedy }: { value: unknown; rule: Rule; remedy?: string },
): void {
  if (value === undefined && rule.optional) return;
  if (meets(rule, value)) return;
  const found = value === undefined ? "missing" : excerpt(value);
  const message = `Cannot ${action}: ${name} must be ${rule.must}: current value is ${found}`;
  throw new (rule.isKind(value) ? RangeError : TypeError)(remedy ? `${message} (${remedy})` : message);
}

/**
 * Checks options.
 *
 * @param where What the options are called in the message
 * @returns A copy, which later changes to the caller's object do not affect
 * @throws {TypeError} If they are not an object, or an option is unknown, missing or of the wrong type.
 * @throws {RangeError} If an option has a value that is not allowed.
 *
 * @example
 * ```ts
 * import { checkOptions, optional, whole } from "./options.ts";
 * import assert from "node:assert/strict";
 *
 * const rules = { batchSize: optional(whole(1)) };
 * const take = (options: { batchSize?: number }) => checkOptions("train", options, rules);
 * assert.deepEqual(take({ batchSize: 8 }), { batchSize: 8 });
 * assert.throws(() => take({ batchSize: 0 }), /^RangeError: Cannot train: batchSize must be a whole number from 1 on/);
 * assert.throws(() => take({ batchsize: 8 } as object), /TypeError: .* among batchSize: current value has "batchsize"/);
 * ```
 */
export function checkOptions<T extends object>(
  action: string,
  options: T,
  rules: Rules<T>,
  where: string = "options",
): T {
  check(action, where, { value: options, rule: OBJECT });
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(rules, name));
  if (unknown !== undefined) {
    throw new TypeError(
      `Cannot ${action}: ${where} must be among ${Object.keys(rules).join(", ")}: ` +
        `current value has "${printable(unknown)}"`,
    );
  }
  const taken: Partial<T> = {};
  for (const [name, rule] of Object.entries<Rule>(rules)) {
    const value = options[name as keyof T];
    check(action, name, { value, rule });
    if (value !== undefined) taken[name as keyof T] = value;
  }
  return taken as T;
}

function isNumber(value: unknown): boolean {
  return typeof value === "number";
}
