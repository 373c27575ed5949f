/**
 * A network at work: an image, and beside it what the network thought after each of its lines.
 *
 * Where the lines are rows, the strip stands to the right of the image, one row of it a row of the image; where they are
 * columns, it lies below. Pixel by pixel, it shows what the network thought at the end of each row.
 *
 * @module
 */
import { printable } from "../excerpt.ts";
import type { Sequence } from "../data/sequence.ts";
import { decidedAt, likeliest } from "../train/reading.ts";
import { drawPictures, type Picture } from "./digits.ts";
import { element, picture, round, text } from "./svg.ts";

/** An image, and the probabilities that a network gave each class after every step. */
export interface Reading {
  /** The image; its caption stands above. */
  readonly image: Picture;
  /** How the network reads it. */
  readonly axis: Sequence["axis"];
  /** `[T, K]`, each row with the sum 1. */
  readonly probabilities: Float32Array;
  /** What class 0, 1, … stands for. */
  readonly classNames: readonly string[];
}

/** How {@link readingsSvg} draws. */
export interface ReadingsSvgOptions {
  /** How many readings stand side by side; 1 by default. */
  readonly perRow?: number;
}

/** How {@link drawReading} draws. */
export interface DrawReadingOptions {
  /** The columns of the terminal; what is too wide for them is scaled down. */
  readonly columns: number;
  /** Whether to draw in greys (by escape sequences of 24-bit colours), or with plain characters. */
  readonly colour: boolean;
}

const PIXEL = 10; // of the image, in units of the picture; as much as one line of the strip
const CELL = 16; // one class of the strip
const GAP = 12;
const CHARACTER = 6.6; // the mean width at FONT, with room to spare
const FONT = 12; // its size in CSS pixels
const SMALL = 9;
const RESET = "\x1b[0m";
const HEAT = [255, 140, 40]; // red, green, blue
const SHADES = " ░▒▓█";

/** A reading with its steps gathered to the lines that are drawn. */
interface Lines {
  readonly reading: Reading;
  /** With the number of the class, where that stands for it elsewhere. */
  readonly names: readonly string[];
  /** Which step each line ends with. */
  readonly steps: readonly number[];
  /** Where the strip settles: from this line on the winning class stays the same. */
  readonly settled: number;
}

/** The SVG of one reading, and the room it takes. */
interface Block {
  readonly width: number;
  readonly height: number;
  readonly svg: string;
}

/**
 * A picture of readings, light on light and dark on dark pages.
 *
 * @returns One `<svg>` element, which needs nothing from outside
 * @throws {TypeError} If the probabilities are not a row for every step of the image.
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
  const blocks = readings.map((reading) => drawBlock(toLines(reading)));
  const columns = Math.max(1, Math.min(perRow, blocks.length));
  const width = Math.max(0, ...blocks.map((block) => block.width));
  const height = Math.max(0, ...blocks.map((block) => block.height));
  const rows = Math.ceil(blocks.length / columns);
  const placed = blocks.map(({ svg }, i) => {
    const x = i % columns * (width + 2 * GAP) + GAP, y = Math.floor(i / columns) * (height + 2 * GAP) + GAP;
    return element("g", { transform: `translate(${round(x)} ${round(y)})` }, svg);
  });
  const title = `What the network thinks after each line of ${
    readings.map(({ image }) => image.caption).join("; ")
  }`;
  const frame = { width: columns * (width + 2 * GAP), height: rows * (height + 2 * GAP), title };
  return picture(frame, ...placed);
}

function drawBlock(lines: Lines): Block {
  return lines.reading.axis === "columns" ? drawColumns(lines) : drawRows(lines);
}

/** The strip to the right: one line a row of the image, one column a class. */
function drawRows({ reading, names, steps, settled }: Lines): Block {
  const { image, probabilities } = reading;
  const K = names.length, top = 2 * FONT + GAP, left = image.width * PIXEL + GAP;
  const height = image.height * PIXEL, right = left + K * CELL;
  const cells = steps.flatMap((step, line) =>
    names.map((_, k) => ({
      ...{ x: left + k * CELL, y: top + line * PIXEL, width: CELL, height: PIXEL },
      value: probabilities[step * K + k],
    }))
  );
  const heads = names.map((_, k) =>
    word(short(reading, k), { x: left + (k + 0.5) * CELL, y: top - 4, anchor: "middle" })
  );
  const winners = steps.map((step, line) => {
    const k = likeliest(probabilities, step, K);
    const words = `${names[k]} ${percent(probabilities[step * K + k])}`;
    return word(words, {
      x: right + 6,
      y: top + (line + 0.85) * PIXEL,
      size: SMALL,
      strong: line >= settled,
    });
  });
  const longest = Math.max(...names.map((name) => name.length)) + 6;
  return {
    width: Math.max(right + 6 + longest * CHARACTER, image.caption.length * CHARACTER),
    height: top + height + 2,
    svg: [
      word(image.caption, { x: 0, y: FONT, strong: true }),
      drawImage(image, top),
      ground(left, top, K * CELL, height),
      ...drawStrip(cells),
      mark({ x1: 0, x2: right, y1: top + settled * PIXEL, y2: top + settled * PIXEL }),
      ...heads,
      ...winners,
    ].join(""),
  };
}

