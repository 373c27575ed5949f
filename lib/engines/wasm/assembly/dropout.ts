// The masks of dropout.

import { OCTET } from "./simd";

// The upper 32 bits of x · multiplier, four products at once.
@inline
function multiplyHigh(x: v128, multiplier: v128): v128 {
  const low = i64x2.extmul_low_i32x4_u(x, multiplier), high = i64x2.extmul_high_i32x4_u(x, multiplier);
  return i32x4.shuffle(low, high, 1, 3, 5, 7);
}

// Draws mask [4·blocks,8]: 0 where an output is dropped, else `scale`. The words are those of Philox4x32-10 (Salmon et al.,
// SC 2011) with counter (block of four units, sequence, t + stream·2¹⁶, step) and key (seed, domain); word l belongs to unit
// 4·block + l, which is dropped where its word is below `threshold`.
export function dropoutMask(
  blocks: i32, first: i32, timeAndStream: i32, step: i32, seed: i32, domain: i32, threshold: i32, scale: f32,
  mask: usize,
): void {
  const multiplier0 = i32x4.splat(0xd2511f53), multiplier1 = i32x4.splat(0xcd9e8d57);
  for (let block = 0; block < blocks; block++) {
    for (let lanes = 0; lanes < 8; lanes += 4) {
      let x0 = i32x4.splat(block);
      let x1 = i32x4.add(i32x4.splat(first + lanes), i32x4(0, 1, 2, 3));
      let x2 = i32x4.splat(timeAndStream);
      let x3 = i32x4.splat(step);
      let key0 = seed, key1 = domain;
      for (let round = 0; round < 10; round++) {
        const high0 = multiplyHigh(x0, multiplier0), low0 = i32x4.mul(x0, multiplier0);
        const high1 = multiplyHigh(x2, multiplier1), low1 = i32x4.mul(x2, multiplier1);
        x0 = v128.xor(v128.xor(high1, x1), i32x4.splat(key0));
        x1 = low1;
        x2 = v128.xor(v128.xor(high0, x3), i32x4.splat(key1));
        x3 = low0;
        key0 += 0x9e3779b9, key1 += 0xbb67ae85;
      }
      const to = mask + (lanes << 2);
      v128.store(to, keep(x0, threshold, scale));
      v128.store(to, keep(x1, threshold, scale), OCTET);
      v128.store(to, keep(x2, threshold, scale), 2 * OCTET);
      v128.store(to, keep(x3, threshold, scale), 3 * OCTET);
    }
    mask += 128; // [4,8]
  }
}

@inline
function keep(words: v128, threshold: i32, scale: f32): v128 {
  return v128.and(i32x4.ge_u(words, i32x4.splat(threshold)), f32x4.splat(scale));
}
