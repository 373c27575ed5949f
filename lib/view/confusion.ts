/**
 * The confusion matrix, as text and as a heat map.
 *
 * @module
 */
import { printable } from "../excerpt.ts";
import { formatQuantity } from "./progress.ts";
import { CHARACTER, element, FONT, picture, text } from "./svg.ts";
import { clipEnd, formatShare, markClasses } from "./words.ts";

/** How {@link drawConfusion} draws. */
export interface DrawConfusionOptions {
  /** The columns of the terminal; unlimited by default. */
  readonly columns?: number;
}

const DIGIT = 9.6, GAP = 8, LINE = 26, NAME_LENGTH = 14;
const HEAD = 3 * LINE;
const SHARE_WIDTH = 58; // of `98.5%`
const LEAST_CELL = 24, SMALL_CELL = 4; // with room for the number of a class; without
const MOST_COUNTED = 20; // with more classes, cells have no room for their counts
const UNCOUNTED_SIZE = 880; // of the matrix with more classes
const MOST_MISTAKEN = 3; // classes named in a row of the list
const DARKEST_UNDER_INK = 0.5, LIGHTEST_UNDER_LIGHT = 0.78; // in between, neither dark nor light text is legible

/**
 * A table with one row a class: how often its images were taken for each class, and the share that was right. If the
 * terminal is too narrow for it, a list of the most frequent mistakes of each class.
 *
 * @param matrix `matrix[label][predicted]`, as `confusionMatrix()` counts
 * @param classNames What label 0, 1, … stands for
 * @returns Lines, without escape sequences
 *
 * @example
 * ```ts
 * import { drawConfusion } from "./confusion.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(drawConfusion([[9, 1], [0, 10]], ["0", "1"]), [
 *   "taken for →   0   1  right",
 *   "0             9   1    90%",
 *   "1             .  10   100%",
 * ]);
 * assert.deepEqual(drawConfusion([[9, 1], [0, 10]], ["0", "1"], { columns: 23 }), [
 *   "label  right  taken for",
 *   "0        90%  1: 1",
 *   "1       100%",
 * ]);
 * ```
 */
export function drawConfusion(
  matrix: readonly (readonly number[])[],
  classNames: readonly string[],
  { columns = Infinity }: DrawConfusionOptions = {},
): string[] {
  const table = drawTable(matrix, classNames);
  return table.every((line) => line.length <= columns) ? table : drawList(matrix, classNames, columns);
}

function drawTable(matrix: readonly (readonly number[])[], classNames: readonly string[]): string[] {
  const { marks, names: labels } = markClasses(classNames);
  const labelWidth = Math.max("taken for →".length, ...labels.map((label) => label.length));
  const cellWidth = Math.max(2, ...matrix.flat().map((count) => String(count).length)) + 2;
  const cells = (row: readonly string[]) => row.map((cell) => cell.padStart(cellWidth)).join("");
  const head = "taken for →".padEnd(labelWidth) + cells(marks) + "  right";
  const rows = matrix.map((row, label) =>
    labels[label].padEnd(labelWidth) + cells(row.map((n) => n > 0 ? String(n) : ".")) +
    shareText(row, label).padStart(7)
  );
  return [head, ...rows];
}

/** The most frequent mistakes of each class. */
function drawList(
  matrix: readonly (readonly number[])[],
  classNames: readonly string[],
  columns: number,
): string[] {
  const names = classNames.map((name) => printable(name));
  const width = Math.max("label".length, ...names.map((name) => name.length));
  const rows = matrix.map((row, label) => {
    const mistaken = [...row.keys()].filter((k) => k !== label && row[k] > 0).sort((a, b) => row[b] - row[a]);
    const words = mistaken.slice(0, MOST_MISTAKEN).map((k) => `${names[k]}: ${row[k]}`);
    const start = `${names[label].padEnd(width)}  ${shareText(row, label).padStart(5)}  `;
    while (words.length > 1 && start.length + words.join(", ").length > columns) words.pop();
    return clipEnd((start + words.join(", ")).trimEnd(), columns);
  });
  return [clipEnd(`${"label".padEnd(width)}  right  taken for`, columns), ...rows];
}

