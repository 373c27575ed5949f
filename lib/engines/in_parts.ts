/**
 * Computing many images with limited memory.
 *
 * @module
 */

/** Computes images in parts of at most `most`; `compute` gives `size` numbers for each image of a part. */
export async function inParts(
  positions: Uint32Array,
  { most, size }: { most: number; size: number },
  compute: (part: Uint32Array) => ArrayLike<number> | Promise<ArrayLike<number>>,
): Promise<Float32Array> {
  const results = new Float32Array(positions.length * size);
  for (let start = 0; start < positions.length; start += most) {
    results.set(await compute(positions.subarray(start, start + most)), start * size);
  }
  return results;
}
