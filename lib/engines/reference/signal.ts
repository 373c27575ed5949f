/**
 * What goes from layer to layer, and what each layer makes of it.
 *
 * N sequences, T steps, C features. Arrays are flat, `[T,N,C]`: the rows of a step lie together.
 *
 * @module
 */
import type { Parameter } from "../../model/network.ts";
import type { Watch } from "./cell.ts";

/** A batch of sequences between two layers. */
export interface Signal {
  /** `[T,N,C]`. */
  readonly x: Float64Array;
  readonly T: number;
  readonly N: number;
  readonly C: number;
  /** The t of the first step, which dropout masks depend on. */
  readonly first: number;
  /** `[T,N]`, 1 at the steps that are masked; null where none is. */
  readonly masked: Uint8Array | null;
}

/** What a layer gives: its output, and the way back. */
export interface Pass {
  readonly output: Signal;
  /**
   * From the gradient of the output to that of the input, both `[T,N,C]` as they are.
   *
   * @param d Flat as the parameters; the gradients of the layer's parameters are added to it
   */
  readonly back: (dy: Float64Array, d: Float64Array) => Float64Array;
}

/** Which dropout masks, and of which size. */
export interface MaskOptions {
  /** One of the domains of `dropoutWords()`. */
  readonly domain: number;
  /** The number of the masks within the domain. */
  readonly stream: number;
  readonly rate: number;
  readonly T: number;
  readonly N: number;
  readonly C: number;
  /** The t of the first step. */
  readonly first: number;
}

/** Gives masks `[T,N,C]`. */
export type Draw = (options: MaskOptions) => Float64Array;

/** What every layer reads besides its input. */
export interface Run {
  /** The parameters, flat, as the network lays them out. */
  readonly p: Float64Array;
  /** Draws the dropout masks; null to drop nothing. */
  readonly draw: Draw | null;
  /**
   * Flat as the parameters: where the mean and the variance of a batch are left, in the places of their averages; null to
   * normalize with the averages, as outside training.
   */
  readonly moments: Float64Array | null;
  /** Sees what recurrent layers do. */
  readonly watch?: Watch;
}

/** One parameter within a flat array of parameters or of their gradients: a view, not a copy. */
export function view(flat: Float64Array, { offset, size }: Pick<Parameter, "offset" | "size">): Float64Array {
  return flat.subarray(offset, offset + size);
}

/** Row t of an array `[T,…]` whose rows have `size` elements: a view, not a copy. */
export function row<A extends Float64Array | Uint8Array>(array: A, t: number, size: number): A {
  return array.subarray(t * size, (t + 1) * size) as A;
}

/** `a ∘ b`, or a itself if b is null. */
export function times(a: Float64Array, b: Float64Array | null): Float64Array {
  return b ? a.map((value, k) => value * b[k]) : a;
}

/** The steps of `[T,N,C]`, T rows of `size` elements, from the last to the first. */
export function reversed(x: Float64Array, T: number): Float64Array {
  const size = x.length / T, y = new Float64Array(x.length);
  for (let t = 0; t < T; t++) y.set(row(x, t, size), (T - 1 - t) * size);
  return y;
}

/** `[T,N,C]` sequence by sequence: `[N,T,C]`. */
export function bySequence({ x, T, N, C }: Pick<Signal, "x" | "T" | "N" | "C">): Float64Array {
  const y = new Float64Array(x.length);
  for (let t = 0; t < T; t++) {
    for (let n = 0; n < N; n++) y.set(row(x, t * N + n, C), (n * T + t) * C);
  }
  return y;
}
