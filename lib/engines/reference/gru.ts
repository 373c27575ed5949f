/**
 * The cell of a GRU (Cho et al. 2014), with the reset gate before the recurrent product (Keras's and tfjs's default) or after
 * it (PyTorch, cuDNN, Keras 3).
 *
 *     z r       = σ(x W + h R + b)                       [N,H] each, the columns z and r of W, R and b
 *     g         = x W_g + (r∘h) R_g + b_g                [N,H], reset before; b [3H]
 *     g         = x W_g + b_g + r∘(h R_g + b'_g)         [N,H], reset after; b [2,3H], the second row for h
 *     ĥ         = φ(g)                                   [N,H]
 *     h'        = z∘h + (1 − z)∘ĥ                        [N,H]
 *
 * and back:
 *
 *     dz        = dh'∘(h − ĥ)∘σ′(z)                      of the sums before σ
 *     dg        = dh'∘(1 − z)∘φ′(ĥ)
 *     dr        = (dg R_gᵀ)∘h∘σ′(r)                      reset before
 *     dh        = dh'∘z + [dz dr] [R_z R_r]ᵀ + (dg R_gᵀ)∘r
 *     dr        = dg∘(h R_g + b'_g)∘σ′(r)                reset after
 *     dh        = dh'∘z + [dz dr dg∘r] Rᵀ
 *     dx        = [dz dr dg] Wᵀ
 *
 * @module
 */
import type { GruLayer } from "../../model/network.ts";
import { SCALARS } from "./activation.ts";
import type { Cell } from "./cell.ts";
import { linear } from "./linear.ts";
import { addColumns, blocks } from "./matrix.ts";

/** The cell of a layer with the parameters p. */
export function gruCell(layer: GruLayer, p: Float64Array): Cell {
  return layer.resetAfter ? resetAfter(layer, p) : resetBefore(layer, p);
}

function resetBefore(layer: GruLayer, p: Float64Array): Cell {
  const { kernel, recurrentKernel, bias, hiddenSize: H } = layer;
  const σ = SCALARS[layer.gateActivation], φ = SCALARS[layer.activation];

  return (x, [h]) => {
    const xW = linear(x, { kernel, bias }, p); // [N,3H]
    const hR = linear(h, { kernel: recurrentKernel, columns: [0, 2 * H] }, p); // [N,2H]
    const [xz, xr, xg] = blocks(xW.z, 3, H), [hz, hr] = blocks(hR.z, 2, H);
    const z = xz.map((value, k) => σ.value(value + hz[k]));
    const r = xr.map((value, k) => σ.value(value + hr[k]));
    const rhR = linear(r.map((value, k) => value * h[k]), {
      kernel: recurrentKernel,
      columns: [2 * H, 3 * H],
    }, p); // [N,H]
    const ĥ = xg.map((value, k) => φ.value(value + rhR.z[k]));

    return {
      next: [blend(z, h, ĥ)],
      gates: () => [z, r, ĥ],
      back: ([dh], d) => {
        const dz = dh.map((value, k) => value * (h[k] - ĥ[k]) * σ.slope(z[k]));
        const dg = dh.map((value, k) => value * (1 - z[k]) * φ.slope(ĥ[k]));
        const drh = rhR.back(dg, d);
        const dr = drh.map((value, k) => value * h[k] * σ.slope(r[k]));
        const through = hR.back(joined([dz, dr], H), d);
        const dstate = dh.map((value, k) => value * z[k] + through[k] + drh[k] * r[k]);
        return { dx: xW.back(joined([dz, dr, dg], H), d), dstate: [dstate] };
      },
    };
  };
}

function resetAfter(layer: GruLayer, p: Float64Array): Cell {
  const { kernel, recurrentKernel, bias, hiddenSize: H } = layer, size = 3 * H;
  const [biasOfX, biasOfH] = bias
    ? [bias.offset, bias.offset + size].map((offset) => ({ offset, size }))
    : [];
  const σ = SCALARS[layer.gateActivation], φ = SCALARS[layer.activation];

  return (x, [h]) => {
    const xW = linear(x, { kernel, bias: biasOfX }, p); // [N,3H]
    const hR = linear(h, { kernel: recurrentKernel, bias: biasOfH }, p); // [N,3H]
    const [xz, xr, xg] = blocks(xW.z, 3, H), [hz, hr, hg] = blocks(hR.z, 3, H);
    const z = xz.map((value, k) => σ.value(value + hz[k]));
    const r = xr.map((value, k) => σ.value(value + hr[k]));
    const ĥ = xg.map((value, k) => φ.value(value + r[k] * hg[k]));

    return {
      next: [blend(z, h, ĥ)],
      gates: () => [z, r, ĥ],
      back: ([dh], d) => {
        const dz = dh.map((value, k) => value * (h[k] - ĥ[k]) * σ.slope(z[k]));
        const dg = dh.map((value, k) => value * (1 - z[k]) * φ.slope(ĥ[k]));
        const dr = dg.map((value, k) => value * hg[k] * σ.slope(r[k]));
        const dgOfH = dg.map((value, k) => value * r[k]);
        const through = hR.back(joined([dz, dr, dgOfH], H), d);
        const dstate = dh.map((value, k) => value * z[k] + through[k]);
        return { dx: xW.back(joined([dz, dr, dg], H), d), dstate: [dstate] };
      },
    };
  };
}

/** `z∘h + (1 − z)∘ĥ`. */
function blend(z: Float64Array, h: Float64Array, ĥ: Float64Array): Float64Array {
  return z.map((value, k) => value * h[k] + (1 - value) * ĥ[k]);
}

/** Gates `[N,H]` side by side, `[N,G·H]`. */
function joined(gates: readonly Float64Array[], H: number): Float64Array {
  const J = gates.length * H, A = new Float64Array(gates.length * gates[0].length);
  gates.forEach((gate, g) => addColumns(A, gate, J, [g * H, (g + 1) * H]));
  return A;
}
