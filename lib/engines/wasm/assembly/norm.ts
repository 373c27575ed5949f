// Batch normalization of eight sequences, feature by feature: x and y are `steps` steps [C,8], `xBytes` and `yBytes` apart.
// Only the first `present` of the eight lanes have a sequence. The equations are in ../batch_norms.ts.

import { madd, nmadd, OCTET, QUAD } from "./simd";

// The rows of factors [5,C].
const MEAN: i32 = 0;
const SCALE: i32 = 1;
const SHIFT: i32 = 2;
const OFFSET: i32 = 3;
const TILT: i32 = 4;

@inline
function factor(factors: usize, C: i32, row: i32, c: i32): v128 {
  return v128.load32_splat(factors + ((row * C + c) << 2));
}

// All bits of a lane that has a sequence, of the four from `first` on.
@inline
function presence(present: i32, first: i32): v128 {
  return i32x4.lt_s(i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3)), i32x4.splat(present));
}

@inline
function lowDoubles(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}

@inline
function highDoubles(v: v128): v128 {
  return f64x2.promote_low_f32x4(i64x2.shuffle(v, v, 1, 0));
}

@inline
function sumOfDoubles(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

// to float64 [C][2] = Σx / n and Σ(x − Σx / n)² over the n numbers of each feature
export function moments(steps: i32, C: i32, x: usize, xBytes: i32, present: i32, to: usize): void {
  const low = presence(present, 0), high = presence(present, 4), n = <f64>(steps * present);
  for (let c = 0; c < C; c++, x += OCTET, to += 16) {
    let sum = f64x2.splat(0), at = x;
    for (let step = 0; step < steps; step++, at += xBytes) {
      const a = v128.and(v128.load(at), low), b = v128.and(v128.load(at, QUAD), high);
      sum = f64x2.add(sum, f64x2.add(f64x2.add(lowDoubles(a), highDoubles(a)), f64x2.add(lowDoubles(b), highDoubles(b))));
    }
    const mean = sumOfDoubles(sum) / n, m = f64x2.splat(mean);
    let squares = f64x2.splat(0);
    at = x;
    for (let step = 0; step < steps; step++, at += xBytes) {
      squares = f64x2.add(squares, f64x2.add(squaresOf(v128.load(at), m, low), squaresOf(v128.load(at, QUAD), m, high)));
    }
    f64.store(to, mean);
    f64.store(to, sumOfDoubles(squares), 8);
  }
}

// (x − m)² of the four lanes of x, in pairs; 0 where `lanes` is 0
@inline
function squaresOf(x: v128, m: v128, lanes: v128): v128 {
  const a = v128.and(f64x2.sub(lowDoubles(x), m), i64x2.extend_low_i32x4_s(lanes));
  const b = v128.and(f64x2.sub(highDoubles(x), m), i64x2.extend_high_i32x4_s(lanes));
  return f64x2.add(f64x2.mul(a, a), f64x2.mul(b, b));
}

// y = s (x − m) + β
export function normalize(steps: i32, C: i32, x: usize, xBytes: i32, factors: usize, y: usize, yBytes: i32): void {
  for (let step = 0; step < steps; step++, x += xBytes, y += yBytes) {
    let from = x, to = y;
    for (let c = 0; c < C; c++, from += OCTET, to += OCTET) {
      const m = factor(factors, C, MEAN, c), s = factor(factors, C, SCALE, c), shift = factor(factors, C, SHIFT, c);
      v128.store(to, madd(f32x4.sub(v128.load(from), m), s, shift));
      v128.store(to, madd(f32x4.sub(v128.load(from, QUAD), m), s, shift), QUAD);
    }
  }
}

// to float64 [C][2] = Σ dy and Σ dy (x − m); dy is 0 in lanes without a sequence
export function gradientSums(
  steps: i32, C: i32, x: usize, xBytes: i32, dy: usize, dyBytes: i32, factors: usize, to: usize,
): void {
  for (let c = 0; c < C; c++, x += OCTET, dy += OCTET, to += 16) {
    const m = factor(factors, C, MEAN, c);
    let sum = f64x2.splat(0), products = sum, at = x, from = dy;
    for (let step = 0; step < steps; step++, at += xBytes, from += dyBytes) {
      for (let lanes: usize = 0; lanes < <usize>OCTET; lanes += QUAD) {
        const d = v128.load(from + lanes), distance = f32x4.sub(v128.load(at + lanes), m);
        const a = lowDoubles(d), b = highDoubles(d);
        sum = f64x2.add(sum, f64x2.add(a, b));
        products = f64x2.add(
          products, f64x2.add(f64x2.mul(a, lowDoubles(distance)), f64x2.mul(b, highDoubles(distance))),
        );
      }
    }
    f64.store(to, sumOfDoubles(sum));
    f64.store(to, sumOfDoubles(products), 8);
  }
}

// dx = s (dy − dβ/I − (x − m) q), and 0 in lanes without a sequence
export function normalizeBack(
  steps: i32, C: i32, x: usize, xBytes: i32, dy: usize, dyBytes: i32, factors: usize, present: i32, dx: usize,
  dxBytes: i32,
): void {
  const low = presence(present, 0), high = presence(present, 4);
  for (let step = 0; step < steps; step++, x += xBytes, dy += dyBytes, dx += dxBytes) {
    for (let c = 0; c < C; c++) {
      const at: usize = <usize>c * OCTET;
      const m = factor(factors, C, MEAN, c), s = factor(factors, C, SCALE, c);
      const offset = factor(factors, C, OFFSET, c), tilt = factor(factors, C, TILT, c);
      const a = nmadd(f32x4.sub(v128.load(x + at), m), tilt, f32x4.sub(v128.load(dy + at), offset));
      const b = nmadd(f32x4.sub(v128.load(x + at, QUAD), m), tilt, f32x4.sub(v128.load(dy + at, QUAD), offset));
      v128.store(dx + at, v128.and(f32x4.mul(s, a), low));
      v128.store(dx + at, v128.and(f32x4.mul(s, b), high), QUAD);
    }
  }
}
