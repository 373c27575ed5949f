// Softmax cross-entropy for eight images.

import { exp, ln } from "./math";
import { OCTET } from "./simd";

// From logits [K,8] and labels (bytes, by position):
//
//   loss    = ln Σ_k e^(z_k − max) − (z_label − max)   [8]
//   correct = argmax_k z_k = label                     [8], where the first of equal logits counts
//   dz      = (softmax(z) − onehot(label)) · scale     [K,8], scale = 1 / images of the batch
//
// All three are 0 in lanes past `count`.
export function crossEntropy(
  count: i32, K: i32, logits: usize, labels: usize, positions: usize, scale: f32, losses: usize, correct: usize,
  dz: usize,
): void {
  for (let lanes = 0; lanes < 8; lanes += 4) {
    const lane = lanes << 2;
    const z = logits + lane, to = dz + lane;
    const wanted = i32x4(
      label(lanes, count, labels, positions),
      label(lanes + 1, count, labels, positions),
      label(lanes + 2, count, labels, positions),
      label(lanes + 3, count, labels, positions),
    );

    let best = v128.load(z), bestClass = i32x4.splat(0), ofLabel = v128.load(z);
    for (let k = 1; k < K; k++) {
      const v = v128.load(z + k * OCTET);
      bestClass = v128.bitselect(i32x4.splat(k), bestClass, f32x4.gt(v, best));
      best = f32x4.pmax(best, v);
      ofLabel = v128.bitselect(v, ofLabel, i32x4.eq(wanted, i32x4.splat(k)));
    }
    let sum = f32x4.splat(0);
    for (let k = 0; k < K; k++) {
      const e = exp(f32x4.sub(v128.load(z + k * OCTET), best));
      v128.store(to + k * OCTET, e);
      sum = f32x4.add(sum, e);
    }

    const present = i32x4.ge_s(wanted, i32x4.splat(0));
    const share = v128.and(f32x4.splat(scale), present);
    for (let k = 0; k < K; k++) {
      const hit = v128.and(f32x4.splat(1), i32x4.eq(wanted, i32x4.splat(k)));
      const probability = f32x4.div(v128.load(to + k * OCTET), sum);
      v128.store(to + k * OCTET, f32x4.mul(f32x4.sub(probability, hit), share));
    }

    const loss = f32x4.sub(ln(sum), f32x4.sub(ofLabel, best));
    const right = v128.and(i32x4.splat(1), i32x4.eq(bestClass, wanted));
    v128.store(losses + lane, v128.and(loss, present));
    v128.store(correct + lane, right);
  }
}

// The label of an image, or −1 in a lane that holds no image.
@inline
function label(lane: i32, count: i32, labels: usize, positions: usize): i32 {
  return lane < count ? <i32>load<u8>(labels + load<u32>(positions + (lane << 2))) : -1;
}
