/**
 * The LSTM layer.
 *
 *     z         = x_t W + h_t R + b                  [N,4H], columns i f g o
 *     i f g o   = σ(z_i) σ(z_f) tanh(z_g) σ(z_o)     [N,H] each
 *     c_{t+1}   = f∘c_t + i∘g                        [N,H]
 *     h_{t+1}   = o∘tanh(c_{t+1})                    [N,H]
 *
 * σ is the logistic function, or tfjs's `hardSigmoid`. Source: Hochreiter, Schmidhuber 1997, with the forget gate of
 * Gers, Schmidhuber, Cummins 2000, as in `torch.nn.LSTM` and `tf.layers.lstm`.
 *
 * @module
 */
import type { LstmSpec } from "../../model/network.ts";
import { addProductTransposedB } from "./matrix.ts";
import { type Activation, preactivate, row, type Sizes, type Weights } from "./recurrent.ts";

/** What the backward pass needs of the forward pass. */
export interface LstmTrace {
  /** The activated gates i f g o, `[T,N,4H]`. */
  readonly gates: Float64Array;
  /** Cell states, `[T+1,N,H]`; c_0 = 0. */
  readonly c: Float64Array;
  /** Hidden states, `[T+1,N,H]`; h_0 = 0. The layer's output is h_1 … h_T. */
  readonly h: Float64Array;
}

/** The activations of the gates i, f, o, by name. */
export const GATE_ACTIVATIONS: Readonly<Record<LstmSpec["gateActivation"], Activation>> = {
  sigmoid: {
    value: (z) => 1 / (1 + Math.exp(-z)),
    slope: (y) => y * (1 - y),
  },
  hardSigmoid: { // as tfjs: clip(0.2 z + 0.5, 0, 1); flat at both kinks
    value: (z) => Math.min(Math.max(0.2 * z + 0.5, 0), 1),
    slope: (y) => y > 0 && y < 1 ? 0.2 : 0,
  },
};

/**
 * Runs the layer over a batch, from h_0 = c_0 = 0.
 *
 * @param x `[T,N,C]`
 */
export function lstmForward(
  x: Float64Array,
  weights: Weights,
  { sizes: { T, N, C, H }, gateActivation }: { sizes: Sizes; gateActivation: Activation },
): LstmTrace {
  const σ = gateActivation.value;
  const gates = new Float64Array(T * N * 4 * H);
  const c = new Float64Array((T + 1) * N * H);
  const h = new Float64Array((T + 1) * N * H);

  for (let t = 0; t < T; t++) {
    const z = row(gates, t, N * 4 * H); // becomes i f g o in place
    preactivate(z, weights, { x: row(x, t, N * C), h: row(h, t, N * H), C, H });
    for (let n = 0; n < N; n++) {
      for (let j = 0; j < H; j++) {
        const gate = n * 4 * H + j, now = (t * N + n) * H + j, next = now + N * H;
        const i = z[gate] = σ(z[gate]);
        const f = z[gate + H] = σ(z[gate + H]);
        const g = z[gate + 2 * H] = Math.tanh(z[gate + 2 * H]);
        const o = z[gate + 3 * H] = σ(z[gate + 3 * H]);
        c[next] = f * c[now] + i * g;
        h[next] = o * Math.tanh(c[next]);
      }
    }
  }
  return { gates, c, h };
}

/**
 * Backward through time: the gradient of z from that of the layer's output.
 *
 *     dh_{t+1}  = dy_t + dz_{t+1} Rᵀ                          from above and from t + 1
 *     dc_{t+1}  = dh_{t+1}∘o∘(1 − tanh²c_{t+1}) + dc_{t+2}∘f_{t+1}
 *     dz_i      = dc∘g∘σ′(i)      dz_f = dc∘c_t∘σ′(f)
 *     dz_g      = dc∘i∘(1 − g²)   dz_o = dh∘tanh(c_{t+1})∘σ′(o)
 *
 * @param dy `[T,N,H]`, the gradient of the outputs h_1 … h_T
 * @returns dz `[T,N,4H]`
 */
export function lstmBackward(
  dy: Float64Array,
  { R }: Weights,
  { trace: { gates, c }, sizes: { T, N, H }, gateActivation }: {
    trace: LstmTrace;
    sizes: Sizes;
    gateActivation: Activation;
  },
): Float64Array {
  const σ_ = gateActivation.slope;
  const dz = new Float64Array(T * N * 4 * H);
  const dc = new Float64Array(N * H); // of c_{t+1}, from t + 1

  for (let t = T - 1; t >= 0; t--) {
    const dh = row(dy, t, N * H).slice(); // [N,H]
    if (t + 1 < T) addProductTransposedB(dh, row(dz, t + 1, N * 4 * H), R, 4 * H);
    for (let n = 0; n < N; n++) {
      for (let j = 0; j < H; j++) {
        const gate = (t * N + n) * 4 * H + j, now = (t * N + n) * H + j, next = now + N * H, k = n * H + j;
        const i = gates[gate], f = gates[gate + H], g = gates[gate + 2 * H], o = gates[gate + 3 * H];
        const tanhC = Math.tanh(c[next]);
        dc[k] += dh[k] * o * (1 - tanhC * tanhC);
        dz[gate] = dc[k] * g * σ_(i);
        dz[gate + H] = dc[k] * c[now] * σ_(f);
        dz[gate + 2 * H] = dc[k] * i * (1 - g * g);
        dz[gate + 3 * H] = dh[k] * tanhC * σ_(o);
        dc[k] *= f;
      }
    }
  }
  return dz;
}
