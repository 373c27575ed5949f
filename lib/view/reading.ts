/**
 * A network at work: an image, and beside it a strip with the probabilities of the classes after each line.
 *
 * If the lines are rows, the strip is to the right of the image, one row for each row of the image; if they are columns, it
 * is below. If the network reads pixel by pixel, the strip shows the probabilities at the end of each row.
 *
 * @module
 */
import type { Picture } from "./digits.ts";
import { type Cell, drawImage, mosaic } from "./mosaic.ts";
import { type Lines, noteOf, percent, type Reading, toLines } from "./reading_lines.ts";
import { CHARACTER, element, FONT, NARROW, picture, round, text } from "./svg.ts";
import { clipEnd, wrapWords } from "./words.ts";

/** How {@link readingsSvg} draws. */
export interface ReadingsSvgOptions {
  /** The most readings side by side; fewer if they could not be read on a phone. 1 by default. */
  readonly perRow?: number;
}

const IMAGE_SIZE = 196; // of the longer edge of the image, in units of the picture
const LARGEST_PIXEL = 14;
const CELL = 13, WIDE_CELL = 23, HIGH_CELL = 18; // a class of the strip: beside rows, with two characters, below columns
const GAP = 10, LINE = 20;
const MOST_CLASSES = 10, NAME_LENGTH = 14;
const SHARE_LENGTH = 5; // of ` >99%`

/** The SVG of one reading below its caption, and its size. */
interface Block {
  readonly width: number;
  readonly height: number;
  readonly svg: string;
}

/**
 * A picture of readings.
 *
 * @returns One `<svg>` element, without external parts
 * @throws {TypeError} If there is not a row of probabilities for each step of the image.
 *
 * @example
 * ```ts
 * import { readingsSvg } from "./reading.ts";
 * import assert from "node:assert/strict";
 *
 * const image = { pixels: Uint8Array.of(0, 255, 255, 0), height: 2, width: 2, caption: "#0" };
 * const probabilities = Float32Array.of(0.5, 0.5, 0.1, 0.9);
 * const svg = readingsSvg([{ image, axis: "rows", probabilities, classNames: ["0", "1"] }]);
 * assert.ok(svg.startsWith("<svg ") && svg.includes("#0"));
 * ```
 */
export function readingsSvg(readings: readonly Reading[], { perRow = 1 }: ReadingsSvgOptions = {}): string {
  const blocks = readings.map((reading) => drawBlock(toLines(reading, MOST_CLASSES)));
  const width = Math.max(0, ...blocks.map((block) => block.width));
  const height = Math.max(0, ...blocks.map((block) => block.height));
  const fitting = Math.floor(NARROW / (width + 2 * GAP));
  const columns = Math.max(1, Math.min(perRow, blocks.length, fitting));
  const rows = Math.ceil(blocks.length / columns);
  const placed = blocks.map(({ svg }, i) => {
    const x = i % columns * (width + 2 * GAP) + GAP, y = Math.floor(i / columns) * (height + 2 * GAP) + GAP;
    return element("g", { transform: `translate(${round(x)} ${round(y)})` }, svg);
  });
  const captions = readings.map(({ image }) => image.caption).join("; ");
  const title = `What the network thinks after each line of ${captions}`;
  const frame = { width: columns * (width + 2 * GAP), height: rows * (height + 2 * GAP), title };
  return picture(frame, ...placed);
}

/** The caption, the picture, and a note on classes that are not in it. */
function drawBlock(whole: Lines): Block {
  const lines = { ...whole, names: whole.names.map((name) => clipEnd(name, NAME_LENGTH)) };
  const { reading: { image: { caption }, axis, classNames }, shown } = lines;
  const { width, height, svg } = axis === "columns" ? drawColumns(lines) : drawRows(lines);
  const wrap = (content: string) => wrapWords(content, Math.floor(Math.max(width, IMAGE_SIZE) / CHARACTER));
  const head = caption === "" ? [] : wrap(caption);
  const note = shown.length < classNames.length ? wrap(noteOf(lines)) : [];
  const top = head.length * LINE;
  const longest = Math.max(0, ...[...head, ...note].map((line) => line.length * CHARACTER));
  return {
    width: Math.max(width, longest),
    height: top + height + note.length * LINE,
    svg: [
      ...head.map((line, i) => word(line, { x: 0, y: i * LINE + FONT - 2, strong: true })),
      element("g", { transform: `translate(0 ${top})` }, svg),
      ...note.map((line, i) => word(line, { x: 0, y: top + height + i * LINE + FONT - 2 })),
    ].join(""),
  };
}

