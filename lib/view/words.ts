/**
 * How pictures, tables and pages write numbers and words.
 *
 * @module
 */
import { printable } from "../excerpt.ts";

/** What gates and states are called. */
export const TRACE_NAMES: Readonly<Record<string, string>> = {
  i: "i, what is written",
  f: "f, what is kept",
  o: "o, what is shown",
  z: "z, what is kept",
  r: "r, what is read of h",
  g: "g, the new content",
  c: "c, the memory",
  h: "h, the state",
};

/**
 * A share as a percentage, with no more digits than the number of images justifies: 12 of 13 are 92%, not 92.31%. Only all
 * is 100%, and only none is 0%.
 *
 * @param share 0 … 1
 * @param count The number of images; 1,000 for a probability
 *
 * @example
 * ```ts
 * import { formatShare } from "./words.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(formatShare(0.9571, 10_000), "95.71%");
 * assert.equal(formatShare(12 / 13, 13), "92%");
 * assert.equal(formatShare(0.99999), ">99.9%");
 * ```
 */
export function formatShare(share: number, count = 1_000): string {
  if (!Number.isFinite(share)) return "–";
  const digits = Math.min(2, Math.max(0, Math.ceil(Math.log10(count)) - 2));
  const least = 10 ** -digits;
  const text = (100 * share).toFixed(digits);
  if (share < 1 && Number(text) === 100) return `>${(100 - least).toFixed(digits)}%`;
  if (share > 0 && Number(text) === 0) return `<${least.toFixed(digits)}%`;
  return share === 1 || share === 0 ? `${100 * share}%` : `${text}%`;
}

/**
 * A quantity of any unit with so many digits, without an exponent as long as it is legible.
 *
 * @example
 * ```ts
 * import { formatFigure } from "./words.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(formatFigure(2.5, 4), "2.500");
 * assert.equal(formatFigure(43_211.7, 4), "43,210");
 * assert.equal(formatFigure(1.5e-9, 2), "1.5e-9");
 * ```
 */
export function formatFigure(value: number, digits: number): string {
  const text = value.toPrecision(digits), rounded = Number(text);
  return text.includes("e") && Math.abs(rounded) >= 1 && Math.abs(rounded) < 1e15
    ? rounded.toLocaleString("en")
    : text;
}

/**
 * A mark of one or two characters for each class, and its name, preceded by the mark if they differ. The marks are the
 * names themselves if all are so short, else numbers from 0 on.
 *
 * @example
 * ```ts
 * import { markClasses } from "./words.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(markClasses(["1", "2"]), { marks: ["1", "2"], names: ["1", "2"] });
 * assert.deepEqual(markClasses(["Bag", "Coat"]), { marks: ["0", "1"], names: ["0 Bag", "1 Coat"] });
 * ```
 */
export function markClasses(classNames: readonly string[]): { marks: string[]; names: string[] } {
  const names = classNames.map((name) => printable(name));
  if (names.every((name) => name.length <= 2)) return { marks: names, names };
  return { marks: names.map((_, k) => String(k)), names: names.map((name, k) => `${k} ${name}`) };
}

/**
 * A moment in UTC, as pages show it; null if it is not one.
 *
 * @example
 * ```ts
 * import { formatMoment } from "./words.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(formatMoment("2026-11-22T06:13:53.744Z"), "2026-11-22 06:13:53 UTC");
 * assert.equal(formatMoment("yesterday"), null);
 * ```
 */
export function formatMoment(time: unknown): string | null {
  const ms = typeof time === "string" ? Date.parse(time) : NaN;
  return Number.isNaN(ms) ? null : `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/**
 * A duration in its two largest units.
 *
 * @example
 * ```ts
 * import { formatSpan } from "./words.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([0.4, 14, 125, 3725].map(formatSpan), ["<1 s", "14 s", "2 min 5 s", "1 h 2 min"]);
 * ```
 */
export function formatSpan(seconds: number): string {
  const whole = Math.round(seconds);
  const [h, min, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return whole === 0 ? "<1 s" : h > 0 ? `${h} h ${min} min` : min > 0 ? `${min} min ${s} s` : `${s} s`;
}

/**
 * Breaks a text at its spaces, preferably after an arrow, into lines of at most `most` characters; longer words are
 * broken.
 *
 * @example
 * ```ts
 * import { wrapWords } from "./words.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(wrapWords("Bag → Ankle boot", 12), ["Bag →", "Ankle boot"]);
 * ```
 */
export function wrapWords(content: string, most: number): string[] {
  if ([...content].length <= most) return [content];
  const pieces = content.split(/(?<= →) /);
  if (pieces.length > 1) return pieces.flatMap((piece) => wrapWords(piece, most));
  const lines: string[] = [];
  for (const word of content.split(" ").flatMap((word) => piecesOf(word, most))) {
    const line = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && [...line].length <= most) lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return lines;
}

/** A word in pieces of at most `most` characters. */
function piecesOf(word: string, most: number): string[] {
  const characters = [...word], count = Math.max(1, Math.ceil(characters.length / most));
  return Array.from({ length: count }, (_, i) => characters.slice(i * most, (i + 1) * most).join(""));
}

/** Shortens a text to `most` characters from its end, which matters most in paths. */
export function clipStart(content: string, most: number): string {
  const characters = [...content];
  return characters.length <= most ? content : `…${characters.slice(characters.length - most + 1).join("")}`;
}

/** Shortens a text to `most` characters from its start. */
export function clipEnd(content: string, most: number): string {
  const characters = [...content];
  return characters.length <= most ? content : `${characters.slice(0, most - 1).join("")}…`;
}
