/**
 * The order of a network's flat parameters in the engine's arrays, whose matrices are laid out as products read them.
 *
 * @module
 */
import type { Plan } from "./plan.ts";
import type { ColumnPlan, MatrixPlan } from "./plan_matrix.ts";

/** An element that only fills the last quad of a matrix. */
const PADDING = -1;

/** The index of the flat parameter at each element of the engine's arrays, or −1 for padding. */
export function orderParameters({ size, matrices, input: { embedding } }: Plan): Int32Array {
  const order = new Int32Array(size).fill(PADDING);
  for (const matrix of matrices) placeMatrix(order, matrix);
  if (embedding) {
    const { V, C, quads, E, start } = embedding;
    for (let v = 0; v < V; v++) {
      for (let c = 0; c < C; c++) order[E + v * quads * 4 + c] = start + v * C + c;
    }
  }
  return order;
}

function placeMatrix(order: Int32Array, { J, quads, W, b, rows, columns, biases }: MatrixPlan): void {
  for (let quad = 0; quad < quads; quad++) {
    for (let lane = 0; lane < 4; lane++) {
      const column = columnOf(columns, quad, lane);
      if (column === null) continue;
      biases.forEach(({ start }, index) => {
        order[b + (index * quads + quad) * 4 + lane] = start + column;
      });
      for (const { row, rows: count, start, stride } of rows) {
        for (let j = 0; j < count; j++) {
          order[W + (quad * J + row + j) * 4 + lane] = start + j * stride + column;
        }
      }
    }
  }
}

/** The flat column at a lane of a quad; null past the last unit. */
function columnOf({ units, interleaved, starts }: ColumnPlan, quad: number, lane: number): number | null {
  if (interleaved) return starts[lane] + quad; // the gates of a unit are a quad
  const quadsABlock = Math.ceil(units / 4), unit = 4 * (quad % quadsABlock) + lane;
  return unit < units ? starts[Math.floor(quad / quadsABlock)] + unit : null;
}
