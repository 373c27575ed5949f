// Parameters and their updates. A matrix W [J,columns] is stored as [quads][J][4], four columns to a quad, which are the
// panels that products read. Padding columns in the last quad are 0 and stay 0.

import { madd, nmadd, QUAD, storeTransposed } from "./simd";

// Writes the panels of a product with the transpose of some rows of W, for some of its quads: W [quads][J][4], from the
// first of the rows on, to panels [ceil(rows/4)][4·quads][4], `panelBytes` apart. Rows past the last are 0.
export function transpose(rows: i32, quads: i32, W: usize, quadBytes: i32, panels: usize, panelBytes: i32): void {
  const zero = f32x4.splat(0);
  for (let q = 0; q < quads; q++, W += quadBytes, panels += 4 * QUAD) {
    let from = W, to = panels;
    for (let row = 0; row < rows; row += 4, from += 4 * QUAD, to += panelBytes) {
      const left = rows - row;
      const b = left > 1 ? v128.load(from, QUAD) : zero, c = left > 2 ? v128.load(from, 2 * QUAD) : zero;
      storeTransposed(v128.load(from), b, c, left > 3 ? v128.load(from, 3 * QUAD) : zero, to, QUAD);
    }
  }
}

// The bias of a product: the sum of `biases` vectors [quads,4], `biasBytes` apart, and for inputs that are given as x − blank
//
//   + blank Σ_j W[·][j]   over the rows j < front and j ≥ J − back
export function joinBias(
  J: i32, front: i32, back: i32, quads: i32, W: usize, biases: i32, biasBytes: i32, bias: usize, blank: f32, joined: usize,
): void {
  for (let q = 0; q < quads; q++, bias += QUAD, joined += QUAD) {
    let sum = f32x4.splat(0), own = v128.load(bias);
    if (biases > 1) own = f32x4.add(own, v128.load(bias + biasBytes));
    for (let j = 0; j < J; j++, W += QUAD) {
      if (j < front || j >= J - back) sum = f32x4.add(sum, v128.load(W));
    }
    v128.store(joined, madd(f32x4.splat(blank), sum, own));
  }
}

// The regularizers of `count` parameters p: g += λ₁ sign(p) + 2 λ₂ p. Returns λ₁ Σ|p| + λ₂ Σp².
export function regularize(count: i32, p: usize, g: usize, l1: f64, l2: f64): f64 {
  let sum: f64 = 0;
  for (const end = p + (count << 2); p < end; p += 4, g += 4) {
    const value = <f64>f32.load(p);
    const sign: f64 = value > 0 ? 1 : value < 0 ? -1 : 0;
    sum += l1 * Math.abs(value) + l2 * value * value;
    f32.store(g, <f32>(<f64>f32.load(g) + l1 * sign + 2 * l2 * value));
  }
  return sum;
}

