/**
 * The curves of a training.
 *
 * @module
 */
/// <reference lib="dom" />
import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import uPlot from "uplot";
import { smooth } from "../../lib/view/smooth.ts";
import { formatShare } from "../../lib/view/words.ts";
import { theme } from "../theme.ts";
import type { Progress } from "./progress.ts";

/** A curve of a chart. */
interface Curve {
  /** A colour of the style sheet. */
  readonly colour: `--${string}`;
  readonly width: number;
  readonly points?: boolean;
}

const CHART_HEIGHT = 190;

/** The loss of every step, and smoothed. */
export function LossChart({ progress }: { progress: Progress }): JSX.Element {
  const { losses, every } = thin(progress.losses), steps = losses.map((_, i) => (i + 1) * every);
  const curve = [...smoothed(losses)], last = curve.at(-1) ?? null;
  return (
    <figure class="chart">
      <figcaption>
        Loss {last !== null && <span class="figure">{last.toFixed(3)}</span>}
        <span class="quiet">of each batch, and smoothed</span>
      </figcaption>
      <Chart
        label={`Loss over ${progress.step} steps${last === null ? "" : `, now ${last.toFixed(3)}`}`}
        data={[steps, losses, curve]}
        curves={[{ colour: "--edge", width: 0.5 }, { colour: "--accent", width: 2 }]}
        most={progress.opened?.totalSteps}
      />
    </figure>
  );
}

/** Accuracy on the images of the last steps, and on test images. */
export function AccuracyChart({ progress }: { progress: Progress }): JSX.Element {
  const { accuracies, tested } = progress;
  const test = tested === null ? "" : `, ${formatShare(tested.accuracy)} on test images`;
  return (
    <figure class="chart">
      <figcaption>
        Accuracy {tested !== null && <span class="figure">{formatShare(tested.accuracy)}</span>}
        <span class="quiet">
          {tested === null ? "of the last batches" : "last batches (line), test images (points)"}
        </span>
      </figcaption>
      <Chart
        label={`Accuracy over ${progress.step} steps${test}`}
        data={[
          accuracies.map(({ step }) => step),
          [...smoothed(accuracies.map(({ train }) => 100 * train))],
          accuracies.map(({ test }) => test === null ? null : 100 * test),
        ]}
        curves={[{ colour: "--accent", width: 2 }, { colour: "--second", width: 0, points: true }]}
        most={progress.opened?.totalSteps}
        range={[0, 100]}
        unit="%"
      />
    </figure>
  );
}

/** Points of a curve: more than a chart is wide. */
const MOST_POINTS = 2_000;

/** At most so many points: the means of `every` losses that follow each other, all the same number. Those left over at the end wait. */
function thin(losses: number[]): { losses: number[]; every: number } {
  const every = Math.ceil(losses.length / MOST_POINTS);
  if (every <= 1) return { losses, every: 1 };
  const means = Array.from({ length: Math.floor(losses.length / every) }, (_, i) => {
    let sum = 0;
    for (let step = i * every; step < (i + 1) * every; step++) sum += losses[step];
    return sum / every;
  });
  return { losses: means, every };
}

/** Averages over about a fortieth of the training. */
function smoothed(values: readonly number[]): Float64Array {
  return smooth(values, 1 - 1 / Math.min(50, Math.max(2, values.length / 40)));
}

/** A chart by uPlot, drawn anew at most once a frame. */
function Chart({ label, data, curves, most = 1, range, unit = "" }: {
  readonly label: string;
  readonly data: uPlot.AlignedData;
  readonly curves: readonly Curve[];
  /** The last step. */
  readonly most?: number;
  /** Of the values; as they come by default. */
  readonly range?: [number, number];
  readonly unit?: string;
}): JSX.Element {
  const place = useRef<HTMLDivElement>(null), chart = useRef<uPlot | null>(null);
  const shades = theme.value;
  useEffect(() => {
    const parent = place.current!;
    const made = new uPlot(options(parent, { curves, range, unit, most }), data, parent);
    chart.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: parent.clientWidth, height: CHART_HEIGHT }));
    watch.observe(parent);
    return () => {
      watch.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [shades, most]);
  useEffect(() => chart.current?.setData(data), [data]);
  return <div class="plot" ref={place} role="img" aria-label={label} />;
}

function options(
  parent: HTMLElement,
  { curves, range, unit, most }: {
    readonly curves: readonly Curve[];
    readonly range: [number, number] | undefined;
    readonly unit: string;
    readonly most: number;
  },
): uPlot.Options {
  const style = getComputedStyle(parent), colour = (name: string) => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour("--quiet"),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: parent.clientWidth,
    height: CHART_HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: [0, most] },
      y: { range: range ?? ((_, __, highest) => [0, Number.isFinite(highest) ? 1.05 * highest : 1]) },
    },
    axes: [
      { ...axis, size: 28, space: 60, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString("en")) },
      { ...axis, size: 48, space: 32, values: (_, ticks) => ticks.map((tick) => `${tick}${unit}`) },
    ],
    series: [
      {},
      ...curves.map((curve): uPlot.Series => ({
        stroke: colour(curve.colour),
        width: curve.width,
        spanGaps: false,
        points: { show: curve.points ?? false, size: 8, fill: colour(curve.colour) },
      })),
    ],
  };
}
