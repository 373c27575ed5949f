/**
 * The order of a network's flat parameters in the engine's arrays, whose matrices are laid out as products read them.
 *
 * @module
 */
import type { EmbeddingPlan, NormPlan } from "./pass_plans.ts";
import type { Plan } from "./plan.ts";
import type { ColumnPlan, MatrixPlan } from "./plan_matrix.ts";

/** An element that only fills the last quad of a matrix. */
const PADDING = -1;

/** Moves parameters, or what belongs to them, between a flat array and one of the engine's. */
export class ParameterOrder {
  /** The index of the flat parameter at each element of the matrices, or −1 for padding. */
  readonly #order: Int32Array;
  /** Where the matrices start, in elements: after the table of tokens. */
  readonly #first: number;
  readonly #embedding: EmbeddingPlan | null;

  constructor({ size, matrices, norms, input: { embedding } }: Plan) {
    this.#embedding = embedding;
    this.#first = embedding ? embedding.E + embedding.V * embedding.quads * 4 : 0;
    this.#order = new Int32Array(size - this.#first).fill(PADDING);
    for (const matrix of matrices) placeMatrix(this.#order, this.#first, matrix);
    for (const norm of norms) placeNorm(this.#order, this.#first, norm);
  }

  /** Writes the elements of an array of the engine to a flat one. */
  read(elements: Float32Array, flat: Float32Array): void {
    const order = this.#order, first = this.#first;
    for (let at = 0; at < order.length; at++) {
      if (order[at] >= 0) flat[order[at]] = elements[first + at];
    }
    this.#eachRow((start, at, count) => flat.set(elements.subarray(at, at + count), start));
  }

  /** Writes a flat array to one of the engine; padding stays as it is. */
  write(elements: Float32Array, flat: Float32Array): void {
    const order = this.#order, first = this.#first;
    for (let at = 0; at < order.length; at++) {
      if (order[at] >= 0) elements[first + at] = flat[order[at]];
    }
    this.#eachRow((start, at, count) => elements.set(flat.subarray(start, start + count), at));
  }

  /** Calls for the rows of the table of tokens, all at once where they need no padding. */
  #eachRow(move: (start: number, at: number, count: number) => void): void {
    if (!this.#embedding) return;
    const { V, C, quads, E, start } = this.#embedding, width = 4 * quads;
    if (C === width) return move(start, E, V * C);
    for (let v = 0; v < V; v++) move(start + v * C, E + v * width, C);
  }
}

function placeNorm(order: Int32Array, first: number, { C, gamma, beta, mean, variance }: NormPlan): void {
  for (const array of [gamma, beta, mean, variance]) {
    if (!array) continue;
    for (let c = 0; c < C; c++) order[array.at - first + c] = array.start + c;
  }
}

function placeMatrix(
  order: Int32Array,
  first: number,
  { J, quads, W, b, rows, columns, biases }: MatrixPlan,
): void {
  for (let quad = 0; quad < quads; quad++) {
    for (let lane = 0; lane < 4; lane++) {
      const column = columnOf(columns, quad, lane);
      if (column === null) continue;
      biases.forEach(({ start }, index) => {
        order[b - first + (index * quads + quad) * 4 + lane] = start + column;
      });
      for (const { row, rows: count, start, stride } of rows) {
        for (let j = 0; j < count; j++) {
          order[W - first + (quad * J + row + j) * 4 + lane] = start + j * stride + column;
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
