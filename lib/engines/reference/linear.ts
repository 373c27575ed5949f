/**
 * The linear map that is in every layer with weights.
 *
 *     z    = x W + b     [I,J], x [I,C], W [C,J], b [J]
 *     dx   = dz Wᵀ       [I,C]
 *     dW   = xᵀ dz       [C,J]
 *     db   = 1ᵀ dz       [J]
 *
 * @module
 */
import type { Parameter } from "../../model/network.ts";
import {
  addColumns,
  addProduct,
  addProductTransposedA,
  addProductTransposedB,
  addSumOfRows,
  addToRows,
  columnsOf,
} from "./matrix.ts";
import { view } from "./signal.ts";

/** The parameters of a linear map. */
export interface LinearWeights {
  /** W `[C,J]`. */
  readonly kernel: Parameter;
  /** Where b `[J]` is; none by default. */
  readonly bias?: Pick<Parameter, "offset" | "size"> | null;
  /** Only these columns of W, from the first to before the second; all by default. */
  readonly columns?: readonly [from: number, to: number];
}

/** A linear map at work. */
export interface Linear {
  /** `[I,J]`. */
  readonly z: Float64Array;
  /** From dz to dx; adds dW and db to d, which is flat as the parameters. */
  readonly back: (dz: Float64Array, d: Float64Array) => Float64Array;
}

/**
 * `z = x W + b`.
 *
 * @param x `[I,C]`
 * @param p The parameters, flat
 */
export function linear(
  x: Float64Array,
  { kernel, bias = null, columns }: LinearWeights,
  p: Float64Array,
): Linear {
  const [C, width] = kernel.shape, range = columns ?? [0, width];
  const I = x.length / C, J = range[1] - range[0];
  const W = columnsOf(view(p, kernel), width, range);
  const z = new Float64Array(I * J);
  addProduct(z, x, W, C);
  if (bias) addToRows(z, view(p, bias));

  const back = (dz: Float64Array, d: Float64Array) => {
    const dW = new Float64Array(C * J), dx = new Float64Array(x.length);
    addProductTransposedA(dW, x, dz, I);
    addColumns(view(d, kernel), dW, width, range);
    if (bias) addSumOfRows(view(d, bias), dz);
    addProductTransposedB(dx, dz, W, J);
    return dx;
  };
  return { z, back };
}