/**
 * Draws what was taken for what: one colour for right and another for wrong predictions, whose strength shows the share of
 * the class's images, and counts if there is room for them.
 *
 * The strength grows with the root of the share, so that the few mistakes of a good network are visible.
 *
 * @param matrix `matrix[label][predicted]`, as `confusionMatrix()` counts
 * @param classNames What label 0, 1, … stands for
 * @returns SVG
 *
 * @example
 * ```ts
 * import { drawConfusionMap } from "./confusion.ts";
 * import assert from "node:assert/strict";
 *
 * const svg = drawConfusionMap([[9, 1], [0, 10]], ["0", "1"]);
 * assert.match(svg, /19 of 20 images right: 95%/);
 * ```
 */
export function drawConfusionMap(
  matrix: readonly (readonly number[])[],
  classNames: readonly string[],
): string {
  const counted = classNames.length <= MOST_COUNTED;
  const digits = Math.max(...matrix.flat().map((count) => String(count).length));
  const cell = counted
    ? Math.max(LEAST_CELL, Math.ceil(digits * DIGIT + 4))
    : Math.max(SMALL_CELL, Math.floor(UNCOUNTED_SIZE / classNames.length));
  const named = cell >= LEAST_CELL - 4;
  const { marks, names } = markClasses(classNames), labels = names.map((name) => clipEnd(name, NAME_LENGTH));
  const longest = Math.max(...labels.map((label) => label.length));
  const left = named ? longest * CHARACTER + 2 * GAP : GAP;
  const size = cell * matrix.length;
  const sum = matrix.flat().reduce((a, b) => a + b, 0);
  const right = matrix.reduce((a, row, label) => a + row[label], 0);
  const accuracy = formatShare(right / sum, sum);
  const summary = `${right.toLocaleString("en-US")} of ${formatQuantity(sum, "images")} right: ${accuracy}`;
  const rows = matrix.flatMap((row, label) => {
    const ofClass = row.reduce((a, b) => a + b, 0);
    return row.map((count, predicted) => {
      const share = ofClass > 0 ? count / ofClass : 0;
      const place = { x: left + predicted * cell, y: HEAD + label * cell };
      return drawCell({ ...place, cell, count: counted ? count : null, share, isRight: label === predicted });
    });
  });
  const mapWidth = left + size + (named ? GAP + SHARE_WIDTH : GAP);
  const width = Math.max(mapWidth, summary.length * CHARACTER + 2 * GAP);
  return picture(
    { width, height: HEAD + size + GAP, title: `Confusion matrix, label → taken for: ${summary}` },
    text(summary, { class: "ink", x: GAP, y: LINE, "font-weight": 700 }),
    text("label ↓ taken for →", { class: "soft", x: GAP, y: 2 * LINE - 4 }),
    ...(named
      ? [
        text("right", { class: "soft", x: left + size + GAP, y: HEAD - GAP }),
        ...labels.map((label, k) => {
          const y = HEAD + (k + 0.5) * cell + FONT / 3, x = left + (k + 0.5) * cell;
          return text(label, { class: "ink", x: left - GAP, y, "text-anchor": "end" }) +
            text(marks[k], { class: "ink", x, y: HEAD - GAP, "text-anchor": "middle" }) +
            text(shareText(matrix[k], k), { class: "ink", x: left + size + GAP, y });
        }),
      ]
      : []),
    rows.join(""),
    element("rect", { class: "rule", x: left, y: HEAD, width: size, height: size }),
  );
}

function shareText(row: readonly number[], label: number): string {
  const count = row.reduce((a, b) => a + b, 0);
  return count > 0 ? formatShare(row[label] / count, Math.min(count, 1_000)) : "none";
}

function drawCell({ x, y, cell, count, share, isRight }: {
  x: number;
  y: number;
  cell: number;
  count: number | null;
  share: number;
  isRight: boolean;
}): string {
  const middle = { x: x + cell / 2, y: y + cell / 2 + FONT / 3, "text-anchor": "middle" };
  const square = { x, y, width: cell, height: cell };
  const colour = isRight ? "right" : "wrong";
  const filled = share > 0
    ? element("rect", { class: colour, ...square, "fill-opacity": opacityOf(share) })
    : "";
  if (count === null) return filled;
  if (count === 0) return filled + text("·", { class: "soft", ...middle });
  return filled + text(String(count), { class: share > 0.5 ? "onfill" : "ink", ...middle });
}

/** Shares above half are so strong that light numbers are legible on them; on others, ink is. */
function opacityOf(share: number): number {
  return share > 0.5
    ? LIGHTEST_UNDER_LIGHT + (1 - LIGHTEST_UNDER_LIGHT) * (2 * share - 1)
    : DARKEST_UNDER_INK * Math.sqrt(2 * share);
}
