/**
 * The inside of a network while it reads an image, as a picture: gates and states of its units at every step.
 *
 * @module
 */
import type { LayerTraces, Trace } from "../engines/reference/inspect.ts";
import type { ImageTraces } from "../train/inspect.ts";
import type { Picture } from "./digits.ts";
import { gradientPanel, type Part, type RunGradients } from "./gradients.ts";
import { drawImage, mosaic, runsOf } from "./mosaic.ts";
import { titlesOfLayers } from "./structure.ts";
import { CHARACTER, element, NARROW, picture, text } from "./svg.ts";
import { formatFigure, TRACE_NAMES, wrapWords } from "./words.ts";

/** A network and an image that it read. */
export interface Inside {
  /** The image, with the caption above it. */
  readonly image: Picture;
  /** What happened inside. */
  readonly traces: ImageTraces;
  /** Drawn below, if given. */
  readonly gradients?: RunGradients;
}

const MARGIN = 12, GAP = 16, LINE = 20;
const WIDTH = (NARROW - 2 * MARGIN - GAP) / 2; // of a panel
const RIGHT_PANEL = MARGIN + WIDTH + GAP;
const ROOM = Math.floor((NARROW - 2 * MARGIN) / CHARACTER); // characters in a line
const IMAGE_SIZE = 112; // of the longer edge
const UNIT = 4; // the height of a unit's row
const MOST_UNITS = 24;
const MOST_COLUMNS = 56; // longer sequences are averaged
const SHADES = 20;

/**
 * Draws the image, what is read at each step (time runs to the right), and then for every recurrent layer its gates and states:
 * one row a unit, one column a step or the mean of some, orange above 0 and blue below. Of many units those are drawn whose state changes most, in the
 * order of the steps at which it is largest.
 *
 * @returns SVG
 *
 * @example
 * ```ts
 * import { createClassifier } from "../model/classifier.ts";
 * import { traceImage } from "../train/inspect.ts";
 * import { drawInside } from "./inside.ts";
 * import assert from "node:assert/strict";
 *
 * const layers = [{ kind: "lstm", hiddenSize: 3 }, { kind: "dense", units: 2 }] as const;
 * const network = createClassifier({ inputSize: 2, layers });
 * const image = { pixels: Uint8Array.of(0, 255, 255, 0), height: 2, width: 2, caption: "#0" };
 * const traces = traceImage({
 *   network,
 *   T: null,
 *   sequence: { axis: "rows", range: [0, 1] },
 *   classNames: ["no", "yes"],
 *   parameters: new Float32Array(network.size).fill(0.5),
 * }, { ...image, count: 1 }, 0);
 * assert.match(drawInside({ image, traces }), />f, what is kept</);
 * ```
 */
export function drawInside({ image, traces, gradients }: Inside): string {
  const titles = titlesOfLayers(traces.layers);
  const draws = [
    (y: number) => drawHead(image, traces, y),
    ...traces.layers.map((layer, index) => (y: number) =>
      drawLayer(layer, { title: titles[index], T: traces.T, y })
    ),
    ...(gradients ? [(y: number) => gradientPanel([gradients], y)] : []),
  ];
  const parts = draws.reduce<Part[]>((done, draw) => [...done, draw(done.at(-1)?.bottom ?? 0)], []);
  return picture(
    { width: NARROW, height: parts.at(-1)!.bottom + MARGIN, title: `Inside the network: ${image.caption}` },
    ...parts.map(({ svg }) => svg),
  );
}

/** The caption, the image, and beside it the sequence that it becomes. */
function drawHead(image: Picture, { T, C, x }: ImageTraces, y: number): Part {
  const caption = wrapWords(image.caption, ROOM), top = y + caption.length * LINE + 2 * LINE;
  const pixel = IMAGE_SIZE / Math.max(image.height, image.width);
  const least = x.reduce((a, b) => Math.min(a, b)), most = x.reduce((a, b) => Math.max(a, b));
  const ink = x.map((value) => (value - least) / (most - least || 1));
  const { values, columns } = tableOf(ink, { T, units: [...Array(C).keys()] });
  const read = {
    pixels: Uint8Array.from(values, (value) => Math.round(255 * value)),
    height: C,
    width: columns,
  };
  return {
    svg: [
      ...caption.map((line, i) => heading(line, y + (i + 1) * LINE)),
      drawImageAt(MARGIN, image, { top, width: pixel, height: pixel }),
      word("x, what is read", RIGHT_PANEL, top - 6),
      drawImageAt(RIGHT_PANEL, read, { top, width: WIDTH / columns, height: IMAGE_SIZE / C }),
    ].join(""),
    bottom: top + IMAGE_SIZE + GAP,
  };
}