/** The strip below: one column a column of the image, one row a class. */
function drawColumns({ reading, names, steps, settled }: Lines): Block {
  const { image, probabilities } = reading;
  const K = names.length, top = FONT + GAP;
  const strip = top + image.height * PIXEL + GAP, bottom = strip + K * CELL;
  const width = image.width * PIXEL;
  const cells = steps.flatMap((step, line) =>
    names.map((_, k) => ({
      ...{ x: line * PIXEL, y: strip + k * CELL, width: PIXEL, height: CELL },
      value: probabilities[step * K + k],
    }))
  );
  const labels = names.map((name, k) => word(name, { x: width + 6, y: strip + (k + 0.75) * CELL }));
  const winners = steps.map((step, line) => {
    const k = likeliest(probabilities, step, K);
    return word(short(reading, k), {
      x: (line + 0.5) * PIXEL,
      y: bottom + FONT,
      anchor: "middle",
      size: SMALL,
      strong: line >= settled,
    });
  });
  const longest = Math.max(...names.map((name) => name.length));
  return {
    width: Math.max(width + 6 + longest * CHARACTER, image.caption.length * CHARACTER),
    height: bottom + FONT + 4,
    svg: [
      word(image.caption, { x: 0, y: FONT, strong: true }),
      drawImage(image, top),
      ground(0, strip, width, K * CELL),
      ...drawStrip(cells),
      mark({ x1: settled * PIXEL, x2: settled * PIXEL, y1: top, y2: bottom }),
      ...labels,
      ...winners,
    ].join(""),
  };
}

/** Runs of equal pixels as one rectangle each, on black. */
function drawImage({ pixels, height, width }: Picture, top: number): string {
  const runs: Cell[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width;) {
      const first = x, value = pixels[y * width + x];
      while (x < width && pixels[y * width + x] === value) x++;
      if (value === 0) continue;
      runs.push({ x: first * PIXEL, y: top + y * PIXEL, width: (x - first) * PIXEL, height: PIXEL, value });
    }
  }
  return element(
    "g",
    { "shape-rendering": "crispEdges" },
    element("rect", { y: top, width: width * PIXEL, height: height * PIXEL, fill: "#000000" }),
    ...mosaic(runs, (value) => ({ fill: `#${value.toString(16).padStart(2, "0").repeat(3)}` })),
  );
}

/** The probabilities of a strip, to a hundredth; nothing where it would not be seen. */
function drawStrip(cells: readonly Cell[]): string[] {
  const seen = cells.map((cell) => ({ ...cell, value: Math.round(100 * cell.value) })).filter(({ value }) =>
    value > 0
  );
  return mosaic(seen, (value) => ({ class: "wrong", "fill-opacity": value / 100 }));
}

/** A rectangle, and what its colour says. */
interface Cell {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly value: number;
}

/** One path for all rectangles of a value: a thousand elements cost whoever draws them far more. */
function mosaic(
  cells: readonly Cell[],
  attributesOf: (value: number) => Record<string, string | number>,
): string[] {
  return [...Map.groupBy(cells, ({ value }) => value)].map(([value, alike]) =>
    element("path", {
      ...attributesOf(value),
      d: alike.map(({ x, y, width, height }) =>
        `M${round(x)} ${round(y)}h${round(width)}v${round(height)}h${round(-width)}z`
      ).join(""),
    })
  );
}

function ground(x: number, y: number, width: number, height: number): string {
  return element("rect", { class: "box", x, y, width, height });
}

/** Where the network makes up its mind. */
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
  { anchor, size = FONT, strong, ...at }: {
    x: number;
    y: number;
    anchor?: string;
    size?: number;
    strong?: boolean;
  },
): string {
  return text(content, {
    class: strong ? "ink" : "soft",
    ...at,
    "text-anchor": anchor,
    "font-size": size,
    "font-weight": strong ? 700 : undefined,
  });
}

