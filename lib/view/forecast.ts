/**
 * Forecasts of a time series beside what came true, as a picture.
 *
 * @module
 */
import { drawAxes, LEFT, RIGHT, TITLE_LEFT } from "./axes.ts";
import { linearScale, type Scale } from "./scale.ts";
import { CHARACTER, element, NARROW, picture, round, text } from "./svg.ts";
import { formatQuantity } from "./progress.ts";
import { clipEnd, clipStart, formatFigure, formatShare } from "./words.ts";

/** A forecast to draw. */
export interface Forecast {
  /** What is forecast. */
  readonly name: string;
  /** What each number is about, `[count]`: dates, or numbers of rows. */
  readonly labels: readonly string[];
  /** What came true, `[count]`. */
  readonly truth: ArrayLike<number>;
  /** The network's forecasts, `[count]`, and their mean absolute error over all that was tested. */
  readonly network: { readonly values: ArrayLike<number>; readonly error: number };
  /** The naive forecasts, which are the last known numbers. */
  readonly naive: { readonly values: ArrayLike<number>; readonly error: number };
  /** How many rows after the last known number lies the forecast one; 1 by default. */
  readonly horizon?: number;
}

const HEIGHT = 300, TITLE = 62, KEY_LINE = 24, AXIS = 66;
const MOST_TIMES = 80; // more would not be told apart
const LEAST_LABEL = 110; // units from one label to the next

/**
 * Draws the last times of a forecast: the truth as a broad grey line, the naive forecasts and the network's over it.
 *
 * @returns SVG
 *
 * @example
 * ```ts
 * import { drawForecast } from "./forecast.ts";
 * import assert from "node:assert/strict";
 *
 * const svg = drawForecast({
 *   name: "temperature",
 *   labels: ["Mon", "Tue", "Wed"],
 *   truth: [1, 2, 3],
 *   network: { values: [1.5, 2, 2.5], error: 0.333 },
 *   naive: { values: [0, 1, 2], error: 1 },
 * });
 * assert.match(svg, /network, mean error 0.333/);
 * ```
 */
export function drawForecast(forecast: Forecast): string {
  const { name, network, naive, truth, horizon = 1 } = forecast;
  const first = Math.max(0, truth.length - MOST_TIMES);
  const lines: readonly Line[] = [
    { className: "series7", width: 5, opacity: 0.4, values: truth, words: "truth" },
    {
      className: "series1",
      width: 1.25,
      dashes: "3 3",
      values: naive.values,
      words: `naive: the last known value, mean error ${formatFigure(naive.error, 3)}`,
    },
    {
      className: "series0",
      width: 2,
      values: network.values,
      words: `network, mean error ${formatFigure(network.error, 3)}${gainOf(network.error, naive.error)}`,
    },
  ].map((line) => ({ ...line, values: Array.from(line.values).slice(first) }));
  const labels = shorten(forecast.labels.slice(first));
  const top = TITLE + KEY_LINE * lines.length, bottom = top + HEIGHT;
  const y = linearScale(lines.flatMap(({ values }) => values), { from: bottom - 4, to: top, labels: 6 });
  const x = timeScale(labels.length);
  const ahead = `, ${formatQuantity(horizon, "rows")} ahead`;
  const room = Math.floor((RIGHT - TITLE_LEFT) / CHARACTER) - ahead.length;
  return picture(
    {
      width: NARROW,
      height: bottom + AXIS,
      title: `Forecasts of ${name} by a network and by the last known value, beside the truth`,
    },
    text(clipEnd(name, room) + ahead, { class: "ink", x: TITLE_LEFT, y: 30, "font-weight": 700 }),
    ...lines.map((line, index) => {
      const at = TITLE + KEY_LINE * index;
      return drawLine(line, `M${TITLE_LEFT} ${at - 5}h28`) +
        text(line.words, { class: "ink", x: TITLE_LEFT + 38, y: at });
    }),
    drawAxes({
      unit: truth.length > MOST_TIMES
        ? `the last ${MOST_TIMES} of the ${formatQuantity(truth.length, "rows")} tested`
        : "all rows tested",
      top,
      bottom,
      x,
      y,
      formatX: (tick) => clipStart(labels[tick], Math.floor(LEAST_LABEL / CHARACTER)),
      formatY: formatTick,
    }),
    ...lines.map((line) =>
      drawLine(line, `M${line.values.map((value, n) => `${round(x.at(n))} ${round(y.at(value))}`).join("L")}`)
    ),
  );
}

/** One of the three lines, and its words in the key. */
interface Line {
  readonly className: string;
  readonly width: number;
  readonly opacity?: number;
  readonly dashes?: string;
  readonly values: readonly number[];
  readonly words: string;
}

function drawLine({ className, width, opacity, dashes }: Line, path: string): string {
  return element("path", {
    class: className,
    fill: "none",
    stroke: "currentColor",
    "stroke-width": width,
    "stroke-opacity": opacity,
    "stroke-dasharray": dashes,
    "stroke-linejoin": "round",
    d: path,
  });
}

/** By how much the network's error is smaller; nothing if it is not. */
function gainOf(network: number, naive: number): string {
  return network < naive ? ` (${formatShare(1 - network / naive)} less)` : "";
}

/** Times side by side, with as many of them labelled as there is room for. */
function timeScale(count: number): Scale {
  const from = LEFT + 8, to = RIGHT - 8, at = (n: number) => from + n / Math.max(1, count - 1) * (to - from);
  const labels = Math.max(1, Math.min(count, Math.floor((to - from) / LEAST_LABEL)));
  const ticks = Array.from({ length: labels }, (_, i) => Math.round((i + 0.5) / labels * (count - 1)));
  return { at, ticks: [...new Set(ticks)] };
}

/** Dates for times at midnight; day and time for others. */
function shorten(labels: readonly string[]): readonly string[] {
  const parts = labels.map((label) => /^(\d{4}-(\d\d-\d\d))[T ](\d\d:\d\d)/.exec(label) ?? []);
  if (parts.some(({ length }) => length === 0)) return labels;
  const isDaily = parts.every(([, , , time]) => time === "00:00");
  return parts.map(([, date, day, time]) => isDaily ? date : `${day} ${time}`);
}

/** A label of the axis, short enough to stand left of it. */
function formatTick(tick: number): string {
  const size = Math.abs(tick);
  if (size !== 0 && (size < 1e-3 || size >= 1e15)) return tick.toPrecision(2).replace(/\.0(?=e)/, "");
  return size < 1e4 ? String(tick) : COMPACT.format(tick);
}

const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 });
