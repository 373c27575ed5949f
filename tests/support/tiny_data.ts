/**
 * Small seeded images, labels and parameters for tests.
 *
 * @module
 */
import type { Split } from "../../lib/data/images.ts";
import type { Network } from "../../lib/model/network.ts";
import { hashName, RandomStream } from "../../lib/random.ts";

/** Keeps the words of tests apart from those of `DOMAIN`. */
const TEST_DOMAIN = 0x7e57;

/** What {@link tinySplit} takes. */
export interface TinySplitOptions {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly classes: number;
  readonly seed?: number;
}

/** A stream of random words for a test, told apart by `name`. */
export function testStream(name: string, seed = 1): RandomStream {
  return new RandomStream(seed, TEST_DOMAIN, hashName(name));
}

/**
 * Random bytes inside a random box, 0 outside: like digits, images begin and end with blank lines, each with
 * another number of them. The first image has ink everywhere, the last of several is blank.
 */
export function tinySplit({ count, height, width, classes, seed }: TinySplitOptions): Split {
  const random = testStream("images", seed);
  const pixels = new Uint8Array(count * height * width);
  for (let n = 0; n < Math.max(count - 1, 1); n++) {
    const [top, bottom] = n === 0 ? [0, height] : between(random, height);
    const [left, right] = n === 0 ? [0, width] : between(random, width);
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) pixels[(n * height + y) * width + x] = 1 + random.below(255);
    }
  }
  const labels = Uint8Array.from({ length: count }, () => random.below(classes));
  return { pixels, labels, count, height, width };
}

/** A random range within 0 … size that holds at least one line. */
function between(random: RandomStream, size: number): [number, number] {
  const first = random.below(size);
  return [first, first + 1 + random.below(size - first)];
}

/**
 * Uniform parameters, flat: kernels within ±scale/√rows, other vectors within ±scale/2, but variances from 1/2 on; every element
 * another.
 */
export function tinyParameters(network: Network, { seed = 1, scale = 1 } = {}): Float32Array<ArrayBuffer> {
  const flat = new Float32Array(network.size);
  for (const { name, shape, offset, size } of network.parameters) {
    const random = testStream(name, seed);
    const bound = shape.length === 2 ? scale / Math.sqrt(shape[0]) : scale / 2;
    for (let k = offset; k < offset + size; k++) flat[k] = bound * (2 * random.uniform() - 1);
    if (name.endsWith(".movingVariance")) {
      for (let k = offset; k < offset + size; k++) flat[k] = 0.5 + Math.abs(flat[k]);
    }
  }
  return flat;
}
