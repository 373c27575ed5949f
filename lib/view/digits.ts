/**
 * Grey pictures in the terminal: two pixels a character, one above the other. The greys are from the 256 colours, which
 * also terminals without 24-bit colours have.
 *
 * @module
 */
import { printable } from "../excerpt.ts";
import { wrapWords } from "./words.ts";

/** A picture and its caption. */
export interface Picture {
  /** u8 `[height, width]`, 0 black. */
  readonly pixels: Uint8Array;
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** The text above it, on as many lines as it needs. */
  readonly caption: string;
}

/** How {@link drawPictures} draws. */
export interface DrawOptions {
  /** The columns of the terminal. */
  readonly columns: number;
  /** The most pictures side by side; fewer if they would be too small to recognize. */
  readonly perRow: number;
  /** Whether to draw in greys (by escape sequences of 256 colours), or only pixels brighter than half. */
  readonly colour: boolean;
}

const GAP = 2;
const LEGIBLE = 14; // columns of a picture in greys; without greys it must not be shrunk at all
const RESET = "\x1b[0m";

/**
 * Draws pictures side by side, each below its caption.
 *
 * @returns Lines
 *
 * @example
 * ```ts
 * import { drawPictures } from "./digits.ts";
 * import assert from "node:assert/strict";
 *
 * const picture = { pixels: Uint8Array.of(255, 0, 255, 255, 0, 255), height: 3, width: 2, caption: "L" };
 * const lines = drawPictures([picture, picture], { columns: 80, perRow: 2, colour: false });
 * assert.deepEqual(lines, ["L   L", "█▄  █▄", " ▀   ▀"]);
 * ```
 */
export function drawPictures(pictures: readonly Picture[], options: DrawOptions): string[] {
  const { columns, colour } = options;
  const widest = Math.max(0, ...pictures.map(({ width }) => width));
  const least = colour ? Math.min(widest, LEGIBLE) : widest;
  const fitting = Math.floor((columns + GAP) / (least + GAP));
  const perRow = Math.max(1, Math.min(options.perRow, fitting));
  const lines: string[] = [];
  for (let first = 0; first < pictures.length; first += perRow) {
    if (first > 0) lines.push("");
    lines.push(...drawRow(pictures.slice(first, first + perRow), { ...options, perRow }));
  }
  return lines;
}

function drawRow(pictures: readonly Picture[], { columns, perRow, colour }: DrawOptions): string[] {
  const room = Math.max(1, Math.floor((columns - GAP * (perRow - 1)) / perRow));
  const small = pictures.map((picture) => shrink(picture, Math.ceil(picture.width / room)));
  const draw = colour ? greyLines : plainLines;
  const captions = pictures.map(({ caption }) => wrapWords(printable(caption, 300), room));
  const captionLines = Math.max(...captions.map((lines) => lines.length));
  const blocks = small.map((picture, i) => {
    const words = Array.from({ length: captionLines }, (_, line) => captions[i][line] ?? "");
    const width = Math.max(picture.width, ...words.map((line) => line.length));
    const margin = " ".repeat(width - picture.width);
    return [...words.map((line) => line.padEnd(width)), ...draw(picture).map((line) => line + margin)];
  });
  const height = Math.max(...blocks.map((block) => block.length));
  const lineOf = (block: string[], y: number) => block[y] ?? " ".repeat(block[0].length);
  return Array.from({ length: height }, (_, y) => {
    return blocks.map((block) => lineOf(block, y)).join(" ".repeat(GAP)).trimEnd();
  });
}

/** Each pixel is the mean of `factor` × `factor`; beyond the edge they are black. */
function shrink(picture: Picture, factor: number): Picture {
  const height = Math.ceil(picture.height / factor), width = Math.ceil(picture.width / factor);
  const pixels = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let i = 0; i < factor * factor; i++) {
        sum += pixelAt(picture, y * factor + Math.floor(i / factor), x * factor + i % factor);
      }
      pixels[y * width + x] = Math.round(sum / factor ** 2);
    }
  }
  return { ...picture, pixels, height, width };
}

function pixelAt({ pixels, height, width }: Picture, y: number, x: number): number {
  return y < height && x < width ? pixels[y * width + x] : 0;
}

function plainLines(picture: Picture): string[] {
  const blocks = [" ", "▀", "▄", "█"]; // bit 0: the upper pixel, bit 1: the lower one
  return linesOf(picture, (upper, lower) => blocks[Number(upper > 127) + 2 * Number(lower > 127)]);
}

/** Escape sequences stand only where a colour changes. */
function greyLines(picture: Picture): string[] {
  let last = [NaN, NaN];
  return linesOf(picture, (...pixels) => {
    const [upper, lower] = pixels.map(greyCode);
    const [lastUpper, lastLower] = last;
    last = [upper, lower];
    const codes = [
      ...(upper === lastUpper ? [] : [`38;5;${upper}`]),
      ...(lower === lastLower ? [] : [`48;5;${lower}`]),
    ];
    return codes.length > 0 ? `\x1b[${codes.join(";")}m▀` : "▀";
  }, () => last = [NaN, NaN]).map((line) => line + RESET);
}

/** The nearest of black, white and the 24 greys between them (8, 18, … 238). */
function greyCode(value: number): number {
  const step = Math.round((value - 8) / 10);
  return step < 0 ? 16 : step > 23 ? 231 : 232 + step;
}

function linesOf(
  picture: Picture,
  draw: (upper: number, lower: number) => string,
  begin = () => {},
): string[] {
  return Array.from({ length: Math.ceil(picture.height / 2) }, (_, line) => {
    begin();
    return Array.from(
      { length: picture.width },
      (_, x) => draw(pixelAt(picture, 2 * line, x), pixelAt(picture, 2 * line + 1, x)),
    ).join("");
  });
}
