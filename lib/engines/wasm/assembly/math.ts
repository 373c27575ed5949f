// exp, ln, tanh and the gates as our own polynomials, so that every machine gives the same bits. How far they are from the
// exact functions is measured in tests/engines/wasm/kernels_test.ts.

import { madd, nmadd, QUAD } from "./simd";

// Where tanh is cut off: a number at which the approximation is exactly 1, so that the slope of a unit that saturates is exactly
// 0 and not a last bit, which Adam would blow up to a whole step. It depends on how a multiply-add rounds.
const TANH_END: f32 = ASC_FEATURE_RELAXED_SIMD ? 7.99881172180175781 : 7.90531110763549805;

// Constants are stored in memory, four times each: loading one is cheaper than what V8 does with a constant in a hot loop.
const TABLE = memory.data<f32>([
  0.5, 0.5, 0.5, 0.5, // 0
  1, 1, 1, 1, // 1
  // tanh x = x P(x²) / Q(x²), |x| ≤ TANH_END (Eigen's and XLA's rational approximation): 2 … 13
  TANH_END, TANH_END, TANH_END, TANH_END, // 2
  -2.76076847742355e-16, -2.76076847742355e-16, -2.76076847742355e-16, -2.76076847742355e-16, // 3, P
  2.00018790482477e-13, 2.00018790482477e-13, 2.00018790482477e-13, 2.00018790482477e-13,
  -8.60467152213735e-11, -8.60467152213735e-11, -8.60467152213735e-11, -8.60467152213735e-11,
  5.12229709037114e-08, 5.12229709037114e-08, 5.12229709037114e-08, 5.12229709037114e-08,
  1.48572235717979e-05, 1.48572235717979e-05, 1.48572235717979e-05, 1.48572235717979e-05,
  6.37261928875436e-04, 6.37261928875436e-04, 6.37261928875436e-04, 6.37261928875436e-04,
  4.89352455891786e-03, 4.89352455891786e-03, 4.89352455891786e-03, 4.89352455891786e-03, // 9
  1.19825839466702e-06, 1.19825839466702e-06, 1.19825839466702e-06, 1.19825839466702e-06, // 10, Q
  1.18534705686654e-04, 1.18534705686654e-04, 1.18534705686654e-04, 1.18534705686654e-04,
  2.26843463243900e-03, 2.26843463243900e-03, 2.26843463243900e-03, 2.26843463243900e-03,
  4.89352518554385e-03, 4.89352518554385e-03, 4.89352518554385e-03, 4.89352518554385e-03, // 13
  0.2, 0.2, 0.2, 0.2, // 14, the slope of the hard sigmoid
  -TANH_END, -TANH_END, -TANH_END, -TANH_END, // 15
  7.888609052210118e-31, 7.888609052210118e-31, 7.888609052210118e-31, 7.888609052210118e-31, // 16, 2⁻¹⁰⁰
]);

@inline
function constant(index: usize): v128 {
  return v128.load(TABLE + (index << 4));
}

// v, or 0 where |v| < 2⁻¹⁰⁰. Gradients that vanish over time would become denormal numbers on their way to 0, with which some
// processors compute a hundred times slower; next to any gradient that moves a parameter they are nothing.
@inline
export function flush(v: v128): v128 {
  return v128.andnot(v, f32x4.lt(f32x4.abs(v), constant(16))); // NaN stays
}

@inline
export function half(): v128 {
  return constant(0);
}

@inline
export function one(): v128 {
  return constant(1);
}

@inline
export function tanh(v: v128): v128 {
  // pmin and pmax are one instruction each, and keep NaN as it is; min and max are six.
  const x = f32x4.pmax(f32x4.pmin(v, constant(2)), constant(15));
  const x2 = f32x4.mul(x, x);
  let p = madd(x2, constant(3), constant(4));
  p = madd(x2, p, constant(5));
  p = madd(x2, p, constant(6));
  p = madd(x2, p, constant(7));
  p = madd(x2, p, constant(8));
  p = madd(x2, p, constant(9));
  let q = madd(x2, constant(10), constant(11));
  q = madd(x2, q, constant(12));
  q = madd(x2, q, constant(13));
  return f32x4.div(f32x4.mul(x, p), q);
}

// σ(x) = ½ + ½ tanh(x / 2)
@inline
export function sigmoid(x: v128): v128 {
  return madd(half(), tanh(f32x4.mul(half(), x)), half());
}

// Keras's: 0.2 x + 0.5, clipped to 0 … 1
@inline
export function hardSigmoid(x: v128): v128 {
  return f32x4.pmax(f32x4.pmin(madd(constant(14), x, half()), one()), f32x4.splat(0));
}

// σ'(x) from y = σ(x): y (1 − y)
@inline
export function sigmoidSlope(y: v128): v128 {
  return nmadd(y, y, y);
}

// 0.2 where 0 < y < 1, else 0
@inline
export function hardSigmoidSlope(y: v128): v128 {
  return v128.and(constant(14), v128.and(f32x4.gt(y, f32x4.splat(0)), f32x4.lt(y, one())));
}

// tanh'(x) from y = tanh(x): 1 − y²
@inline
export function tanhSlope(y: v128): v128 {
  return nmadd(y, y, one());
}