function drawImageAt(x: number, ...image: Parameters<typeof drawImage>): string {
  return element("g", { transform: `translate(${x} 0)` }, drawImage(...image));
}

/** The title, and the gates and states, two side by side. */
function drawLayer(
  { layer: { hiddenSize: H }, gates, states }: LayerTraces,
  { title, T, y }: { title: string; T: number; y: number },
): Part {
  const traces = [...gates, ...states.toReversed()], memory = states[states.length - 1];
  const units = unitsOf(memory.values, H);
  const each = stepsPerColumn(T), column = each > 1 ? `the mean of ${each} steps` : "a step";
  const words = `one row a unit, one column ${column}; orange is above 0, blue below`;
  const most = `${words}: the ${units.length} units whose ${memory.name} changes most`;
  const note = wrapWords(units.length < H ? most : words, ROOM);
  const top = y + LINE * (2 + note.length), height = units.length * UNIT, pitch = height + 2 * LINE;
  const panels = traces.map((trace, i) => {
    const place = { x: i % 2 === 0 ? MARGIN : RIGHT_PANEL, y: top + Math.floor(i / 2) * pitch + LINE };
    return drawPanel(trace, { T, units, ...place });
  });
  return {
    svg: [
      heading(title, y + LINE),
      ...note.map((line, i) => word(line, MARGIN, y + (i + 2) * LINE)),
      ...panels,
    ].join(""),
    bottom: top + Math.ceil(traces.length / 2) * pitch,
  };
}

/** One gate or state: a row a unit, a column a step. */
function drawPanel(
  { name, values }: Trace,
  { T, units, x, y }: { T: number; units: readonly number[]; x: number; y: number },
): string {
  const table = tableOf(values, { T, units }), height = units.length * UNIT;
  const most = Math.max(1, values.reduce((a, b) => Math.max(a, Math.abs(b)), 0)); // gates and tanh stay within 1
  const shades = table.values.map((value) => Math.round(SHADES * value / most) || 0);
  const cells = runsOf(shades, { columns: table.columns, width: WIDTH / table.columns, height: UNIT });
  const range = most > 1 ? `, up to ±${formatFigure(most, 2)}` : "";
  return element(
    "g",
    { transform: `translate(${x} ${y})` },
    word(`${TRACE_NAMES[name]}${range}`, 0, -6),
    element("rect", { class: "box", width: WIDTH, height }),
    element(
      "g",
      { "shape-rendering": "crispEdges" },
      ...mosaic(cells, (shade) => ({
        class: shade > 0 ? "wrong" : "right",
        "fill-opacity": Math.abs(shade) / SHADES,
      })),
    ),
  );
}

/** The units whose values `[T,H]` change most, in the order of the steps at which they are largest. */
function unitsOf(values: Float64Array, H: number): number[] {
  const T = values.length / H;
  const all = Array.from({ length: H }, (_, unit) => {
    const own = Array.from({ length: T }, (_, t) => values[t * H + unit]);
    const mean = own.reduce((a, b) => a + b) / T;
    const change = own.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const peak = own.reduce((best, value, t) => Math.abs(value) > Math.abs(own[best]) ? t : best, 0);
    return { unit, change, peak };
  });
  return all.sort((a, b) => b.change - a.change).slice(0, MOST_UNITS)
    .sort((a, b) => a.peak - b.peak || a.unit - b.unit).map(({ unit }) => unit);
}

/**
 * Some units of values `[T,H]`, a row each; of long sequences the means over as many steps as one column stands for.
 *
 * @returns `[units, columns]`
 */
function tableOf(
  values: Float64Array,
  { T, units }: { T: number; units: readonly number[] },
): { values: Float64Array; columns: number } {
  const each = stepsPerColumn(T), columns = Math.ceil(T / each), H = values.length / T;
  const table = new Float64Array(units.length * columns);
  units.forEach((unit, row) => {
    for (let t = 0; t < T; t++) {
      const column = Math.floor(t / each), count = Math.min(each, T - column * each);
      table[row * columns + column] += values[t * H + unit] / count;
    }
  });
  return { values: table, columns };
}

function stepsPerColumn(T: number): number {
  return Math.ceil(T / MOST_COLUMNS);
}

function heading(content: string, y: number): string {
  return text(content, { class: "ink", x: MARGIN, y, "font-weight": 700 });
}

function word(content: string, x: number, y: number): string {
  return text(content, { class: "soft", x, y });
}
