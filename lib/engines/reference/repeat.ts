/**
 * The layer that repeats the one step that comes in.
 *
 *     y_t  = x           t = 0 … T − 1
 *     dx   = Σ_t dy_t
 *
 * @module
 */
import type { RepeatLayer } from "../../model/network.ts";
import { type Pass, row, type Signal } from "./signal.ts";

/** Runs the layer over a batch. */
export function repeatForward({ steps: T }: RepeatLayer, input: Signal): Pass {
  const size = input.x.length;
  const y = new Float64Array(T * size);
  for (let t = 0; t < T; t++) y.set(input.x, t * size);
  const back = (dy: Float64Array) => {
    const dx = new Float64Array(size);
    for (let t = 0; t < T; t++) row(dy, t, size).forEach((value, k) => dx[k] += value);
    return dx;
  };
  return { output: { ...input, x: y, T, first: 0, masked: null }, back };
}
