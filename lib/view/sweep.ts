/**
 * What a sweep has found, as a picture: for each flag that varied, the accuracy of every training against its value.
 *
 * @module
 */
import { type Axes, drawAxes, LEFT, RIGHT } from "./axes.ts";
import { drawDot, drawLine, formatNumber, LINE } from "./lines.ts";
import { linearScale, logScale, type Scale } from "./scale.ts";
import { CHARACTER, element, NARROW, picture, SERIES_COLOURS } from "./svg.ts";
import { clipEnd } from "./words.ts";

const TOP = 56, HEIGHT = 170, PANEL = 286; // from the top of one panel to that of the next
const MARGIN = 16; // between an end of an axis and the first value
const APART = 5, MOST_APART = 60; // from one dot to the next of the same value, and from the first to the last
const DOT = { opacity: 0.55 };
const WIDE = 4; // how many times as large the largest number of a logarithmic axis is

/** A flag, and the trainings with each of its values. */
export interface SweepPanel {
  /** Of the flag. */
  readonly name: string;
  /** In the order in which their values stand from left to right. */
  readonly points: readonly SweepPoint[];
  /** Whether the values are numbers on an axis; by default each has a place of its own, in the order of the points. */
  readonly continuous?: boolean;
}

/** A training. */
export interface SweepPoint {
  /** Of the flag. */
  readonly value: string | number;
  /** 0 … 1 */
  readonly accuracy: number;
}

/** A place on the axis of x for each value, and the words there. */
interface Places {
  readonly scale: Scale;
  readonly labelOf: (tick: number) => string;
  readonly xOf: (point: SweepPoint) => number;
}

/**
 * Draws a panel for each flag: a dot for each training, and a line through the mean of each value.
 *
 * @param options.measure What the accuracy is that of, for the titles: `test accuracy`
 * @returns SVG
 *
 * @example
 * ```ts
 * import { drawSweep } from "./sweep.ts";
 * import assert from "node:assert/strict";
 *
 * const points = [{ value: "64", accuracy: 0.95 }, { value: "128", accuracy: 0.97 }];
 * assert.match(drawSweep([{ name: "units", points }], { measure: "test accuracy" }), />128<[^]*>units</);
 * ```
 */
export function drawSweep(panels: readonly SweepPanel[], { measure }: { measure: string }): string {
  const accuracies = panels.flatMap(({ points }) => points.map(({ accuracy }) => accuracy));
  const title = `${measure} against ${panels.map(({ name }) => name).join(", ")}`;
  return picture(
    { width: NARROW, height: panels.length * PANEL, title },
    ...panels.map((panel, index) => drawPanel(panel, { index, measure, accuracies })),
  );
}

function drawPanel(
  panel: SweepPanel,
  { index, measure, accuracies }: { index: number; measure: string; accuracies: readonly number[] },
): string {
  const top = index * PANEL + TOP, bottom = top + HEIGHT;
  const { scale, labelOf, xOf } = panel.continuous ? numbersOf(panel) : categoriesOf(panel);
  const y = linearScale(accuracies, { from: bottom - 6, to: top, labels: 5, limits: [0, 1] });
  const axes: Axes = {
    title: `${measure} against ${panel.name}`,
    unit: panel.name,
    top,
    bottom,
    x: scale,
    y,
    formatX: labelOf,
    formatY: (tick) => `${formatNumber(100 * tick)}%`,
  };
  const groups = Map.groupBy(panel.points, xOf);
  const colour = `series${index % SERIES_COLOURS}`;
  const dots = [...groups].flatMap(([x, group]) => {
    const apart = panel.continuous ? 0 : Math.min(APART, MOST_APART / group.length),
      middle = (group.length - 1) / 2;
    return group.map(({ accuracy }, i) => drawDot(scale.at(x) + apart * (i - middle), y.at(accuracy), {}));
  });
  const means = [...groups].map(([x, group]) => ({
    x,
    y: group.reduce((sum, { accuracy }) => sum + accuracy, 0) / group.length,
  }));
  return drawAxes(axes) + element("g", { class: colour, ...DOT }, ...dots) +
    (panel.continuous ? "" : drawLine(means, axes, { colour, width: LINE }));
}

/** Values at equal distances. */
function categoriesOf({ points }: SweepPanel): Places {
  const values = [...new Set(points.map(({ value }) => value))];
  const step = (RIGHT - LEFT) / values.length, room = Math.floor(step / CHARACTER);
  const at = (place: number) => LEFT + (place + 0.5) * step;
  return {
    scale: { at, ticks: values.map((_, place) => place) },
    labelOf: (place) => clipEnd(String(values[place]), Math.max(2, room)),
    xOf: ({ value }) => values.indexOf(value),
  };
}

/** Numbers on an axis, a logarithmic one if they differ much. */
function numbersOf({ points }: SweepPanel): Places {
  const values = points.map(({ value }) => Number(value)),
    [low, high] = [Math.min(...values), Math.max(...values)];
  const ends = { from: LEFT + MARGIN, to: RIGHT - MARGIN, labels: 6 };
  const scale = low > 0 && high / low >= WIDE ? logScale(values, ends) : linearScale(values, ends);
  return { scale, labelOf: formatNumber, xOf: ({ value }) => Number(value) };
}
