/**
 * Dropout (Srivastava et al. 2014, inverted): the layer, and the masks, which recurrent layers have too.
 *
 *     y    = x∘mask      mask = 0 where the word of (seed, step, stream, t, n, c) is below the threshold,
 *                               1 / (1 − rate) elsewhere
 *     dx   = dy∘mask
 *
 * @module
 */
import type { DropoutLayer } from "../../model/network.ts";
import { DOMAIN, dropoutThreshold, dropoutWords } from "../../random.ts";
import { type Draw, type Pass, type Run, type Signal, times } from "./signal.ts";

/** Draws the masks of one training step, numbered from 1 on; n is a sequence's place in the batch. */
export function drawMasks({ seed, step }: { seed: number; step: number }): Draw {
  return ({ domain, stream, rate, T, N, C, first }) => {
    const threshold = dropoutThreshold(rate);
    const mask = new Float64Array(T * N * C);
    for (let t = 0; t < T; t++) {
      for (let n = 0; n < N; n++) {
        for (let c = 0; c < C; c += 4) {
          const words = dropoutWords(seed, { step, stream, t: first + t, n, block: c / 4 }, domain);
          for (let k = c; k < Math.min(c + 4, C); k++) {
            mask[(t * N + n) * C + k] = words[k - c] < threshold ? 0 : 1 / (1 - rate);
          }
        }
      }
    }
    return mask;
  };
}

/** The layer: each number of each step has a mask of its own. */
export function dropoutForward({ rate, stream }: DropoutLayer, input: Signal, { draw }: Run): Pass {
  const mask = draw && rate > 0 ? draw({ ...input, domain: DOMAIN.dropout, stream, rate }) : null;
  return { output: { ...input, x: times(input.x, mask) }, back: (dy) => times(dy, mask) };
}
