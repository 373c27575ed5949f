/**
 * What the regularizers of a network add to its loss.
 *
 *     loss   = Σ_parameters λ₁ Σ|w| + λ₂ Σw²
 *     dw     = λ₁ sign(w) + 2 λ₂ w
 *
 * @module
 */
import type { Network } from "../../model/network.ts";
import { view } from "./signal.ts";

/**
 * The terms of the regularizers.
 *
 * @param p The parameters, flat
 * @param d Flat as well; the gradient is added to it
 */
export function regularize({ parameters }: Network, p: Float64Array, d: Float64Array): number {
  let loss = 0;
  for (const parameter of parameters) {
    const { l1, l2 } = parameter, dw = view(d, parameter);
    if (l1 === 0 && l2 === 0) continue;
    view(p, parameter).forEach((w, k) => {
      loss += l1 * Math.abs(w) + l2 * w * w;
      dw[k] += l1 * Math.sign(w) + 2 * l2 * w;
    });
  }
  return loss;
}
