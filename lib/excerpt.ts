/**
 * Excerpts of untrusted values for messages: one short line of printable text, whatever the value is.
 *
 * @module
 */

/** The most characters of an excerpt, by default. */
const MOST = 100;

/** The most lines of a message of several lines, and the most characters of each. */
const MOST_LINES = 60;
const MOST_OF_LINE = 2000;

/** The most entries of an array or object, and levels of nesting, that an excerpt shows. */
const ENTRIES = 8;
const LEVELS = 3;

/**
 * Control characters, which a terminal would obey; characters that are invisible or change the direction of writing; and
 * halves of surrogate pairs.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/**
 * Makes text, such as the name of a file, safe to print: escapes unprintable characters and keeps at most `most` characters.
 *
 * @example
 * ```ts
 * import { printable } from "./excerpt.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(printable("red: \x1b[31m"), "red: \\u{1b}[31m");
 * assert.equal(printable("a".repeat(200), 3), "aaa…");
 * ```
 */
export function printable(text: string, most = MOST): string {
  const escaped = text.slice(0, most).replace(
    UNPRINTABLE,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
  return text.length > most || escaped.length > most ? `${escaped.slice(0, most)}…` : escaped;
}

/**
 * Makes a message of several lines safe to print: each line as {@link printable} does, and only the beginning of a long one.
 *
 * @example
 * ```ts
 * import { printableLines } from "./excerpt.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(printableLines("not a run\nnor \x1b[2J a model"), "not a run\nnor \\u{1b}[2J a model");
 * ```
 */
export function printableLines(text: string): string {
  const lines = text.slice(0, MOST_LINES * MOST_OF_LINE).split("\n");
  const shown = lines.slice(0, MOST_LINES).map((line) => printable(line, MOST_OF_LINE));
  return [...shown, ...(lines.length > MOST_LINES ? ["…"] : [])].join("\n");
}

/** The message of an error, safe to print: files and servers may have put anything into it, and a terminal obeys it. */
export function messageOf(error: unknown): string {
  return printableLines(error instanceof Error ? error.message : String(error));
}

/**
 * Describes a value of any type and size: plain data as JSON, other objects by the name of their class. It reads no more
 * of the value than it shows, calls no getter and no `toJSON()`, and never throws.
 *
 * @example
 * ```ts
 * import { excerpt } from "./excerpt.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(excerpt("a\nb"), '"a\\nb"');
 * assert.equal(excerpt({ kind: "adam", learningRate: 0.01 }), '{"kind":"adam","learningRate":0.01}');
 * assert.equal(excerpt(new Float32Array(64)), "Float32Array(64)");
 * assert.equal(excerpt("x".repeat(1000)).length, 101); // a hundred characters and …
 * ```
 */
export function excerpt(value: unknown, most = MOST): string {
  try {
    return printable(describe(value, most, LEVELS), most);
  } catch {
    return "an object that hides itself"; // a proxy
  }
}

function describe(value: unknown, most: number, levels: number): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > most ? `${value.slice(0, most)}…` : value);
    case "bigint":
      return value < 10n ** 30n && value > -(10n ** 30n) ? `${value}n` : "a huge bigint";
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    case "object":
      return value === null ? "null" : describeObject(value, most, levels);
    default: // number, boolean, undefined
      return String(value);
  }
}

function describeObject(value: object, most: number, levels: number): string {
  const className = classNameOf(value);
  if (ArrayBuffer.isView(value) && "length" in value) return `${className}(${value.length})`;
  if (Array.isArray(value)) {
    if (levels === 0) return `[${value.length} entries]`;
    const shown = value.slice(0, ENTRIES).map((entry) => describe(entry, most, levels - 1));
    return `[${[...shown, ...(value.length > ENTRIES ? ["…"] : [])].join(",")}]`;
  }
  if (className !== "Object") return className;
  if (levels === 0) return "{…}";
  const shown: string[] = [];
  for (const key in value) { // stops early, where Object.keys() would list all
    if (!Object.hasOwn(value, key)) continue;
    if (shown.length === ENTRIES) {
      shown.push("…");
      break;
    }
    const property = Object.getOwnPropertyDescriptor(value, key);
    const entry = property && "value" in property ? describe(property.value, most, levels - 1) : "a getter";
    shown.push(`${describe(key, most, 0)}:${entry}`);
  }
  return `{${shown.join(",")}}`;
}

/** The name of an object's class; runs none of the object's code, unless it is a proxy. */
function classNameOf(value: object): string {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null) return "Object";
  const made = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  const name = typeof made === "function" ? Object.getOwnPropertyDescriptor(made, "name")?.value : "";
  return typeof name === "string" && name !== "" ? name : "an object of no class";
}
