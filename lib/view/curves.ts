/**
 * Loss and accuracy of one or many runs, train against test, as a picture.
 *
 * @module
 */
import { bestPoint, type Curve, type CurvePoint, type CurveSet } from "./history.ts";
import { extent, linearScale, logScale, type Scale } from "./scale.ts";
import { clipStart, element, picture, round, SERIES_COLOURS, text } from "./svg.ts";

type Figure = Exclude<keyof CurvePoint, "x">;

/** One of the two axes systems. */
interface Panel {
  readonly title: string;
  readonly left: number;
  readonly train: Figure;
  readonly test: Figure;
  readonly x: Scale;
  readonly y: Scale;
  readonly format: (tick: number) => string;
}

/** The classes of a run's two lines, and how thick they are. */
interface Look {
  readonly train: string;
  readonly test: string;
  readonly width: number;
}

const WIDTH = 960, HEIGHT = 400;
const TOP = 78, BOTTOM = 346, PANEL_WIDTH = 392, LEFTS = [64, 548] as const;
const LEGEND_LINE = 20;
const LINE = 1.75;
const DASHES = "5 4"; // of what was measured on training images
const MOST_DOTS = 30; // points of a line that are marked one by one
const LOG_SPREAD = 10; // losses this far apart are drawn on a logarithmic axis
const NAME_LENGTH = 72;

/**
 * Draws loss (left) and accuracy (right): solid on test images, dashed on training images, the best test accuracy
 * marked in both. What is no number leaves a gap.
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
 * assert.match(svg, /best test accuracy 93.33 % at epoch 2/);
 * ```
 */
export function drawCurves(set: CurveSet): string {
  const { curves, unit } = set;
  const panels = [lossPanel(set), accuracyPanel(set)];
  const legend = curves.length > 1 ? curves.map((curve, i) => drawLegendLine(curve, i, unit)) : [];
  const frame = {
    width: WIDTH,
    height: HEIGHT + (legend.length > 0 ? legend.length * LEGEND_LINE + 20 : 0),
    title: `Loss and accuracy of ${curves.map(({ name }) => name).join(", ")}, by ${unit}`,
  };
  return picture(
    frame,
    drawHead(set),
    ...panels.map((panel) => drawPanel(panel, unit)),
    ...panels.flatMap((panel) => curves.map((curve, i) => drawCurve(curve, panel, lookOf(set, i)))),
    ...legend,
  );
}

/** One run has a colour for each kind of image; many have one each. */
function lookOf({ curves }: CurveSet, index: number): Look {
  if (curves.length === 1) return { train: "series1", test: "series0", width: LINE };
  const colour = `series${index % SERIES_COLOURS}`;
  return { train: colour, test: colour, width: widthOf(index) };
}

/** Where colours begin again, lines get thicker. */
function widthOf(index: number): number {
  return LINE * (1 + Math.floor(index / SERIES_COLOURS));
}

function lossPanel({ curves, unit }: CurveSet): Panel {
  const values = valuesOf(curves, ["trainLoss", "testLoss"]);
  const [low, high] = extent(values) ?? [0, 1];
  const options = { from: BOTTOM, to: TOP, labels: 6 };
  const logarithmic = low > 0 && high / low > LOG_SPREAD;
  return {
    title: logarithmic ? "loss (nats, logarithmic)" : "loss (nats)",
    left: LEFTS[0],
    train: "trainLoss",
    test: "testLoss",
    x: xScale(curves, unit, LEFTS[0]),
    y: logarithmic ? logScale(values, options) : linearScale(values, { ...options, limits: [0, Infinity] }),
    format: formatNumber,
  };
}

function accuracyPanel({ curves, unit }: CurveSet): Panel {
  const values = valuesOf(curves, ["trainAccuracy", "testAccuracy"]);
  return {
    title: "accuracy (%)",
    left: LEFTS[1],
    train: "trainAccuracy",
    test: "testAccuracy",
    x: xScale(curves, unit, LEFTS[1]),
    y: linearScale(values, { from: BOTTOM, to: TOP, labels: 6, limits: [0, 1] }),
    format: (tick) => formatNumber(100 * tick),
  };
}

function valuesOf(curves: readonly Curve[], figures: readonly Figure[]): number[] {
  return curves.flatMap(({ points }) => points.flatMap((point) => figures.map((figure) => point[figure])));
}

