/**
 * The word that somebody probably meant.
 *
 * @module
 */

/** The longest text that is compared: what was given may be a whole file. */
const MOST_CHARACTERS = 64;

/**
 * The word of a list that is most like one that is not in it; undefined if none is much like it. Alike are words of which one
 * is a part of the other (`rate` of `learning-rate`), initials (`lr`), and words that a few slips of the fingers turn into each
 * other.
 *
 * @example
 * ```ts
 * import { nearest } from "./nearest.ts";
 * import assert from "node:assert/strict";
 *
 * const flags = ["epochs", "learning-rate", "batch-size"];
 * assert.equal(nearest("epoch", flags), "epochs");
 * assert.equal(nearest("lerning-rate", flags), "learning-rate");
 * assert.equal(nearest("lr", flags), "learning-rate");
 * assert.equal(nearest("colour", flags), undefined);
 * ```
 */
export function nearest(given: string, words: readonly string[]): string | undefined {
  const like = given.toLowerCase();
  if (like === "" || like.length > MOST_CHARACTERS) return undefined;
  const ranked = words
    .map((word) => ({ word, distance: distanceOf(like, word.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.ceil(like.length / 4))
    .sort((a, b) => a.distance - b.distance);
  return ranked.at(0)?.word;
}

/** 0 for the same words, up to 1 for those of which one stands for the other, else the number of slips. */
function distanceOf(given: string, word: string): number {
  const parts = word.split("-"), initials = parts.map((part) => part[0]).join("");
  if (parts.length > 1 && given === initials) return 0.5;
  const isPart = given.length > 2 && (word.startsWith(given) || parts.includes(given)) ||
    given.startsWith(`${word}-`);
  return Math.min(isPart ? 0.75 : Infinity, slips(given, word));
}

/**
 * How many letters must be added, left out, replaced or swapped with their neighbour to make one word of the other
 * (optimal string alignment).
 */
function slips(a: string, b: string): number {
  let before: number[] = [], row = Array.from({ length: b.length + 1 }, (_, j) => j); // of a's first i letters
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, replaced, isSwap ? before[j - 2] + 1 : Infinity));
    }
    [before, row] = [row, next];
  }
  return row[b.length];
}
