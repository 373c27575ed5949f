/**
 * Checks of what comes in from outside, where no compiler has looked: JavaScript, notebooks and `deno run` check no types.
 *
 * One table of rules says what each option must be; one function holds options against it. A value of another kind is a
 * TypeError, another value of the right kind a RangeError.
 *
 * @module
 */
import { excerpt, printable } from "./excerpt.ts";

/** What a value must be. */
export interface Rule {
  /** For messages, after "must be". */
  readonly must: string;
  /** Whether it is of the right kind, whatever its value. */
  readonly isKind: (value: unknown) => boolean;
  /** Whether a value of the right kind will do; any will by default. */
  readonly holds?: (value: never) => boolean;
  /** Whether it can be left out. */
  readonly optional?: true;
}

/** A rule for every option there is: the compiler wants one for each. */
export type Rules<T> = { readonly [Name in keyof Required<T>]: Rule };

/** A whole number. */
export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): Rule {
  return {
    must: most === Number.MAX_SAFE_INTEGER
      ? `a whole number from ${least} on`
      : `a whole number from ${least} to ${most}`,
    isKind: isNumber,
    holds: (value: number) => Number.isSafeInteger(value) && value >= least && value <= most,
  };
}

/** A number that is not infinite. */
export function number(must: string, holds: (value: number) => boolean): Rule {
  return { must, isKind: isNumber, holds: (value: number) => Number.isFinite(value) && holds(value) };
}

/** One of some texts, or one of some numbers. */
export function oneOf(...values: readonly (string | number)[]): Rule {
  return {
    must: `one of ${values.join(", ")}`,
    isKind: (value) => typeof value === typeof values[0],
    holds: (value: string | number) => values.includes(value),
  };
}

/** An instance of a class that the platform has. */
export function instanceOf(type: { readonly name: string; new (...args: never[]): object }): Rule {
  return { must: `a ${type.name}`.replace(/^a (?=[AEIO])/, "an "), isKind: (value) => value instanceof type };
}

/** Any text. */
export const TEXT: Rule = { must: "a text", isKind: (value) => typeof value === "string" };

/** Any number. */
export const NUMBER: Rule = { must: "a number", isKind: isNumber };

/** True or false. */
export const BOOLEAN: Rule = { must: "true or false", isKind: (value) => typeof value === "boolean" };

/** A function. */
export const FUNCTION: Rule = { must: "a function", isKind: (value) => typeof value === "function" };

/** An object with properties of its own: no array, no null. */
export const OBJECT: Rule = { must: "an object", isKind: isObject };

/** The same rule for a value that can be left out; null is not left out. */
export function optional(rule: Rule): Rule {
  return { ...rule, optional: true };
}

/** Whether a value is as its rule says. */
export function meets(rule: Rule, value: unknown): boolean {
  return rule.isKind(value) && (rule.holds?.(value as never) ?? true);
}

/**
 * Holds one value against its rule.
 *
 * @param action What cannot be done otherwise: `train`
 * @param remedy What to do about it, for the end of the message
 * @throws {TypeError} If it is of another kind, or missing.
 * @throws {RangeError} If it is of that kind, and another value.
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
 * Holds options against their rules.
 *
 * @param where What the options are called in messages, of several
 * @returns A copy: what the caller does with his object afterwards, and what else it has, does not matter
 * @throws {TypeError} If they are no object, one has no rule, one is missing or of another kind.
 * @throws {RangeError} If one has a value that it must not have.
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

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
