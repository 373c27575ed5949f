/**
 * The confusion matrix, as text and as a heat map.
 *
 * @module
 */
import { printable } from "../excerpt.ts";
import { clipEnd, element, picture, text } from "./svg.ts";

const CELL = 44, LEFT = 132, TOP = 78, NAME_LENGTH = 13;
const LARGEST_NUMBERS = 20; // classes up to which cells have room for their counts

/**
 * A table with one row a class: how often its images were taken for each class, and the share that was right.
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
 *   "taken for   0   1   right",
 *   "0           9   1   90.0%",
 *   "1           .  10  100.0%",
 * ]);
 * ```
 */
export function drawConfusion(
  matrix: readonly (readonly number[])[],
  classNames: readonly string[],
): string[] {
  const labels = classNames.map((name, k) => name === String(k) ? name : `${k} ${printable(name)}`);
  const labelWidth = Math.max("taken for".length, ...labels.map((label) => label.length));
  const cellWidth = Math.max(2, ...matrix.flat().map((count) => String(count).length)) + 2;
  const cells = (row: readonly string[]) => row.map((cell) => cell.padStart(cellWidth)).join("");
  const head = "taken for".padEnd(labelWidth) + cells(matrix.map((_, k) => String(k))) + "   right";
  const rows = matrix.map((row, label) => {
    const count = row.reduce((a, b) => a + b, 0);
    const right = count > 0 ? `${(100 * row[label] / count).toFixed(1)}%` : "-";
    return labels[label].padEnd(labelWidth) + cells(row.map((n) => n > 0 ? String(n) : ".")) +
      right.padStart(8);
  });
  return [head, ...rows];
}

/**
 * Draws what was taken for what: the share of each class's images as the strength of the colour, one colour for what
 * was right and another for what was wrong, and the counts where there is room for them.
 *
 * The strength is the root of the share, so that the few mistakes of a good network can be seen.
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
 * assert.match(svg, /19 of 20 right/);
 * ```
 */
export function drawConfusionMap(
  matrix: readonly (readonly number[])[],
  classNames: readonly string[],
): string {
  const counted = classNames.length <= LARGEST_NUMBERS;
  const cell = counted ? CELL : Math.max(4, Math.floor(CELL * LARGEST_NUMBERS / classNames.length));
  const size = cell * matrix.length;
  const sum = matrix.flat().reduce((a, b) => a + b, 0);
  const right = matrix.reduce((a, row, label) => a + row[label], 0);
  const summary = `${right.toLocaleString("en-US")} of ${sum.toLocaleString("en-US")} right`;
  const named = counted || cell >= 18;
  const rows = matrix.flatMap((row, label) => {
    const ofClass = row.reduce((a, b) => a + b, 0);
    return row.map((count, predicted) => {
      const share = ofClass > 0 ? count / ofClass : 0;
      const place = { x: LEFT + predicted * cell, y: TOP + label * cell };
      return drawCell({ ...place, cell, count: counted ? count : null, share, isRight: label === predicted });
    });
  });
  return picture(
    { width: LEFT + size + 84, height: TOP + size + 24, title: `Confusion matrix: ${summary}` },
    text(summary, { class: "ink", x: LEFT, y: 26, "font-weight": 700 }),
    text("taken for", { class: "soft", x: LEFT, y: 48 }),
    text("label", { class: "soft", x: LEFT - 12, y: TOP - 10, "text-anchor": "end" }),
    text("right (%)", { class: "soft", x: LEFT + size + 12, y: TOP - 10 }),
    ...(named
      ? classNames.map((name, k) => drawNames(name, { k, cell, size }, shareText(matrix[k], k)))
      : []),
    rows.join(""),
    element("rect", { class: "rule", x: LEFT, y: TOP, width: size, height: size }),
  );
}

function shareText(row: readonly number[], label: number): string {
  const count = row.reduce((a, b) => a + b, 0);
  return count > 0 ? (100 * row[label] / count).toFixed(1) : "none";
}

function drawNames(
  name: string,
  { k, cell, size }: { k: number; cell: number; size: number },
  share: string,
) {
  const label = name === String(k) ? name : `${clipEnd(name, NAME_LENGTH)}  ${k}`;
  const y = TOP + (k + 0.5) * cell + 5;
  return [
    text(label, { class: "ink", x: LEFT - 12, y, "text-anchor": "end" }),
    text(String(k), { class: "ink", x: LEFT + (k + 0.5) * cell, y: TOP - 10, "text-anchor": "middle" }),
    text(share, { class: "ink", x: LEFT + size + 12, y }),
  ].join("");
}

function drawCell({ x, y, cell, count, share, isRight }: {
  x: number;
  y: number;
  cell: number;
  count: number | null;
  share: number;
  isRight: boolean;
}): string {
  const opacity = 0.85 * Math.sqrt(share);
  const middle = { x: x + cell / 2, y: y + cell / 2 + 5, "text-anchor": "middle" };
  const square = { x, y, width: cell, height: cell };
  return [
    ...(share > 0
      ? [element("rect", { class: isRight ? "right" : "wrong", ...square, "fill-opacity": opacity })]
      : []),
    ...(count === null
      ? []
      : count > 0
      ? [text(String(count), { class: opacity > 0.55 ? "onfill" : "ink", ...middle })]
      : [text("·", { class: "soft", ...middle })]),
  ].join("");
}
