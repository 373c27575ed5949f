// What stands between layers, element by element, for eight sequences at a time. Every array ends in [8].

import { apply, exp, half, probability, SIGMOID, slope, SOFTMAX } from "./math";
import { OCTET, QUAD } from "./simd";

// to [count,8] = from [count,8], times mask [count,8] unless that address is 0
export function copyMasked(count: i32, from: usize, mask: usize, to: usize): void {
  const bytes: usize = <usize>count * OCTET;
  if (mask) {
    for (let at: usize = 0; at < bytes; at += QUAD) {
      v128.store(to + at, f32x4.mul(v128.load(from + at), v128.load(mask + at)));
    }
  } else {
    for (let at: usize = 0; at < bytes; at += QUAD) v128.store(to + at, v128.load(from + at));
  }
}

// to [count,8] += from [count,8]
export function addTo(count: i32, from: usize, to: usize): void {
  const bytes: usize = <usize>count * OCTET;
  for (let at: usize = 0; at < bytes; at += QUAD) {
    v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from + at)));
  }
}

// Masked steps, forward: now [count,8] becomes before [count,8] in the lanes where read [8] is 0.
export function keepMasked(count: i32, read: usize, before: usize, now: usize): void {
  const low = v128.load(read), high = v128.load(read, QUAD), bytes: usize = <usize>count * OCTET;
  for (let at: usize = 0; at < bytes; at += OCTET) {
    v128.store(now + at, v128.bitselect(v128.load(now + at), v128.load(before + at), low));
    v128.store(now + at, v128.bitselect(v128.load(now + at, QUAD), v128.load(before + at, QUAD), high), QUAD);
  }
}

// Masked steps, backward: of d + dy (dy 0: d alone), what belongs to lanes where read [8] is 0 goes to held, and the rest to
// d; all [count,8].
export function holdMasked(count: i32, read: usize, d: usize, dy: usize, held: usize): void {
  const bytes: usize = <usize>count * OCTET;
  for (let lanes: usize = 0; lanes < <usize>OCTET; lanes += QUAD) {
    const reads = v128.load(read + lanes);
    for (let at = lanes; at < bytes; at += OCTET) {
      let sum = v128.load(d + at);
      if (dy) sum = f32x4.add(sum, v128.load(dy + at));
      v128.store(held + at, v128.andnot(sum, reads));
      v128.store(d + at, v128.and(sum, reads));
    }
  }
}

// Which steps are read: read [T,8] is 0 where all C features of x [T,C,8] are `value`, else −1. These features become 0.
export function readUnless(T: i32, C: i32, value: f32, x: usize, read: usize): void {
  const masked = f32x4.splat(value);
  for (let t = 0; t < T; t++, x += C * OCTET, read += OCTET) {
    for (let lanes: usize = 0; lanes < <usize>OCTET; lanes += QUAD) {
      let differs = i32x4.splat(0);
      const end = x + C * OCTET;
      for (let at = x + lanes; at < end; at += OCTET) differs = v128.or(differs, f32x4.ne(v128.load(at), masked));
      for (let at = x + lanes; at < end; at += OCTET) v128.store(at, v128.and(v128.load(at), differs));
      v128.store(read + lanes, differs);
    }
  }
}

// The same for tokens int32 [T,8]: read [T,8] is 0 where a token is 0, else −1.
export function readTokens(T: i32, tokens: usize, read: usize): void {
  const zero = i32x4.splat(0);
  for (const end = tokens + T * OCTET; tokens < end; tokens += QUAD, read += QUAD) {
    v128.store(read, i32x4.ne(v128.load(tokens), zero));
  }
}

// The merge of two directions; all [count,8]. `kind` is a place in `MERGES`: to = a + b, (a + b)/2 or a∘b.
export const SUM: i32 = 1;
export const AVERAGE: i32 = 2;

export function merge(kind: i32, count: i32, a: usize, b: usize, to: usize): void {
  const bytes: usize = <usize>count * OCTET;
  for (let at: usize = 0; at < bytes; at += QUAD) {
    const u = v128.load(a + at), v = v128.load(b + at);
    if (kind == SUM) v128.store(to + at, f32x4.add(u, v));
    else if (kind == AVERAGE) v128.store(to + at, f32x4.mul(half(), f32x4.add(u, v)));
    else v128.store(to + at, f32x4.mul(u, v));
  }
}

