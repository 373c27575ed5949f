/**
 * Forecasts of a time series beside what came true, as a picture.
 *
 * @module
 */
import { drawAxes, LEFT, RIGHT, TITLE_LEFT } from "./axes.ts";
import { linearScale, type Scale } from "./scale.ts";
import { CHARACTER, element, NARROW, picture, round, text } from "./svg.ts";
import { clipStart } from "./words.ts";

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
}

const HEIGHT = 300, TITLE = 44, KEY_LINE = 24, AXIS = 66;
const MOST_TIMES = 120; // more would not be told apart
const LEAST_LABEL = 110; // units from one label to the next

/**
 * Draws the last times of a forecast: the truth as a grey line, the network's forecasts and the naive ones over it.
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
  const { name, network, naive } = forecast;
  const first = Math.max(0, forecast.truth.length - MOST_TIMES);
  const last = (values: ArrayLike<number>) => Array.from(values).slice(first);
  const lines = [
    { className: "series7", width: 2.5, values: last(forecast.truth), words: "what came true" },
    {
      className: "series1",
      width: 1.25,
      dashes: "3 3",
      values: last(naive.values),
      words: `naive, mean error ${formatError(naive.error)}`,
    },
    {
      className: "series0",
      width: 1.75,
      values: last(network.values),
      words: `network, mean error ${formatError(network.error)}`,
    },
  ];
  const labels = forecast.labels.slice(first);
  const top = TITLE + KEY_LINE * lines.length + 34, bottom = top + HEIGHT;
  const y = linearScale(lines.flatMap(({ values }) => values), { from: bottom - 4, to: top, labels: 6 });
  const x = timeScale(labels.length);
  const room = Math.floor((RIGHT - TITLE_LEFT) / CHARACTER);
  return picture(
    {
      width: NARROW,
      height: bottom + AXIS,
      title: `Forecasts of ${name} by a network and by the last known value, beside what came true`,
    },
    ...lines.map(({ className, width, dashes, words }, index) => {
      const at = TITLE + KEY_LINE * index - 12;
      return element("path", {
        class: className,
        stroke: "currentColor",
        "stroke-width": width,
        "stroke-dasharray": dashes,
        d: `M${TITLE_LEFT} ${at - 5}h28`,
      }) + text(words, { class: "ink", x: TITLE_LEFT + 38, y: at });
    }),
    drawAxes({
      title: clipStart(name, room),
      unit: "the last times of the test part",
      top,
      bottom,
      x,
      y,
      formatX: (tick) => clipStart(labels[tick], Math.floor(LEAST_LABEL / CHARACTER)),
      formatY: (tick) => String(tick),
    }),
    ...lines.map(({ className, width, dashes, values }) =>
      element("path", {
        class: className,
        fill: "none",
        stroke: "currentColor",
        "stroke-width": width,
        "stroke-dasharray": dashes,
        "stroke-linejoin": "round",
        d: `M${values.map((value, n) => `${round(x.at(n))} ${round(y.at(value))}`).join("L")}`,
      })
    ),
  );
}

/** Times side by side, with as many of them labelled as there is room for. */
function timeScale(count: number): Scale {
  const from = LEFT + 8, to = RIGHT - 8, at = (n: number) => from + n / Math.max(1, count - 1) * (to - from);
  const labels = Math.max(1, Math.min(count, Math.floor((to - from) / LEAST_LABEL)));
  const ticks = Array.from({ length: labels }, (_, i) => Math.round((i + 0.5) / labels * (count - 1)));
  return { at, ticks: [...new Set(ticks)] };
}

function formatError(error: number): string {
  return error.toPrecision(3);
}
