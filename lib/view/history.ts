/**
 * The figures of a run, from its `metrics.jsonl`, as points of curves.
 *
 * @module
 */

import { numberOf, shareOf } from "./figures.ts";

/** A report: what was measured at one moment of a training. What was not a number there is NaN. */
export interface CurvePoint {
  /** Where it lies, in the unit of the curves. */
  readonly x: number;
  /** Mean cross-entropy, in nats. */
  readonly trainLoss: number;
  /** A share, 0 … 1. */
  readonly trainAccuracy: number;
  /** Mean cross-entropy, in nats. */
  readonly testLoss: number;
  /** A share, 0 … 1. */
  readonly testAccuracy: number;
}

/** A run as curves. */
export interface Curve {
  /** What it is called. */
  readonly name: string;
  /** In the order of the training. */
  readonly points: readonly CurvePoint[];
}

/** Curves that can stand in one picture. */
export interface CurveSet {
  /** What `x` of all points counts. */
  readonly unit: "epoch" | "step" | "epochs trained";
  /** One a run. */
  readonly curves: readonly Curve[];
}

/** What is known of a run. */
export interface History {
  /** What it is called. */
  readonly name: string;
  /** The lines of `metrics.jsonl`. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** Steps an epoch, for comparing runs that report by epochs with others that report by steps. */
  readonly stepsPerEpoch: number;
}

/**
 * Makes curves of runs: by epoch if all report by epochs, by step if all report by steps, else by epochs trained.
 *
 * @example
 * ```ts
 * import { toCurves } from "./history.ts";
 * import assert from "node:assert/strict";
 *
 * const line = { event: "epoch", epoch: 0, trainLoss: 0.5, trainAccuracy: 0.8, testLoss: null, testAccuracy: 0.9 };
 * const { unit, curves } = toCurves([{ name: "a", lines: [line, { event: "end" }], stepsPerEpoch: 938 }]);
 * assert.equal(unit, "epoch");
 * assert.deepEqual(curves[0].points, [
 *   { x: 0, trainLoss: 0.5, trainAccuracy: 0.8, testLoss: NaN, testAccuracy: 0.9 },
 * ]);
 * ```
 */
export function toCurves(histories: readonly History[]): CurveSet {
  const reports = histories.map(({ lines }) =>
    lines.filter(({ event }) => event === "epoch" || event === "report")
  );
  const all = reports.flat();
  const unit = all.every((line) => "step" in line) && all.length > 0
    ? "step"
    : all.some((line) => "step" in line)
    ? "epochs trained"
    : "epoch";
  const curves = histories.map(({ name, stepsPerEpoch }, i) => ({
    name,
    points: reports[i].map((line) => ({
      x: placeOf(line, unit, stepsPerEpoch),
      trainLoss: numberOf(line.trainLoss),
      trainAccuracy: shareOf(line.trainAccuracy),
      testLoss: numberOf(line.testLoss),
      testAccuracy: shareOf(line.testAccuracy),
    })).filter(({ x }) => Number.isFinite(x)),
  }));
  return { unit, curves };
}

/** The point with the highest test accuracy, the first of equal ones; null if none has one. */
export function bestPoint({ points }: Curve): CurvePoint | null {
  const tested = points.filter(({ testAccuracy }) => Number.isFinite(testAccuracy));
  return tested.reduce<CurvePoint | null>(
    (best, point) => best === null || point.testAccuracy > best.testAccuracy ? point : best,
    null,
  );
}

function placeOf(
  line: Readonly<Record<string, unknown>>,
  unit: CurveSet["unit"],
  stepsPerEpoch: number,
): number {
  if (unit === "step") return numberOf(line.step);
  if (unit === "epoch") return numberOf(line.epoch);
  return "step" in line ? numberOf(line.step) / stepsPerEpoch : numberOf(line.epoch) + 1;
}
