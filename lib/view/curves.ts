/**
 * Loss and accuracy of one or several runs, on training and test images, as a picture.
 *
 * @module
 */
import { type Axes, drawAxes, LEFT, RIGHT, TITLE_LEFT } from "./axes.ts";
import { bestPoint, type Curve, type CurvePoint, type CurveSet, momentOf } from "./history.ts";
import { formatQuantity } from "./progress.ts";
import { extent, linearScale, logScale, type Scale } from "./scale.ts";
import { CHARACTER, element, NARROW, picture, round, SERIES_COLOURS, text } from "./svg.ts";
import { clipStart, formatShare, wrapWords } from "./words.ts";

type Figure = Exclude<keyof CurvePoint, "x">;

/** The axes of the loss, or those of the accuracy. */
interface Panel extends Axes {
  readonly train: Figure;
  readonly test: Figure;
}

/** The classes of a run's two lines, and their width. */
interface Look {
  readonly train: string;
  readonly test: string;
  readonly width: number;
}

/** An entry of the legend: a mark, and what it means. */
interface Key {
  readonly mark: string;
  readonly words: string;
  readonly strong: boolean;
}

const PLOT_HEIGHT = 210;
const TITLE = 56; // above a plot
const AXIS = 66; // below a plot
const LEGEND_LINE = 22, KEY_WIDTH = 38;
const LINE = 1.75;
const DASHES = "5 4"; // for training images
const MOST_DOTS = 30; // the points of a longer line are not marked
const LOG_SPREAD = 10; // losses this far apart are drawn on a logarithmic axis
const ROOM = Math.floor((RIGHT - TITLE_LEFT - KEY_WIDTH) / CHARACTER); // characters in a line of the legend
const ALL_IMAGES = 10_000; // how many test images, if unknown

/**
 * Draws loss above accuracy: solid for test images, dashed for training images, with the best test accuracy marked in
 * both. Missing numbers leave gaps. The legend says which images the lines are about.
 *
 * @returns SVG
 *
 * @example
 * ```ts
 * import { drawCurves } from "./curves.ts";
 * import { toCurves } from "./history.ts";
 * import assert from "node:assert/strict";
 *
 * const lines = [0, 1, 2].map((epoch) => {
 *   const loss = 1 / (epoch + 1), accuracy = 1 - loss / 5;
 *   return { event: "epoch", epoch, trainLoss: loss, trainAccuracy: accuracy, testLoss: loss, testAccuracy: accuracy };
 * });
 * const svg = drawCurves(toCurves([{ name: "mine", lines, stepsPerEpoch: 938 }]));
 * assert.match(svg, /best test accuracy: 93.33% after 3 epochs/);
 * ```
 */
export function drawCurves(set: CurveSet): string {
  const { curves, unit } = set;
  const head = drawKeys(curves.length === 1 ? keysOfOne(set) : keysOfAll(set), 8);
  const panels = [lossPanel(set, head.bottom), accuracyPanel(set, head.bottom + TITLE + PLOT_HEIGHT + AXIS)];
  const bottom = panels[1].top + PLOT_HEIGHT + AXIS;
  const legend = drawKeys(curves.length === 1 ? [] : curves.flatMap((_, i) => keysOfRun(set, i)), bottom);
  const frame = {
    width: NARROW,
    height: legend.bottom + (curves.length > 1 ? 8 : 0),
    title: `Loss and accuracy of ${curves.map(({ name }) => name).join(", ")}, by ${unit} trained`,
  };
  return picture(
    frame,
    head.svg,
    ...panels.map(drawAxes),
    ...panels.flatMap((panel) => curves.map((curve, i) => drawCurve(curve, panel, lookOf(set, i)))),
    legend.svg,
  );
}

/** A single run has a colour for each kind of image; several have one each. */
function lookOf({ curves }: CurveSet, index: number): Look {
  if (curves.length === 1) return { train: "series1", test: "series0", width: LINE };
  const colour = `series${index % SERIES_COLOURS}`;
  return { train: colour, test: colour, width: widthOf(index) };
}

/** When colours repeat, lines get thicker. */
function widthOf(index: number): number {
  return LINE * (1 + Math.floor(index / SERIES_COLOURS));
}

