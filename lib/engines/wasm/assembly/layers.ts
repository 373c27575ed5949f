// What a layer does between its products: element by element, for eight images at a time. Every array ends in [8].

import { madd, OCTET, QUAD, storeTransposed, TILE } from "./simd";
import { hardSigmoid, hardSigmoidSlope, sigmoid, sigmoidSlope, tanh, tanhSlope } from "./math";

// Where the gates of one unit are within [4,8]; i is first.
const F: i32 = OCTET;
const G: i32 = 2 * OCTET;
const O: i32 = 3 * OCTET;

// The LSTM, forward by one t:
//
//   i f g o = σ(z_i) σ(z_f) tanh(z_g) σ(z_o)    gates [H,4,8]: z before, the activations after
//   c'      = f∘c + i∘g                         c, cNext [H,8]
//   h'      = o∘tanh c'                         tanhC [H,8]; h and y [H,8], the state and the output: the same numbers
export function lstmForward(
  H: i32, hard: bool, gates: usize, c: usize, cNext: usize, tanhC: usize, h: usize, y: usize,
): void {
  if (hard) lstmCells(H, true, gates, c, cNext, tanhC, h, y);
  else lstmCells(H, false, gates, c, cNext, tanhC, h, y);
}

// Two passes, so that the processor can overlap several short chains of operations instead of one long one.
@inline
function lstmCells(
  H: i32, hard: bool, gates: usize, c: usize, cNext: usize, tanhC: usize, h: usize, y: usize,
): void {
  const bytes: usize = <usize>H * OCTET;
  for (let cell: usize = 0; cell < bytes; cell += QUAD) {
    const at = gateAddress(gates, cell);
    const i = hard ? hardSigmoid(v128.load(at)) : sigmoid(v128.load(at));
    const f = hard ? hardSigmoid(v128.load(at, F)) : sigmoid(v128.load(at, F));
    const g = tanh(v128.load(at, G));
    const o = hard ? hardSigmoid(v128.load(at, O)) : sigmoid(v128.load(at, O));
    v128.store(at, i), v128.store(at, f, F), v128.store(at, g, G), v128.store(at, o, O);
    v128.store(cNext + cell, madd(f, v128.load(c + cell), f32x4.mul(i, g)));
  }
  for (let cell: usize = 0; cell < bytes; cell += QUAD) {
    const squashed = tanh(v128.load(cNext + cell));
    const out = f32x4.mul(v128.load(gateAddress(gates, cell), O), squashed);
    v128.store(tanhC + cell, squashed);
    v128.store(h + cell, out);
    v128.store(y + cell, out);
  }
}

// The address, within gates [H,4,8], of the gates of half a unit's images; `cell` is their offset within [H,8].
@inline
function gateAddress(gates: usize, cell: usize): usize {
  return gates + ((cell & ~31) << 2) + (cell & 16);
}

// The LSTM, backward by one t, from dh = ∂loss/∂h' and dc = ∂loss/∂c' of all later t, and dy from above (0: none):
//
//   dh   ← dh + dy
//   dc   ← dc + dh∘o∘(1 − tanh² c')
//   dz_i = dc∘g∘σ'(i)    dz_f = dc∘c∘σ'(f)    dz_g = dc∘i∘(1 − g²)    dz_o = dh∘tanh c'∘σ'(o)
//   dc   ← dc∘f
//
//   gates [H,4,8], replaced by dz   c, tanhC = tanh c' [H,8]   dh, dy, dc [H,8]
export function lstmBackward(
  H: i32, hard: bool, gates: usize, c: usize, tanhC: usize, dh: usize, dy: usize, dc: usize,
): void {
  if (hard) lstmCellsBackward(H, true, gates, c, tanhC, dh, dy, dc);
  else lstmCellsBackward(H, false, gates, c, tanhC, dh, dy, dc);
}

