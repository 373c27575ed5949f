/**
 * The series that flags name.
 *
 * @module
 */
import type { Column } from "../../run.ts";
import { describeGaps, excerpt, numbersOf, printable, type Series, shown } from "../../run.ts";
import { FlagError } from "./flags.ts";

/** A series with the names of its parts. */
export interface NamedSeries extends Series {
  readonly targetName: string;
  readonly featureNames: readonly string[];
  /**
   * What each time is called: the cells of a column of text without repetitions, such as dates, or of one that counts; else the
   * number of the row.
   */
  readonly labels: readonly string[];
  /** What a person should know of columns that are not read: sentences. */
  readonly notes: readonly string[];
}

/**
 * The text of a file.
 *
 * @param path For messages
 * @throws {SyntaxError} If it is not UTF-8.
 */
export function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SyntaxError(
      `Cannot read ${shown(path)}: it must be text in UTF-8: current value is other bytes ` +
        '(a spreadsheet program saves a table so as "CSV UTF-8")',
      { cause },
    );
  }
}

/**
 * Chooses columns of a table.
 *
 * By default that are those of numbers, without those that are nameless or count (the numbers of rows, times in seconds): they say
 * which row it is, and in the rows to forecast they have values that were never seen in training.
 *
 * @param choice.target By default the last column of numbers
 * @param choice.features Names with commas between them; by default all columns of numbers
 * @throws {FlagError} If a flag names a column twice, or one that is not there.
 * @throws {RangeError} If there is no column of numbers, a chosen one has gaps, or the newest row is the first.
 */
export function chooseSeries(
  table: readonly Column[],
  { target, features }: { target: string | undefined; features: string | undefined },
): NamedSeries {
  checkOrder(table);
  const numeric = table.filter((column) => column.gaps < column.cells.length / 2); // or meant to be
  const telling = numeric.filter((column) => column.name !== "" && !counts(column));
  const columns = telling.length > 0 ? telling : numeric;
  if (columns.length === 0) throw noNumbers(table);
  const targetName = target ?? columns[columns.length - 1].name;
  const targetColumn = find(table, targetName, "target");
  const named = features?.split(",").map((name) => find(table, name.trim(), "features"));
  const repeated = named?.find((column, index) => named.indexOf(column) !== index);
  if (repeated) {
    throw new FlagError(
      `Cannot use --features: each column must be named once: current value has ${
        excerpt(repeated.name)
      } twice`,
    );
  }
  const whole = columns.filter(({ gaps }) => gaps === 0);
  const read = named ?? (whole.length > 0 ? whole : [targetColumn]);
  const leftOut = named ? [] : columns.filter((column) => column.gaps > 0 && column !== targetColumn);
  return {
    targetName,
    target: numbersOf(table, targetName),
    featureNames: read.map(({ name }) => name),
    features: read.map(({ name }) => numbersOf(table, name)),
    labels: labelsOf(table),
    notes: leftOut.map((column) =>
      `Not read: column ${printable(column.name, 40)}, for it has no number in every row: ${
        describeGaps(column)
      } (fill the gaps to read it)`
    ),
  };
}

function find(table: readonly Column[], name: string, flag: string): Column {
  const column = table.find((one) => one.name === name);
  if (column) return column;
  const names = table.filter(({ gaps, cells }) => gaps < cells.length).map((one) => printable(one.name, 40));
  throw new FlagError(
    `Cannot use --${flag}: it must name columns of numbers, of ${
      names.join(", ") || "which there are none"
    }: ` +
      `current value is ${excerpt(name)}`,
  );
}

function noNumbers(table: readonly Column[]): RangeError {
  const nearest = table.reduce((best, column) => column.gaps <= best.gaps ? column : best);
  return new RangeError(
    "Cannot read the table: it must have a column with a number in every row: " +
      `current value of ${printable(nearest.name, 40)} is ${describeGaps(nearest)} ` +
      '(a number is like 1234.5, or 1234,5 with ";" between the columns)',
  );
}

/** Whether a column rises by the same amount from each row to the next. */
function counts({ numbers, gaps }: Column): boolean {
  const step = numbers[1] - numbers[0];
  return gaps === 0 && step > 0 &&
    numbers.every((x, row) => row === 0 || Math.abs(x - numbers[row - 1] - step) <= 1e-6 * step);
}

function labelsOf(table: readonly Column[]): readonly string[] {
  const dates = table.find(({ cells, gaps }) =>
    gaps > cells.length / 2 && new Set(cells).size === cells.length
  );
  const labels = dates ?? table.find((column) => counts(column));
  return labels?.cells ?? table[0].cells.map((_, row) => `row ${row + 1}`);
}

const DATE = /^\d{4}-\d\d-\d\d/;

/** Many files have the newest row first: a network would learn to forecast the past. */
function checkOrder(table: readonly Column[]): void {
  for (const { name, cells } of table) {
    const first = cells[0], last = cells[cells.length - 1];
    if (first <= last || !cells.every((cell) => DATE.test(cell))) continue;
    throw new RangeError(
      `Cannot read the table: the oldest row must be the first: current value of ${
        printable(name, 40)
      } begins with ${excerpt(first)} and ends with ${excerpt(last)} (sort the rows)`,
    );
  }
}
