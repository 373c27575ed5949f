// The few operations that every kernel is made of. A vector is four float32.

// Strides in bytes, as in ../strides.ts: [4], which is one vector; [8]; [4][8].
export const QUAD: i32 = 16;
export const OCTET: i32 = 32;
export const TILE: i32 = 128;

// a b + c. The fused build rounds once, the plain one twice; nothing else differs between the two.
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

// c − a b, rounded as madd is.
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

@inline
export function splat0(v: v128): v128 {
  return i32x4.shuffle(v, v, 0, 0, 0, 0);
}

@inline
export function splat1(v: v128): v128 {
  return i32x4.shuffle(v, v, 1, 1, 1, 1);
}

@inline
export function splat2(v: v128): v128 {
  return i32x4.shuffle(v, v, 2, 2, 2, 2);
}

@inline
export function splat3(v: v128): v128 {
  return i32x4.shuffle(v, v, 3, 3, 3, 3);
}

// The lower or the upper halves of a and b, interleaved element by element (8, 16 or 32 bits each): a0 b0 a1 b1 …
@inline
export function low8(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

@inline
export function high8(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

@inline
export function low16(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

@inline
export function high16(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

@inline
export function low32(a: v128, b: v128): v128 {
  return i32x4.shuffle(a, b, 0, 4, 1, 5);
}

@inline
export function high32(a: v128, b: v128): v128 {
  return i32x4.shuffle(a, b, 2, 6, 3, 7);
}

// Stores the transpose of the 4 × 4 block with rows a b c d; row r goes to address to + r · stride.
@inline
export function storeTransposed(a: v128, b: v128, c: v128, d: v128, to: usize, stride: usize): void {
  const ab0 = low32(a, b), ab2 = high32(a, b), cd0 = low32(c, d), cd2 = high32(c, d);
  v128.store(to, i64x2.shuffle(ab0, cd0, 0, 2));
  v128.store(to + stride, i64x2.shuffle(ab0, cd0, 1, 3));
  v128.store(to + 2 * stride, i64x2.shuffle(ab2, cd2, 0, 2));
  v128.store(to + 3 * stride, i64x2.shuffle(ab2, cd2, 1, 3));
}

// Probes how the machine rounds. (1 + 2⁻¹²)² = 1 + 2⁻¹¹ + 2⁻²⁴, whose last term is lost when the product is rounded:
// less 1 + 2⁻¹¹, a fused multiply-add leaves 2⁻²⁴, two roundings leave 0.
export function leavesOfSquare(): f32 {
  const x = f32x4.splat(1.000244140625);
  return f32x4.extract_lane(madd(x, x, f32x4.splat(-1.00048828125)), 0);
}