// Σ g² of `count` numbers, in float64.
export function sumSquares(count: i32, g: usize): f64 {
  let low = f64x2.splat(0), high = low;
  for (const end = g + (count << 2); g < end; g += QUAD) {
    const v = v128.load(g);
    const a = f64x2.promote_low_f32x4(v), b = f64x2.promote_low_f32x4(i64x2.shuffle(v, v, 1, 0));
    low = f64x2.add(low, f64x2.mul(a, a)), high = f64x2.add(high, f64x2.mul(b, b));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

// g ← factor g
export function scale(count: i32, g: usize, factor: f32): void {
  const by = f32x4.splat(factor);
  for (const end = g + (count << 2); g < end; g += QUAD) v128.store(g, f32x4.mul(by, v128.load(g)));
}

// g ← min(max(g, −most), most)
export function cut(count: i32, g: usize, most: f32): void {
  const high = f32x4.splat(most), low = f32x4.splat(-most);
  for (const end = g + (count << 2); g < end; g += QUAD) {
    v128.store(g, f32x4.pmin(f32x4.pmax(v128.load(g), low), high)); // these keep NaN
  }
}

// The optimizers: `count` parameters p with gradients g and slots a, m, u, v; η is the learning rate times the update scale.
// Arrays have room for whole vectors; what lies past `count` is padding.

// p ← p − share p
export function decay(count: i32, p: usize, share: f32): void {
  const part = f32x4.splat(share);
  for (let end = p + (count << 2); p < end; p += QUAD) {
    const value = v128.load(p);
    v128.store(p, nmadd(part, value, value));
  }
}

// p ← p − η g
export function sgd(count: i32, p: usize, g: usize, rate: f32): void {
  const eta = f32x4.splat(rate);
  for (let end = p + (count << 2); p < end; p += QUAD, g += QUAD) {
    v128.store(p, nmadd(eta, v128.load(g), v128.load(p)));
  }
}

// m ← µ m + g;  p ← p − η m
export function momentum(count: i32, p: usize, g: usize, m: usize, rate: f32, decay: f32): void {
  const eta = f32x4.splat(rate), mu = f32x4.splat(decay);
  for (let end = p + (count << 2); p < end; p += QUAD, g += QUAD, m += QUAD) {
    const next = madd(mu, v128.load(m), v128.load(g));
    v128.store(m, next);
    v128.store(p, nmadd(eta, next, v128.load(p)));
  }
}

// ρ v + (1 − ρ) x²
@inline
function averageSquare(v: v128, x: v128, rho: v128, rest: v128): v128 {
  return madd(rho, v, f32x4.mul(f32x4.mul(rest, x), x));
}

// v ← α v + (1 − α) g²;  p ← p − η g / (√v + ε)
export function rmsprop(count: i32, p: usize, g: usize, v: usize, rate: f32, alpha: f32, rest: f32, epsilon: f32): void {
  const eta = f32x4.splat(rate), a = f32x4.splat(alpha), b = f32x4.splat(rest), e = f32x4.splat(epsilon);
  for (let end = p + (count << 2); p < end; p += QUAD, g += QUAD, v += QUAD) {
    const gradient = v128.load(g);
    const average = averageSquare(v128.load(v), gradient, a, b);
    v128.store(v, average);
    const step = f32x4.div(gradient, f32x4.add(f32x4.sqrt(average), e));
    v128.store(p, nmadd(eta, step, v128.load(p)));
  }
}

// v ← α v + (1 − α) g²;  m ← µ m + g / (√v + ε);  p ← p − η m
export function rmspropMomentum(
  count: i32, p: usize, g: usize, v: usize, m: usize, rate: f32, alpha: f32, rest: f32, decay: f32, epsilon: f32,
): void {
  const eta = f32x4.splat(rate), a = f32x4.splat(alpha), b = f32x4.splat(rest);
  const mu = f32x4.splat(decay), e = f32x4.splat(epsilon);
  for (let end = p + (count << 2); p < end; p += QUAD, g += QUAD, v += QUAD, m += QUAD) {
    const gradient = v128.load(g), average = averageSquare(v128.load(v), gradient, a, b);
    const next = madd(mu, v128.load(m), f32x4.div(gradient, f32x4.add(f32x4.sqrt(average), e)));
    v128.store(v, average);
    v128.store(m, next);
    v128.store(p, nmadd(eta, next, v128.load(p)));
  }
}

// m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;  p ← p − η/(1 − β₁ᵏ) · m / (√v / √(1 − β₂ᵏ) + ε)
//
// at step k: rate is η/(1 − β₁ᵏ), correction 1/√(1 − β₂ᵏ).
export function adam(
  count: i32, p: usize, g: usize, m: usize, v: usize, rate: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32,
  correction: f32, epsilon: f32,
): void {
  const eta = f32x4.splat(rate), c = f32x4.splat(correction), e = f32x4.splat(epsilon);
  const a1 = f32x4.splat(beta1), b1 = f32x4.splat(rest1), a2 = f32x4.splat(beta2), b2 = f32x4.splat(rest2);
  for (let end = p + (count << 2); p < end; p += QUAD, g += QUAD, m += QUAD, v += QUAD) {
    const gradient = v128.load(g);
    const mean = madd(a1, v128.load(m), f32x4.mul(b1, gradient));
    const average = averageSquare(v128.load(v), gradient, a2, b2);
    v128.store(m, mean);
    v128.store(v, average);
    const step = f32x4.div(mean, madd(f32x4.sqrt(average), c, e));
    v128.store(p, nmadd(eta, step, v128.load(p)));
  }
}

// v ← ρ v + (1 − ρ) g²;  d = √(u + ε) / √(v + ε) · g;  p ← p − η d;  u ← ρ u + (1 − ρ) d²
export function adadelta(
  count: i32, p: usize, g: usize, v: usize, u: usize, rate: f32, rho: f32, rest: f32, epsilon: f32,
): void {
  const eta = f32x4.splat(rate), a = f32x4.splat(rho), b = f32x4.splat(rest), e = f32x4.splat(epsilon);
  for (let end = p + (count << 2); p < end; p += QUAD, g += QUAD, v += QUAD, u += QUAD) {
    const gradient = v128.load(g), before = v128.load(u);
    const average = averageSquare(v128.load(v), gradient, a, b);
    v128.store(v, average);
    const ratio = f32x4.div(f32x4.sqrt(f32x4.add(before, e)), f32x4.sqrt(f32x4.add(average, e)));
    const d = f32x4.mul(ratio, gradient);
    v128.store(p, nmadd(eta, d, v128.load(p)));
    v128.store(u, averageSquare(before, d, a, b));
  }
}

// m ← µ m + g;  p ← p − η (g + µ m)
export function nesterov(count: i32, p: usize, g: usize, m: usize, rate: f32, decay: f32): void {
  const eta = f32x4.splat(rate), mu = f32x4.splat(decay);
  for (let end = p + (count << 2); p < end; p += QUAD, g += QUAD, m += QUAD) {
    const gradient = v128.load(g), next = madd(mu, v128.load(m), gradient);
    v128.store(m, next);
    v128.store(p, nmadd(eta, madd(mu, next, gradient), v128.load(p)));
  }
}

// v ← v + g²;  p ← p − η g / √(v + ε)
export function tfAdagrad(count: i32, p: usize, g: usize, v: usize, rate: f32, epsilon: f32): void {
  const eta = f32x4.splat(rate), e = f32x4.splat(epsilon);
  for (let end = p + (count << 2); p < end; p += QUAD, g += QUAD, v += QUAD) {
    const gradient = v128.load(g), sum = madd(gradient, gradient, v128.load(v));
    v128.store(v, sum);
    v128.store(p, nmadd(eta, f32x4.div(gradient, f32x4.sqrt(f32x4.add(sum, e))), v128.load(p)));
  }
}

// d = √(u + ε) / √(v + ε) · g;  v ← ρ v + (1 − ρ) g²;  u ← ρ u + (1 − ρ) d²;  p ← p − η d
export function tfAdadelta(
  count: i32, p: usize, g: usize, v: usize, u: usize, rate: f32, rho: f32, rest: f32, epsilon: f32,
): void {
  const eta = f32x4.splat(rate), a = f32x4.splat(rho), b = f32x4.splat(rest), e = f32x4.splat(epsilon);
  for (let end = p + (count << 2); p < end; p += QUAD, g += QUAD, v += QUAD, u += QUAD) {
    const gradient = v128.load(g), average = v128.load(v), before = v128.load(u);
    const ratio = f32x4.div(f32x4.sqrt(f32x4.add(before, e)), f32x4.sqrt(f32x4.add(average, e)));
    const d = f32x4.mul(ratio, gradient);
    v128.store(v, averageSquare(average, gradient, a, b));
    v128.store(u, averageSquare(before, d, a, b));
    v128.store(p, nmadd(eta, d, v128.load(p)));
  }
}

// m ← β₁ m + (1 − β₁) g;  u ← max(β₂ u, |g|);  p ← p − rate · m / (u + ε)
export function tfAdamax(
  count: i32, p: usize, g: usize, m: usize, u: usize, rate: f32, beta1: f32, rest1: f32, beta2: f32, epsilon: f32,
): void {
  const eta = f32x4.splat(rate), a1 = f32x4.splat(beta1), b1 = f32x4.splat(rest1), a2 = f32x4.splat(beta2);
  const e = f32x4.splat(epsilon);
  for (let end = p + (count << 2); p < end; p += QUAD, g += QUAD, m += QUAD, u += QUAD) {
    const gradient = v128.load(g);
    const mean = madd(a1, v128.load(m), f32x4.mul(b1, gradient));
    const most = f32x4.pmax(f32x4.mul(a2, v128.load(u)), f32x4.abs(gradient));
    v128.store(m, mean);
    v128.store(u, most);
    v128.store(p, nmadd(eta, f32x4.div(mean, f32x4.add(most, e)), v128.load(p)));
  }
}

// v ← α v + (1 − α) g²;  m ← µ m + η g / √(v + ε);  p ← p − scale · m
export function tfRmsprop(
  count: i32, p: usize, g: usize, v: usize, m: usize, rate: f32, scale: f32, alpha: f32, rest: f32, decay: f32,
  epsilon: f32,
): void {
  const eta = f32x4.splat(rate), s = f32x4.splat(scale), a = f32x4.splat(alpha), b = f32x4.splat(rest);
  const mu = f32x4.splat(decay), e = f32x4.splat(epsilon);
  for (let end = p + (count << 2); p < end; p += QUAD, g += QUAD, v += QUAD, m += QUAD) {
    const gradient = v128.load(g), average = averageSquare(v128.load(v), gradient, a, b);
    const step = f32x4.div(gradient, f32x4.sqrt(f32x4.add(average, e)));
    const next = madd(mu, v128.load(m), f32x4.mul(eta, step));
    v128.store(v, average);
    v128.store(m, next);
    v128.store(p, nmadd(s, next, v128.load(p)));
  }
}

// v ← α v + (1 − α) g²;  a ← α a + (1 − α) g;  m ← µ m + η g / √(v − a² − ε);  p ← p − scale · m
//
// Where v is 0 no gradient has come yet, as none ever does in padding: p stays, where the equation has no value.
export function tfCenteredRmsprop(
  count: i32, p: usize, g: usize, v: usize, m: usize, a: usize, rate: f32, scale: f32, alpha: f32, rest: f32, decay: f32,
  epsilon: f32,
): void {
  const eta = f32x4.splat(rate), s = f32x4.splat(scale), keep = f32x4.splat(alpha), b = f32x4.splat(rest);
  const mu = f32x4.splat(decay), e = f32x4.splat(epsilon);
  for (let end = p + (count << 2); p < end; p += QUAD, g += QUAD, v += QUAD, m += QUAD, a += QUAD) {
    const gradient = v128.load(g), average = averageSquare(v128.load(v), gradient, keep, b);
    const mean = madd(keep, v128.load(a), f32x4.mul(b, gradient));
    const variance = f32x4.sub(average, f32x4.mul(mean, mean));
    const quotient = f32x4.div(gradient, f32x4.sqrt(f32x4.sub(variance, e)));
    const step = v128.and(quotient, f32x4.gt(average, f32x4.splat(0)));
    const next = madd(mu, v128.load(m), f32x4.mul(eta, step));
    v128.store(v, average);
    v128.store(a, mean);
    v128.store(m, next);
    v128.store(p, nmadd(s, next, v128.load(p)));
  }
}
