/**
 * Dropout on what a layer hands up (Srivastava et al. 2014, inverted): the state h, c itself is never dropped.
 *
 *     y_t = h_{t+1} ∘ mask_t     mask = 0 where the word of (seed, step, layer, t, n, h) is below the threshold,
 *                                       1 / (1 − rate) elsewhere
 *
 * @module
 */
import type { Network } from "../../model/network.ts";
import { dropoutThreshold, dropoutWords } from "../../random.ts";

/** The masks of one step: a layer's is `[T,N,H]`, or undefined where the layer drops nothing. */
export type Masks = readonly (Float64Array | undefined)[];

/** Draws the masks of one training step, numbered from 1 on; image n is the n-th of the batch. */
export function drawMasks(
  network: Network,
  { seed, step, T, N }: { seed: number; step: number; T: number; N: number },
): Masks {
  return network.layers.map(({ dropout: rate, hiddenSize: H }, layer) => {
    if (rate === 0) return undefined;
    const threshold = dropoutThreshold(rate);
    const mask = new Float64Array(T * N * H);
    for (let t = 0; t < T; t++) {
      for (let n = 0; n < N; n++) {
        for (let h = 0; h < H; h += 4) {
          const words = dropoutWords(seed, { step, layer, t, n, block: h / 4 });
          for (let k = h; k < Math.min(h + 4, H); k++) {
            mask[(t * N + n) * H + k] = words[k - h] < threshold ? 0 : 1 / (1 - rate);
          }
        }
      }
    }
    return mask;
  });
}

/** `a ∘ mask`, or a itself without a mask: the way forward and, with da for a, the way back. */
export function applyMask(a: Float64Array, mask: Float64Array | undefined): Float64Array {
  return mask ? a.map((value, k) => value * mask[k]) : a;
}
