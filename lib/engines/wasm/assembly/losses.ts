// Losses and metrics of eight sequences, as lib/model/losses.ts defines them. K outputs p (or logits z) and targets y of one
// step are [K,8]; what comes out of a step is [8]. `kind` is a place in `LOSSES` or `METRICS`.

import { exp, ln, one, probability } from "./math";
import { madd, OCTET, QUAD } from "./simd";

// The losses times weights [8], and the gradient times weights · scale, of `steps` steps. Outputs are `pBytes` apart and their
// gradients d `dBytes`; targets and losses lie one after another.
export function loss(
  kind: i32, steps: i32, K: i32, p: usize, pBytes: i32, y: usize, weights: usize, scale: f32, losses: usize, d: usize,
  dBytes: i32,
): void {
  const bytes: usize = <usize>K * OCTET;
  for (let step = 0; step < steps; step++, p += pBytes, y += bytes, losses += OCTET, d += dBytes) {
    for (let lanes: usize = 0; lanes < <usize>OCTET; lanes += QUAD) {
      const weight = v128.load(weights + lanes), share = f32x4.mul(f32x4.splat(scale), weight);
      const value = lossOf(kind, K, bytes, p + lanes, y + lanes, share, d + lanes);
      v128.store(losses + lanes, f32x4.mul(value, weight));
    }
  }
}

@inline
function lossOf(kind: i32, K: i32, bytes: usize, p: usize, y: usize, share: v128, d: usize): v128 {
  if (kind == 0) return softmaxCrossEntropy(bytes, p, y, share, d);
  if (kind == 1) return categoricalCrossEntropy(bytes, p, y, share, d);
  const mean = f32x4.splat(1 / <f32>K);
  let sum = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += OCTET) {
    const output = v128.load(p + at), target = v128.load(y + at);
    sum = f32x4.add(sum, elementLoss(kind, output, target));
    v128.store(d + at, f32x4.mul(elementSlope(kind, output, target), f32x4.mul(share, mean)));
  }
  return f32x4.div(sum, f32x4.splat(<f32>K));
}

// Label smoothing: rows [steps][K][8] that sum to 1 become (1 − share) y + share/K.
export function smooth(steps: i32, K: i32, share: f32, y: usize): void {
  const keep = f32x4.splat(1 - share), even = f32x4.splat(share / <f32>K);
  for (const end = y + steps * K * OCTET; y < end; y += QUAD) v128.store(y, madd(keep, v128.load(y), even));
}

// loss = Σ_k y_k (ln Σ_j e^(z_j − max) − (z_k − max)), dz = softmax(z) − y
function softmaxCrossEntropy(bytes: usize, z: usize, y: usize, share: v128, d: usize): v128 {
  let largest = v128.load(z), sum = f32x4.splat(0), loss = sum;
  for (let at: usize = OCTET; at < bytes; at += OCTET) largest = f32x4.pmax(largest, v128.load(z + at));
  for (let at: usize = 0; at < bytes; at += OCTET) {
    const e = exp(f32x4.sub(v128.load(z + at), largest));
    v128.store(d + at, e);
    sum = f32x4.add(sum, e);
  }
  const logarithm = ln(sum);
  for (let at: usize = 0; at < bytes; at += OCTET) {
    const target = v128.load(y + at), probability = f32x4.div(v128.load(d + at), sum);
    loss = f32x4.add(loss, f32x4.mul(target, f32x4.sub(logarithm, f32x4.sub(v128.load(z + at), largest))));
    v128.store(d + at, f32x4.mul(f32x4.sub(probability, target), share));
  }
  return loss;
}

// r = p / Σ p, q = clip(r): loss = −Σ y ln q, dr = −y / q where q = r, else 0, and dp = (dr − Σ dr r) / Σ p
function categoricalCrossEntropy(bytes: usize, p: usize, y: usize, share: v128, d: usize): v128 {
  const sum = sumOf(bytes, p);
  let loss = f32x4.splat(0), inner = loss;
  for (let at: usize = 0; at < bytes; at += OCTET) {
    const r = f32x4.div(v128.load(p + at), sum), q = clip(r), target = v128.load(y + at);
    loss = f32x4.sub(loss, f32x4.mul(target, ln(q)));
    const slope = v128.and(f32x4.neg(f32x4.div(target, q)), f32x4.eq(q, r));
    inner = f32x4.add(inner, f32x4.mul(slope, r));
    v128.store(d + at, slope);
  }
  const factor = f32x4.div(share, sum);
  for (let at: usize = 0; at < bytes; at += OCTET) {
    v128.store(d + at, f32x4.mul(f32x4.sub(v128.load(d + at), inner), factor));
  }
  return loss;
}

