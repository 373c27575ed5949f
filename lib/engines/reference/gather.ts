/**
 * From the bytes of images to the input of a network.
 *
 * @module
 */
import type { Images } from "../../data/images.ts";
import type { SequenceLayout } from "../../data/sequence.ts";
import type { Batch } from "./network.ts";

/**
 * Gathers images by position: `x[t,n,c] = scale[pixels[positions[n], t·tStride + c·cStride]]`.
 *
 * @param positions `[N]`
 */
export function gatherBatch(images: Images, positions: Uint32Array, layout: SequenceLayout): Batch {
  const { T, C, tStride, cStride, scale } = layout;
  const N = positions.length;
  const x = new Float64Array(T * N * C);
  for (let t = 0; t < T; t++) {
    for (let n = 0; n < N; n++) {
      const image = positions[n] * images.height * images.width;
      for (let c = 0; c < C; c++) {
        x[(t * N + n) * C + c] = scale[images.pixels[image + t * tStride + c * cStride]];
      }
    }
  }
  return { x, T, N };
}

/** The labels of images by position, `[N]`. */
export function gatherLabels(labels: Uint8Array, positions: Uint32Array): Uint8Array {
  return Uint8Array.from(positions, (position) => labels[position]);
}
