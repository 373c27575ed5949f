/**
 * JSON from untrusted files.
 *
 * @module
 */
import { printable } from "./excerpt.ts";

/** Deeper than any sensible file; functions that recurse into a value are safe up to some thousands of levels. */
const MOST_LEVELS = 100;

/**
 * Parses JSON that is nested at most 100 levels deep.
 *
 * @throws {SyntaxError} If it is nested deeper, or is not JSON; the message is one short line.
 *
 * @example
 * ```ts
 * import { parseJson } from "./json.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseJson('{"a":[1]}'), { a: [1] });
 * assert.throws(() => parseJson("[".repeat(10_000) + "]".repeat(10_000)), /levels/);
 * ```
 */
export function parseJson(text: string): unknown {
  if (isDeep(text)) throw new SyntaxError(`it must be nested at most ${MOST_LEVELS} levels deep`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(printable((cause as Error).message, 200), { cause });
  }
}

/** Whether more brackets than that are open anywhere, not counting those in strings. */
function isDeep(text: string): boolean {
  let levels = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case "[":
      case "{":
        if (++levels > MOST_LEVELS) return true;
        break;
      case "]":
      case "}":
        levels--;
        break;
      case '"':
        for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === "\\") at++;
    }
  }
  return false;
}
