/**
 * How much the loss depends on what a network knew at every step, as a picture: why a plain RNN forgets the beginning.
 *
 * @module
 */
import type { Order } from "../data/sequence.ts";
import type { LayerGradients } from "../engines/reference/inspect.ts";
import type { GradientsOverTime } from "../train/inspect.ts";
import { drawAxes, LEFT, RIGHT } from "./axes.ts";
import { drawKeys, drawLine, drawMark, formatNumber, type Key, LINE } from "./lines.ts";
import { formatQuantity } from "./progress.ts";
import { linearScale, logScale } from "./scale.ts";
import { lineOf, titlesOfLayers } from "./structure.ts";
import { NARROW, picture, SERIES_COLOURS } from "./svg.ts";
import { formatFigure } from "./words.ts";

/** The gradients of a run. */
export interface RunGradients extends Order {
  /** Its name; empty if there is only one. */
  readonly name: string;
  /** What was measured. */
  readonly gradients: GradientsOverTime;
}

/** A part of a picture, and where it ends. */
export interface Part {
  readonly svg: string;
  readonly bottom: number;
}

/** One recurrent layer of a run. */
interface Line {
  readonly words: string;
  readonly colour: string;
  readonly layer: LayerGradients;
}

const PLOT_HEIGHT = 230;
const TITLE = 48; // above the plot
const AXIS = 60; // below it
const DASHES = "5 4"; // for c

/**
 * Draws ‖∂loss/∂h_t‖ against t, logarithmic, of every recurrent layer of one or several runs; dashed ‖∂loss/∂c_t‖ of LSTMs. Runs
 * whose sequences are not equally long are drawn by the share of the sequence that is read.
 *
 * @returns SVG
 *
 * @example
 * ```ts
 * import { createClassifier } from "../model/classifier.ts";
 * import { gradientsOverTime } from "../train/inspect.ts";
 * import { drawGradients } from "./gradients.ts";
 * import assert from "node:assert/strict";
 *
 * const layers = [{ kind: "rnn", hiddenSize: 3 }, { kind: "dense", units: 2 }] as const;
 * const network = createClassifier({ inputSize: 2, layers });
 * const gradients = await gradientsOverTime({
 *   network,
 *   T: null,
 *   sequence: { axis: "rows", range: [0, 1] },
 *   classNames: ["no", "yes"],
 *   parameters: new Float32Array(network.size).fill(0.5),
 * }, { pixels: Uint8Array.of(0, 255, 255, 0), labels: Uint8Array.of(1), count: 1, height: 2, width: 2 });
 * assert.match(drawGradients([{ name: "mine", axis: "rows", gradients }]), />rows read</);
 * ```
 */
export function drawGradients(runs: readonly RunGradients[]): string {
  const { svg, bottom } = gradientPanel(runs, 0);
  const title = `How much the loss of ${
    runs.map(({ name }) => name).join(", ")
  } depends on what it knew at every step`;
  return picture({ width: NARROW, height: bottom + 8, title }, svg);
}

/** The picture of {@link drawGradients}, from `y` down. */
export function gradientPanel(runs: readonly RunGradients[], y: number): Part {
  const lines = linesOf(runs), top = y + TITLE, bottom = top + PLOT_HEIGHT;
  const lengths = lines.map(({ layer: { states: [{ values }] } }) => values.length);
  const isShare = new Set(lengths).size > 1 || new Set(runs.map(({ axis }) => axis)).size > 1;
  const norms = lines.flatMap(({ layer: { states } }) => states.flatMap(({ values }) => [...values]));
  const axes = {
    title: `‖∂loss/∂state‖, ${countOf(runs)} (logarithmic)`,
    unit: unitOf(runs, isShare),
    top,
    bottom: bottom + 6,
    x: isShare ? shareScale() : stepScale(Math.max(...lengths)),
    y: logScale(norms.filter((norm) => norm > 0), { from: bottom, to: top, labels: 6 }),
    formatX: (tick: number) => isShare ? `${100 * tick}%` : formatNumber(tick),
    formatY: formatNumber,
  };
  const drawn = lines.flatMap(({ layer: { states }, colour }) =>
    states.map(({ name, values }) => {
      const points = Array.from(values, (norm, t) => ({
        x: isShare ? (t + 1) / values.length : t + 1,
        y: norm > 0 ? norm : NaN,
      }));
      return drawLine(points, axes, {
        colour,
        width: LINE,
        dots: false,
        dashes: name === "c" ? DASHES : undefined,
      });
    })
  );
  const legend = drawKeys(keysOf(lines), bottom + AXIS);
  return { svg: [drawAxes(axes), ...drawn, legend.svg].join(""), bottom: legend.bottom };
}

