// What recurrent layers do between their products: element by element, for eight sequences at a time. Every array ends in
// [8]. σ is `gate` and φ is `activation`, places in `ACTIVATIONS`; the usual pairs are compiled on their own.

import { madd, OCTET, QUAD, TILE } from "./simd";
import { apply, derivative, flush, HARD_SIGMOID, one, RELU, SIGMOID, slope, TANH } from "./math";

// Where the gates of one unit are within [4,8]; i is first.
const F: i32 = OCTET;
const G: i32 = 2 * OCTET;
const O: i32 = 3 * OCTET;

// The LSTM, forward by one t:
//
//   i f g o = σ(z_i) σ(z_f) φ(z_g) σ(z_o)       gates [H,4,8]: z before, the activations after
//   c'      = f∘c + i∘g                         c, cNext [H,8]
//   h'      = o∘φ(c')                           phiC = φ(c') [H,8]; h and y [H,8], the state and the output: the same numbers
export function lstmForward(
  H: i32, gate: i32, activation: i32, gates: usize, c: usize, cNext: usize, phiC: usize, h: usize, y: usize,
): void {
  if (activation == TANH && gate == SIGMOID) lstmCells(H, SIGMOID, TANH, gates, c, cNext, phiC, h, y);
  else if (activation == TANH && gate == HARD_SIGMOID) lstmCells(H, HARD_SIGMOID, TANH, gates, c, cNext, phiC, h, y);
  else lstmCells(H, gate, activation, gates, c, cNext, phiC, h, y);
}

// Two passes, so that the processor can overlap several short chains of operations instead of one long one.
@inline
function lstmCells(
  H: i32, gate: i32, activation: i32, gates: usize, c: usize, cNext: usize, phiC: usize, h: usize, y: usize,
): void {
  const bytes: usize = <usize>H * OCTET;
  for (let cell: usize = 0; cell < bytes; cell += QUAD) {
    const at = gateAddress(gates, cell);
    const i = apply(gate, v128.load(at));
    const f = apply(gate, v128.load(at, F));
    const g = apply(activation, v128.load(at, G));
    const o = apply(gate, v128.load(at, O));
    v128.store(at, i), v128.store(at, f, F), v128.store(at, g, G), v128.store(at, o, O);
    v128.store(cNext + cell, madd(f, v128.load(c + cell), f32x4.mul(i, g)));
  }
  for (let cell: usize = 0; cell < bytes; cell += QUAD) {
    const squashed = apply(activation, v128.load(cNext + cell));
    const out = f32x4.mul(v128.load(gateAddress(gates, cell), O), squashed);
    v128.store(phiC + cell, squashed);
    v128.store(h + cell, out);
    v128.store(y + cell, out);
  }
}

// The address, within gates [H,4,8], of the gates of half a unit's sequences; `cell` is their offset within [H,8].
@inline
function gateAddress(gates: usize, cell: usize): usize {
  return gates + ((cell & ~31) << 2) + (cell & 16);
}

// The LSTM, backward by one t, from dh = ∂loss/∂h' and dc = ∂loss/∂c' of all later t, and dy from above (0: none):
//
//   dh   ← dh + dy
//   dc   ← dc + dh∘o∘φ'(c')
//   dz_i = dc∘g∘σ'(i)    dz_f = dc∘c∘σ'(f)    dz_g = dc∘i∘φ'(g)    dz_o = dh∘φ(c')∘σ'(o)
//   dc   ← dc∘f
//
//   gates [H,4,8], replaced by dz   c, phiC = φ(c') [H,8]   dh, dy, dc [H,8]
export function lstmBackward(
  H: i32, gate: i32, activation: i32, gates: usize, c: usize, phiC: usize, dh: usize, dy: usize, dc: usize,
): void {
  if (activation == TANH && gate == SIGMOID) lstmCellsBackward(H, SIGMOID, TANH, gates, c, phiC, dh, dy, dc);
  else if (activation == TANH && gate == HARD_SIGMOID) lstmCellsBackward(H, HARD_SIGMOID, TANH, gates, c, phiC, dh, dy, dc);
  else lstmCellsBackward(H, gate, activation, gates, c, phiC, dh, dy, dc);
}

