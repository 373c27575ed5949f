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
  /** The same as numbers; null unless every cell is one. */
  readonly numbers: Float64Array | null;
}

/** The characters between the cells of a line. */
const DELIMITERS = [",", ";", "\t"] as const;

/**
 * Parses a CSV file whose first line names the columns, with commas, semicolons or tabs between the cells. Behind semicolons,
 * `1,5` is a number too.
 *
 * @param text The whole file
 * @throws {SyntaxError} If lines have different numbers of cells, a quotation mark is not closed, two columns have one name, or
 * there are no rows.
 *
 * @example
 * ```ts
 * import { parseTable } from "./table.ts";
 * import assert from "node:assert/strict";
 *
 * const [day, degrees] = parseTable("day;degrees\nMon;1,5\nTue;-2\n");
 * assert.deepEqual([...degrees.numbers!], [1.5, -2]);
 * assert.deepEqual([day.numbers, day.cells], [null, ["Mon", "Tue"]]);
 * ```
 */
export function parseTable(text: string): Column[] {
  const delimiter = delimiterOf(text);
  const [names = [], ...rows] = parseLines(text, delimiter);
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
  return names.map((name, index) => {
    const cells = rows.map((row) => row[index]);
    return { name, cells, numbers: toNumbers(cells, delimiter === ";") };
  });
}

/** The one that the first line has most of. */
function delimiterOf(text: string): string {
  const [line] = text.split("\n", 1);
  const count = (delimiter: string) => line.split(delimiter).length;
  return DELIMITERS.reduce((best, one) => count(one) > count(best) ? one : best);
}

function parseLines(text: string, delimiter: string): string[][] {
  try {
    return parse(text, { bom: true, delimiter, skip_empty_lines: true, trim: true });
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new SyntaxError(`Cannot read the table: ${printable(cause.message)}`, { cause });
  }
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function toNumbers(cells: readonly string[], hasCommas: boolean): Float64Array | null {
  const texts = hasCommas ? cells.map((cell) => cell.replace(",", ".")) : cells;
  return texts.every((cell) => NUMBER.test(cell)) ? Float64Array.from(texts, Number) : null;
}

/**
 * The column of a table that must hold numbers.
 *
 * @throws {RangeError} If there is no such column, or a cell of it is not a number.
 */
export function numbersOf(table: readonly Column[], name: string): Float64Array {
  const column = table.find((one) => one.name === name);
  if (!column) {
    const names = table.filter(({ numbers }) => numbers).map((one) => printable(one.name, 40));
    throw new RangeError(
      `Cannot read the table: the column must be one of ${names.join(", ") || "(none holds numbers)"}: ` +
        `current value is ${excerpt(name)}`,
    );
  }
  if (column.numbers) return column.numbers;
  const row = column.cells.findIndex((cell) => !NUMBER.test(cell));
  throw new RangeError(
    `Cannot read the table: column ${printable(name, 40)} must hold a number in every row: ` +
      `current value is ${excerpt(column.cells[row])} in row ${row + 1} below the names ` +
      "(fill gaps, or take those rows out)",
  );
}
