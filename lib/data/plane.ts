/**
 * Numbers in a rectangle, and what is done with them along rows and columns.
 *
 * @module
 */

/** Numbers in a rectangle. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  /** `[height, width]`. */
  readonly values: Float32Array;
}

/** The mean of what is nearer than `radius` along each side; at the edges, of what is there. */
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

/** The largest of what is nearer than `radius` along each side. */
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

/** The picture with all that is dark and thinner than `2 radius + 1` filled: dilated, then eroded. */
export function close(plane: Plane, radius: number): Plane {
  return negative(dilate(negative(dilate(plane, radius)), radius));
}

/** Less than 0 what was more, and the other way round. */
export function negative(plane: Plane): Plane {
  const values = new Float32Array(plane.values.length);
  for (let i = 0; i < values.length; i++) values[i] = -plane.values[i];
  return { ...plane, values };
}

/** Does something with each row, and then with each column of what that gave. */
function alongBoth(plane: Plane, change: (line: Float32Array, out: Float32Array) => void): Plane {
  return alongRows(alongRows(plane, change), change);
}

/** Changes each row, and makes it a column. */
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

/** Otsu's threshold (1979): where the two sides' means are farthest apart for their sizes. */
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

/** So many values are enough to know where most of them lie. */
const SAMPLE = 2 ** 15;

/** What that share of the values is below. */
export function quantile(values: Float32Array, share: number): number {
  const step = Math.ceil(values.length / SAMPLE);
  const sample = new Float32Array(Math.ceil(values.length / step));
  for (let i = 0; i < sample.length; i++) sample[i] = values[i * step];
  return sample.sort()[Math.min(sample.length - 1, Math.floor(sample.length * share))];
}

/** The middle one. */
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
