/**
 * The random generator: Philox4x32-10, counter-based, on 32-bit integers only.
 *
 * A word is a pure function of a key and a counter, so any engine, thread or test can ask for the word of (seed, step,
 * layer, …) in any order and gets the same bits.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 *
 * @module
 */

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9; // golden ratio
const WEYL_1 = 0xbb67ae85; // √3 − 1
const ROUNDS = 10;

/** Four 32-bit words. */
export type Words4 = [number, number, number, number];

/** The uses of random words. They are part of the key, so that no two uses share a word. */
export const DOMAIN = {
  shuffle: 1,
  dropout: 2,
  initialize: 3,
  inputDropout: 4,
  recurrentDropout: 5,
  augment: 6,
  sweep: 7,
} as const;

/** The upper 32 bits of the product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff, aHigh = a >>> 16;
  const bLow = b & 0xffff, bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16); // < 2^32, exact
  const carry = aLow * bHigh + (middle & 0xffff); // < 2^32, exact
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(carry / 65536)) >>> 0;
}

/**
 * Four random words for a counter and a key: Philox4x32-10.
 *
 * @example
 * ```ts
 * import { philox } from "./random.ts";
 * import assert from "node:assert/strict";
 *
 * // The first known answer of the authors' own test suite.
 * assert.deepEqual(philox([0, 0, 0, 0], 0, 0), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
 * ```
 */
export function philox(counter: Readonly<Words4>, key0: number, key1: number): Words4 {
  let [x0, x1, x2, x3] = counter;
  let k0 = key0 >>> 0, k1 = key1 >>> 0;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, x0 >>> 0), low0 = Math.imul(MULTIPLIER_0, x0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, x2 >>> 0), low1 = Math.imul(MULTIPLIER_1, x2) >>> 0;
    x0 = (high1 ^ x1 ^ k0) >>> 0;
    x1 = low1;
    x2 = (high0 ^ x3 ^ k1) >>> 0;
    x3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [x0, x1, x2, x3];
}

/**
 * A stream of random words.
 *
 * @param seed The run's seed, an unsigned 32-bit integer
 * @param domain What the words are for, one of {@link DOMAIN}
 * @param stream The number of the stream within its domain: the epoch, or the hash of a parameter's name
 */
export class RandomStream {
  readonly #seed: number;
  readonly #key: number;
  readonly #stream: number;
  #block = 0;
  #words: Words4 = [0, 0, 0, 0];
  #used = 4;

  constructor(seed: number, domain: number, stream: number) {
    this.#seed = seed >>> 0;
    this.#key = domain;
    this.#stream = stream >>> 0;
  }

  /** The next word, 0 … 2³² − 1. */
  next(): number {
    if (this.#used === 4) {
      this.#words = philox([this.#block++, this.#stream, 0, 0], this.#seed, this.#key);
      this.#used = 0;
    }
    return this.#words[this.#used++];
  }

  /** A whole number 0 … bound − 1, uniform except for a bias below bound / 2³². */
  below(bound: number): number {
    return Math.floor(this.next() * bound / 4294967296); // exact: bound < 2^21 keeps the product below 2^53
  }

  /** Uniform in [0, 1), a multiple of 2⁻²⁴, which a float32 holds exactly. */
  uniform(): number {
    return (this.next() >>> 8) / 16777216;
  }

  /** Standard normal, by Marsaglia's polar method; our own logarithm gives the same bits on every machine. */
  normal(): number {
    for (;;) {
      const u = 2 * this.uniform() - 1, v = 2 * this.uniform() - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) return u * Math.sqrt(-2 * naturalLogarithm(s) / s);
    }
  }
}

/** ln x for normal x > 0 in float64 with + − × ÷ only: ln m·2ᵉ = e ln 2 + 2 artanh((m − 1)/(m + 1)), √½ ≤ m < √2. */
export function naturalLogarithm(x: number): number {
  let exponent = 0;
  for (; x >= Math.SQRT2; x /= 2) exponent++;
  for (; x < Math.SQRT1_2; x *= 2) exponent--;
  const r = (x - 1) / (x + 1), r2 = r * r; // |r| < 0.172
  let series = 0;
  for (let k = 23; k >= 1; k -= 2) series = series * r2 + 1 / k; // next term: r^25 / 25 < 1e-20
  return exponent * Math.LN2 + 2 * r * series;
}

/** The 32-bit FNV-1a hash of the UTF-8 bytes of a parameter's name: the number of its stream. */
export function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** The numbers 0 … count − 1 in an order that depends on seed and epoch, by Fisher and Yates. */
export function shuffledOrder(count: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const random = new RandomStream(seed, DOMAIN.shuffle, epoch);
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/**
 * The words of dropout, the same on every engine: number (t, n, h) is dropped at a step if its word is below
 * {@link dropoutThreshold}, else divided by 1 − rate. A recurrent layer's own masks have t = 0: one for its input x, one for
 * its state h.
 *
 * One call gives the words of four neighbouring units: counter (h >> 2, n, t + stream·2¹⁶, step), word h & 3.
 *
 * @param domain That of a Dropout layer by default; or `DOMAIN.inputDropout`, `DOMAIN.recurrentDropout`
 */
export function dropoutWords(
  seed: number,
  at: { step: number; stream: number; t: number; n: number; block: number },
  domain: number = DOMAIN.dropout,
): Words4 {
  return philox([at.block, at.n, at.t + at.stream * 65536, at.step], seed, domain);
}

/** Outputs with a word below this are dropped: ⌊rate · 2³²⌋. */
export function dropoutThreshold(rate: number): number {
  return Math.floor(rate * 4294967296);
}
