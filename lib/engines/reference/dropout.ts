/**
 * Dropout of a layer's outputs (Srivastava et al. 2014, inverted); the states h and c are not dropped.
 *
 *     y_t = h_{t+1} ∘ mask_t     mask = 0 where the word of (seed, step, layer, t, n, h) is below the threshold,
 *                                       1 / (1 − rate) elsewhere
 *
 * @module
 */
import type { Network } from "../../model/network.ts";
import { dropoutThreshold, dropoutWords } from "../../random.ts";

/** The masks of one training step: `[T,N,H]` for each layer, or undefined for a layer without dropout. */
export type Masks = readonly (Float64Array | undefined)[];

/** Draws the masks of one training step, numbered from 1 on; n is an image's place in the batch. */
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

/** `a ∘ mask`, or a itself without a mask; the same for the gradient of a. */
export function applyMask(a: Float64Array, mask: Float64Array | undefined): Float64Array {
  return mask ? a.map((value, k) => value * mask[k]) : a;
}
