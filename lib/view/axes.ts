/**
 * The axes that lines are drawn on.
 *
 * @module
 */
import type { Scale } from "./scale.ts";
import { element, NARROW, round, text } from "./svg.ts";

/** The left and right end of all axes, and where titles begin. */
export const LEFT = 60, RIGHT = NARROW - 12, TITLE_LEFT = 12;

/** Axes in a picture. */
export interface Axes {
  readonly title?: string;
  /** What x counts. */
  readonly unit: string;
  readonly top: number;
  readonly bottom: number;
  readonly x: Scale;
  readonly y: Scale;
  readonly formatX: (tick: number) => string;
  readonly formatY: (tick: number) => string;
}

/** Draws the title, if there is one, a horizontal rule at each tick of y, and the axis of x at the bottom. */
export function drawAxes({ title, unit, top, bottom, x, y, formatX, formatY }: Axes): string {
  return [
    title === undefined ? "" : text(title, { class: "ink", x: TITLE_LEFT, y: top - 20, "font-weight": 700 }),
    ...y.ticks.map((tick) =>
      element("path", { class: "rule", d: `M${LEFT} ${round(y.at(tick))}H${RIGHT}` }) +
      text(formatY(tick), { class: "soft", x: LEFT - 8, y: y.at(tick) + 5, "text-anchor": "end" })
    ),
    element("path", { class: "rule", d: `M${LEFT} ${bottom}H${RIGHT}` }),
    ...x.ticks.map((tick) =>
      element("path", { class: "rule", d: `M${round(x.at(tick))} ${bottom}v5` }) +
      text(formatX(tick), { class: "soft", x: x.at(tick), y: bottom + 22, "text-anchor": "middle" })
    ),
    text(unit, { class: "soft", x: RIGHT, y: bottom + 42, "text-anchor": "end" }),
  ].join("");
}