function lossPanel(set: CurveSet, y: number): Panel {
  const values = valuesOf(set.curves, ["trainLoss", "testLoss"]);
  const [low, high] = extent(values) ?? [0, 1];
  const isLogarithmic = low > 0 && high / low > LOG_SPREAD;
  const top = y + TITLE, options = { from: top + PLOT_HEIGHT, to: top, labels: 6 };
  return {
    ...panel(set, top),
    title: isLogarithmic ? "loss (nats, logarithmic)" : "loss (nats)",
    train: "trainLoss",
    test: "testLoss",
    y: isLogarithmic ? logScale(values, options) : linearScale(values, { ...options, limits: [0, Infinity] }),
    formatY: formatNumber,
  };
}

function accuracyPanel(set: CurveSet, y: number): Panel {
  const values = valuesOf(set.curves, ["trainAccuracy", "testAccuracy"]);
  const top = y + TITLE;
  return {
    ...panel(set, top),
    title: "accuracy (%)",
    train: "trainAccuracy",
    test: "testAccuracy",
    y: linearScale(values, { from: top + PLOT_HEIGHT, to: top, labels: 6, limits: [0, 1] }),
    formatY: (tick) => formatNumber(100 * tick),
  };
}

/** What both panels share. */
function panel({ curves, unit }: CurveSet, top: number) {
  const bottom = top + PLOT_HEIGHT + 6, x = xScale(curves, unit);
  return { top, bottom, x, unit: `${unit} trained`, formatX: formatNumber };
}

function valuesOf(curves: readonly Curve[], figures: readonly Figure[]): number[] {
  return curves.flatMap(({ points }) => points.flatMap((point) => figures.map((figure) => point[figure])));
}

function xScale(curves: readonly Curve[], unit: CurveSet["unit"]): Scale {
  const values = curves.flatMap(({ points }) => points.map(({ x }) => x));
  const options = { from: LEFT + 8, to: RIGHT - 20 };
  const [low, high] = extent(values) ?? [0, 1];
  const labels = unit === "steps" ? 5 : 10;
  const leastStep = values.every(Number.isInteger) ? 1 : 0;
  const { ticks } = linearScale(values, { ...options, labels, leastStep, limits: [0, Infinity] });
  // The axis ends at the data, not at a label: 1 … 10 need no room for 12.
  const span = high - low || 2, start = high > low ? low : low - 1;
  const at = (value: number) => options.from + (value - start) / span * (options.to - options.from);
  return { at, ticks: ticks.filter((tick) => tick >= start && tick <= start + span) };
}

/** The keys for a single run. */
function keysOfOne({ curves: [curve], unit }: CurveSet): Key[] {
  const best = bestPoint(curve);
  const ring = element("g", { class: "series0" }, drawRing(TITLE_LEFT + 14, -5));
  return [
    { mark: drawMark("series0", LINE), words: meaning("test", curve), strong: true },
    { mark: drawMark("series1", LINE, DASHES), words: meaning("train", curve), strong: true },
    ...(best ? [{ mark: ring, words: bestText(curve, best, unit), strong: true }] : []),
    ...(isEmpty([curve]) ? [NOTHING] : []),
  ];
}

/** The keys that several runs share. */
function keysOfAll({ curves }: CurveSet): Key[] {
  const alike = areAlike(curves);
  const words = (kind: "train" | "test") => alike ? meaning(kind, curves[0]) : kind;
  return [
    { mark: drawMark("series7", LINE), words: words("test"), strong: true },
    { mark: drawMark("series7", LINE, DASHES), words: words("train"), strong: true },
    ...(isEmpty(curves) ? [NOTHING] : []),
  ];
}

/** The keys of one of several runs. */
function keysOfRun({ curves, unit }: CurveSet, index: number): Key[] {
  const curve = curves[index];
  const best = bestPoint(curve);
  const epochs = new Set(curves.map(({ epochImages }) => epochImages)).size > 1 && curve.epochImages !== null;
  const soft = [
    best ? bestText(curve, best, unit) : "no test accuracy",
    ...(epochs ? [`an epoch: ${formatQuantity(curve.epochImages!, "images")}`] : []),
    ...(areAlike(curves) || !curve.figures ? [] : [meaning("test", curve), meaning("train", curve)]),
  ];
  const mark = drawMark(`series${index % SERIES_COLOURS}`, widthOf(index));
  return [
    { mark, words: clipStart(curve.name, ROOM), strong: true },
    ...soft.map((words) => ({ mark: "", words, strong: false })),
  ];
}

const NOTHING: Key = { mark: "", words: "nothing to draw yet", strong: false };

