/**
 * Numbers in a rectangle, and operations along its rows and columns.
 *
 * @module
 */
import type { ImageSize } from "./raster.ts";

/** Numbers in a rectangle. */
export interface Plane extends ImageSize {
  /** `[height, width]`. */
  readonly values: Float32Array;
}

/** The mean over a window of `2 radius + 1` along each side, cut at the edges. */
export function blur(plane: Plane, radius: number): Plane {
  if (radius === 0) return plane;
  return alongBoth(plane, (line, out) => {
    const { length } = line, sums = new Float64Array(length + 1);
    for (let i = 0; i < length; i++) sums[i + 1] = sums[i] + line[i];
    for (let i = 0; i < length; i++) {
      const from = Math.max(0, i - radius), to = Math.min(length, i + radius + 1);
      out[i] = (sums[to] - sums[from]) / (to - from);
    }
  });
}

/** The maximum over a window of `2 radius + 1` along each side. */
export function dilate(plane: Plane, radius: number): Plane {
  // Van Herk, Gil and Werman: running maxima from both ends of blocks of the window's length.
  const size = 2 * radius + 1;
  return alongBoth(plane, (line, out) => {
    const padded = new Float32Array(line.length + 2 * radius).fill(-Infinity);
    padded.set(line, radius);
    const forth = padded.slice(), back = padded;
    for (let i = 1; i < forth.length; i++) {
      if (i % size !== 0 && forth[i - 1] > forth[i]) forth[i] = forth[i - 1];
    }
    for (let i = back.length - 2; i >= 0; i--) {
      if ((i + 1) % size !== 0 && back[i + 1] > back[i]) back[i] = back[i + 1];
    }
    for (let i = 0; i < line.length; i++) out[i] = Math.max(back[i], forth[i + size - 1]);
  });
}

/** Fills everything dark that is thinner than `2 radius + 1`: dilates, then erodes. */
export function close(plane: Plane, radius: number): Plane {
  return negative(dilate(negative(dilate(plane, radius)), radius));
}

/** The values with the opposite sign. */
export function negative(plane: Plane): Plane {
  return { ...plane, values: plane.values.map((value) => -value) };
}

/** Changes each row, then each column of the result. */
function alongBoth(plane: Plane, change: (line: Float32Array, out: Float32Array) => void): Plane {
  return alongRows(alongRows(plane, change), change);
}

/** Changes each row, and turns it into a column. */
function alongRows(
  { width, height, values }: Plane,
  change: (line: Float32Array, out: Float32Array) => void,
): Plane {
  const turned = new Float32Array(values.length), out = new Float32Array(width);
  for (let y = 0; y < height; y++) {
    change(values.subarray(y * width, (y + 1) * width), out);
    for (let x = 0; x < width; x++) turned[x * height + y] = out[x];
  }
  return { width: height, height: width, values: turned };
}

/** Otsu's threshold (1979): it maximizes the variance between the values below and above it. */
export function otsu(values: Float32Array): number {
  const BINS = 256, counts = new Float64Array(BINS);
  let most = 0;
  for (const value of values) if (value > most) most = value;
  if (most === 0) return 0;
  for (const value of values) if (value >= 0) counts[Math.min(BINS - 1, Math.floor(BINS * value / most))]++;
  let total = 0, size = 0;
  counts.forEach((count, bin) => [total, size] = [total + count * bin, size + count]);
  let below = 0, sumBelow = 0, best = 0, farthest = 0;
  for (let bin = 0; bin < BINS - 1; bin++) {
    below += counts[bin];
    sumBelow += counts[bin] * bin;
    const above = size - below;
    if (below === 0 || above === 0) continue;
    const spread = below * above * (sumBelow / below - (total - sumBelow) / above) ** 2;
    if (spread > farthest) [farthest, best] = [spread, bin];
  }
  return (best + 1) * most / BINS;
}

/** So many values are enough for a quantile. */
const SAMPLE = 2 ** 15;

/** The value that a share of the values lies below. */
export function quantile(values: Float32Array, share: number): number {
  const step = Math.ceil(values.length / SAMPLE);
  const sample = new Float32Array(Math.ceil(values.length / step));
  for (let i = 0; i < sample.length; i++) sample[i] = values[i * step];
  return sample.sort()[Math.min(sample.length - 1, Math.floor(sample.length * share))];
}

/** The value in the middle. */
export function median(values: Float32Array): number {
  return quantile(values, 0.5);
}

/** The outermost values. */
export function border({ values, width, height }: Plane): Float32Array {
  return values.filter((_, i) => {
    const x = i % width, y = Math.floor(i / width);
    return x === 0 || y === 0 || x === width - 1 || y === height - 1;
  });
}