@inline
function lstmCellsBackward(
  H: i32, gate: i32, activation: i32, gates: usize, c: usize, phiC: usize, dh: usize, dy: usize, dc: usize,
): void {
  for (let unit = 0; unit < H; unit++) {
    for (let lanes: usize = 0; lanes < <usize>OCTET; lanes += QUAD) {
      const at = gates + lanes;
      const i = v128.load(at), f = v128.load(at, F), g = v128.load(at, G), o = v128.load(at, O);
      const squashed = v128.load(phiC + lanes);
      let dhTotal = v128.load(dh + lanes);
      if (dy) dhTotal = f32x4.add(dhTotal, v128.load(dy + lanes));
      dhTotal = flush(dhTotal);
      const dcTotal = flush(madd(f32x4.mul(dhTotal, o), derivative(activation, squashed), v128.load(dc + lanes)));
      const di = slope(gate, f32x4.mul(dcTotal, g), i);
      const df = slope(gate, f32x4.mul(dcTotal, v128.load(c + lanes)), f);
      const dg = slope(activation, f32x4.mul(dcTotal, i), g);
      const dO = slope(gate, f32x4.mul(dhTotal, squashed), o);
      v128.store(dc + lanes, f32x4.mul(dcTotal, f));
      v128.store(at, di), v128.store(at, df, F), v128.store(at, dg, G), v128.store(at, dO, O);
    }
    gates += TILE, c += OCTET, phiC += OCTET, dh += OCTET, dc += OCTET;
    if (dy) dy += OCTET;
  }
}

// The RNN, forward by one t: h' = φ(z), both [4·quads,8], stored as the state h and as the output y.
export function rnnForward(quads: i32, activation: i32, z: usize, h: usize, y: usize): void {
  if (activation == TANH) rnnCells(quads, TANH, z, h, y);
  else if (activation == RELU) rnnCells(quads, RELU, z, h, y);
  else rnnCells(quads, activation, z, h, y);
}

@inline
function rnnCells(quads: i32, activation: i32, z: usize, h: usize, y: usize): void {
  const bytes: usize = <usize>quads * TILE;
  for (let at: usize = 0; at < bytes; at += QUAD) {
    const out = apply(activation, v128.load(z + at));
    v128.store(h + at, out);
    v128.store(y + at, out);
  }
}

// The RNN, backward by one t: dz = (dh + dy)∘φ'(z), from y = h' (dy 0: none); all [4·quads,8].
export function rnnBackward(quads: i32, activation: i32, y: usize, dh: usize, dy: usize, dz: usize): void {
  if (activation == TANH) rnnCellsBackward(quads, TANH, y, dh, dy, dz);
  else if (activation == RELU) rnnCellsBackward(quads, RELU, y, dh, dy, dz);
  else rnnCellsBackward(quads, activation, y, dh, dy, dz);
}

@inline
function rnnCellsBackward(quads: i32, activation: i32, y: usize, dh: usize, dy: usize, dz: usize): void {
  const bytes: usize = <usize>quads * TILE;
  for (let at: usize = 0; at < bytes; at += QUAD) {
    const out = v128.load(y + at);
    let d = v128.load(dh + at);
    if (dy) d = f32x4.add(d, v128.load(dy + at));
    v128.store(dz + at, slope(activation, flush(d), out));
  }
}

// The gates of a GRU whose reset is before the product: z r = σ(z r) in place, rh = r∘h; all [H,8].
export function gruGates(H: i32, gate: i32, z: usize, r: usize, h: usize, rh: usize): void {
  if (gate == SIGMOID) gruGatesOf(H, SIGMOID, z, r, h, rh);
  else if (gate == HARD_SIGMOID) gruGatesOf(H, HARD_SIGMOID, z, r, h, rh);
  else gruGatesOf(H, gate, z, r, h, rh);
}

@inline
function gruGatesOf(H: i32, gate: i32, z: usize, r: usize, h: usize, rh: usize): void {
  const bytes: usize = <usize>H * OCTET;
  for (let at: usize = 0; at < bytes; at += QUAD) {
    v128.store(z + at, apply(gate, v128.load(z + at)));
    const reset = apply(gate, v128.load(r + at));
    v128.store(r + at, reset);
    v128.store(rh + at, f32x4.mul(reset, v128.load(h + at)));
  }
}

