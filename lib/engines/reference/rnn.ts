/**
 * The cell of a simple recurrent layer (Elman 1990; `torch.nn.RNN`, `tf.layers.simpleRNN`).
 *
 *     z    = x W + h R + b     [N,H]
 *     h'   = φ(z)              [N,H]
 *
 * and back:
 *
 *     dz   = dh'∘φ′(h')        dx = dz Wᵀ        dh = dz Rᵀ
 *
 * @module
 */
import type { RnnLayer } from "../../model/network.ts";
import { activate } from "./activation.ts";
import type { Cell } from "./cell.ts";
import { linear } from "./linear.ts";

/** The cell of a layer with the parameters p. */
export function rnnCell(layer: RnnLayer, p: Float64Array): Cell {
  const { kernel, recurrentKernel, bias, hiddenSize: H, activation } = layer;
  return (x, [h]) => {
    const xW = linear(x, { kernel, bias }, p), hR = linear(h, { kernel: recurrentKernel }, p);
    const { y, back } = activate(activation, xW.z.map((z, k) => z + hR.z[k]), H);
    return {
      next: [y],
      gates: () => [],
      back: ([dh], d) => {
        const dz = back(dh);
        return { dx: xW.back(dz, d), dstate: [hR.back(dz, d)] };
      },
    };
  };
}
