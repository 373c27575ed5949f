/**
 * SHA-256 in plain TypeScript, for what must hash at once wherever it runs: browsers have it only behind a promise.
 *
 * Source: FIPS 180-4.
 *
 * @module
 */

const BLOCK_BYTES = 64;
const PRIMES = firstPrimes(64);
/** Of the cube roots of the first 64 primes, the first 32 bits of the fractions. */
const ROUND_CONSTANTS = PRIMES.map((prime) => fractionOf(Math.cbrt(prime)));
/** The same of the square roots of the first eight. */
const START = PRIMES.slice(0, 8).map((prime) => fractionOf(Math.sqrt(prime)));

/**
 * The hash of bytes, in hexadecimal.
 *
 * @example
 * ```ts
 * import { sha256 } from "./sha256.ts";
 * import assert from "node:assert/strict";
 *
 * const hash = sha256(new TextEncoder().encode("abc"));
 * assert.equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
 * ```
 */
export function sha256(bytes: Uint8Array): string {
  const state = Int32Array.from(START), words = new Int32Array(BLOCK_BYTES);
  const whole = bytes.length - bytes.length % BLOCK_BYTES;
  takeBlocks(state, bytes.subarray(0, whole), words);
  takeBlocks(state, pad(bytes.subarray(whole), bytes.length), words);
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** The last bytes, a bit that is 1, zeros, and the length of all in bits. */
function pad(rest: Uint8Array, length: number): Uint8Array {
  const padded = new Uint8Array(rest.length < BLOCK_BYTES - 8 ? BLOCK_BYTES : 2 * BLOCK_BYTES);
  padded.set(rest);
  padded[rest.length] = 0x80;
  new DataView(padded.buffer).setBigUint64(padded.length - 8, 8n * BigInt(length));
  return padded;
}

/** @param w Room for the 64 words of a block */
function takeBlocks(state: Int32Array, bytes: Uint8Array, w: Int32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    for (let t = 0; t < 16; t++) w[t] = view.getInt32(at + 4 * t);
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15], y = w[t - 2];
      const s0 = turn(x, 7) ^ turn(x, 18) ^ x >>> 3, s1 = turn(y, 17) ^ turn(y, 19) ^ y >>> 10;
      w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    takeWords(state, w);
  }
}

function takeWords(state: Int32Array, w: Int32Array): void {
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < 64; t++) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25), choice = e & f ^ ~e & g;
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22), majority = a & b ^ a & c ^ b & c;
    const one = h + s1 + choice + ROUND_CONSTANTS[t] + w[t] | 0;
    [h, g, f, e] = [g, f, e, d + one | 0];
    [d, c, b, a] = [c, b, a, one + s0 + majority | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => state[i] += word);
}

/** Turns the 32 bits of a word to the right. */
function turn(word: number, bits: number): number {
  return word >>> bits | word << 32 - bits;
}

function fractionOf(root: number): number {
  return (root - Math.floor(root)) * 2 ** 32 | 0;
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return primes;
}
