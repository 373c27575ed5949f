/**
 * What all recurrent layers have in common: `z_t = x_t W + h_t R + b`, and the gradients of W, R, b and x from that of z.
 *
 * N images, T values of t, C inputs, H hidden units, G gates (4 for an LSTM, else 1). Sequences are `[T,N,…]`; states are
 * `[T+1,N,H]`, h_t before t and h_{t+1} after it, so that `h_0 = 0` is no special case.
 *
 * @module
 */
import type { Parameter, RecurrentLayer } from "../../model/network.ts";
import {
  addProduct,
  addProductTransposedA,
  addProductTransposedB,
  addSumOfRows,
  addToRows,
} from "./matrix.ts";

/** The sizes of one layer over one batch. */
export interface Sizes {
  readonly T: number;
  readonly N: number;
  readonly C: number;
  readonly H: number;
}

/** An activation function σ. */
export interface Activation {
  /** σ(z). */
  readonly value: (z: number) => number;
  /** σ′ as a function of y = σ(z). */
  readonly slope: (y: number) => number;
}

/** The parameters of one layer, or their gradients. */
export interface Weights {
  /** `[C,G·H]`. */
  readonly W: Float64Array;
  /** `[H,G·H]`. */
  readonly R: Float64Array;
  /** `[G·H]`. */
  readonly b: Float64Array;
}

/** One parameter within a flat array of parameters or of their gradients: a view, not a copy. */
export function view(flat: Float64Array, { offset, size }: Parameter): Float64Array {
  return flat.subarray(offset, offset + size);
}

/** The parameters of one layer within a flat array, as views. */
export function weightsOf({ kernel, recurrentKernel, bias }: RecurrentLayer, flat: Float64Array): Weights {
  return { W: view(flat, kernel), R: view(flat, recurrentKernel), b: view(flat, bias) };
}

/** Row t of a sequence `[T,…]` whose rows have `size` elements: a view, not a copy. */
export function row(sequence: Float64Array, t: number, size: number): Float64Array {
  return sequence.subarray(t * size, (t + 1) * size);
}

/**
 * `z = x_t W + h_t R + b`.
 *
 * @param z `[N,G·H]`, all 0
 * @param x `[N,C]`, row t of the input
 * @param h `[N,H]`, row t of the states
 */
export function preactivate(
  z: Float64Array,
  { W, R, b }: Weights,
  { x, h, C, H }: { x: Float64Array; h: Float64Array; C: number; H: number },
): void {
  addProduct(z, x, W, C);
  addProduct(z, h, R, H);
  addToRows(z, b);
}

/**
 * The gradients of a layer's parameters: one product each over all T·N rows.
 *
 *     dW = Σ_t x_tᵀ dz_t
 *     dR = Σ_t h_tᵀ dz_t
 *     db = Σ_t 1ᵀ dz_t
 *
 * @param d Receives the gradients; all 0 before
 * @param dz `[T,N,G·H]`
 * @param x `[T,N,C]`, the layer's input
 * @param h `[T+1,N,H]`, the layer's states
 */
export function parameterGradients(
  d: Weights,
  dz: Float64Array,
  { x, h, sizes: { T, N, H } }: { x: Float64Array; h: Float64Array; sizes: Sizes },
): void {
  addProductTransposedA(d.W, x, dz, T * N);
  addProductTransposedA(d.R, h.subarray(0, T * N * H), dz, T * N);
  addSumOfRows(d.b, dz);
}

/**
 * The gradient of a layer's input, `dx_t = dz_t Wᵀ`.
 *
 * @param dz `[T,N,G·H]`
 * @returns `[T,N,C]`
 */
export function inputGradient(dz: Float64Array, { W }: Weights, { T, N, C }: Sizes): Float64Array {
  const dx = new Float64Array(T * N * C);
  addProductTransposedB(dx, dz, W, W.length / C);
  return dx;
}