@inline
function lstmCellsBackward(
  H: i32, hard: bool, gates: usize, c: usize, tanhC: usize, dh: usize, dy: usize, dc: usize,
): void {
  for (let unit = 0; unit < H; unit++) {
    for (let lanes: usize = 0; lanes < <usize>OCTET; lanes += QUAD) {
      const at = gates + lanes;
      const i = v128.load(at), f = v128.load(at, F), g = v128.load(at, G), o = v128.load(at, O);
      const squashed = v128.load(tanhC + lanes);
      let dhTotal = v128.load(dh + lanes);
      if (dy) dhTotal = f32x4.add(dhTotal, v128.load(dy + lanes));
      const dcTotal = madd(f32x4.mul(dhTotal, o), tanhSlope(squashed), v128.load(dc + lanes));
      const di = f32x4.mul(f32x4.mul(dcTotal, g), (hard ? hardSigmoidSlope(i) : sigmoidSlope(i)));
      const df = f32x4.mul(f32x4.mul(dcTotal, v128.load(c + lanes)), (hard ? hardSigmoidSlope(f) : sigmoidSlope(f)));
      const dg = f32x4.mul(f32x4.mul(dcTotal, i), tanhSlope(g));
      const dO = f32x4.mul(f32x4.mul(dhTotal, squashed), (hard ? hardSigmoidSlope(o) : sigmoidSlope(o)));
      v128.store(dc + lanes, f32x4.mul(dcTotal, f));
      v128.store(at, di), v128.store(at, df, F), v128.store(at, dg, G), v128.store(at, dO, O);
    }
    gates += TILE, c += OCTET, tanhC += OCTET, dh += OCTET, dc += OCTET;
    if (dy) dy += OCTET;
  }
}

// The RNN, forward by one t: h' = activation(z), both [4·quads,8], stored as the state h and as the output y.
export function rnnForward(quads: i32, relu: bool, z: usize, h: usize, y: usize): void {
  const bytes: usize = <usize>quads * TILE;
  for (let at: usize = 0; at < bytes; at += QUAD) {
    const v = v128.load(z + at);
    const out = relu ? f32x4.pmax(v, f32x4.splat(0)) : tanh(v);
    v128.store(h + at, out);
    v128.store(y + at, out);
  }
}

// The RNN, backward by one t: dz = (dh + dy)∘activation'(h'), from y = h' (dy 0: none); all [4·quads,8].
export function rnnBackward(quads: i32, relu: bool, y: usize, dh: usize, dy: usize, dz: usize): void {
  const bytes: usize = <usize>quads * TILE;
  for (let at: usize = 0; at < bytes; at += QUAD) {
    const out = v128.load(y + at);
    let d = v128.load(dh + at);
    if (dy) d = f32x4.add(d, v128.load(dy + at));
    v128.store(dz + at, relu ? v128.and(d, f32x4.gt(out, f32x4.splat(0))) : f32x4.mul(d, tanhSlope(out)));
  }
}

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

// Records the input of one t for the weight gradient: xh [J,8] → rows [ceil(J/8)][8][8], the panels `panelBytes` apart. xh
// has room for whole panels; what lies past row J is finite, and its gradients are not read.
export function recordRows(J: i32, xh: usize, rows: usize, panelBytes: i32): void {
  for (let j = 0; j < J; j += 8) {
    for (let lanes: usize = 0; lanes < <usize>OCTET; lanes += QUAD) {
      const at = xh + lanes, to = rows + (lanes << 3);
      storeTransposed(
        v128.load(at), v128.load(at, OCTET), v128.load(at, 2 * OCTET), v128.load(at, 3 * OCTET), to, OCTET,
      );
      storeTransposed(
        v128.load(at, 4 * OCTET), v128.load(at, 5 * OCTET), v128.load(at, 6 * OCTET), v128.load(at, 7 * OCTET),
        to + QUAD, OCTET,
      );
    }
    xh += 8 * OCTET, rows += panelBytes;
  }
}

// to [count] = Σ_lanes from [count,8]
export function sumLanes(count: i32, from: usize, to: usize): void {
  for (const end = to + (count << 2); to < end; to += 4, from += OCTET) {
    const pairs = f32x4.add(v128.load(from), v128.load(from, QUAD));
    const low = f32x4.add(pairs, i64x2.shuffle(pairs, pairs, 1, 0));
    f32.store(to, f32x4.extract_lane(low, 0) + f32x4.extract_lane(low, 1));
  }
}

// lane 0 of to [count,8] += from [count]
export function addToFirstLane(count: i32, from: usize, to: usize): void {
  for (const end = from + (count << 2); from < end; from += 4, to += OCTET) {
    f32.store(to, f32.load(to) + f32.load(from));
  }
}