// eˣ for x ≤ 0, by x = n ln 2 + r, |r| ≤ ½ ln 2; below −87 it gives e⁻⁸⁷ (Cephes expf).
@inline
export function exp(v: v128): v128 {
  const x = f32x4.pmax(v, f32x4.splat(-87));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  let r = nmadd(n, f32x4.splat(0.693359375), x);
  r = nmadd(n, f32x4.splat(-2.12194440e-4), r);
  let p = madd(r, f32x4.splat(1.9875691500e-4), f32x4.splat(1.3981999507e-3));
  p = madd(r, p, f32x4.splat(8.3334519073e-3));
  p = madd(r, p, f32x4.splat(4.1665795894e-2));
  p = madd(r, p, f32x4.splat(1.6666665459e-1));
  p = madd(r, p, f32x4.splat(0.5));
  p = madd(f32x4.mul(r, r), p, f32x4.add(r, f32x4.splat(1)));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(p, power);
}

// ln x for normal x > 0, and NaN for NaN, by x = m 2ⁿ, √½ ≤ m < √2 (Cephes logf).
@inline
export function ln(x: v128): v128 {
  // Adding the bits of 1 less those of √½ carries into the exponent exactly where the mantissa is √2 or more.
  const shifted = i32x4.add(x, i32x4.splat(0x3f800000 - 0x3f3504f3));
  const n = f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_u(shifted, 23), i32x4.splat(127)));
  const m = i32x4.add(v128.and(shifted, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const r = f32x4.sub(m, f32x4.splat(1));
  const r2 = f32x4.mul(r, r);
  let p = madd(r, f32x4.splat(7.0376836292e-2), f32x4.splat(-1.1514610310e-1));
  p = madd(r, p, f32x4.splat(1.1676998740e-1));
  p = madd(r, p, f32x4.splat(-1.2420140846e-1));
  p = madd(r, p, f32x4.splat(1.4249322787e-1));
  p = madd(r, p, f32x4.splat(-1.6668057665e-1));
  p = madd(r, p, f32x4.splat(2.0000714765e-1));
  p = madd(r, p, f32x4.splat(-2.4999993993e-1));
  p = madd(r, p, f32x4.splat(3.3333331174e-1));
  p = f32x4.mul(f32x4.mul(r, r2), p);
  p = madd(n, f32x4.splat(-2.12194440e-4), p);
  p = nmadd(half(), r2, p);
  const logarithm = madd(n, f32x4.splat(0.693359375), f32x4.add(r, p));
  return v128.bitselect(logarithm, x, f32x4.eq(x, x));
}

// σ(x) with as many digits where it is small as anywhere: with e = e^−|x|, 1/(1 + e) or e/(1 + e)
@inline
export function probability(x: v128): v128 {
  const e = exp(f32x4.neg(f32x4.abs(x))), larger = f32x4.div(one(), f32x4.add(one(), e));
  return v128.bitselect(larger, f32x4.mul(e, larger), f32x4.ge(x, f32x4.splat(0)));
}

// The functions that act on one number, and softmax: their places in `ACTIVATIONS` of ../kernels.ts.
export const LINEAR: i32 = 0;
export const RELU: i32 = 1;
export const TANH: i32 = 2;
export const SIGMOID: i32 = 3;
export const HARD_SIGMOID: i32 = 4;
export const SOFTMAX: i32 = 5;

// φ(x). Where `kind` is a constant, only one branch is compiled.
@inline
export function apply(kind: i32, x: v128): v128 {
  if (kind == TANH) return tanh(x);
  if (kind == SIGMOID) return sigmoid(x);
  if (kind == HARD_SIGMOID) return hardSigmoid(x);
  if (kind == RELU) return f32x4.pmax(x, f32x4.splat(0));
  return x;
}

// φ'(x) from y = φ(x)
@inline
export function derivative(kind: i32, y: v128): v128 {
  if (kind == TANH) return tanhSlope(y);
  if (kind == SIGMOID) return sigmoidSlope(y);
  if (kind == HARD_SIGMOID) return hardSigmoidSlope(y);
  if (kind == RELU) return v128.and(one(), f32x4.gt(y, f32x4.splat(0)));
  return one();
}

// d φ'(x) from y = φ(x)
@inline
export function slope(kind: i32, d: v128, y: v128): v128 {
  if (kind == TANH) return f32x4.mul(d, tanhSlope(y));
  if (kind == SIGMOID) return f32x4.mul(d, sigmoidSlope(y));
  if (kind == HARD_SIGMOID) return f32x4.mul(d, hardSigmoidSlope(y));
  if (kind == RELU) return v128.and(d, f32x4.gt(y, f32x4.splat(0)));
  return d;
}

// For tests of accuracy: y = f(x) over `count` vectors; f is 0 for tanh, 1 sigmoid, 2 exp, 3 ln,
// 4 probability.
export function evaluate(f: i32, count: i32, x: usize, y: usize): void {
  for (let i = 0; i < count; i++, x += QUAD, y += QUAD) {
    const v = v128.load(x);
    if (f == 0) v128.store(y, tanh(v));
    else if (f == 1) v128.store(y, sigmoid(v));
    else if (f == 2) v128.store(y, exp(v));
    else if (f == 3) v128.store(y, ln(v));
    else v128.store(y, probability(v));
  }
}
