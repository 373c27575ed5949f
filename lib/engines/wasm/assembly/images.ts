// From the bytes of images to the inputs of the first layer.

import { high16, high32, high8, low16, low32, low8, OCTET, QUAD } from "./simd";

// Transposes images [8][imageBytes] to pixels [imageBytes][8]. Works on 16 bytes of each image at a time, so it reads and
// writes up to 15 bytes of each past the end.
export function interleave(imageBytes: i32, images: usize, pixels: usize): void {
  const a = images, b = a + imageBytes, c = b + imageBytes, d = c + imageBytes;
  const e = d + imageBytes, f = e + imageBytes, g = f + imageBytes, h = g + imageBytes;
  for (let at: usize = 0, end = <usize>imageBytes; at < end; at += 16, pixels += 16 * 8) {
    const va = v128.load(a + at), vb = v128.load(b + at), vc = v128.load(c + at), vd = v128.load(d + at);
    const ve = v128.load(e + at), vf = v128.load(f + at), vg = v128.load(g + at), vh = v128.load(h + at);
    storeEights(low8(va, vb), low8(vc, vd), low8(ve, vf), low8(vg, vh), pixels);
    storeEights(high8(va, vb), high8(vc, vd), high8(ve, vf), high8(vg, vh), pixels + 8 * 8);
  }
}

// Stores eight pixels [8][8] of the images a … h, which come in pairs: ab holds a0 b0 a1 b1 …
@inline
function storeEights(ab: v128, cd: v128, ef: v128, gh: v128, to: usize): void {
  const abcd0 = low16(ab, cd), abcd4 = high16(ab, cd), efgh0 = low16(ef, gh), efgh4 = high16(ef, gh);
  v128.store(to, low32(abcd0, efgh0)), v128.store(to, high32(abcd0, efgh0), 2 * 8);
  v128.store(to, low32(abcd4, efgh4), 4 * 8), v128.store(to, high32(abcd4, efgh4), 6 * 8);
}

// Writes x_t of eight images into x [C+H,8]: the first `front` features before h [H,8], the others after it. Feature c is
// the pixel at [c · cStride][8] divided by `divisor`. Also writes to range [2] the first row that is not blank and the one
// after the last: all of h, and the features around it from the first to the last with ink in any of the images.
export function spreadInputs(
  C: i32, front: i32, H: i32, pixels: usize, cStride: i32, divisor: f32, x: usize, range: usize,
): void {
  const by = f32x4.splat(divisor);
  let first = front, end = front;
  for (let c = 0; c < C; c++, pixels += cStride << 3, x += OCTET) {
    if (c == front) x += H * OCTET;
    const bytes = v128.load64_zero(pixels);
    if (v128.any_true(bytes)) first = min(first, c), end = max(end, c + 1);
    const words = i16x8.extend_low_i8x16_u(bytes);
    v128.store(x, f32x4.div(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(words)), by));
    v128.store(x, f32x4.div(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(words)), by), QUAD);
  }
  i32.store(range, first);
  i32.store(range, end + H, 4);
}
