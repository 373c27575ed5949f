/**
 * What a sweep has found: the settings from best to worst, and the effect of each flag that varied.
 *
 * @module
 */
import { summarize, type Summary } from "../bench/statistics.ts";
import { type Combination, showValue, type Value } from "./combinations.ts";
import type { FoundResult } from "./results.ts";
import type { Training } from "./training.ts";

/** A training and its result. */
export interface Trained {
  readonly training: Training;
  readonly result: FoundResult;
}

/** What settings are compared by: the validation accuracy, if images were held out, else that of the test. */
export type Judge = "validationAccuracy" | "testAccuracy";

/** All trainings with the same settings. */
export interface Settings {
  readonly combination: Combination;
  /** Over the seeds; null if none of them has a model. */
  readonly judged: Summary | null;
  readonly testAccuracy: Summary | null;
  readonly testLoss: Summary | null;
  readonly seconds: number;
  /** With how many seeds, and how many of those have no model, because the loss did not stay finite. */
  readonly seeds: number;
  readonly diverged: number;
}

/** What changes with the value of one flag. */
export interface Effect {
  readonly name: string;
  /** From the lowest value to the highest; those of a range in thirds. */
  readonly values: readonly { readonly label: string; readonly mean: number; readonly trainings: number }[];
  /** The largest mean minus the smallest one. */
  readonly size: number;
}

/** A whole sweep. */
export interface SweepSummary {
  readonly judge: Judge;
  /** From the best to the worst. */
  readonly settings: readonly Settings[];
  readonly effects: readonly Effect[];
  /** How far seeds alone move the accuracy: the standard deviation over the seeds of one combination, pooled; null of one seed. */
  readonly spread: number | null;
}

/** More different numbers than these are grouped in thirds. */
const MOST_VALUES = 6;

/** Summarizes at least one training. */
export function summarizeSweep(trained: readonly Trained[]): SweepSummary {
  const judge = judgeOf(trained);
  const groups = [...Map.groupBy(trained, ({ training }) => JSON.stringify(training.combination)).values()];
  const settings = groups.map((group) => settingsOf(group, judge)).sort((a, b) => rankOf(b) - rankOf(a));
  const names = Object.keys(trained[0].training.combination);
  return {
    judge,
    settings,
    effects: names.map((name) => effectOf(name, trained, judge)),
    spread: spreadOf(settings),
  };
}

/** The validation accuracy, if all models have one. */
function judgeOf(trained: readonly Trained[]): Judge {
  const models = trained.filter(({ result }) => result.modelSha256 !== null);
  const hasAll = models.length > 0 && models.every(({ result }) => "validationAccuracy" in result.figures);
  return hasAll ? "validationAccuracy" : "testAccuracy";
}

/** The accuracy of a training; null without a model. */
export function accuracyOf({ result }: Trained, judge: Judge): number | null {
  return result.modelSha256 === null ? null : result.figures[judge] ?? null;
}

function settingsOf(group: readonly Trained[], judge: Judge): Settings {
  const models = group.filter(({ result }) => result.modelSha256 !== null);
  const over = (name: Judge | "testLoss") =>
    models.length === 0 ? null : summarize(models.map(({ result }) => result.figures[name] ?? NaN));
  return {
    combination: group[0].training.combination,
    judged: over(judge),
    testAccuracy: over("testAccuracy"),
    testLoss: over("testLoss"),
    seconds: summarize(group.map(({ result }) => result.seconds)).mean,
    seeds: group.length,
    diverged: group.length - models.length,
  };
}

/** Settings with which some seeds have no model come last. */
function rankOf({ judged, diverged, seeds }: Settings): number {
  return (judged?.mean ?? 0) - Math.ceil(diverged / seeds) - diverged / seeds;
}

/** Pooled over combinations, each weighed by its degrees of freedom. */
function spreadOf(settings: readonly Settings[]): number | null {
  const several = settings.flatMap(({ judged, seeds, diverged }) =>
    judged && seeds - diverged > 1 ? [{ judged, freedom: seeds - diverged - 1 }] : []
  );
  const freedom = several.reduce((sum, { freedom }) => sum + freedom, 0);
  if (freedom === 0) return null;
  const squares = several.reduce((sum, { judged, freedom }) => sum + freedom * judged.deviation ** 2, 0);
  return Math.sqrt(squares / freedom);
}

function effectOf(name: string, trained: readonly Trained[], judge: Judge): Effect {
  const points = trained.flatMap((one) => {
    const accuracy = accuracyOf(one, judge);
    return accuracy === null ? [] : [{ value: one.training.combination[name], accuracy }];
  });
  const groups = isContinuous(points.map(({ value }) => value))
    ? thirdsOf(points as { value: number; accuracy: number }[])
    : [...Map.groupBy(points, ({ value }) => showValue(value))].sort(([a], [b]) => byValue(a, b));
  const values = groups.map(([label, group]) => ({
    label,
    mean: summarize(group.map(({ accuracy }) => accuracy)).mean,
    trainings: group.length,
  }));
  const means = values.map(({ mean }) => mean);
  return { name, values, size: means.length > 0 ? Math.max(...means) - Math.min(...means) : 0 };
}

/** Whether there are so many different numbers that each alone says little. */
export function isContinuous(values: readonly Value[]): boolean {
  return new Set(values).size > MOST_VALUES && values.every((value) => typeof value === "number");
}

/** Values as a person sorts them: numbers by size. */
export function byValue(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x - y) ? (a < b ? -1 : a > b ? 1 : 0) : x - y;
}

/** Three groups of the same size, from the lowest values to the highest. */
function thirdsOf<Point extends { value: number }>(points: readonly Point[]): [string, Point[]][] {
  const sorted = points.toSorted((a, b) => a.value - b.value);
  return [0, 1, 2].map((third) => {
    const group = sorted.slice(
      Math.round(third * sorted.length / 3),
      Math.round((third + 1) * sorted.length / 3),
    );
    return [`${group[0].value}..${group.at(-1)!.value}`, group];
  });
}