/**
 * How much the loss depends on the state after the first step that a layer reads, beside how much on the last, in a few words. A layer
 * that reads backwards has its first state at the end of the sequence.
 */
export function describeReach({ layer, states: [{ values }] }: LayerGradients): string {
  const ends = [values[0], values[values.length - 1]],
    [first, last] = layer.backwards ? ends.reverse() : ends,
    state = layer.backwards ? "the first state, at the end of the sequence," : "the first state";
  if (last > 0) return `${state} counts ${formatFigure(first / last, 2)} times the last`;
  return first > 0 ? `${state} counts, the last does not` : "neither the first state counts nor the last";
}

/** What x counts: what is read, unless a layer reads backwards, too; then the places in the image. */
function unitOf(runs: readonly RunGradients[], isShare: boolean): string {
  const bothWays = runs.some(({ gradients: { layers } }) => layers.some(({ layer }) => layer.backwards));
  if (isShare) return bothWays ? "share of the sequence" : "share of the sequence read";
  const inPlace = runs.every(({ reversed, permutation }) => !reversed && permutation === undefined);
  const [{ axis }] = runs;
  return bothWays ? `${lineOf(axis)} of the ${inPlace ? "image" : "sequence"}` : `${axis} read`;
}

function linesOf(runs: readonly RunGradients[]): Line[] {
  const all = runs.flatMap(({ name, gradients: { layers } }) =>
    titlesOfLayers(layers).map((title, index) => ({
      layer: layers[index],
      words: [name, title].filter((part) => part !== "").join(", "),
    }))
  );
  return all.map((line, i) => ({ ...line, colour: `series${i % SERIES_COLOURS}` }));
}

function keysOf(lines: readonly Line[]): Key[] {
  const keys = lines.flatMap(({ words, colour, layer }): Key[] => {
    return [
      { mark: drawMark({ colour, width: LINE }), words, strong: true },
      { mark: "", words: describeReach(layer), strong: false },
    ];
  });
  const ofMemory = lines.some(({ layer: { states } }) => states.length > 1);
  const dashed = drawMark({ colour: "series7", width: LINE, dashes: DASHES });
  return [...keys, ...(ofMemory ? [{ mark: dashed, words: "c, the memory of an LSTM", strong: true }] : [])];
}

function countOf(runs: readonly RunGradients[]): string {
  const counts = new Set(runs.map(({ gradients: { count } }) => count));
  return counts.size === 1 ? `mean of ${formatQuantity([...counts][0], "test images")}` : "means";
}

const ENDS = { from: LEFT + 8, to: RIGHT - 20 };

/** From the first step to the last. */
function stepScale(T: number) {
  const { ticks } = linearScale([0, T], { ...ENDS, labels: 10, leastStep: 1 });
  const at = (t: number) => ENDS.from + (t - 1) / Math.max(1, T - 1) * (ENDS.to - ENDS.from);
  return { at, ticks: ticks.map((tick) => Math.max(1, tick)).filter((tick) => tick <= T) };
}

function shareScale() {
  return linearScale([0, 1], { ...ENDS, labels: 5 });
}
