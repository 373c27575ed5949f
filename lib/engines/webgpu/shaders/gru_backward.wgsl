// The GRU, backward through time: one workgroup computes the sequences of a quad, or a share of them, and loops over
// the t of a piece, the last one first.
//
//   dz_z  = dh'∘(h − g)∘σ'(z)      dz_g = dh'∘(1 − z)∘φ'(g)                       [N,H] each
//   dz_r  = (dz_g R_gᵀ)∘h∘σ'(r)    dh   = dh'∘z + (dz_g R_gᵀ)∘r + [dz_z dz_r] Rᵀ    reset before
//   dz_r  = dz_g∘(h R_g + b'_g)∘σ'(r)   dh = dh'∘z + [dz_z dz_r dz_g∘r] Rᵀ          reset after
//   dh'   of t − 1 = dh∘m + dy_{t−1}∘mask
//
// h stands for h∘m before t; m drops h, the same at all t. In a masked step, dz = 0, and dh' goes on to t − 1 as it is.
//
// weightsBack [H][C+H] vec4 over the lanes z, r, W_g and R_g of a unit: column C + k holds R[k]
// gates       [t of the piece][N4][H][4] vec4 over four sequences: as gru_forward leaves them before; dz_z, dz_r, dz_g and what R_g
//             gets after: dz_g with reset before, dz_g∘r with reset after
// inputs      [T+1][N4][J], h∘m at features C4 … C4+H−1
// dy          [T][N4][H4], or [N4][H4] of the last t only        mask, as dy
// kept        [T][N4], 0 where masked                             stateMask [N4][H4]: m
// left        [N4][H]: the dh that a piece leaves for the next one
//
// The products of the gates are summed each by itself. An invocation computes units lane, lane + THREADS, …; where BY_GATE the products
// are by gates: one takes columns lane, lane + THREADS, … of [H][4], or where KEPT the one of its own, whose H weights it keeps, and
// dz of a step lies in workgroup memory. One dispatch of N4·SHARES workgroups.

override T: u32;
override N4: u32;
override C: u32;
override C4: u32;
override H: u32;
override H4: u32;
override J: u32;
override FOUR_H: u32;
override EVERY: bool; // as in gru_forward
override BACKWARDS: bool;
override GATE: u32;
override ACTIVATION: u32;
override RESET_AFTER: bool;
override DROPOUT: bool;
override STATE_DROPOUT: bool;
override MASKED: bool;

#if BY_GATE
@group(0) @binding(0) var<storage, read> weightsBack: array<f32>;
#else
@group(0) @binding(0) var<storage, read> weightsBack: array<vec4f>;
#end
@group(0) @binding(1) var<storage, read_write> gates: array<Lanes>;
@group(0) @binding(2) var<storage, read> inputs: array<Lanes>;
@group(0) @binding(3) var<storage, read> dy: array<Lanes>;
@group(0) @binding(4) var<storage, read> mask: array<Lanes>;
@group(0) @binding(5) var<storage, read> kept: array<Lanes>;
@group(0) @binding(6) var<storage, read> stateMask: array<Lanes>;
@group(0) @binding(7) var<storage, read_write> left: array<Lanes>;
@group(0) @binding(8) var<uniform> piece: Piece;

var<workgroup> carried: array<Lanes, H>; // dh'; each is used only by the invocation of its unit
#if BY_GATE
var<workgroup> dz: array<Lanes, FOUR_H>; // lanes z, r and 3
var<workgroup> sums: array<Lanes, FOUR_H>; // of the products
#end

// With reset before, dz_r needs the product of R_g, which is summed first.
#if RESET_BEFORE
const ROUNDS = 2u;
#else
const ROUNDS = 1u;
#end

// Whether the product of a lane is summed in a round.
fn isSummed(round: u32, t: u32, lane: u32) -> bool {
  if (RESET_AFTER) { return t > 0u && lane != 2u; }
  return select(t > 0u && lane < 2u, lane == 3u, round == 0u);
}

// h of a unit before t.
fn stateBefore(t: u32, n4: u32, unit: u32) -> Lanes {
  if (t == 0u) { return Lanes(0); }
  return inputs[at((t * N4 + n4) * J + C4 + unit)];
}

fn store(place: u32, unit: u32, lane: u32, d: Lanes) {
  gates[at(place + lane)] = d;
#if BY_GATE
  dz[4u * unit + lane] = d;
#end
}

