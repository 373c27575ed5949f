/**
 * The series that flags name.
 *
 * @module
 */
import type { Column } from "../../run.ts";
import { excerpt, numbersOf, printable, type Series } from "../../run.ts";
import { FlagError } from "./flags.ts";

/** A series with the names of its parts. */
export interface NamedSeries extends Series {
  readonly targetName: string;
  readonly featureNames: readonly string[];
  /** What each time is called: the cells of a column without numbers or repetitions, such as dates, else the number of the row. */
  readonly labels: readonly string[];
}

/**
 * Chooses columns of a table.
 *
 * @param choice.target By default the last column of numbers
 * @param choice.features Names with commas between them; by default all columns of numbers
 * @throws {FlagError} If there is no column of numbers, or a flag names a column twice.
 */
export function chooseSeries(
  table: readonly Column[],
  { target, features }: { target: string | undefined; features: string | undefined },
): NamedSeries {
  const numeric = table.filter(({ numbers }) => numbers).map(({ name }) => name);
  const targetName = target ?? numeric.at(-1);
  if (targetName === undefined) {
    throw new FlagError(
      "Cannot use --csv: the table must have a column with a number in every row: its columns are " +
        table.map(({ name }) => printable(name, 40)).join(", "),
    );
  }
  const featureNames = features?.split(",").map((name) => name.trim()) ?? numeric;
  const repeated = featureNames.find((name, index) => featureNames.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw new FlagError(
      `Cannot use --features: each column must be named once: current value has ${excerpt(repeated)} twice`,
    );
  }
  const named = table.find(({ numbers, cells }) => !numbers && new Set(cells).size === cells.length);
  return {
    targetName,
    target: numbersOf(table, targetName),
    featureNames,
    features: featureNames.map((name) => numbersOf(table, name)),
    labels: named?.cells ?? table[0].cells.map((_, row) => `row ${row + 1}`),
  };
}