// The GRU, forward by one t: g = φ(g) in place, h' = z∘h + (1 − z)∘g, stored as the state h and as the output y; all [H,8].
export function gruForward(H: i32, activation: i32, z: usize, g: usize, h: usize, y: usize): void {
  if (activation == TANH) gruCells(H, TANH, z, g, h, y);
  else gruCells(H, activation, z, g, h, y);
}

@inline
function gruCells(H: i32, activation: i32, z: usize, g: usize, h: usize, y: usize): void {
  const bytes: usize = <usize>H * OCTET;
  for (let at: usize = 0; at < bytes; at += QUAD) {
    const candidate = apply(activation, v128.load(g + at));
    v128.store(g + at, candidate);
    const out = madd(v128.load(z + at), f32x4.sub(v128.load(h + at), candidate), candidate);
    v128.store(h + at, out);
    v128.store(y + at, out);
  }
}

// The gates and the candidate of a GRU whose reset is after the product: z r = σ(z r) and p = p + r∘q in place; all [H,8].
// Then gruForward follows, with p as g.
export function gruResetAfter(H: i32, gate: i32, z: usize, r: usize, p: usize, q: usize): void {
  const bytes: usize = <usize>H * OCTET;
  for (let at: usize = 0; at < bytes; at += QUAD) {
    v128.store(z + at, apply(gate, v128.load(z + at)));
    const reset = apply(gate, v128.load(r + at));
    v128.store(r + at, reset);
    v128.store(p + at, madd(reset, v128.load(q + at), v128.load(p + at)));
  }
}

// The GRU, backward by one t, from dh = ∂loss/∂h' of all later t, and dy from above (0: none):
//
//   d       = dh + dy
//   dz      = d∘(h − g)∘σ'(z)     dg = d∘(1 − z)∘φ'(g)     in place of z and g
//   carried = d∘z
//
//   z, g, h before t, dh, dy, carried [H,8]; h is times mask unless that is 0
export function gruBackward(
  H: i32, gate: i32, activation: i32, z: usize, g: usize, h: usize, mask: usize, dh: usize, dy: usize, carried: usize,
): void {
  const bytes: usize = <usize>H * OCTET;
  for (let at: usize = 0; at < bytes; at += QUAD) {
    let d = v128.load(dh + at);
    if (dy) d = f32x4.add(d, v128.load(dy + at));
    d = flush(d);
    const update = v128.load(z + at), candidate = v128.load(g + at), state = masked(h + at, mask, at);
    v128.store(z + at, slope(gate, f32x4.mul(d, f32x4.sub(state, candidate)), update));
    v128.store(g + at, slope(activation, f32x4.mul(d, f32x4.sub(one(), update)), candidate));
    v128.store(carried + at, f32x4.mul(d, update));
  }
}

// The reset gate, backward: dr = drh∘h∘σ'(r) in place of r, carried += drh∘r; all [H,8].
export function gruGatesBackward(
  H: i32, gate: i32, r: usize, drh: usize, h: usize, mask: usize, carried: usize,
): void {
  const bytes: usize = <usize>H * OCTET;
  for (let at: usize = 0; at < bytes; at += QUAD) {
    const reset = v128.load(r + at), d = v128.load(drh + at);
    v128.store(r + at, slope(gate, f32x4.mul(d, masked(h + at, mask, at)), reset));
    v128.store(carried + at, madd(d, reset, v128.load(carried + at)));
  }
}

// The reset gate where it is after the product, backward from dp: dr = dp∘q∘σ'(r), dq = dp∘r, in place; all [H,8].
export function gruResetAfterBackward(H: i32, gate: i32, r: usize, p: usize, q: usize): void {
  const bytes: usize = <usize>H * OCTET;
  for (let at: usize = 0; at < bytes; at += QUAD) {
    const reset = v128.load(r + at), d = v128.load(p + at);
    v128.store(r + at, slope(gate, f32x4.mul(d, v128.load(q + at)), reset));
    v128.store(q + at, f32x4.mul(d, reset));
  }
}

@inline
function masked(h: usize, mask: usize, at: usize): v128 {
  return mask ? f32x4.mul(v128.load(h), v128.load(mask + at)) : v128.load(h);
}