// dz of a unit, with reset before without r, and what goes on to t − 1 besides the products.
fn derive(back: u32, n4: u32, unit: u32, keep: Flags) {
  let t = T - 1u - back;
  let row = t * N4 + n4;
  var dh = Lanes(0);
  if (back > 0u) { dh = carried[unit]; }
  dh = withOutput(back, n4, unit, dh);
  let place = ((row - piece.first * N4) * H + unit) * 4u;
  let z = gates[at(place)];
  let r = gates[at(place + 1u)];
  let g = gates[at(place + 2u)];
  let dzg = select(Lanes(0), dh * (1.0 - z) * slope(ACTIVATION, g), keep);
  store(place, unit, 0u, select(Lanes(0), dh * (stateBefore(t, n4, unit) - g) * slope(GATE, z), keep));
  gates[at(place + 2u)] = dzg;
  if (RESET_AFTER) {
    store(place, unit, 1u, select(Lanes(0), dzg * gates[at(place + 3u)] * slope(GATE, r), keep));
    store(place, unit, 3u, select(Lanes(0), dzg * r, keep));
  } else {
    store(place, unit, 3u, dzg);
  }
  carried[unit] = select(dh, dh * z, keep);
}

// dz of r, with reset before, from d = dz_g R_gᵀ.
fn deriveReset(t: u32, n4: u32, unit: u32, keep: Flags, d: Lanes) {
  let place = (((t - piece.first) * N4 + n4) * H + unit) * 4u;
  let r = gates[at(place + 1u)];
  store(place, unit, 1u, select(Lanes(0), d * stateBefore(t, n4, unit) * slope(GATE, r), keep));
  carried[unit] = select(carried[unit], fma(d, r, carried[unit]), keep);
}

// dh of t − 1 from the products of the gates; with reset before, that of lane 3 is 0.
fn carry(n4: u32, unit: u32, keep: Flags, d0: Lanes, d1: Lanes, d3: Lanes) {
  var d = carried[unit] + ((d0 + d1) + d3);
  if (STATE_DROPOUT) { d *= stateMask[at(n4 * H4 + unit)]; }
  if (MASKED) { d = select(carried[unit], d, keep); }
  carried[unit] = d;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let n4 = group.x / SHARES;
  share = group.x % SHARES;
  for (var unit = local.x; unit < H; unit += THREADS) { carried[unit] = left[at(n4 * H + unit)]; }
#if KEPT
  let own = min(local.x, 4u * H - 1u);
#each KEPT
  let w$k = weightsBack[($ku * (C + H) + C) * 4u + own];
#end
#end
  for (var back = T - piece.end; back < T - piece.first; back++) {
    let t = T - 1u - back;
    let keep = isKept(back, n4);
    for (var unit = local.x; unit < H; unit += THREADS) { derive(back, n4, unit, keep); }
#if BY_GATE
    workgroupBarrier();
    for (var round = 0u; round < ROUNDS; round++) {
      for (var column = local.x; column < 4u * H; column += THREADS) {
        let lane = column % 4u;
        if (!isSummed(round, t, lane)) { continue; }
        var d = Lanes(0);
#if KEPT
#each KEPT
        d = fma(Lanes(w$k), dz[4u * $ku + lane], d);
#end
#else
        for (var k = 0u; k < H; k++) {
          d = fma(Lanes(weightsBack[(k * (C + H) + C) * 4u + column]), dz[4u * k + lane], d);
        }
#end
        sums[column] = d;
      }
      workgroupBarrier();
      if (round + 1u == ROUNDS) { break; }
      for (var unit = local.x; unit < H; unit += THREADS) {
        deriveReset(t, n4, unit, keep, sums[4u * unit + 3u]);
        sums[4u * unit + 3u] = Lanes(0);
      }
      workgroupBarrier();
    }
    for (var unit = local.x; unit < H && t > 0u; unit += THREADS) {
      carry(n4, unit, keep, sums[4u * unit], sums[4u * unit + 1u], sums[4u * unit + 3u]);
    }
#else
    let first = ((t - piece.first) * N4 + n4) * H * 4u;
    storageBarrier();
    if (!RESET_AFTER) {
      for (var unit = local.x; unit < H; unit += THREADS) {
        var d = Lanes(0);
        for (var k = 0u; k < H; k++) {
          d = fma(Lanes(weightsBack[k * (C + H) + C + unit].w), gates[at(first + 4u * k + 3u)], d);
        }
        deriveReset(t, n4, unit, keep, d);
      }
      storageBarrier();
    }
    for (var unit = local.x; unit < H && t > 0u; unit += THREADS) {
      var d0 = Lanes(0);
      var d1 = Lanes(0);
      var d3 = Lanes(0);
      for (var k = 0u; k < H; k++) {
        let w = weightsBack[k * (C + H) + C + unit];
        d0 = fma(Lanes(w.x), gates[at(first + 4u * k)], d0);
        d1 = fma(Lanes(w.y), gates[at(first + 4u * k + 1u)], d1);
        if (RESET_AFTER) { d3 = fma(Lanes(w.w), gates[at(first + 4u * k + 3u)], d3); }
      }
      carry(n4, unit, keep, d0, d1, d3);
    }
#end
  }
  for (var unit = local.x; unit < H; unit += THREADS) { left[at(n4 * H + unit)] = carried[unit]; }
}
