/**
 * A sweep as a table for people.
 *
 * @module
 */
import { summarize, type Summary } from "../bench/statistics.ts";
import { describeCombination, showValue } from "./combinations.ts";
import type { Judge, Settings, SweepSummary, Trained } from "./summary.ts";

const WORDS = { validationAccuracy: "validation accuracy", testAccuracy: "test accuracy" } as const;

/** What a judge is called. */
export function nameOfJudge(judge: Judge): string {
  return WORDS[judge];
}

/** The settings from the best to the worst, the best ones in words, and the effect of each flag. */
export function formatSweep({ judge, settings, effects, spread }: SweepSummary): string[] {
  const names = Object.keys(settings[0].combination);
  const header = [...names, nameOfJudge(judge), ...(judge === "testAccuracy" ? [] : ["test accuracy"])];
  const head = [...header, "test loss", "seconds", "seeds"];
  const rows = settings.map((one) => [
    ...names.map((name) => showValue(one.combination[name])),
    formatSummary(one.judged),
    ...(judge === "testAccuracy" ? [] : [formatSummary(one.testAccuracy)]),
    formatSummary(one.testLoss),
    one.seconds.toFixed(1),
    seedsOf(one),
  ]);
  const [best] = settings;
  return [
    `By ${nameOfJudge(judge)}, mean ± standard deviation over seeds:`,
    "",
    ...alignColumns([head, ...rows]),
    "",
    ...(names.length > 0 ? [`Best: ${describeCombination(best.combination)}`] : []),
    ...effects.map(({ name, values, size }) => {
      const means = values.map(({ label, mean }) => `${label}: ${mean.toFixed(4)}`).join(", ");
      return `Effect of ${name}: ${size.toFixed(4)} (${means})`;
    }),
    spread === null
      ? "Spread over seeds: unknown with one seed; an effect may be chance"
      : `Spread over seeds: ± ${spread.toFixed(4)}; effects much smaller than that may be chance`,
  ];
}

function seedsOf({ seeds, diverged }: Settings): string {
  return diverged === 0 ? String(seeds) : `${seeds}, ${diverged} diverged`;
}

function formatSummary(summary: Summary | null): string {
  return summary === null ? "–" : `${summary.mean.toFixed(4)} ± ${summary.deviation.toFixed(4)}`;
}

/** Columns as wide as their widest cell, two spaces apart. */
function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd());
}

/** A training that is done, in a line. */
export function formatTrained({ training: { combination, seed }, result }: Trained): string {
  const { figures: { testAccuracy }, failure, run, seconds } = result;
  const ended = failure ?? `test accuracy ${testAccuracy!.toFixed(4)}, ${seconds.toFixed(1)} s, ${run}`;
  return `${describeCombination(combination)}, seed ${seed}: ${ended}`;
}

/** Test accuracy and test loss over several seeds. */
export function figuresOver(trained: readonly Trained[]): { testAccuracy: Summary; testLoss: Summary } {
  const over = (name: "testAccuracy" | "testLoss") =>
    summarize(trained.map(({ result }) => result.figures[name] ?? NaN));
  return { testAccuracy: over("testAccuracy"), testLoss: over("testLoss") };
}

/** What `repeat` says of the seeds of one combination. */
export function formatRepeat(trained: readonly Trained[]): string[] {
  const { testAccuracy, testLoss } = figuresOver(trained);
  const rows = [["test accuracy", testAccuracy], ["test loss    ", testLoss]] as const;
  return [
    "",
    `${trained.length} runs         mean ± standard deviation     min     max`,
    ...rows.map(([name, { mean, deviation, min, max }]) => {
      const spread = `${mean.toFixed(4)} ± ${deviation.toFixed(4)}`.padEnd(25);
      return `${name}  ${spread}  ${min.toFixed(4)}  ${max.toFixed(4)}`;
    }),
  ];
}
