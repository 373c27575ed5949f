/**
 * Two recurrent layers over the same sequence, one from its end.
 *
 *     a    = forward(x)
 *     b    = backward(x)                      in the order of t
 *     y    = [a, b], a + b, (a + b)/2, a∘b
 *     dx   = forward′(da) + backward′(db)
 *
 * @module
 */
import type { BidirectionalLayer } from "../../model/network.ts";
import { addColumns, columnsOf } from "./matrix.ts";
import { recurrentForward } from "./recurrent.ts";
import { type Pass, reversed, type Run, type Signal } from "./signal.ts";

/** Runs the layer over a batch. */
export function bidirectionalForward(layer: BidirectionalLayer, input: Signal, run: Run): Pass {
  const forward = recurrentForward(layer.forward, input, run);
  const backward = recurrentForward(layer.backward, input, run);
  const { output } = forward, { T, C: H } = output;
  const { y, back } = MERGE[layer.merge](output.x, reversed(backward.output.x, T), H);
  return {
    output: { ...output, x: y, C: layer.merge === "concat" ? 2 * H : H },
    back: (dy, d) => {
      const [da, db] = back(dy);
      const dx = forward.back(da, d), other = backward.back(reversed(db, T), d);
      return dx.map((value, k) => value + other[k]);
    },
  };
}

/** The outputs of two directions, merged, and the way back to da and db. */
interface Merged {
  readonly y: Float64Array;
  readonly back: (dy: Float64Array) => readonly [da: Float64Array, db: Float64Array];
}

/** a and b `[I,H]`. */
type Merge = (a: Float64Array, b: Float64Array, H: number) => Merged;

const MERGE: Readonly<Record<BidirectionalLayer["merge"], Merge>> = {
  concat: (a, b, H) => {
    const y = new Float64Array(a.length + b.length);
    addColumns(y, a, 2 * H, [0, H]);
    addColumns(y, b, 2 * H, [H, 2 * H]);
    return { y, back: (dy) => [columnsOf(dy, 2 * H, [0, H]), columnsOf(dy, 2 * H, [H, 2 * H])] };
  },
  sum: (a, b) => ({ y: a.map((value, k) => value + b[k]), back: (dy) => [dy, dy] }),
  ave: (a, b) => ({
    y: a.map((value, k) => (value + b[k]) / 2),
    back: (dy) => [dy.map((value) => value / 2), dy.map((value) => value / 2)],
  }),
  mul: (a, b) => ({
    y: a.map((value, k) => value * b[k]),
    back: (dy) => [dy.map((value, k) => value * b[k]), dy.map((value, k) => value * a[k])],
  }),
};