@inline
function sumOf(bytes: usize, p: usize): v128 {
  let sum = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += OCTET) sum = f32x4.add(sum, v128.load(p + at));
  return sum;
}

// Between ε and 1 − ε
@inline
function clip(p: v128): v128 {
  return f32x4.pmax(f32x4.pmin(p, f32x4.splat(0.9999999)), f32x4.splat(1e-7));
}

// The losses that are means over K.
@inline
function elementLoss(kind: i32, p: v128, y: v128): v128 {
  if (kind == 2) { // max(z, 0) − z y + ln(1 + e^−|z|)
    const tail = ln(f32x4.add(one(), exp(f32x4.neg(f32x4.abs(p)))));
    return f32x4.add(f32x4.sub(f32x4.pmax(p, f32x4.splat(0)), f32x4.mul(p, y)), tail);
  }
  if (kind == 3) { // −(y ln q + (1 − y) ln(1 − q)), which is that of z = ln(q / (1 − q))
    const q = clip(p);
    const hit = f32x4.mul(y, ln(q)), miss = f32x4.mul(f32x4.sub(one(), y), ln(f32x4.sub(one(), q)));
    return f32x4.neg(f32x4.add(hit, miss));
  }
  const e = f32x4.sub(p, y), distance = f32x4.abs(e);
  if (kind == 4) return f32x4.mul(e, e);
  if (kind == 5) return distance;
  // Huber's: with m = min(|e|, 1), m (|e| − m/2)
  const m = f32x4.pmin(distance, one());
  return f32x4.mul(m, f32x4.sub(distance, f32x4.mul(f32x4.splat(0.5), m)));
}

@inline
function elementSlope(kind: i32, p: v128, y: v128): v128 {
  if (kind == 2) return f32x4.sub(probability(p), y);
  if (kind == 3) { // (q − y) / (q (1 − q))
    const q = clip(p), both = f32x4.mul(q, f32x4.sub(one(), q));
    return v128.and(f32x4.div(f32x4.sub(q, y), both), f32x4.eq(p, q));
  }
  const e = f32x4.sub(p, y);
  if (kind == 4) return f32x4.add(e, e);
  if (kind == 6) return f32x4.pmax(f32x4.pmin(e, one()), f32x4.neg(one()));
  const sign = v128.or(v128.and(e, f32x4.splat(-0.0)), one());
  return v128.and(sign, f32x4.ne(e, f32x4.splat(0)));
}

// A metric of `steps` steps, 0 where present [8] is 0.
export function metric(
  kind: i32, steps: i32, K: i32, p: usize, pBytes: i32, y: usize, present: usize, values: usize,
): void {
  const bytes: usize = <usize>K * OCTET;
  for (let step = 0; step < steps; step++, p += pBytes, y += bytes, values += OCTET) {
    for (let lanes: usize = 0; lanes < <usize>OCTET; lanes += QUAD) {
      const value = metricOf(kind, K, bytes, p + lanes, y + lanes);
      v128.store(values + lanes, f32x4.mul(value, v128.load(present + lanes)));
    }
  }
}

@inline
function metricOf(kind: i32, K: i32, bytes: usize, p: usize, y: usize): v128 {
  if (kind == 0) return v128.and(one(), i32x4.eq(largest(K, p), largest(K, y)));
  let sum = f32x4.splat(0);
  if (kind == 2) {
    const all = sumOf(bytes, p);
    for (let at: usize = 0; at < bytes; at += OCTET) {
      sum = f32x4.sub(sum, f32x4.mul(v128.load(y + at), ln(clip(f32x4.div(v128.load(p + at), all)))));
    }
    return sum;
  }
  for (let at: usize = 0; at < bytes; at += OCTET) {
    const output = v128.load(p + at), target = v128.load(y + at);
    if (kind == 1) {
      const answer = v128.and(one(), f32x4.gt(output, f32x4.splat(0.5)));
      sum = f32x4.add(sum, v128.and(one(), f32x4.eq(answer, target)));
    } else sum = f32x4.add(sum, elementLoss(kind, output, target)); // binaryCrossEntropy and those after it have the same places
  }
  return f32x4.div(sum, f32x4.splat(<f32>K));
}

// The place of the largest of K numbers, of equal ones the first.
@inline
function largest(K: i32, from: usize): v128 {
  let best = v128.load(from), place = i32x4.splat(0);
  for (let k = 1; k < K; k++) {
    const v = v128.load(from + k * OCTET);
    place = v128.bitselect(i32x4.splat(k), place, f32x4.gt(v, best));
    best = f32x4.pmax(best, v);
  }
  return place;
}
