/**
 * Grey pictures in the terminal: two pixels a character, one above the other.
 *
 * @module
 */
import { printable } from "../excerpt.ts";

/** A picture and a word about it. */
export interface Picture {
  /** u8 `[height, width]`, 0 black. */
  readonly pixels: Uint8Array;
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** What stands above it; cut off where the next picture begins. */
  readonly caption: string;
}

/** How {@link drawPictures} draws. */
export interface DrawOptions {
  /** The columns of the terminal. */
  readonly columns: number;
  /** How many pictures stand side by side; they are scaled down until they fit. */
  readonly perRow: number;
  /** Whether to draw in greys (by escape sequences of 24-bit colours), or only what is brighter than half. */
  readonly colour: boolean;
}

const GAP = 2;
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
  const lines: string[] = [];
  for (let first = 0; first < pictures.length; first += options.perRow) {
    if (first > 0) lines.push("");
    lines.push(...drawRow(pictures.slice(first, first + options.perRow), options));
  }
  return lines;
}

function drawRow(pictures: readonly Picture[], { columns, perRow, colour }: DrawOptions): string[] {
  const room = Math.max(1, Math.floor((columns - GAP * (perRow - 1)) / perRow));
  const small = pictures.map((picture) => shrink(picture, Math.ceil(picture.width / room)));
  const draw = colour ? greyLines : plainLines;
  const blocks = small.map((picture) => {
    const caption = printable(picture.caption, room).slice(0, room);
    const margin = " ".repeat(Math.max(0, caption.length - picture.width));
    return [caption.padEnd(picture.width), ...draw(picture).map((line) => line + margin)];
  });
  const height = Math.max(...blocks.map((block) => block.length));
  const lineOf = (block: string[], y: number) => block[y] ?? " ".repeat(block[0].length);
  return Array.from({ length: height }, (_, y) => {
    return blocks.map((block) => lineOf(block, y)).join(" ".repeat(GAP)).trimEnd();
  });
}

/** Each pixel is the mean of `factor` × `factor`; those beyond the edge are black. */
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

/** An escape sequence only where a colour changes. */
function greyLines(picture: Picture): string[] {
  const grey = (value: number) => `${value};${value};${value}`;
  let last = [NaN, NaN];
  return linesOf(picture, (upper, lower) => {
    const [lastUpper, lastLower] = last;
    last = [upper, lower];
    const codes = [
      ...(upper === lastUpper ? [] : [`38;2;${grey(upper)}`]),
      ...(lower === lastLower ? [] : [`48;2;${grey(lower)}`]),
    ];
    return codes.length > 0 ? `\x1b[${codes.join(";")}m▀` : "▀";
  }, () => last = [NaN, NaN]).map((line) => line + RESET);
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