/** With the strip to the right: one row for each row of the image, one column a class. */
function drawRows(lines: Lines): Block {
  const { reading, shown, marks, names, steps, winners, settled } = lines;
  const { image, probabilities } = reading;
  const pixel = pixelOf(image), K = names.length;
  const heads = shown.map((k) => marks[k]);
  const cell = heads.every((head) => head.length === 1) ? CELL : WIDE_CELL;
  const top = LINE, left = image.width * pixel + GAP, right = left + shown.length * cell;
  const strip = drawStrip(
    lines,
    (line, i) => ({ x: left + i * cell, y: top + line * pixel, width: cell, height: pixel }),
  );
  const labels = labelledLines(lines, LINE / pixel).map((line) => {
    const k = winners[line];
    const words = `${names[k]} ${percent(probabilities[steps[line] * K + k])}`;
    return word(words, { x: right + 6, y: top + (line + 0.5) * pixel + 5, strong: line >= settled });
  });
  const longest = Math.max(...names.map((name) => name.length)) + SHARE_LENGTH;
  const height = image.height * pixel;
  return {
    width: right + 6 + longest * CHARACTER + 4, // bold ones are a little wider
    height: top + height + 8,
    svg: [
      drawImage(image, { top, width: pixel, height: pixel }),
      ground(left, top, shown.length * cell, height),
      ...strip,
      mark({ x1: 0, x2: right, y1: top + settled * pixel, y2: top + settled * pixel }),
      ...heads.map((head, i) => word(head, { x: left + (i + 0.5) * cell, y: top - 5, anchor: "middle" })),
      ...labels,
    ].join(""),
  };
}

/** With the strip below: one column for each column of the image, one row a class. */
function drawColumns(lines: Lines): Block {
  const { reading: { image }, shown, marks, names, winners, settled } = lines;
  const pixel = pixelOf(image), top = 4;
  const stripTop = top + image.height * pixel + GAP, bottom = stripTop + shown.length * HIGH_CELL;
  const width = image.width * pixel;
  const strip = drawStrip(
    lines,
    (line, i) => ({ x: line * pixel, y: stripTop + i * HIGH_CELL, width: pixel, height: HIGH_CELL }),
  );
  const labels = shown.map((k, i) =>
    word(names[k], { x: width + 6, y: stripTop + (i + 0.5) * HIGH_CELL + 5, strong: k === winners.at(-1) })
  );
  const words = labelledLines(lines, WIDE_CELL / pixel).map((line) =>
    word(marks[winners[line]], {
      x: (line + 0.5) * pixel,
      y: bottom + FONT,
      anchor: "middle",
      strong: line >= settled,
    })
  );
  const longest = Math.max(...shown.map((k) => names[k].length));
  return {
    width: width + 6 + longest * CHARACTER,
    height: bottom + LINE,
    svg: [
      drawImage(image, { top, width: pixel, height: pixel }),
      ground(0, stripTop, width, shown.length * HIGH_CELL),
      ...strip,
      mark({ x1: settled * pixel, x2: settled * pixel, y1: top, y2: bottom }),
      ...labels,
      ...words,
    ].join(""),
  };
}

/** The size of a pixel of the image. */
function pixelOf({ height, width }: Picture): number {
  return Math.min(LARGEST_PIXEL, IMAGE_SIZE / Math.max(height, width));
}

/**
 * The lines whose winners are written beside them, at least `apart` lines apart: the last one, the one that settles it, and
 * those where another class takes the lead, long leads before short ones.
 */
function labelledLines({ winners, settled }: Lines, apart: number): number[] {
  const changes = [...winners.keys()].filter((line) => line === 0 || winners[line] !== winners[line - 1]);
  const lengths = new Map(changes.map((line, i) => [line, (changes[i + 1] ?? winners.length) - line]));
  const byLength = changes.toSorted((a, b) => lengths.get(b)! - lengths.get(a)!);
  return [winners.length - 1, settled, ...byLength].reduce<number[]>(
    (chosen, line) => chosen.every((other) => Math.abs(other - line) >= apart) ? [...chosen, line] : chosen,
    [],
  );
}

/** Draws the probabilities of the shown classes after each line, to a hundredth. */
function drawStrip(
  { reading: { probabilities, classNames }, steps, shown }: Lines,
  place: (line: number, index: number) => Omit<Cell, "value">,
): string[] {
  const cells = steps.flatMap((step, line) =>
    shown.map((k, i) => ({
      ...place(line, i),
      value: Math.round(100 * probabilities[step * classNames.length + k]),
    }))
  );
  const visible = cells.filter(({ value }) => value > 0);
  return mosaic(visible, (value) => ({ class: "wrong", "fill-opacity": value / 100 }));
}

function ground(x: number, y: number, width: number, height: number): string {
  return element("rect", { class: "box", x, y, width, height });
}

/** Marks where the network makes up its mind. */
function mark(ends: { x1: number; x2: number; y1: number; y2: number }): string {
  return element("line", {
    class: "series0",
    ...ends,
    stroke: "currentColor",
    "stroke-width": 1.5,
    "stroke-dasharray": "4 3",
  });
}

function word(
  content: string,
  { anchor, strong, ...at }: { x: number; y: number; anchor?: string; strong?: boolean },
): string {
  return text(content, {
    class: strong ? "ink" : "soft",
    ...at,
    "text-anchor": anchor,
    "font-weight": strong ? 700 : undefined,
  });
}
