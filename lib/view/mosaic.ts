/**
 * Pictures of many small rectangles.
 *
 * @module
 */
import type { Picture } from "./digits.ts";
import { element, round } from "./svg.ts";

/** A rectangle, and the value that its colour shows. */
export interface Cell {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly value: number;
}

/** Draws all rectangles of a value as one path, which renders much faster than a thousand elements. */
export function mosaic(
  cells: readonly Cell[],
  attributesOf: (value: number) => Record<string, string | number>,
): string[] {
  return [...Map.groupBy(cells, ({ value }) => value)].map(([value, alike]) =>
    element("path", {
      ...attributesOf(value),
      d: alike.map(({ x, y, width, height }) =>
        `M${round(x)} ${round(y)}h${round(width)}v${round(height)}h${round(-width)}z`
      ).join(""),
    })
  );
}

/**
 * A table as cells: equal neighbours of a row become one, and those of value 0 none.
 *
 * @param values `[rows, columns]`
 * @param size Of one cell
 */
export function runsOf(
  values: ArrayLike<number>,
  { columns, width, height }: { columns: number; width: number; height: number },
): Cell[] {
  const cells: Cell[] = [];
  for (let y = 0; y < values.length / columns; y++) {
    for (let x = 0; x < columns;) {
      const first = x, value = values[y * columns + x];
      while (x < columns && values[y * columns + x] === value) x++;
      if (value === 0) continue;
      cells.push({ x: first * width, y: y * height, width: (x - first) * width, height, value });
    }
  }
  return cells;
}

/** Draws a grey picture, white on black. @param at Its upper edge, and the size of a pixel */
export function drawImage(
  { pixels, height: rows, width: columns }: Pick<Picture, "pixels" | "height" | "width">,
  { top, width, height }: { top: number; width: number; height: number },
): string {
  const cells = runsOf(pixels, { columns, width, height }).map((cell) => ({ ...cell, y: top + cell.y }));
  return element(
    "g",
    { "shape-rendering": "crispEdges" },
    element("rect", { y: top, width: columns * width, height: rows * height, fill: "#000000" }),
    ...mosaic(cells, (value) => ({ fill: `#${value.toString(16).padStart(2, "0").repeat(3)}` })),
  );
}
