// From the bytes of images to the inputs of the first layer.

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
