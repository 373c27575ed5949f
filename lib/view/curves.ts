/**
 * Loss and accuracy of one or several runs, on training and test images, as a picture.
 *
 * @module
 */
import { type Axes, drawAxes, LEFT, RIGHT, TITLE_LEFT } from "./axes.ts";
import {
  ALL_IMAGES,
  bestPoint,
  type Curve,
  type CurvePoint,
  type CurveSet,
  imagesOf,
  type Judges,
  judgesOf,
  meaningOf,
  momentOf,
} from "./history.ts";
import {
  drawDot,
  drawKeys,
  drawLine,
  drawMark,
  drawRing,
  formatNumber,
  type Key,
  LINE,
  type LineLook,
} from "./lines.ts";
import { formatQuantity } from "./progress.ts";
import { extent, linearScale, logScale, type Scale } from "./scale.ts";
import { element, NARROW, picture, SERIES_COLOURS } from "./svg.ts";
import { formatShare } from "./words.ts";

type Figure = Exclude<keyof CurvePoint, "x">;

/** The images that a line is about. */
type Kind = Judges | "train";

/** The axes of the loss, or those of the accuracy. */
interface Panel extends Axes {
  readonly measure: "Loss" | "Accuracy";
}

/** The class of each line of a run, and their width. */
interface Look extends Readonly<Record<Kind, string>> {
  readonly width: number;
}

const PLOT_HEIGHT = 210;
const TITLE = 56; // above a plot
const AXIS = 66; // below a plot
const KINDS = ["test", "train", "validation"] as const; // in the order of the legend
const LOOKS: Record<Kind, Pick<LineLook, "dashes" | "fill">> = {
  test: {},
  train: { dashes: "5 4", fill: 0 },
  validation: { dashes: "1.75 3", fill: 0.4 },
};
const COLOURS = { test: "series0", train: "series1", validation: "series2" }; // of a single run
const STEPS = { width: 1, opacity: 0.6, dots: false }; // for training steps
const LOG_SPREAD = 10; // losses this far apart are drawn on a logarithmic axis

/**
 * Draws loss above accuracy: solid for test images, dashed for training images, dotted for validation images, with the best
 * accuracy marked in both, that on validation images if there are some; thin for the loss of training steps, smoothed. Missing numbers leave gaps. The legend says which images the lines
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
  if (curves.length === 1) return { ...COLOURS, width: LINE };
  const colour = `series${index % SERIES_COLOURS}`;
  return { train: colour, test: colour, validation: colour, width: widthOf(index) };
}

/** When colours repeat, lines get thicker. */
function widthOf(index: number): number {
  return LINE * (1 + Math.floor(index / SERIES_COLOURS));
}

function lossPanel(set: CurveSet, y: number): Panel {
  const values = [...valuesOf(set.curves, "Loss"), ...stepsOf(set.curves, "loss")];
  const [low, high] = extent(values) ?? [0, 1];
  const isLogarithmic = low > 0 && high / low > LOG_SPREAD;
  const top = y + TITLE, options = { from: top + PLOT_HEIGHT, to: top, labels: 6 };
  return {
    ...panel(set, top),
    title: isLogarithmic ? "loss (nats, logarithmic)" : "loss (nats)",
    measure: "Loss",
    y: isLogarithmic ? logScale(values, options) : linearScale(values, { ...options, limits: [0, Infinity] }),
    formatY: formatNumber,
  };
}

function accuracyPanel(set: CurveSet, y: number): Panel {
  const values = valuesOf(set.curves, "Accuracy");
  const top = y + TITLE;
  return {
    ...panel(set, top),
    title: "accuracy (%)",
    measure: "Accuracy",
    y: linearScale(values, { from: top + PLOT_HEIGHT, to: top, labels: 6, limits: [0, 1] }),
    formatY: (tick) => formatNumber(100 * tick),
  };
}

/** What both panels share. */
function panel({ curves, unit }: CurveSet, top: number) {
  const bottom = top + PLOT_HEIGHT + 6, x = xScale(curves, unit);
  return { top, bottom, x, unit: wordsOf(unit), formatX: formatNumber };
}

function valuesOf(
  curves: readonly Curve[],
  measure: Panel["measure"],
  kinds: readonly Kind[] = KINDS,
): number[] {
  const figures = kinds.map((kind): Figure => `${kind}${measure}`);
  return curves.flatMap(({ points }) => points.flatMap((point) => figures.map((figure) => point[figure])));
}

/** The kinds of images that lines are about: those for validation only where they are watched. */
function kindsOf(curves: readonly Curve[]): Kind[] {
  const watched = (["Loss", "Accuracy"] as const)
    .some((measure) => valuesOf(curves, measure, ["validation"]).some(Number.isFinite));
  return KINDS.filter((kind) => kind !== "validation" || watched);
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
  const ring = element("g", { class: COLOURS[judgesOf(curve)] }, drawRing(TITLE_LEFT + 14, -5));
  return [
    ...kindsOf([curve]).map((kind) =>
      keyOf(kind, { colour: COLOURS[kind], words: meaning(kind, curve), dots: hasDots([curve]) })
    ),
    ...keysOfSteps([curve], COLOURS.train),
    ...(best ? [{ mark: ring, words: bestText(curve, best, unit), strong: true }] : []),
    ...(isEmpty([curve]) ? [NOTHING] : []),
  ];
}

