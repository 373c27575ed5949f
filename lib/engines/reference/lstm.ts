/**
 * The cell of an LSTM.
 *
 *     z         = x W + h R + b                      [N,4H], columns i f g o
 *     i f g o   = σ(z_i) σ(z_f) φ(z_g) σ(z_o)        [N,H] each
 *     c'        = f∘c + i∘g                          [N,H]
 *     h'        = o∘φ(c')                            [N,H]
 *
 * and back, where dc on the right is what comes from the step after:
 *
 *     dc'       = dc + dh'∘o∘φ′(c')
 *     dz_i      = dc'∘g∘σ′(i)      dz_f = dc'∘c∘σ′(f)
 *     dz_g      = dc'∘i∘φ′(g)      dz_o = dh'∘φ(c')∘σ′(o)
 *     dx        = dz Wᵀ            dh   = dz Rᵀ            dc = dc'∘f
 *
 * Source: Hochreiter, Schmidhuber 1997, with the forget gate of Gers, Schmidhuber, Cummins 2000, as in `torch.nn.LSTM` and
 * `tf.layers.lstm`.
 *
 * @module
 */
import type { LstmLayer } from "../../model/network.ts";
import { SCALARS } from "./activation.ts";
import type { Cell } from "./cell.ts";
import { linear } from "./linear.ts";
import { blocks } from "./matrix.ts";

/** The cell of a layer with the parameters p. */
export function lstmCell(layer: LstmLayer, p: Float64Array): Cell {
  const { kernel, recurrentKernel, bias, hiddenSize: H } = layer;
  const σ = SCALARS[layer.gateActivation], φ = SCALARS[layer.activation];

  return (x, [h, c]) => {
    const xW = linear(x, { kernel, bias }, p), hR = linear(h, { kernel: recurrentKernel }, p);
    const gates = xW.z.map((z, k) => z + hR.z[k]); // becomes i f g o in place
    const nextH = new Float64Array(h.length), nextC = new Float64Array(c.length);
    const φC = new Float64Array(c.length);
    for (let k = 0; k < h.length; k++) {
      const at = Math.floor(k / H) * 4 * H + k % H;
      const i = gates[at] = σ.value(gates[at]);
      const f = gates[at + H] = σ.value(gates[at + H]);
      const g = gates[at + 2 * H] = φ.value(gates[at + 2 * H]);
      const o = gates[at + 3 * H] = σ.value(gates[at + 3 * H]);
      nextC[k] = f * c[k] + i * g;
      φC[k] = φ.value(nextC[k]);
      nextH[k] = o * φC[k];
    }
    return {
      next: [nextH, nextC],
      gates: () => blocks(gates, 4, H),
      back: ([dh, dcAfter], d) => {
        const dz = new Float64Array(gates.length), dc = new Float64Array(c.length);
        for (let k = 0; k < h.length; k++) {
          const at = Math.floor(k / H) * 4 * H + k % H;
          const i = gates[at], f = gates[at + H], g = gates[at + 2 * H], o = gates[at + 3 * H];
          const dcNext = dcAfter[k] + dh[k] * o * φ.slope(φC[k]);
          dz[at] = dcNext * g * σ.slope(i);
          dz[at + H] = dcNext * c[k] * σ.slope(f);
          dz[at + 2 * H] = dcNext * i * φ.slope(g);
          dz[at + 3 * H] = dh[k] * φC[k] * σ.slope(o);
          dc[k] = dcNext * f;
        }
        return { dx: xW.back(dz, d), dstate: [hR.back(dz, d), dc] };
      },
    };
  };
}
