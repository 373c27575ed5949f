/**
 * What a reading says after each line of an image, for eyes and for ears.
 *
 * @module
 */
import { decidedAt, likeliest } from "../../lib/view/reading_lines.ts";
import { formatShare } from "../../lib/view/words.ts";
import type { ShownReading } from "../workers/messages.ts";

/** Rows, or columns, of an image. */
export const LINES = 28;

/** The answer after one line. */
export interface Answer {
  /** The likeliest class. */
  readonly best: number;
  /** Its probability. */
  readonly share: number;
}

/** The step that ends with a line, from 0 on; -1 before the first one. A network that reads pixels takes many steps a line. */
export function lastStepOf({ T }: Pick<ShownReading, "T">, line: number): number {
  return Math.round(line * T / LINES) - 1;
}

/** The probabilities after a line, `[classes]`; all alike before the first line. */
export function probabilitiesAfter(reading: ShownReading, line: number): Float32Array {
  const step = lastStepOf(reading, line), { classes: K, probabilities } = reading;
  if (step < 0) return new Float32Array(K).fill(1 / K);
  return probabilities.subarray(step * K, (step + 1) * K);
}

/** The answer after a line; null before the first one. */
export function answerAfter(reading: ShownReading, line: number): Answer | null {
  const step = lastStepOf(reading, line);
  if (step < 0) return null;
  const best = likeliest(reading.probabilities, step, reading.classes);
  return { best, share: reading.probabilities[step * reading.classes + best] };
}

/** Whether an answer is another class than that of a digit, where there is one that is named as the digit. */
export function misreads(
  { best }: Answer,
  { classNames }: Pick<Words, "classNames">,
  digit: number,
): boolean {
  const name = String(digit);
  return classNames.includes(name) && classNames[best] !== name;
}

/** The line, from 1 on, after which the likeliest class stays the same. */
export function decidedLine(reading: ShownReading): number {
  const step = decidedAt(reading.probabilities, reading.classes);
  return Math.floor(step * LINES / reading.T) + 1;
}

/** Whether the names of classes are digits and letters, or words that take more room. */
export function lengthOfNames({ classNames }: Pick<Words, "classNames">): "short" | "long" {
  return classNames.some(({ length }) => length > 2) ? "long" : "short";
}

/** What lines are called. */
export function nameOfLines(axis: "rows" | "columns" | "pixels"): string {
  return axis === "columns" ? "column" : "line";
}

/** Which line of the image is read at an index, both from 0 on; for a network that begins with the last line, vice versa. */
export function placeOf(index: number, reversed: boolean): number {
  return reversed ? LINES - 1 - index : index;
}

/** A digit with its article: `a 4`, `an 8`. */
export function sayDigit(digit: number): string {
  return `${digit === 8 ? "an" : "a"} ${digit}`;
}

/** How a reading is spoken of. */
export interface Words {
  readonly axis: "rows" | "columns" | "pixels";
  readonly classNames: readonly string[];
}

/** The answer after a line: `after line 14: 4, 71%`. */
export function sayAnswer(reading: ShownReading, line: number, { axis, classNames }: Words): string {
  const answer = answerAfter(reading, line), name = nameOfLines(axis);
  if (!answer) return "nothing read yet";
  return `after ${name} ${line}: ${classNames[answer.best]}, ${formatShare(answer.share, 100)}`;
}

/** When the network made up its mind: `4 from column 9 on`. */
export function sayDecision(reading: ShownReading, { axis, classNames }: Words): string {
  const { best } = answerAfter(reading, LINES)!, line = decidedLine(reading);
  return `${classNames[best]} from ${nameOfLines(axis)} ${line} on`;
}

/** The classes that are drawn: all, or those that are ever the likeliest, in their order. */
export function shownClasses(reading: ShownReading, most: number): readonly number[] {
  const { classes: K, probabilities } = reading;
  const peaks = Array.from({ length: K }, (_, k) => {
    let peak = 0;
    for (let at = k; at < probabilities.length; at += K) peak = Math.max(peak, probabilities[at]);
    return peak;
  });
  return [...peaks.keys()].sort((a, b) => peaks[b] - peaks[a] || a - b).slice(0, most).sort((a, b) => a - b);
}

/** The numbers of one state or gate at the end of each line, `[28, H]`. */
export function byLines(values: Float32Array, reading: Pick<ShownReading, "T">): Float32Array {
  const H = values.length / reading.T, lines = new Float32Array(LINES * H);
  for (let line = 1; line <= LINES; line++) {
    const step = lastStepOf(reading, line);
    lines.set(values.subarray(step * H, (step + 1) * H), (line - 1) * H);
  }
  return lines;
}

/** An image with some of its lines black. */
export function hideLines(
  pixels: Uint8Array,
  hidden: readonly boolean[],
  axis: "rows" | "columns" | "pixels",
): Uint8Array {
  if (!hidden.includes(true)) return pixels;
  return pixels.map((value, i) => {
    return hidden[axis === "columns" ? i % LINES : Math.floor(i / LINES)] ? 0 : value;
  });
}

/** Which lines are hidden, in words: `lines 15 to 28 are hidden`. */
export function sayHidden(hidden: readonly boolean[], axis: "rows" | "columns" | "pixels"): string {
  const name = nameOfLines(axis), runs: string[] = [];
  let count = 0;
  for (let from = 0; from < hidden.length; from++) {
    if (!hidden[from]) continue;
    let to = from;
    while (hidden[to + 1]) to++;
    runs.push(to > from ? `${from + 1} to ${to + 1}` : `${from + 1}`);
    count += to - from + 1;
    from = to;
  }
  if (count === 0) return `all ${name}s are shown`;
  return count === 1 ? `${name} ${runs[0]} is hidden` : `${name}s ${runs.join(", ")} are hidden`;
}

/** How the likeliest class changed: `line 1: 5, line 4: 7`. */
export function sayCourse(reading: ShownReading, { axis, classNames }: Words): string {
  const name = nameOfLines(axis), changes: string[] = [];
  let last = -1;
  for (let line = 1; line <= LINES; line++) {
    const { best, share } = answerAfter(reading, line)!;
    if (best !== last) changes.push(`${name} ${line}: ${classNames[best]}, ${formatShare(share, 100)}`);
    last = best;
  }
  return changes.join("; ");
}
