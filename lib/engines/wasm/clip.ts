/**
 * What limits a gradient g before its update:
 *
 *     norm:   g ← g · min(1, most / (‖g‖ + 1e-6))     ‖g‖² = Σ updateScale · g²
 *     value:  g ← min(max(g, −most), most)
 *
 * The norm needs the whole gradient. Its squares are summed by quad, since items depend on the number of threads.
 *
 * @module
 */
import type { Kernels } from "./kernels.ts";
import type { Workspace } from "./passes/pass.ts";
import type { Plan } from "./plan.ts";
import { WORD } from "./strides.ts";
import { type ColumnItem, type ParameterRange, rangesOf, type WorkItem } from "./work_items.ts";

/** The norm of a gradient. */
export class GradientNorm {
  readonly #kernels: Kernels;
  readonly #gradients: number;
  /** One for each quad of a matrix, each item of a table, and each batch normalization. */
  readonly #squares: Float64Array;

  constructor({ kernels, plan, memory }: Workspace) {
    this.#kernels = kernels;
    this.#gradients = plan.gradients;
    this.#squares = new Float64Array(memory.buffer, plan.squares, plan.squareCount);
  }

  /** Sums the squares of an item's gradient. */
  measure(item: WorkItem): void {
    if ("embedding" in item) this.#squares[item.embedding.squares + item.item] = this.#sum(rangesOf(item));
    else if ("norm" in item) this.#squares[item.norm.squares] = this.#sum(rangesOf(item));
    else this.#measureQuads(item);
  }

  /** What the gradient is multiplied by, after all items are measured. */
  factor(most: number): number {
    const sum = this.#squares.reduce((all, one) => all + one, 0);
    return Math.min(1, most / (Math.sqrt(sum) + 1e-6));
  }

  #measureQuads({ matrix, from, to }: ColumnItem): void {
    for (let quad = from; quad < to; quad++) {
      this.#squares[matrix.squares + quad] = this.#sum(rangesOf({ matrix, from: quad, to: quad + 1 }));
    }
  }

  #sum(ranges: readonly ParameterRange[]): number {
    return ranges.reduce((sum, { start, count, updateScale }) => {
      return sum + updateScale * this.#kernels.sumSquares(count, this.#gradients + WORD * start);
    }, 0);
  }
}

/** Multiplies a range of the gradient. */
export function scaleGradient(
  kernels: Kernels,
  { gradients }: Plan,
  { start, count }: ParameterRange,
  factor: number,
): void {
  if (factor !== 1) kernels.scale(count, gradients + WORD * start, factor);
}

/** Cuts the numbers of a range of the gradient. */
export function cutGradient(
  kernels: Kernels,
  { gradients }: Plan,
  { start, count }: ParameterRange,
  most: number,
): void {
  kernels.cut(count, gradients + WORD * start, most);
}
