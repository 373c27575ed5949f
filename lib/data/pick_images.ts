/**
 * Copies of some images.
 *
 * @module
 */
import type { Images } from "./images.ts";

/**
 * Copies some images, one after another.
 *
 * @param positions Which ones; each below `count`
 * @param into The target, as long as the copies together
 *
 * @example
 * ```ts
 * import { pickImages } from "./pick_images.ts";
 * import assert from "node:assert/strict";
 *
 * const images = { pixels: Uint8Array.of(1, 2, 3, 4, 5, 6), count: 3, height: 1, width: 2 };
 * assert.deepEqual([...pickImages(images, Uint32Array.of(2, 0))], [5, 6, 1, 2]);
 * ```
 */
export function pickImages(
  { pixels, height, width }: Images,
  positions: Uint32Array,
  into: Uint8Array = new Uint8Array(positions.length * height * width),
): Uint8Array {
  const bytes = height * width;
  positions.forEach((position, index) => {
    into.set(pixels.subarray(position * bytes, (position + 1) * bytes), index * bytes);
  });
  return into;
}
