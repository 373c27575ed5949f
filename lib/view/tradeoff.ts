/**
 * How good networks become, and how long that takes: test accuracy against seconds of training and testing, as a picture.
 *
 * @module
 */
import { drawAxes, LEFT, RIGHT } from "./axes.ts";
import { ALL_IMAGES, type Curve, type CurveSet } from "./history.ts";
import { drawLine, formatNumber } from "./lines.ts";
import { logScale } from "./scale.ts";
import { CHARACTER, element, NARROW, picture, SERIES_COLOURS, text } from "./svg.ts";
import { clipEnd, formatShare } from "./words.ts";

const TOP = 64, LEAST_HEIGHT = 320, AXIS = 60;
const LABEL_LINE = 19; // from one name to one below it
const DOT = 4.5, APART = 8; // the radius of a dot, and how far its name is from it
const MOST_OF_A_NAME = 30;
const POINTER = { stroke: "currentColor", "stroke-width": 1, opacity: 0.5 };
const COURSE = { width: 1.25, opacity: 0.5, dots: false };

/** A training: its points by seconds and error, the last one last. */
interface Course {
  readonly name: string;
  readonly colour: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** Its last test accuracy, in words. */
  readonly reached: string;
}

/** Where a training ended. */
interface Dot {
  readonly words: string;
  readonly colour: string;
  readonly x: number;
  readonly y: number;
}

/** A name from left to right, its middle at y. */
interface Label {
  readonly of: Dot;
  readonly anchor: "start" | "end";
  readonly left: number;
  readonly right: number;
  readonly y: number;
}

/**
 * Draws a thin line for the course of each training and a dot where it ended, with its name and test accuracy. Both axes are
 * logarithmic: from 98 % to 99 % is as far as from 99 % to 99.5 %, half the mistakes.
 *
 * @param set As `toCurves(histories, { against: "seconds" })` makes them
 * @returns SVG
 * @throws {RangeError} If the curves are not by seconds.
 *
 * @example
 * ```ts
 * import { toCurves } from "./history.ts";
 * import { drawTradeoff } from "./tradeoff.ts";
 * import assert from "node:assert/strict";
 *
 * const lines = [0.9, 0.98].map((testAccuracy, epoch) => ({ event: "epoch", epoch, testAccuracy, seconds: 3 }));
 * const svg = drawTradeoff(toCurves([{ name: "mine", lines, stepsPerEpoch: 938 }], { against: "seconds" }));
 * assert.match(svg, />mine 98.00%</);
 * ```
 */
export function drawTradeoff({ unit, curves }: CurveSet): string {
  if (unit !== "seconds") {
    throw new RangeError(
      `Cannot draw accuracy against seconds: the curves must be by seconds: current value is ${unit}`,
    );
  }
  const courses = curves.map(courseOf).filter(({ points }) => points.length > 0);
  const points = courses.flatMap((course) => course.points),
    bottom = TOP + Math.max(LEAST_HEIGHT, LABEL_LINE * (courses.length + 1));
  const axes = {
    title: "test accuracy, by the share of mistakes (logarithmic)",
    unit: "seconds of training and testing (logarithmic)",
    top: TOP,
    bottom: bottom + 6,
    x: logScale(points.map(({ x }) => x), { from: LEFT + 8, to: RIGHT - 8, labels: 8 }),
    y: logScale(points.map(({ y }) => y), { from: TOP, to: bottom, labels: 8 }),
    formatX: formatNumber,
    formatY: (tick: number) => `${formatNumber(100 * (1 - tick))}%`,
  };
  const dots = courses.map(({ name, points, reached, colour }): Dot => {
    const { x, y } = points[points.length - 1];
    return { words: `${clipEnd(name, MOST_OF_A_NAME)} ${reached}`, colour, x: axes.x.at(x), y: axes.y.at(y) };
  });
  const title = `Test accuracy against seconds: ${courses.map(({ name }) => name).join(", ")}`;
  return picture(
    { width: NARROW, height: bottom + AXIS, title },
    drawAxes(axes),
    ...courses.map(({ points, colour }) => drawLine(points, axes, { colour, ...COURSE })),
    ...dots.map(({ colour, x, y }) =>
      element("g", { class: colour }, element("circle", { cx: x, cy: y, r: DOT, fill: "currentColor" }))
    ),
    ...nameDots(dots, bottom).flatMap(drawLabel),
  );
}

/** A name; a line leads from its dot to one that is not beside it. */
function drawLabel({ of, anchor, left, right, y }: Label): string[] {
  const x = anchor === "start" ? left : right, gap = anchor === "start" ? -2 : 2;
  const name = text(of.words, { class: "ink", x, y: y + 5, "text-anchor": anchor });
  if (Math.abs(y - of.y) <= LABEL_LINE / 2) return [name];
  const line = element("line", { x1: of.x, y1: of.y, x2: x + gap, y2: y, ...POINTER });
  return [element("g", { class: of.colour }, line), name];
}

/** By seconds and error; half a mistake stands for none, which has no logarithm. */
function courseOf({ name, points, figures }: Curve, index: number): Course {
  const images = figures?.testImages ?? ALL_IMAGES;
  const tested = points.filter(({ x, testAccuracy }) => x > 0 && Number.isFinite(testAccuracy));
  return {
    name,
    colour: `series${index % SERIES_COLOURS}`,
    reached: formatShare(tested.at(-1)?.testAccuracy ?? NaN, images),
    points: tested.map(({ x, testAccuracy }) => ({ x, y: Math.max(1 - testAccuracy, 0.5 / images) })),
  };
}

/** Names dots beside them, and where there is no room a little higher or lower, so that no name lies on a dot or another name. */
function nameDots(dots: readonly Dot[], bottom: number): Label[] {
  const steps = Array.from({ length: 4 * dots.length }, (_, k) => (k % 2 ? 1 : -1) * Math.ceil(k / 2) / 2);
  return dots.toSorted((a, b) => a.y - b.y).reduce<Label[]>((done, dot) => {
    const places = steps.map((step) => dot.y + step * LABEL_LINE)
      .filter((y) => y >= TOP - LABEL_LINE && y <= bottom)
      .flatMap((y) => [labelAt(dot, y, "start"), labelAt(dot, y, "end")])
      .filter(({ left, right }) => left >= LEFT && right <= RIGHT);
    const isFree = (label: Label) =>
      done.every((other) => other.right <= label.left || label.right <= other.left || isFar(label, other)) &&
      dots.every((other) => other.x <= label.left || label.right <= other.x || isFar(label, other));
    return [...done, places.find(isFree) ?? places[0] ?? labelAt(dot, dot.y, "start")];
  }, []);
}

function labelAt(of: Dot, y: number, anchor: Label["anchor"]): Label {
  const { words, x } = of, width = words.length * CHARACTER;
  const [left, right] = anchor === "start" ? [x + APART, x + APART + width] : [x - APART - width, x - APART];
  return { of, anchor, left, right, y };
}

function isFar(a: { readonly y: number }, b: { readonly y: number }): boolean {
  return Math.abs(a.y - b.y) >= LABEL_LINE;
}
