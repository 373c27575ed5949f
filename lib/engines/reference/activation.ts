/**
 * Activation functions, and the layer that is one.
 *
 *     y    = φ(x)                  dx   = dy∘φ′(x), φ′ as a function of y
 *
 * and of a row x [C]
 *
 *     y_k  = exp(x_k) / Σ exp(x)   dx_k = y_k (dy_k − Σ dy∘y)     softmax
 *
 * @module
 */
import type { Activation, ActivationLayer, CellActivation } from "../../model/network.ts";
import { type Pass, row, type Signal } from "./signal.ts";

/** A function of one number. */
export interface Scalar {
  /** φ(z). */
  readonly value: (z: number) => number;
  /** φ′ as a function of y = φ(z). */
  readonly slope: (y: number) => number;
}

/** The activations of one number, by name. */
export const SCALARS: Readonly<Record<CellActivation, Scalar>> = {
  linear: {
    value: (z) => z,
    slope: () => 1,
  },
  relu: { // flat at the kink, as in PyTorch and tfjs
    value: (z) => Math.max(z, 0),
    slope: (y) => y > 0 ? 1 : 0,
  },
  tanh: {
    value: Math.tanh,
    slope: (y) => 1 - y * y,
  },
  sigmoid: {
    value: (z) => 1 / (1 + Math.exp(-z)),
    slope: (y) => y * (1 - y),
  },
  hardSigmoid: { // as tfjs; flat at both kinks
    value: (z) => Math.min(Math.max(0.2 * z + 0.5, 0), 1),
    slope: (y) => y > 0 && y < 1 ? 0.2 : 0,
  },
};

/** An activation at work. */
export interface Activated {
  readonly y: Float64Array;
  /** From dy to dx. */
  readonly back: (dy: Float64Array) => Float64Array;
}

/**
 * `y = φ(x)`.
 *
 * @param x `[I,C]`
 */
export function activate(activation: Activation, x: Float64Array, C: number): Activated {
  if (activation === "softmax") return softmax(x, C);
  const { value, slope } = SCALARS[activation];
  const y = x.map(value);
  return { y, back: (dy) => dy.map((one, k) => one * slope(y[k])) };
}

/** The largest number is subtracted first, so that no `exp` overflows. */
function softmax(x: Float64Array, C: number): Activated {
  const y = new Float64Array(x.length);
  for (let i = 0; i < x.length / C; i++) {
    const values = row(x, i, C), largest = values.reduce((a, b) => Math.max(a, b));
    const powers = values.map((value) => Math.exp(value - largest));
    const sum = powers.reduce((a, b) => a + b);
    y.set(powers.map((power) => power / sum), i * C);
  }
  const back = (dy: Float64Array) => {
    const dx = new Float64Array(x.length);
    for (let i = 0; i < x.length / C; i++) {
      const ys = row(y, i, C), dys = row(dy, i, C);
      const mean = ys.reduce((sum, value, k) => sum + value * dys[k], 0);
      dx.set(ys.map((value, k) => value * (dys[k] - mean)), i * C);
    }
    return dx;
  };
  return { y, back };
}

/** The layer `y_t = φ(x_t)`. */
export function activationForward({ activation }: ActivationLayer, input: Signal): Pass {
  const { y, back } = activate(activation, input.x, input.C);
  return { output: { ...input, x: y }, back };
}