function xScale(curves: readonly Curve[], unit: CurveSet["unit"], left: number): Scale {
  const values = curves.flatMap(({ points }) => points.map(({ x }) => x));
  const options = { from: left + 8, to: left + PANEL_WIDTH - 8 };
  const [low, high] = extent(values) ?? [0, 1];
  const labels = unit === "step" ? 5 : 10;
  const { ticks } = linearScale(values, { ...options, labels, leastStep: 1, limits: [0, Infinity] });
  // The axis ends at the data, not at a label: 0 … 9 need no room for 10.
  const span = high - low || 2, start = high > low ? low : low - 1;
  const at = (value: number) => options.from + (value - start) / span * (options.to - options.from);
  return { at, ticks: ticks.filter((tick) => tick >= start && tick <= start + span) };
}

function drawHead({ curves, unit }: CurveSet): string {
  const key = (x: number, label: string, colour: string, dashes?: string) =>
    element("path", {
      class: colour,
      d: `M${x} 24h28`,
      stroke: "currentColor",
      "stroke-width": 2,
      "stroke-dasharray": dashes,
    }) + text(label, { class: "ink", x: x + 36, y: 28 });
  const one = curves.length === 1;
  const best = one ? bestPoint(curves[0]) : null;
  return [
    key(LEFTS[0], "test", one ? "series0" : "series7"),
    key(LEFTS[0] + 86, "train", one ? "series1" : "series7", DASHES),
    ...(best
      ? [text(bestText(best, unit), { class: "ink", x: LEFTS[1] + PANEL_WIDTH, y: 28, "text-anchor": "end" })]
      : []),
    ...(extent(valuesOf(curves, ["trainLoss", "trainAccuracy", "testLoss", "testAccuracy"])) ? [] : [
      text("nothing to draw yet", { class: "soft", x: LEFTS[1], y: 28 }),
    ]),
  ].join("");
}

function bestText(best: CurvePoint, unit: CurveSet["unit"]): string {
  const place = unit === "epochs trained"
    ? `after ${formatNumber(Number(best.x.toPrecision(3)))} epochs`
    : `at ${unit} ${formatNumber(best.x)}`;
  return `best test accuracy ${(100 * best.testAccuracy).toFixed(2)} % ${place}`;
}

function drawPanel({ title, left, x, y, format }: Panel, unit: CurveSet["unit"]): string {
  const right = left + PANEL_WIDTH;
  return [
    text(title, { class: "ink", x: left, y: TOP - 18, "font-weight": 700 }),
    ...y.ticks.map((tick) =>
      element("path", { class: "rule", d: `M${left} ${round(y.at(tick))}H${right}` }) +
      text(format(tick), { class: "soft", x: left - 8, y: y.at(tick) + 4, "text-anchor": "end" })
    ),
    element("path", { class: "rule", d: `M${left} ${BOTTOM + 6}H${right}` }),
    ...x.ticks.map((tick) =>
      element("path", { class: "rule", d: `M${round(x.at(tick))} ${BOTTOM + 6}v5` }) +
      text(formatNumber(tick), { class: "soft", x: x.at(tick), y: BOTTOM + 25, "text-anchor": "middle" })
    ),
    text(unit, { class: "soft", x: right, y: BOTTOM + 43, "text-anchor": "end" }),
  ].join("");
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
  const dots = points.length <= MOST_DOTS
    ? pieces.flat()
    : pieces.filter(({ length }) => length === 1).flat();
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

/** The pieces of a line between gaps. */
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
  const circle = { cx: x.at(best.x), cy: y.at(value), r: 6, fill: "none", stroke: "currentColor" };
  return element("g", { class: colour }, element("circle", { ...circle, "stroke-width": LINE }));
}

function drawLegendLine(curve: Curve, index: number, unit: CurveSet["unit"]): string {
  const y = HEIGHT + 18 + index * LEGEND_LINE;
  const best = bestPoint(curve);
  return [
    element("path", {
      class: `series${index % SERIES_COLOURS}`,
      d: `M${LEFTS[0]} ${y - 4}h28`,
      stroke: "currentColor",
      "stroke-width": 2 * widthOf(index),
    }),
    text(clipStart(curve.name, NAME_LENGTH), { class: "ink", x: LEFTS[0] + 36, y }),
    text(best ? bestText(best, unit) : "no test accuracy", {
      class: "soft",
      x: LEFTS[1] + PANEL_WIDTH,
      y,
      "text-anchor": "end",
    }),
  ].join("");
}

/** Commas between thousands; very small numbers in powers of ten. */
function formatNumber(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-4) return value.toExponential(0).replace("e-", "e−");
  const [whole, fraction] = String(Number(value.toPrecision(6))).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
