/**
 * The figures of a run, from its `metrics.jsonl` and its `losses.f32`, as points of curves.
 *
 * @module
 */
import { formatQuantity } from "./progress.ts";
import { smooth } from "./smooth.ts";
import { formatSpan } from "./words.ts";

/** Larger numbers are not figures: pictures could not compute with them. */
const MOST = 1e30;

/** A report: what was measured at one moment of a training. Missing numbers are NaN. */
export interface CurvePoint {
  /** How many steps or epochs had been trained, or seconds had passed, see {@link CurveSet.unit}. */
  readonly x: number;
  /** Mean cross-entropy, in nats. */
  readonly trainLoss: number;
  /** A share, 0 … 1. */
  readonly trainAccuracy: number;
  /** Mean cross-entropy, in nats. */
  readonly testLoss: number;
  /** A share, 0 … 1. */
  readonly testAccuracy: number;
  /** Mean cross-entropy, in nats, on the images that training holds out, after the epoch that ended last. */
  readonly validationLoss: number;
  /** A share, 0 … 1. */
  readonly validationAccuracy: number;
}

/** The images that an accuracy can be about. */
export type Judges = "validation" | "test";

/** The loss of the training steps, smoothed. */
export interface StepCurve {
  /** In the order of training: `x` as in {@link CurvePoint}, and a mean cross-entropy, in nats; NaN where it is unknown. */
  readonly points: readonly { readonly x: number; readonly loss: number }[];
  /** About how many steps each point averages. */
  readonly averaged: number;
}

/** What the figures of a run mean: on which images, and when they are measured, in a few words. */
export interface FigureMeanings {
  /** Such as `mean over the 50 steps before each report, while the weights move`. */
  readonly train: string;
  /** Such as `the first 2,000 test images`. */
  readonly test: string;
  /** How many test images: they determine how many digits of an accuracy are meaningful. */
  readonly testImages: number;
}

/** A run as curves. */
export interface Curve {
  /** Its name. */
  readonly name: string;
  /** In the order of training. */
  readonly points: readonly CurvePoint[];
  /** Its loss step by step; null if it was not kept, or time is the measure. */
  readonly steps: StepCurve | null;
  /** What its figures mean; null if unknown. */
  readonly figures: FigureMeanings | null;
  /** How many images an epoch has; null if unknown. */
  readonly epochImages: number | null;
  /** How many images training holds out; null if unknown. */
  readonly validationImages: number | null;
}

/** Curves for one picture. */
export interface CurveSet {
  /** What `x` of all points counts, from the start of the training. */
  readonly unit: "epochs" | "steps" | "seconds";
  /** One a run. */
  readonly curves: readonly Curve[];
}

/** A run whose curves are wanted. */
export interface History {
  /** Its name. */
  readonly name: string;
  /** The lines of `metrics.jsonl`. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** The loss of every step; NaN where it is unknown. */
  readonly losses?: ArrayLike<number>;
  /** Steps an epoch, to compare runs with different batches. */
  readonly stepsPerEpoch: number;
  /** What its figures mean. */
  readonly figures?: FigureMeanings;
  /** How many images an epoch has. */
  readonly epochImages?: number;
  /** How many images training holds out. */
  readonly validationImages?: number;
}

/** How many test images, if unknown. */
export const ALL_IMAGES = 10_000;

/** The steps that a point of a {@link StepCurve} averages, as a share of all, and the most points. */
const AVERAGED = 1 / 50, MOST_POINTS = 400;

/**
 * Makes curves of runs: by steps if all report by steps, and their epochs have equally many steps; else by epochs.
 *
 * @param options.against `seconds` to make them by the time that training and its reports took
 *
 * @example
 * ```ts
 * import { toCurves } from "./history.ts";
 * import assert from "node:assert/strict";
 *
 * const line = { event: "epoch", epoch: 0, trainLoss: 0.5, trainAccuracy: 0.8, testLoss: null, testAccuracy: 0.9 };
 * const { unit, curves } = toCurves([{ name: "a", lines: [line, { event: "end" }], stepsPerEpoch: 938 }]);
 * assert.equal(unit, "epochs");
 * const [{ x, trainLoss, testLoss }] = curves[0].points;
 * assert.deepEqual([x, trainLoss, testLoss], [1, 0.5, NaN]); // after 1 epoch
 * ```
 */