/** The keys that several runs share. */
function keysOfAll({ curves }: CurveSet): Key[] {
  const alike = areAlike(curves);
  return [
    ...kindsOf(curves).map((kind) =>
      keyOf(kind, {
        colour: "series7",
        words: alike ? meaning(kind, curves[0]) : kind,
        dots: hasDots(curves),
      })
    ),
    ...keysOfSteps(curves, "series7"),
    ...(isEmpty(curves) ? [NOTHING] : []),
  ];
}

/** The key of a kind of line. */
function keyOf(kind: Kind, { colour, words, dots }: { colour: string; words: string; dots: boolean }): Key {
  return {
    mark: drawMark({ colour, width: LINE, dashes: LOOKS[kind].dashes }) +
      (dots ? element("g", { class: colour }, drawDot(TITLE_LEFT + 14, -5, LOOKS[kind])) : ""),
    words,
    strong: true,
  };
}

/** Whether a line can be a single point, whose dot the legend must show. */
function hasDots(curves: readonly Curve[]): boolean {
  return curves.some(({ points }) => points.length === 1);
}

/** The keys of one of several runs. */
function keysOfRun({ curves, unit }: CurveSet, index: number): Key[] {
  const curve = curves[index];
  const best = bestPoint(curve);
  const epochs = new Set(curves.map(({ epochImages }) => epochImages)).size > 1 && curve.epochImages !== null;
  const soft = [
    best ? bestText(curve, best, unit) : "no test accuracy",
    ...(epochs ? [`an epoch: ${formatQuantity(curve.epochImages!, "images")}`] : []),
    ...(areAlike(curves)
      ? []
      : kindsOf([curve]).filter((kind) => meaningOf(kind, curve)).map((kind) => meaning(kind, curve))),
  ];
  const mark = drawMark({ colour: `series${index % SERIES_COLOURS}`, width: widthOf(index) });
  return [
    { mark, words: curve.name, strong: true },
    ...soft.map((words) => ({ mark: "", words, strong: false })),
  ];
}

/** The key of the thin lines, if there are some. */
function keysOfSteps(curves: readonly Curve[], colour: string): Key[] {
  const averaged = new Set(curves.flatMap(({ steps }) => steps?.averaged ?? []));
  if (averaged.size === 0) return [];
  const [steps] = averaged;
  const over = averaged.size > 1
    ? ", smoothed"
    : steps > 1
    ? `, averaged over some ${formatQuantity(steps, "steps")}`
    : "";
  return [{ mark: drawMark({ colour, ...STEPS }), words: `each training step${over}`, strong: true }];
}

const NOTHING: Key = { mark: "", words: "nothing to draw yet", strong: false };

function isEmpty(curves: readonly Curve[]): boolean {
  return extent([
    ...valuesOf(curves, "Loss"),
    ...valuesOf(curves, "Accuracy"),
    ...stepsOf(curves, "loss"),
  ]) === null;
}

/** Whether the figures of all runs mean the same. */
function areAlike(curves: readonly Curve[]): boolean {
  const meanings = curves.map((curve) => kindsOf([curve]).map((kind) => meaningOf(kind, curve)));
  return new Set(meanings.map((meanings) => JSON.stringify(meanings))).size === 1;
}

function meaning(kind: Kind, curve: Curve): string {
  const words = meaningOf(kind, curve);
  return words === undefined ? kind : `${kind}: ${words}`;
}

function bestText(curve: Curve, best: CurvePoint, unit: CurveSet["unit"]): string {
  const kind = judgesOf(curve);
  const share = formatShare(best[`${kind}Accuracy`], imagesOf(kind, curve) ?? ALL_IMAGES);
  return `best ${kind} accuracy: ${share} ${momentOf(best, unit)}`;
}

function drawCurve(curve: Curve, panel: Panel, look: Look): string {
  const best = bestPoint(curve), judges = judgesOf(curve), { points, steps } = curve, { measure } = panel;
  const losses = measure === "Loss" && steps?.points.map(({ x, loss }) => ({ x, y: loss }));
  return element(
    "g",
    {},
    ...(losses ? [drawLine(losses, panel, { colour: look.train, ...STEPS })] : []),
    ...kindsOf([curve]).toReversed().map((kind) => {
      const places = points.map((point) => ({ x: point.x, y: point[`${kind}${measure}`] }));
      return drawLine(places, panel, { colour: look[kind], width: look.width, ...LOOKS[kind] });
    }),
    ...(best ? [drawBest({ x: best.x, y: best[`${judges}${measure}`] }, panel, look[judges])] : []),
  );
}

function drawBest(best: { x: number; y: number }, { x, y }: Panel, colour: string): string {
  if (!Number.isFinite(best.y)) return "";
  return element("g", { class: colour }, drawRing(x.at(best.x), y.at(best.y)));
}
