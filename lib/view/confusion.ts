/**
 * The confusion matrix as text.
 *
 * @module
 */

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
  const labels = classNames.map((name, k) => name === String(k) ? name : `${k} ${name}`);
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