function isEmpty(curves: readonly Curve[]): boolean {
  return extent(valuesOf(curves, ["trainLoss", "trainAccuracy", "testLoss", "testAccuracy"])) === null;
}

/** Whether the figures of all runs mean the same. */
function areAlike(curves: readonly Curve[]): boolean {
  return new Set(curves.map(({ figures }) => JSON.stringify([figures?.train, figures?.test]))).size === 1;
}

function meaning(kind: "train" | "test", { figures }: Curve): string {
  return figures ? `${kind}: ${figures[kind]}` : kind;
}

function bestText(curve: Curve, best: CurvePoint, unit: CurveSet["unit"]): string {
  const images = curve.figures?.testImages ?? ALL_IMAGES;
  return `best test accuracy: ${formatShare(best.testAccuracy, images)} ${momentOf(best, unit)}`;
}

/** Draws keys from `top` down, each on as many lines as its words need. */
function drawKeys(keys: readonly Key[], top: number): { svg: string; bottom: number } {
  let y = top;
  const drawn = keys.flatMap(({ mark, words, strong }) => {
    const lines = wrapWords(words, ROOM);
    const first = y + LEGEND_LINE - 4;
    y += lines.length * LEGEND_LINE;
    return [
      ...(mark ? [element("g", { transform: `translate(0 ${first})` }, mark)] : []),
      ...lines.map((line, i) =>
        text(line, { class: strong ? "ink" : "soft", x: TITLE_LEFT + KEY_WIDTH, y: first + i * LEGEND_LINE })
      ),
    ];
  });
  return { svg: drawn.join(""), bottom: y };
}

/** A piece of a line, for words with their baseline at 0. */
function drawMark(colour: string, width: number, dashes?: string): string {
  return element("path", {
    class: colour,
    d: `M${TITLE_LEFT} -5h28`,
    stroke: "currentColor",
    "stroke-width": width,
    "stroke-dasharray": dashes,
  });
}

function drawCurve(curve: Curve, panel: Panel, { train, test, width }: Look): string {
  const best = bestPoint(curve);
  return element(
    "g",
    {},
    drawLine(curve.points, panel, { figure: panel.train, colour: train, width, dashes: DASHES }),
    drawLine(curve.points, panel, { figure: panel.test, colour: test, width }),
    ...(best ? [drawBest(best, panel, test)] : []),
  );
}

function drawLine(
  points: readonly CurvePoint[],
  { x, y }: Panel,
  { figure, colour, width, dashes }: { figure: Figure; colour: string; width: number; dashes?: string },
): string {
  const place = (point: CurvePoint) => `${round(x.at(point.x))} ${round(y.at(point[figure]))}`;
  const pieces = unbroken(points, figure);
  const lines = pieces.filter((piece) => piece.length > 1).map((piece) => `M${piece.map(place).join("L")}`);
  const dots = pieces.filter(({ length }) => length === 1 || points.length <= MOST_DOTS).flat();
  return element(
    "g",
    { class: colour },
    element("path", {
      d: lines.join(""),
      fill: "none",
      stroke: "currentColor",
      "stroke-width": width,
      "stroke-linejoin": "round",
      "stroke-dasharray": dashes,
    }),
    ...dots.map((point) =>
      element("circle", { cx: x.at(point.x), cy: y.at(point[figure]), r: 2.5, fill: "currentColor" })
    ),
  );
}

/** The pieces of a line between its gaps. */
function unbroken(points: readonly CurvePoint[], figure: Figure): CurvePoint[][] {
  const pieces: CurvePoint[][] = [[]];
  for (const point of points) {
    if (Number.isFinite(point[figure])) pieces[pieces.length - 1].push(point);
    else pieces.push([]);
  }
  return pieces.filter((piece) => piece.length > 0);
}

function drawBest(best: CurvePoint, { x, y, test }: Panel, colour: string): string {
  const value = best[test];
  if (!Number.isFinite(value)) return "";
  return element("g", { class: colour }, drawRing(x.at(best.x), y.at(value)));
}

function drawRing(cx: number, cy: number): string {
  return element("circle", { cx, cy, r: 6, fill: "none", stroke: "currentColor", "stroke-width": LINE });
}

/** Commas between thousands; powers of ten for very small numbers. */
function formatNumber(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-4) return value.toExponential(0).replace("e-", "e−");
  const [whole, fraction] = String(Number(value.toPrecision(6))).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
