/**
 * Tables of numbers from CSV files.
 *
 * @module
 */
import { CsvError, parse } from "npm:csv-parse@7.0.3/sync";
import { excerpt, printable } from "../excerpt.ts";

/** A column of a table. */
export interface Column {
  /** As the first line says. */
  readonly name: string;
  /** What stands in each row. */
  readonly cells: readonly string[];
  /** The same as numbers; NaN where a cell is none. */
  readonly numbers: Float64Array;
  /** How many cells are no numbers. */
  readonly gaps: number;
  /** The line of the file that each row is in. */
  readonly lines: readonly number[];
}

/** The characters between the cells of a line. */
const DELIMITERS = [",", ";", "\t"] as const;

/**
 * Parses a CSV file whose first line names the columns, with commas, semicolons or tabs between the cells. Behind semicolons,
 * `1,5` is a number too. Lines without any content are left out.
 *
 * @param text The whole file
 * @throws {SyntaxError} If lines have different numbers of cells, a quotation mark is not closed, two columns have one name, all
 * names are numbers, or there are no rows.
 *
 * @example
 * ```ts
 * import { parseTable } from "./table.ts";
 * import assert from "node:assert/strict";
 *
 * const [day, degrees] = parseTable("day;degrees\nMon;1,5\nTue;-2\n");
 * assert.deepEqual([...degrees.numbers], [1.5, -2]);
 * assert.deepEqual([day.gaps, day.cells], [2, ["Mon", "Tue"]]);
 * ```
 */
export function parseTable(text: string): Column[] {
  const delimiter = delimiterOf(text);
  const [first, ...rows] = parseLines(text, delimiter), names = first?.record ?? [];
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw new SyntaxError(
      `Cannot read the table: each column must have a name of its own: current value is ${
        excerpt(repeated)
      } twice`,
    );
  }
  if (rows.length === 0) {
    throw new SyntaxError(
      `Cannot read the table: it must have a line of names and rows below it: current value is ${
        names.length === 0 ? "no line" : "one line"
      }`,
    );
  }
  if (names.every((name) => NUMBER.test(name))) {
    throw new SyntaxError(
      `Cannot read the table: the first line must name the columns: current value is ${excerpt(names)}`,
    );
  }
  const lines = rows.map(({ line }) => line);
  return names.map((name, index) => {
    const cells = rows.map(({ record }) => record[index]);
    const numbers = Float64Array.from(
      cells,
      (cell) => toNumber(delimiter === ";" ? cell.replace(",", ".") : cell),
    );
    return { name, cells, numbers, gaps: numbers.filter(Number.isNaN).length, lines };
  });
}

/** The one that the first line has most of. */
function delimiterOf(text: string): string {
  const [line] = text.split("\n", 1);
  const count = (delimiter: string) => line.split(delimiter).length;
  return DELIMITERS.reduce((best, one) => count(one) > count(best) ? one : best);
}

/** A line of the file, and its number. */
interface Line {
  readonly record: readonly string[];
  readonly line: number;
}

function withLine(record: readonly string[], { lines }: { lines: number }): Line {
  return { record: record.slice(), line: lines }; // which has room for its cells only
}

function parseLines(text: string, delimiter: string): Line[] {
  try {
    return parse(text, {
      bom: true,
      delimiter,
      on_record: withLine as never, // its type has records alone
      skip_empty_lines: true,
      skip_records_with_empty_values: true, // which spreadsheets leave below a table
      trim: true,
    }) as unknown as Line[];
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new SyntaxError(`Cannot read the table: ${explain(cause)}`, { cause });
  }
}

/** What is wrong with a line, and which line that is. */
function explain(error: CsvError): string {
  if (error.code !== "CSV_RECORD_INCONSISTENT_FIELDS_LENGTH") return printable(error.message);
  const { record, lines } = error as unknown as Record<string, unknown>;
  return `every line must have as many cells as the first one: current value is ${
    (record as string[]).length
  } in line ${lines}`;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** NaN for what is no number, or too large to be one. */
function toNumber(cell: string): number {
  const number = NUMBER.test(cell) ? Number(cell) : NaN;
  return Number.isFinite(number) ? number : NaN;
}

/**
 * The column of a table that must hold numbers.
 *
 * @throws {RangeError} If there is no such column, or a cell of it is not a number.
 */
export function numbersOf(table: readonly Column[], name: string): Float64Array {
  const column = table.find((one) => one.name === name);
  if (!column) {
    const names = table.filter(({ gaps }) => gaps === 0).map((one) => printable(one.name, 40));
    throw new RangeError(
      `Cannot read the table: the column must be one of ${names.join(", ") || "(none holds numbers)"}: ` +
        `current value is ${excerpt(name)}`,
    );
  }
  if (column.gaps === 0) return column.numbers;
  throw new RangeError(
    `Cannot read the table: column ${printable(name, 40)} must hold a number in every row: ` +
      `current value is ${describeGaps(column)} (fill the gaps, or take those rows out)`,
  );
}

/**
 * The first cell of a column that is no number, its line, and how many more there are.
 *
 * @example
 * ```ts
 * import { describeGaps, parseTable } from "./table.ts";
 * import assert from "node:assert/strict";
 *
 * const [price] = parseTable("price\n3\nN/A\n5\n?\n");
 * assert.equal(describeGaps(price), '"N/A" in line 3, and 1 more');
 * ```
 */
export function describeGaps({ cells, numbers, gaps, lines }: Column): string {
  const row = numbers.findIndex(Number.isNaN);
  return `${excerpt(cells[row])} in line ${lines[row]}${gaps > 1 ? `, and ${gaps - 1} more` : ""}`;
}
