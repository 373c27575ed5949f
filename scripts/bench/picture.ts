/**
 * The sweep as a picture: cost against H, N and T, and the rate of the products below this core's peak.
 *
 * @module
 */
import { drawAxes, LEFT, RIGHT, TITLE_LEFT } from "../../lib/view/axes.ts";
import { logScale, type Scale } from "../../lib/view/scale.ts";
import { element, NARROW, picture, round, SERIES_COLOURS, text } from "../../lib/view/svg.ts";
import { type BenchResult, labelsOf, stepMs, type SweepResult } from "./results.ts";

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly top: number;
  readonly lines: ReadonlyMap<string, readonly Point[]>;
  /** Horizontal lines with labels. */
  readonly roofs: readonly { y: number; label: string }[];
  /** Whether lines join their points. */
  readonly joined: boolean;
}

const KEY_WIDTH = 254, LINE = 22;
const TITLE = 52, PANEL_HEIGHT = 250, AXIS = 66; // the parts of a panel, from top to bottom

/** Draws the sweep as SVG. */
export function drawBench({ sweep, machine }: BenchResult): string {
  const labels = labelsOf(sweep);
  const costs = (axis: SweepResult["axis"]) =>
    linesOf(
      labels,
      sweep.filter((point) => point.axis === axis && point.fitted),
      ({ size }, ms) => ({ x: size, y: ms }),
    );
  const { fused } = machine.peak;
  const roofs = [{ y: fused, label: "128-bit multiply-adds of one core" }];
  if (machine.cores > 1) roofs.push({ y: machine.cores * fused, label: `of ${machine.cores} cores` });
  const rates = linesOf(
    labels,
    sweep,
    ({ flops }, ms) => ({ x: flops.step / 1e6, y: flops.step / ms / 1e6 }),
  );
  const keys = Math.ceil(labels.length / 2) * LINE;
  const top = (place: number) => keys + TITLE + place * (TITLE + PANEL_HEIGHT + AXIS);
  const cost = { roofs: [], joined: true };
  const panels: Omit<Panel, "top">[] = [
    { ...cost, title: "ms a step, against the units H", unit: "H (N 64, T 28)", lines: costs("H") },
    { ...cost, title: "ms a step, against the batch N", unit: "N (H 64, T 28)", lines: costs("N") },
    { ...cost, title: "ms a step, against the lines T", unit: "T (H 64, N 64)", lines: costs("T") },
    { title: "GFLOP/s of a step's products", unit: "MFLOP a step", lines: rates, roofs, joined: false },
  ];
  const title = "Cost of a training step by H, N and T, and its rate";
  return picture(
    { width: NARROW, height: top(panels.length) - TITLE, title },
    ...labels.map(drawKey),
    ...panels.map((panel, place) => drawPanel({ ...panel, top: top(place) }, labels)),
  );
}

function linesOf(
  labels: readonly string[],
  sweep: readonly SweepResult[],
  place: (point: SweepResult, ms: number) => Point,
): Map<string, Point[]> {
  return new Map(labels.map((label) => [
    label,
    sweep.flatMap((point) => {
      const ms = stepMs(point, label);
      return ms === undefined ? [] : [place(point, ms)];
    }),
  ]));
}

function drawKey(label: string, index: number): string {
  const x = TITLE_LEFT + KEY_WIDTH * (index % 2), y = LINE + LINE * Math.floor(index / 2);
  const line = { d: `M${x} ${y}h24`, stroke: "currentColor", "stroke-width": 2 };
  return element("g", { class: `series${index % SERIES_COLOURS}` }, element("path", line)) +
    text(label, { class: "ink", x: x + 32, y: y + 5 });
}

function drawPanel({ lines, roofs, joined, ...panel }: Panel, labels: readonly string[]): string {
  const bottom = panel.top + PANEL_HEIGHT;
  const points = [...lines.values()].flat();
  const sizes = [...new Set(points.map(({ x }) => x))];
  const x = logScale(points.map(({ x }) => x), { from: LEFT, to: RIGHT - 20, labels: 8 });
  const heights = [...points, ...roofs].map(({ y }) => y);
  const y = logScale(heights, { from: bottom, to: panel.top, labels: 6 });
  const ticks = joined ? sizes : x.ticks;
  return [
    drawAxes({ ...panel, bottom, x: { ...x, ticks }, y, formatX: String, formatY: String }),
    ...roofs.map((roof) => drawRoof(roof, y)),
    ...labels.map((label, i) => drawLine(lines.get(label) ?? [], { x, y, joined, index: i })),
  ].join("");
}

function drawRoof({ y: value, label }: Panel["roofs"][number], y: Scale): string {
  const line = {
    d: `M${LEFT} ${round(y.at(value))}H${RIGHT}`,
    stroke: "currentColor",
    "stroke-dasharray": "5 4",
  };
  return element("g", { class: "series7" }, element("path", line)) +
    text(label, { class: "soft", x: LEFT + 6, y: y.at(value) + 17 });
}

function drawLine(
  points: readonly Point[],
  { x, y, joined, index }: { x: Scale; y: Scale; joined: boolean; index: number },
): string {
  const sorted = points.toSorted((a, b) => a.x - b.x);
  const path = sorted.map((point) => `${round(x.at(point.x))} ${round(y.at(point.y))}`).join("L");
  const line = { d: `M${path}`, fill: "none", stroke: "currentColor", "stroke-width": 1.75 };
  return element(
    "g",
    { class: `series${index % SERIES_COLOURS}` },
    ...(joined && sorted.length > 1 ? [element("path", line)] : []),
    ...sorted.map((point) =>
      element("circle", { cx: x.at(point.x), cy: y.at(point.y), r: 3, fill: "currentColor" })
    ),
  );
}