/**
 * A reading in the terminal: two rows of the image a line, its strip in colours or shades, and at every line (or below
 * every column) the likeliest class.
 *
 * @returns Lines
 * @throws {TypeError} If the probabilities are not a row for every step of the image.
 *
 * @example
 * ```ts
 * import { drawReading } from "./reading.ts";
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
  const lines = toLines(reading);
  const { image } = reading;
  const longest = Math.max(...lines.names.map((name) => name.length));
  const beside = reading.axis === "columns" ? 2 + longest : 2 + 2 * lines.names.length + 2 + longest + 6;
  const room = Math.max(1, columns - beside);
  const factor = Math.ceil(image.width / room);
  const width = Math.ceil(image.width / factor);
  const [, ...digit] = drawPictures([{ ...image, caption: "" }], { columns: room, perRow: 1, colour });
  const caption = printable(image.caption, columns).slice(0, columns);
  const draw = reading.axis === "columns" ? columnsText : rowsText;
  return [caption, ...draw(lines, { digit, factor, width, colour })].map((line) => line.trimEnd());
}

/** What both ways to draw in the terminal take: the digit as lines, each character `factor` pixels wide. */
interface TextParts {
  readonly digit: readonly string[];
  readonly factor: number;
  readonly width: number;
  readonly colour: boolean;
}

function rowsText({ reading, names, steps }: Lines, { digit, factor, width, colour }: TextParts): string[] {
  const K = names.length, { probabilities } = reading;
  const heads = names.map((_, k) => short(reading, k).padEnd(2)).join("");
  return [
    " ".repeat(width + 2) + heads,
    ...digit.map((line, i) => {
      const step = steps[Math.min(steps.length, (i + 1) * 2 * factor) - 1];
      const k = likeliest(probabilities, step, K);
      const strip = names.map((_, k) => shade(probabilities[step * K + k], 2, colour)).join("");
      const end = colour ? RESET : "";
      return `${colour ? line : line.padEnd(width)}  ${strip}${end}  ${names[k]} ${
        percent(probabilities[step * K + k]).padStart(4)
      }`;
    }),
  ];
}

function columnsText(
  { reading, names, steps }: Lines,
  { digit, factor, width, colour }: TextParts,
): string[] {
  const K = names.length, { probabilities } = reading;
  const shown = Array.from({ length: width }, (_, x) => steps[Math.min(steps.length, (x + 1) * factor) - 1]);
  const winners = shown.map((step) => {
    const k = likeliest(probabilities, step, K);
    return short(reading, k).slice(0, 1);
  });
  const end = colour ? RESET : "";
  const strip = names.map((name, k) => {
    return `${shown.map((step) => shade(probabilities[step * K + k], 1, colour)).join("")}${end}  ${name}`;
  });
  return [...digit, "", ...strip, winners.join("")];
}

/** A probability as so many characters: from black to orange, or a shade. */
function shade(p: number, width: number, colour: boolean): string {
  if (colour) return `\x1b[48;2;${HEAT.map((value) => Math.round(value * p)).join(";")}m${" ".repeat(width)}`;
  return SHADES[Math.min(SHADES.length - 1, Math.floor(p * SHADES.length))].repeat(width);
}

function toLines(reading: Reading): Lines {
  const { image: { height, width }, axis, probabilities } = reading;
  const classNames = reading.classNames.map((name) => printable(name));
  const count = axis === "columns" ? width : height;
  const perLine = axis === "pixels" ? width : 1;
  const K = classNames.length;
  if (probabilities.length !== count * perLine * K) {
    throw new TypeError(
      `Cannot draw the reading: probabilities must be ${count * perLine} × ${K} numbers: ` +
        `current value is ${probabilities.length}`,
    );
  }
  const steps = Array.from({ length: count }, (_, line) => (line + 1) * perLine - 1);
  const settled = Math.floor(decidedAt(probabilities, K) / perLine);
  const names = classNames.map((name, k) => name.length <= 2 ? name : `${k} ${name}`);
  return { reading: { ...reading, classNames }, names, steps, settled };
}

/** A name where there is room for one or two characters: else the number of the class. */
function short({ classNames }: Reading, k: number): string {
  return classNames[k].length <= 2 ? classNames[k] : String(k);
}

function percent(p: number): string {
  return `${Math.round(100 * p)}%`;
}
