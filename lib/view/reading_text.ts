/**
 * A network at work, in the terminal: an image, and beside or below it the probabilities after each line.
 *
 * @module
 */
import { drawPictures } from "./digits.ts";
import { type Lines, noteOf, percent, type Reading, toLines } from "./reading_lines.ts";
import { clipEnd, wrapWords } from "./words.ts";

/** How {@link drawReading} draws. */
export interface DrawReadingOptions {
  /** The columns of the terminal; wider images are shrunk. */
  readonly columns: number;
  /** Whether to draw in greys (by escape sequences of 256 colours), or with plain characters. */
  readonly colour: boolean;
}

const MOST_CLASSES = 12;
const LEGIBLE = 14, CELL_COLUMNS = 2, SHARE_COLUMNS = 5; // of the image, of a class, of ` >99%`
const RESET = "\x1b[0m";
const HEAT = [16, 233, 52, 94, 130, 166, 208, 214]; // of the 256 colours, from black to orange
const SHADES = " ░▒▓█";

/**
 * A reading in the terminal: two rows of the image a line, the strip in colours or shades, and beside every line (or below
 * every column) the likeliest class.
 *
 * @returns Lines
 * @throws {TypeError} If there is not a row of probabilities for each step of the image.
 *
 * @example
 * ```ts
 * import { drawReading } from "./reading_text.ts";
 * import assert from "node:assert/strict";
 *
 * const image = { pixels: Uint8Array.of(255, 255, 0, 255), height: 2, width: 2, caption: "#0" };
 * const probabilities = Float32Array.of(0.5, 0.5, 0.1, 0.9);
 * const lines = drawReading({ image, axis: "rows", probabilities, classNames: ["0", "1"] }, {
 *   columns: 80,
 *   colour: false,
 * });
 * assert.deepEqual(lines, ["#0", "    0 1", "▀█    ██  1  90%"]);
 * ```
 */
export function drawReading(reading: Reading, { columns, colour }: DrawReadingOptions): string[] {
  const lines = toLines(reading, Math.max(1, Math.min(MOST_CLASSES, columns - LEGIBLE - 10)));
  const { image, axis, classNames } = reading;
  const layOut = axis === "columns" ? besideColumns : besideRows;
  const { cell, nameWidth, beside } = layOut(lines, columns);
  const names = lines.names.map((name) => clipEnd(name, nameWidth));
  const room = Math.max(1, columns - beside);
  const factor = Math.ceil(image.width / room);
  const width = Math.ceil(image.width / factor);
  const [, ...digit] = drawPictures([{ ...image, caption: "" }], { columns: room, perRow: 1, colour });
  const draw = axis === "columns" ? columnsText : rowsText;
  return [
    ...wrapWords(image.caption, columns),
    ...draw({ ...lines, names }, { digit, factor, width, colour, cell }),
    ...(lines.shown.length < classNames.length ? wrapWords(`(${noteOf(lines)})`, columns) : []),
  ].map((line) => line.trimEnd());
}

/** The text to the right of an image. */
interface Beside {
  /** Columns of a class. */
  readonly cell: number;
  /** Columns of the longest name. */
  readonly nameWidth: number;
  /** Columns of all of it. */
  readonly beside: number;
}

/** The strip and the winners: in a narrow terminal, classes get one column and names are cut. */
function besideRows({ shown, names }: Lines, columns: number): Beside {
  const longest = Math.max(...names.map((name) => name.length));
  const besideOf = (cell: number, nameWidth: number) =>
    2 + cell * shown.length + 2 + nameWidth + SHARE_COLUMNS;
  const wide = besideOf(CELL_COLUMNS, longest);
  if (columns - wide >= LEGIBLE) return { cell: CELL_COLUMNS, nameWidth: longest, beside: wide };
  const nameWidth = Math.max(1, Math.min(longest, columns - LEGIBLE - besideOf(1, 0)));
  return { cell: 1, nameWidth, beside: besideOf(1, nameWidth) };
}

/** The names of the classes. */
function besideColumns({ shown, names }: Lines, columns: number): Beside {
  const longest = Math.max(...shown.map((k) => names[k].length));
  const nameWidth = Math.max(1, Math.min(longest, columns - LEGIBLE - 2));
  return { cell: 1, nameWidth, beside: 2 + nameWidth };
}

/** What rows and columns need to be drawn: the digit as lines, each character `factor` pixels wide. */
interface TextParts {
  readonly digit: readonly string[];
  readonly factor: number;
  readonly width: number;
  readonly colour: boolean;
  readonly cell: number;
}

function rowsText(
  { reading, shown, marks, names, steps, winners }: Lines,
  { digit, factor, width, colour, cell }: TextParts,
): string[] {
  const K = names.length, { probabilities } = reading;
  return [
    ...headLines(shown.map((k) => marks[k]), cell).map((line) => " ".repeat(width + 2) + line),
    ...digit.map((image, i) => {
      const line = Math.min(steps.length, (i + 1) * 2 * factor) - 1;
      const at = (k: number) => probabilities[steps[line] * K + k];
      const strip = shown.map((k) => shade(at(k), cell, colour)).join("");
      const winner = winners[line], end = colour ? RESET : "";
      return `${colour ? image : image.padEnd(width)}  ${strip}${end}  ${names[winner]} ${
        percent(at(winner)).padStart(SHARE_COLUMNS - 1)
      }`;
    }),
  ];
}

function columnsText(
  { reading, shown, marks, names, steps, winners }: Lines,
  { digit, factor, width, colour }: TextParts,
): string[] {
  const K = names.length, { probabilities } = reading;
  const lines = Array.from({ length: width }, (_, x) => Math.min(steps.length, (x + 1) * factor) - 1);
  const end = colour ? RESET : "";
  const strip = shown.map((k) => {
    const shades = lines.map((line) => shade(probabilities[steps[line] * K + k], 1, colour));
    return `${shades.join("")}${end}  ${names[k]}`;
  });
  return [...digit, "", ...strip, ...headLines(lines.map((line) => marks[winners[line]]), 1)];
}

/** Words side by side if they have at most `cell` characters; longer ones run downwards. */
function headLines(words: readonly string[], cell: number): string[] {
  const longest = Math.max(...words.map((word) => word.length));
  if (longest <= cell) return [words.map((word) => word.padEnd(cell)).join("")];
  return Array.from({ length: longest }, (_, line) => {
    return words.map((word) => (word[line] ?? " ").padEnd(cell)).join("");
  });
}

/** A probability as so many characters: from black to orange, or a shade. */
function shade(p: number, width: number, colour: boolean): string {
  if (!colour) return SHADES[Math.min(SHADES.length - 1, Math.floor(p * SHADES.length))].repeat(width);
  const heat = HEAT[Math.min(HEAT.length - 1, Math.ceil(p * HEAT.length - 0.2))]; // 3% is visible
  return `\x1b[48;5;${heat}m${" ".repeat(width)}`;
}