export function toCurves(
  histories: readonly History[],
  { against }: { against?: "seconds" } = {},
): CurveSet {
  const reports = histories.map(({ lines }) =>
    lines.filter(({ event }) => event === "epoch" || event === "report")
  );
  const bySteps = reports.flat().length > 0 && reports.flat().every(({ event }) => event === "report");
  const alike = new Set(histories.map(({ stepsPerEpoch }) => stepsPerEpoch)).size === 1;
  const unit = against ?? (bySteps && alike ? "steps" : "epochs");
  const places = histories.map(({ stepsPerEpoch }, i) =>
    unit === "seconds"
      ? secondsThrough(reports[i])
      : reports[i].map((line) => placeOf(line, unit, stepsPerEpoch))
  );
  const curves = histories.map((
    { name, losses = [], stepsPerEpoch, figures = null, epochImages = null, validationImages = null },
    i,
  ) => ({
    name,
    figures,
    epochImages,
    validationImages,
    steps: unit === "seconds" ? null : stepCurve(losses, unit === "steps" ? 1 : stepsPerEpoch),
    points: reports[i].map((line, at) => ({
      x: places[i][at],
      trainLoss: numberOf(line.trainLoss),
      trainAccuracy: shareOf(line.trainAccuracy),
      testLoss: numberOf(line.testLoss),
      testAccuracy: shareOf(line.testAccuracy),
      validationLoss: numberOf(line.validationLoss),
      validationAccuracy: shareOf(line.validationAccuracy),
    })).filter(({ x }) => Number.isFinite(x)),
  }));
  return { unit, curves };
}

/** Smooths the losses of steps, and thins them out. */
function stepCurve(losses: ArrayLike<number>, stepsPerUnit: number): StepCurve | null {
  const { length } = losses, averaged = Math.max(1, Math.round(AVERAGED * length));
  if (length === 0) return null;
  const smoothed = smooth(losses, 1 - 1 / averaged), every = Math.ceil(length / MOST_POINTS);
  const count = Math.ceil(length / every);
  const points = Array.from({ length: count }, (_, i) => {
    const step = length - (count - 1 - i) * every; // the last one is among them
    return { x: step / stepsPerUnit, loss: numberOf(smoothed[step - 1]) };
  });
  return { points, averaged };
}

/** The images whose accuracy says which point is the best: those held out, by which weights are chosen, if there are some. */
export function judgesOf({ points }: Curve): Judges {
  return points.some(({ validationAccuracy }) => Number.isFinite(validationAccuracy)) ? "validation" : "test";
}

/** The point with the highest accuracy on the images of {@link judgesOf}, the first of equal ones; null if no point has one. */
export function bestPoint(curve: Curve): CurvePoint | null {
  const accuracy = `${judgesOf(curve)}Accuracy` as const;
  const judged = curve.points.filter((point) => Number.isFinite(point[accuracy]));
  return judged.reduce<CurvePoint | null>(
    (best, point) => best === null || point[accuracy] > best[accuracy] ? point : best,
    null,
  );
}

/** How many images an accuracy is about, which determines how many of its digits are meaningful; undefined if unknown. */
export function imagesOf(kind: Judges, { figures, validationImages }: Curve): number | undefined {
  return kind === "validation" ? validationImages ?? undefined : figures?.testImages;
}

/** What the lines of some images mean, in a few words; undefined if unknown. */
export function meaningOf(kind: Judges | "train", { figures, validationImages }: Curve): string | undefined {
  if (kind !== "validation") return figures?.[kind];
  return validationImages === null
    ? undefined
    : `${formatQuantity(validationImages, "validation images")}, after the epoch`;
}

/** When a point of a curve was measured: `after 1 epoch`, `after 0.53 epochs`, `after 900 steps`, `after 2 min 5 s`. */
export function momentOf({ x }: Pick<CurvePoint, "x">, unit: CurveSet["unit"]): string {
  if (unit === "seconds") return `after ${formatSpan(x)}`;
  const rounded = unit === "steps" ? x : x < 100 ? Number(x.toPrecision(3)) : Math.round(x);
  return Number.isInteger(rounded) ? `after ${formatQuantity(rounded, unit)}` : `after ${rounded} ${unit}`;
}

/** Lines without a step are those of whole epochs, counted from 0 on. */
function placeOf(
  { step, epoch }: Readonly<Record<string, unknown>>,
  unit: "epochs" | "steps",
  stepsPerEpoch: number,
): number {
  if (unit === "steps") return numberOf(step);
  return step === undefined ? numberOf(epoch) + 1 : numberOf(step) / stepsPerEpoch;
}

/** The time up to each report. */
function secondsThrough(lines: History["lines"]): number[] {
  let sum = 0;
  return lines.map(({ seconds }) => sum += numberOf(seconds));
}

/** A loss or a count; NaN if there is none. (JSON has no NaN: it became null.) */
function numberOf(value: unknown): number {
  return typeof value === "number" && Math.abs(value) <= MOST ? value : NaN;
}

/** An accuracy, 0 … 1; NaN if there is none. */
function shareOf(value: unknown): number {
  const share = numberOf(value);
  return share >= 0 && share <= 1 ? share : NaN;
}
