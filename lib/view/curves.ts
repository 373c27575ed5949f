/**
 * Loss and accuracy of one or several runs, on training and test images, as a picture.
 *
 * @module
 */
import { type Axes, drawAxes, LEFT, RIGHT, TITLE_LEFT } from "./axes.ts";
import { bestPoint, type Curve, type CurvePoint, type CurveSet, momentOf } from "./history.ts";
import { drawKeys, drawLine, drawMark, drawRing, formatNumber, type Key, LINE, ROOM } from "./lines.ts";
import { formatQuantity } from "./progress.ts";
import { extent, linearScale, logScale, type Scale } from "./scale.ts";
import { element, NARROW, picture, SERIES_COLOURS } from "./svg.ts";
import { clipStart, formatShare } from "./words.ts";

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

const PLOT_HEIGHT = 210;
const TITLE = 56; // above a plot
const AXIS = 66; // below a plot
const DASHES = "5 4"; // for training images
const STEPS = { width: 1, opacity: 0.6, dots: false }; // for training steps
const LOG_SPREAD = 10; // losses this far apart are drawn on a logarithmic axis
const ALL_IMAGES = 10_000; // how many test images, if unknown

/**
 * Draws loss above accuracy: solid for test images, dashed for training images, with the best test accuracy marked in
 * both; thin for the loss of training steps, smoothed. Missing numbers leave gaps. The legend says which images the lines
 * are about.
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
  const values = [...valuesOf(set.curves, ["trainLoss", "testLoss"]), ...stepsOf(set.curves, "loss")];
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
  return { top, bottom, x, unit: wordsOf(unit), formatX: formatNumber };
}

function valuesOf(curves: readonly Curve[], figures: readonly Figure[]): number[] {
  return curves.flatMap(({ points }) => points.flatMap((point) => figures.map((figure) => point[figure])));
}

function stepsOf(curves: readonly Curve[], figure: "x" | "loss"): number[] {
  return curves.flatMap(({ steps }) => steps?.points.map((point) => point[figure]) ?? []);
}

function wordsOf(unit: CurveSet["unit"]): string {
  return unit === "seconds" ? "seconds of training and testing" : `${unit} trained`;
}

function xScale(curves: readonly Curve[], unit: CurveSet["unit"]): Scale {
  const values = [...curves.flatMap(({ points }) => points.map(({ x }) => x)), ...stepsOf(curves, "x")];
  const options = { from: LEFT + 8, to: RIGHT - 20 };
  const [low, high] = extent(values) ?? [0, 1];
  const labels = unit === "steps" ? 5 : 10;
  const whole = curves.every(({ points }) => points.every(({ x }) => Number.isInteger(x)));
  const leastStep = whole ? 1 : 0;
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
    { mark: drawMark({ colour: "series0", width: LINE }), words: meaning("test", curve), strong: true },
    {
      mark: drawMark({ colour: "series1", width: LINE, dashes: DASHES }),
      words: meaning("train", curve),
      strong: true,
    },
    ...keysOfSteps([curve], "series1"),
    ...(best ? [{ mark: ring, words: bestText(curve, best, unit), strong: true }] : []),
    ...(isEmpty([curve]) ? [NOTHING] : []),
  ];
}

/** The keys that several runs share. */
function keysOfAll({ curves }: CurveSet): Key[] {
  const alike = areAlike(curves);
  const words = (kind: "train" | "test") => alike ? meaning(kind, curves[0]) : kind;
  return [
    { mark: drawMark({ colour: "series7", width: LINE }), words: words("test"), strong: true },
    {
      mark: drawMark({ colour: "series7", width: LINE, dashes: DASHES }),
      words: words("train"),
      strong: true,
    },
    ...keysOfSteps(curves, "series7"),
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
  const mark = drawMark({ colour: `series${index % SERIES_COLOURS}`, width: widthOf(index) });
  return [
    { mark, words: clipStart(curve.name, ROOM), strong: true },
    ...soft.map((words) => ({ mark: "", words, strong: false })),
  ];
}

/** The key of the thin lines, if there are some. */
function keysOfSteps(curves: readonly Curve[], colour: string): Key[] {
  const averaged = new Set(curves.flatMap(({ steps }) => steps?.averaged ?? []));
  if (averaged.size === 0) return [];
  const over = averaged.size === 1
    ? `, averaged over some ${formatQuantity([...averaged][0], "steps")}`
    : ", smoothed";
  return [{ mark: drawMark({ colour, ...STEPS }), words: `each training step${over}`, strong: true }];
}

const NOTHING: Key = { mark: "", words: "nothing to draw yet", strong: false };

function isEmpty(curves: readonly Curve[]): boolean {
  const values = valuesOf(curves, ["trainLoss", "trainAccuracy", "testLoss", "testAccuracy"]);
  return extent([...values, ...stepsOf(curves, "loss")]) === null;
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

function drawCurve(curve: Curve, panel: Panel, { train, test, width }: Look): string {
  const best = bestPoint(curve), { points, steps } = curve;
  const placesOf = (figure: Figure) => points.map((point) => ({ x: point.x, y: point[figure] }));
  const losses = panel.train === "trainLoss" && steps?.points.map(({ x, loss }) => ({ x, y: loss }));
  return element(
    "g",
    {},
    ...(losses ? [drawLine(losses, panel, { colour: train, ...STEPS })] : []),
    drawLine(placesOf(panel.train), panel, { colour: train, width, dashes: DASHES }),
    drawLine(placesOf(panel.test), panel, { colour: test, width }),
    ...(best ? [drawBest(best, panel, test)] : []),
  );
}

function drawBest(best: CurvePoint, { x, y, test }: Panel, colour: string): string {
  const value = best[test];
  if (!Number.isFinite(value)) return "";
  return element("g", { class: colour }, drawRing(x.at(best.x), y.at(value)));
}