// Its gradients da and db, from d = ∂loss/∂to; all [count,8].
export function mergeBack(kind: i32, count: i32, d: usize, a: usize, b: usize, da: usize, db: usize): void {
  const bytes: usize = <usize>count * OCTET;
  for (let at: usize = 0; at < bytes; at += QUAD) {
    const v = v128.load(d + at);
    if (kind == SUM || kind == AVERAGE) {
      const share = kind == SUM ? v : f32x4.mul(half(), v);
      v128.store(da + at, share), v128.store(db + at, share);
    } else {
      v128.store(da + at, f32x4.mul(v, v128.load(b + at)));
      v128.store(db + at, f32x4.mul(v, v128.load(a + at)));
    }
  }
}

// y = φ(x) of `steps` steps [count,8], `xBytes` and `yBytes` apart; `kind` is a place in `ACTIVATIONS`. The sigmoid is the one
// that is exact for small probabilities too, whose logarithms losses take.
export function activate(kind: i32, steps: i32, count: i32, x: usize, xBytes: i32, y: usize, yBytes: i32): void {
  const bytes: usize = <usize>count * OCTET;
  for (let step = 0; step < steps; step++, x += xBytes, y += yBytes) {
    if (kind == SOFTMAX) softmax(bytes, x, y);
    else if (kind == SIGMOID) {
      for (let at: usize = 0; at < bytes; at += QUAD) v128.store(y + at, probability(v128.load(x + at)));
    } else {
      for (let at: usize = 0; at < bytes; at += QUAD) v128.store(y + at, apply(kind, v128.load(x + at)));
    }
  }
}

// y = e^(x − max) / Σ e^(x − max) over the features
@inline
function softmax(bytes: usize, x: usize, y: usize): void {
  for (let lanes: usize = 0; lanes < <usize>OCTET; lanes += QUAD) {
    let largest = v128.load(x + lanes), sum = f32x4.splat(0);
    for (let at = lanes + OCTET; at < bytes; at += OCTET) largest = f32x4.pmax(largest, v128.load(x + at));
    for (let at = lanes; at < bytes; at += OCTET) {
      const e = exp(f32x4.sub(v128.load(x + at), largest));
      v128.store(y + at, e);
      sum = f32x4.add(sum, e);
    }
    for (let at = lanes; at < bytes; at += OCTET) v128.store(y + at, f32x4.div(v128.load(y + at), sum));
  }
}

// dx = dy∘φ'(x) from y = φ(x), of `steps` steps [count,8]; dx has room for [padded,8], and what lies past `count` becomes 0.
export function activateBack(
  kind: i32, steps: i32, count: i32, padded: i32, y: usize, yBytes: i32, dy: usize, dyBytes: i32, dx: usize, dxBytes: i32,
): void {
  const bytes: usize = <usize>count * OCTET;
  for (let step = 0; step < steps; step++, y += yBytes, dy += dyBytes, dx += dxBytes) {
    if (kind == SOFTMAX) softmaxBack(bytes, y, dy, dx);
    else {
      for (let at: usize = 0; at < bytes; at += QUAD) v128.store(dx + at, slope(kind, v128.load(dy + at), v128.load(y + at)));
    }
    memory.fill(dx + bytes, 0, (padded - count) * OCTET);
  }
}

// dx_k = y_k (dy_k − Σ_j dy_j y_j)
@inline
function softmaxBack(bytes: usize, y: usize, dy: usize, dx: usize): void {
  for (let lanes: usize = 0; lanes < <usize>OCTET; lanes += QUAD) {
    let sum = f32x4.splat(0);
    for (let at = lanes; at < bytes; at += OCTET) {
      sum = f32x4.add(sum, f32x4.mul(v128.load(dy + at), v128.load(y + at)));
    }
    for (let at = lanes; at < bytes; at += OCTET) {
      v128.store(dx + at, f32x4.mul(v128.load(y + at), f32x4.sub(v128.load(dy + at), sum)));
    }
  }
}
