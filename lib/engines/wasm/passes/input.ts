/**
 * How a group of sequences comes in: copied from where all sequences lie, interleaved, and turned into features.
 *
 * @module
 */
import type { Shareable } from "../../../data/shared.ts";
import { TRANSFORM_SIZE } from "../../../data/transform.ts";
import type { Kernels } from "../kernels.ts";
import type { CellPlan, EmbeddingPlan, InputPlan } from "../pass_plans.ts";
import { GROUP, QUAD, WORD } from "../strides.ts";
import { copyElements } from "./copy.ts";
import type { Group, Workspace } from "./pass.ts";

/** The sequences of a group. */
export interface GroupSequences {
  /** Of all sequences. */
  readonly data: Shareable;
  /** Of those that the group has. */
  readonly positions: Uint32Array;
  /** Address of their transforms, int32 `[.,6]`; 0 without. */
  readonly transforms: number;
}

/** Bytes of a transform. */
export const TRANSFORM_BYTES = TRANSFORM_SIZE * WORD;

/** The input of a chain. */
export class InputPass {
  readonly #kernels: Kernels;
  readonly #base: number;
  readonly #plan: InputPlan;
  readonly #arrays: {
    readonly bytes: Uint8Array;
    readonly floats: Float32Array;
    readonly tokens: Int32Array;
  };
  readonly #parameters: number;

  constructor({ kernels, plan, memory: { buffer }, base }: Workspace) {
    this.#kernels = kernels;
    this.#base = base;
    this.#plan = plan.input;
    this.#parameters = plan.parameters;
    this.#arrays = {
      bytes: new Uint8Array(buffer),
      floats: new Float32Array(buffer),
      tokens: new Int32Array(buffer),
    };
  }

  /** Takes one to eight sequences; the lanes that are left repeat the last one. */
  take({ data, positions, transforms }: GroupSequences): void {
    const { stride, rows } = this.#plan, array = this.#arrayOf(), { BYTES_PER_ELEMENT } = array;
    const to = (this.#base + rows) / BYTES_PER_ELEMENT, last = positions.length - 1;
    for (let lane = 0; lane < GROUP; lane++) {
      const from = Math.min(lane, last), at = to + lane * stride;
      if (transforms) this.#transform(data, positions[from], transforms + from * TRANSFORM_BYTES, at);
      else copyElements(data, positions[from] * stride, stride, array, at);
    }
  }

  #transform(data: Shareable, position: number, transform: number, to: number): void {
    const { stride } = this.#plan, { width, height, image } = this.#plan.transform!;
    const from = this.#base + image;
    copyElements(data, position * stride, stride, this.#arrays.bytes, from);
    this.#kernels.transformImage(width, height, from, to, transform);
  }

  /** Turns what was taken into x of all t, unless the first layer reads images itself. */
  forward(): void {
    const { kind, T, C, stride, to, read, maskValue, divisor, blank } = this.#plan, kernels = this.#kernels;
    const rows = this.#base + this.#plan.rows, columns = this.#base + this.#plan.columns;
    const x = to ? this.#base + to.y : 0;
    switch (kind) {
      case "images":
        return this.#order(rows, columns);
      case "bytes":
        this.#order(rows, columns);
        kernels.scaleBytes(T * C, this.#base + this.#plan.pixels, divisor, blank, x);
        break;
      case "floats":
        kernels.interleaveWords(stride, stride, rows, x);
        break;
      case "tokens":
        return this.#look(rows, columns, x);
    }
    if (read) kernels.readUnless(T, C, maskValue, x, this.#base + read);
  }

  /** Keeps the gradient of the rows of tokens that a group has read. */
  backward({ index, count }: Group): void {
    const { embedding, to, T, columns } = this.#plan;
    if (!embedding) return;
    const { quads, gradients, tokens } = embedding, rows = index * T * GROUP;
    this.#kernels.spreadRows(T, quads, this.#base + to!.dy, gradients + rows * quads * QUAD);
    const from = (this.#base + columns) / WORD, into = tokens / WORD + rows, words = this.#arrays.tokens;
    words.copyWithin(into, from, from + T * GROUP);
    for (let lane = count - index * GROUP; lane < GROUP; lane++) {
      for (let t = 0; t < T; t++) words[into + t * GROUP + lane] = -1; // there is no sequence in this lane
    }
  }

  /** The pixels of eight images, in the order in which they are read. */
  #order(rows: number, columns: number): void {
    const { T, C, stride, order, pixels } = this.#plan;
    this.#kernels.interleave(stride, rows, columns);
    if (order) this.#kernels.reorder(T * C, order, columns, this.#base + pixels);
  }

  /** Rows of the table, and which steps are read. */
  #look(rows: number, tokens: number, x: number): void {
    const { T, read } = this.#plan, { quads, E } = this.#plan.embedding!;
    this.#kernels.interleaveWords(T, T, rows, tokens);
    this.#kernels.gatherRows(T, quads, this.#parameters + WORD * E, tokens, x);
    if (read) this.#kernels.readTokens(T, tokens, this.#base + read);
  }

  #arrayOf(): Uint8Array | Float32Array | Int32Array {
    const { kind } = this.#plan;
    return this.#arrays[kind === "images" ? "bytes" : kind];
  }
}

/** The rows of the table of tokens that a work item covers. */
export function tokenRange({ V, rowsPerItem }: EmbeddingPlan, item: number): { first: number; end: number } {
  return { first: item * rowsPerItem, end: Math.min((item + 1) * rowsPerItem, V) };
}

/** What the first layer reads images with. */
export class ImageReader {
  readonly #kernels: Kernels;
  readonly #plan: InputPlan;
  readonly #base: number;
  readonly #words: Int32Array;
  /** Which inputs were not blank: `from` … `to` − 1. */
  from = 0;
  to = 0;

  constructor({ kernels, plan, memory, base }: Workspace) {
    this.#kernels = kernels;
    this.#plan = plan.input;
    this.#base = base;
    this.#words = new Int32Array(memory.buffer);
  }

  /**
   * Writes x_t of the first layer around h as x − β, where β is the blank pixel. With the bias b' = b + β 1ᵀW
   *
   *     xW + b = (x − β)W + b'
   *
   * and features that are blank in all eight images are 0: products and weight gradients skip them. Without this, a training
   * step of LSTM-64, LSTM-100×2 and RNN-128 on MNIST takes 9, 2 and 5 % longer (measured as in prefix.ts).
   */
  spread({ C, front, H }: CellPlan, t: number, xh: number): void {
    const { divisor } = this.#plan, range = this.#base + this.#plan.range;
    const pixels = this.#base + this.#plan.pixels + t * C * GROUP;
    this.#kernels.spreadInputs(C, front, H, pixels, divisor, xh, range);
    this.from = this.#words[range >>> 2];
    this.to = this.#words[(range >>> 2) + 1];
  }
}
