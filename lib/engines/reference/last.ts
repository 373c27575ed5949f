/**
 * The layer that keeps the last step.
 *
 *     y    = x_{T−1}
 *     dx_t = dy at t = T − 1, 0 before
 *
 * @module
 */
import { type Pass, row, type Signal } from "./signal.ts";

/** Runs the layer over a batch. */
export function lastForward(input: Signal): Pass {
  const { x, T, N, C, first } = input, size = N * C;
  return {
    output: { x: row(x, T - 1, size), T: 1, N, C, first: first + T - 1, masked: null },
    back: (dy) => {
      const dx = new Float64Array(T * size);
      dx.set(dy, (T - 1) * size);
      return dx;
    },
  };
}
