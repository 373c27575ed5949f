/**
 * Batch normalization (Ioffe, Szegedy 2015). Each feature is by itself; I = T·N rows.
 *
 *     m    = Σ x / I             v    = Σ (x − m)² / I                         in training, else M and V
 *     n    = (x − m) / √(v + ε)  y    = γ n + β
 *
 *     dγ   = Σ dy∘n              dβ   = Σ dy
 *     dx   = γ / √(v + ε) (dy − Σ dy / I − n Σ (dy∘n) / I)                     in training, else γ / √(V + ε) dy
 *
 * and after the update of a training step
 *
 *     M    = µ M + (1 − µ) m     V    = µ V + (1 − µ) v                        v · I / max(I − 1, 1) with `unbiased`
 *
 * @module
 */
import type { BatchNormLayer, Network } from "../../model/network.ts";
import { addSumOfRows } from "./matrix.ts";
import { type Pass, type Run, type Signal, times, view } from "./signal.ts";

/** Runs the layer over a batch. */
export function batchNormForward(layer: BatchNormLayer, input: Signal, { p, moments }: Run): Pass {
  const { x } = input, { size: C, epsilon: ε, gamma, beta, movingMean, movingVariance } = layer;
  const I = x.length / C;
  const { m, v } = moments ? momentsOf(x, C) : { m: view(p, movingMean), v: view(p, movingVariance) };
  if (moments) keepMoments(layer, { m, v, I }, moments);
  const γ = gamma ? view(p, gamma) : new Float64Array(C).fill(1);
  const β = beta ? view(p, beta) : new Float64Array(C);

  const n = x.map((value, k) => (value - m[k % C]) / Math.sqrt(v[k % C] + ε));
  const y = n.map((value, k) => γ[k % C] * value + β[k % C]);
  const back = (dy: Float64Array, d: Float64Array) => {
    const sum = new Float64Array(C), sumOfProducts = new Float64Array(C);
    addSumOfRows(sum, dy);
    addSumOfRows(sumOfProducts, times(dy, n));
    if (gamma) addSumOfRows(view(d, gamma), sumOfProducts);
    if (beta) addSumOfRows(view(d, beta), sum);
    return dy.map((value, k) => {
      const c = k % C, throughMoments = moments ? (sum[c] + n[k] * sumOfProducts[c]) / I : 0;
      return γ[c] / Math.sqrt(v[c] + ε) * (value - throughMoments);
    });
  };
  return { output: { ...input, x: y }, back };
}

/**
 * Moves M and V of every layer towards the moments of a batch.
 *
 * @param p The parameters, flat
 * @param moments As {@link Run} has them
 */
export function moveAverages({ layers }: Network, p: Float64Array, moments: Float64Array): void {
  for (const layer of layers) {
    if (layer.kind !== "batchNorm") continue;
    const { momentum: µ, movingMean, movingVariance } = layer;
    for (const average of [movingMean, movingVariance]) {
      const of = view(moments, average), moved = view(p, average);
      moved.forEach((value, c) => moved[c] = µ * value + (1 - µ) * of[c]);
    }
  }
}

/** The mean and the variance of each column of x `[I,C]`. */
function momentsOf(x: Float64Array, C: number): { m: Float64Array; v: Float64Array } {
  const I = x.length / C, m = new Float64Array(C), v = new Float64Array(C);
  x.forEach((value, k) => m[k % C] += value / I);
  x.forEach((value, k) => v[k % C] += (value - m[k % C]) ** 2 / I);
  return { m, v };
}

/** Leaves m, and v as V averages it, in the places of M and V. */
function keepMoments(
  { unbiased, movingMean, movingVariance }: BatchNormLayer,
  { m, v, I }: { m: Float64Array; v: Float64Array; I: number },
  moments: Float64Array,
): void {
  const factor = unbiased ? I / Math.max(I - 1, 1) : 1;
  view(moments, movingMean).set(m);
  view(moments, movingVariance).set(v.map((value) => value * factor));
}
