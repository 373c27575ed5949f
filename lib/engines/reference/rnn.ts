/**
 * The simple recurrent layer (Elman 1990; `torch.nn.RNN`, `tf.layers.simpleRNN`).
 *
 *     z         = x_t W + h_t R + b     [N,H]
 *     h_{t+1}   = φ(z)                  [N,H], φ = relu or tanh
 *
 * @module
 */
import type { RnnSpec } from "../../model/network.ts";
import { addProductTransposedB } from "./matrix.ts";
import { type Activation, preactivate, row, type Sizes, type Weights } from "./recurrent.ts";

/** The activations φ by name. */
export const RNN_ACTIVATIONS: Readonly<Record<RnnSpec["activation"], Activation>> = {
  relu: {
    value: (z) => Math.max(z, 0),
    slope: (h) => h > 0 ? 1 : 0, // flat at the kink, as in PyTorch and tfjs
  },
  tanh: {
    value: Math.tanh,
    slope: (h) => 1 - h * h,
  },
};

/**
 * Runs the layer over a batch, from h_0 = 0.
 *
 * @param x `[T,N,C]`
 * @returns The hidden states h, `[T+1,N,H]`; the layer's output is h_1 … h_T
 */
export function rnnForward(
  x: Float64Array,
  weights: Weights,
  { sizes: { T, N, C, H }, activation: φ }: { sizes: Sizes; activation: Activation },
): Float64Array {
  const h = new Float64Array((T + 1) * N * H);
  for (let t = 0; t < T; t++) {
    const next = row(h, t + 1, N * H); // first z, then φ(z)
    preactivate(next, weights, { x: row(x, t, N * C), h: row(h, t, N * H), C, H });
    for (let k = 0; k < N * H; k++) next[k] = φ.value(next[k]);
  }
  return h;
}

/**
 * Backward through time: the gradient of z from that of the layer's output.
 *
 *     dh_{t+1}  = dy_t + dz_{t+1} Rᵀ
 *     dz_t      = dh_{t+1}∘φ′(h_{t+1})
 *
 * @param dy `[T,N,H]`, the gradient of the outputs h_1 … h_T
 * @returns dz `[T,N,H]`
 */
export function rnnBackward(
  dy: Float64Array,
  { R }: Weights,
  { h, sizes: { T, N, H }, activation: φ }: { h: Float64Array; sizes: Sizes; activation: Activation },
): Float64Array {
  const dz = new Float64Array(T * N * H);
  for (let t = T - 1; t >= 0; t--) {
    const dh = row(dy, t, N * H).slice(); // [N,H]
    if (t + 1 < T) addProductTransposedB(dh, row(dz, t + 1, N * H), R, H);
    const next = row(h, t + 1, N * H);
    for (let k = 0; k < N * H; k++) dz[t * N * H + k] = dh[k] * φ.slope(next[k]);
  }
  return dz;
}
