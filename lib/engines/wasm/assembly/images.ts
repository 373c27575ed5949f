// From bytes to inputs, and the masks of dropout.

import { high16, high32, high8, low16, low32, low8, OCTET } from "./simd";

// images [8][imageBytes] to pixels [imageBytes][8]. Works on 16 bytes at a time: reads and writes that far past the end.
export function interleave(imageBytes: i32, images: usize, pixels: usize): void {
  const a = images, b = a + imageBytes, c = b + imageBytes, d = c + imageBytes;
  const e = d + imageBytes, f = e + imageBytes, g = f + imageBytes, h = g + imageBytes;
  for (let at: usize = 0, end = <usize>imageBytes; at < end; at += 16, pixels += 128) {
    const va = v128.load(a + at), vb = v128.load(b + at), vc = v128.load(c + at), vd = v128.load(d + at);
    const ve = v128.load(e + at), vf = v128.load(f + at), vg = v128.load(g + at), vh = v128.load(h + at);
    storeEights(low8(va, vb), low8(vc, vd), low8(ve, vf), low8(vg, vh), pixels);
    storeEights(high8(va, vb), high8(vc, vd), high8(ve, vf), high8(vg, vh), pixels + 64);
  }
}

// Eight pixels of eight images, from those of two images each: ab holds a0 b0 a1 b1 …
@inline
function storeEights(ab: v128, cd: v128, ef: v128, gh: v128, to: usize): void {
  const abcd0 = low16(ab, cd), abcd4 = high16(ab, cd), efgh0 = low16(ef, gh), efgh4 = high16(ef, gh);
  v128.store(to, low32(abcd0, efgh0)), v128.store(to, high32(abcd0, efgh0), 16);
  v128.store(to, low32(abcd4, efgh4), 32), v128.store(to, high32(abcd4, efgh4), 48);
}

// x_t of eight images: x [C + H,8], the first `front` features before h [H,8] and the others after it. Feature c is the
// pixel at [c · inputStride][8] divided by `divisor`. Writes to `range` [2] where what is not blank starts and ends:
// all of h, and the features around it from the first with ink in any image to the last.
export function spreadInputs(
  C: i32, front: i32, H: i32, pixels: usize, inputStride: i32, divisor: f32, x: usize, range: usize,
): void {
  const by = f32x4.splat(divisor);
  let first = front, end = front;
  for (let c = 0; c < C; c++, pixels += inputStride << 3, x += 32) {
    if (c == front) x += H * OCTET;
    const bytes = v128.load64_zero(pixels);
    if (v128.any_true(bytes)) first = min(first, c), end = max(end, c + 1);
    const words = i16x8.extend_low_i8x16_u(bytes);
    v128.store(x, f32x4.div(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(words)), by));
    v128.store(x, f32x4.div(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(words)), by), 16);
  }
  i32.store(range, first);
  i32.store(range, end + H, 4);
}

// The high and the low words of multiplier · x, four products at once.
@inline
function multiplyHigh(x: v128, multiplier: v128): v128 {
  const low = i64x2.extmul_low_i32x4_u(x, multiplier), high = i64x2.extmul_high_i32x4_u(x, multiplier);
  return i8x16.shuffle(low, high, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}

// mask [blocks·4,8]: 0 where an output is dropped, else `scale`. Philox4x32-10 (Salmon et al., SC 2011) with counter
// (block of four units, image, t + layer·2¹⁶, step) and key (seed, 2); word l belongs to unit 4·block + l.
export function dropoutMask(
  blocks: i32, firstImage: i32, timeAndLayer: i32, step: i32, seed: i32, threshold: i32, scale: f32, mask: usize,
): void {
  const multiplier0 = i32x4.splat(0xd2511f53), multiplier1 = i32x4.splat(0xcd9e8d57);
  for (let block = 0; block < blocks; block++) {
    for (let lanes = 0; lanes < 8; lanes += 4) {
      let x0 = i32x4.splat(block);
      let x1 = i32x4.add(i32x4.splat(firstImage + lanes), i32x4(0, 1, 2, 3));
      let x2 = i32x4.splat(timeAndLayer);
      let x3 = i32x4.splat(step);
      let key0 = seed, key1 = 2;
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
      v128.store(to, keep(x1, threshold, scale), 32);
      v128.store(to, keep(x2, threshold, scale), 64);
      v128.store(to, keep(x3, threshold, scale), 96);
    }
    mask += 128;
  }
}

@inline
function keep(words: v128, threshold: i32, scale: f32): v128 {
  return v128.and(i32x4.ge_u(words, i32x4.splat(threshold)), f32x4.splat(scale));
}
