// The LSTM, backward through time: one workgroup computes the sequences of a quad, or a share of them, and loops
// over the t of a piece, the last one first.
//
//   dh   = (dz_{t+1} Rᵀ)∘m + dy_t∘mask                 [N,H]
//   dc   = dc_{t+1}∘f_{t+1} + dh∘o∘φ'(c')             [N,H]
//   dz_i = dc∘g∘σ'(i)   dz_f = dc∘c∘σ'(f)   dz_g = dc∘i∘φ'(g)   dz_o = dh∘φ(c')∘σ'(o)
//
// In a masked step, dz = 0, and dh and dc go on to t − 1 as they are. m drops h, the same at all t.
//
// weightsBack [H][C+H] vec4 over the gates of a unit: column C + k holds R[k]
// gates       [t of the piece][N4][H][4] vec4 over four sequences: the activations before, dz after
// c           [T+3][N4][H]; a piece leaves dh and dc at T + 1 and T + 2 for the next one
// dy          [T][N4][H4], or [N4][H4] of the last t only        mask, as dy
// kept        [T][N4], 0 where masked                             stateMask [N4][H4]: m
//
// The products of the four gates are summed each by itself. An invocation computes units lane, lane + THREADS, …; where BY_GATE the
// products are by gates: one takes columns lane, lane + THREADS, … of [H][4], or where KEPT the one of its own, whose H weights it
// keeps, and dz of a step lies in workgroup memory. One dispatch of N4·SHARES workgroups.

override T: u32;
override N4: u32;
override C: u32;
override H: u32;
override H4: u32;
override EVERY: bool; // as in lstm_forward
override BACKWARDS: bool;
override GATE: u32;
override ACTIVATION: u32;
override DROPOUT: bool;
override STATE_DROPOUT: bool;
override MASKED: bool;
override TWO_H: u32;
override FOUR_H: u32;

#if BY_GATE
@group(0) @binding(0) var<storage, read> weightsBack: array<f32>;
#else
@group(0) @binding(0) var<storage, read> weightsBack: array<vec4f>;
#end
@group(0) @binding(1) var<storage, read_write> gates: array<Lanes>;
@group(0) @binding(2) var<storage, read_write> c: array<Lanes>;
@group(0) @binding(3) var<storage, read> dy: array<Lanes>;
@group(0) @binding(4) var<storage, read> mask: array<Lanes>;
@group(0) @binding(5) var<storage, read> kept: array<Lanes>;
@group(0) @binding(6) var<storage, read> stateMask: array<Lanes>;
@group(0) @binding(7) var<uniform> piece: Piece;

var<workgroup> carried: array<Lanes, TWO_H>; // dh, then dc; each is used only by the invocation of its unit
#if BY_GATE
var<workgroup> dz: array<Lanes, FOUR_H>;
var<workgroup> sums: array<Lanes, FOUR_H>;
#end

// dz of a unit, and what goes on to t − 1 besides the products.
fn derive(back: u32, n4: u32, unit: u32, keep: Flags) {
  let t = T - 1u - back;
  let row = t * N4 + n4;
  var dh = Lanes(0);
  var dc = Lanes(0);
  if (back > 0u) {
    dh = carried[unit];
    dc = carried[H + unit];
  }
  dh = withOutput(back, n4, unit, dh);
  let place = ((row - piece.first * N4) * H + unit) * 4u;
  let i = gates[at(place)];
  let f = gates[at(place + 1u)];
  let g = gates[at(place + 2u)];
  let o = gates[at(place + 3u)];
  let y = activate(ACTIVATION, c[at((row + N4) * H + unit)]);
  let passed = dc;
  dc = fma(dh * o, slope(ACTIVATION, y), dc);
  var before = Lanes(0); // c before t
  if (t > 0u) { before = c[at(row * H + unit)]; }
  let dzi = select(Lanes(0), dc * g * slope(GATE, i), keep);
  let dzf = select(Lanes(0), dc * before * slope(GATE, f), keep);
  let dzg = select(Lanes(0), dc * i * slope(ACTIVATION, g), keep);
  let dzo = select(Lanes(0), dh * y * slope(GATE, o), keep);
  gates[at(place)] = dzi;
  gates[at(place + 1u)] = dzf;
  gates[at(place + 2u)] = dzg;
  gates[at(place + 3u)] = dzo;
#if BY_GATE
  dz[4u * unit] = dzi;
  dz[4u * unit + 1u] = dzf;
  dz[4u * unit + 2u] = dzg;
  dz[4u * unit + 3u] = dzo;
#end
  carried[unit] = select(dh, Lanes(0), keep);
  carried[H + unit] = select(passed, dc * f, keep);
}

// dh of t − 1 from the products of the four gates.
fn carry(n4: u32, unit: u32, keep: Flags, dzi: Lanes, dzf: Lanes, dzg: Lanes, dzo: Lanes) {
  var d = (dzi + dzf) + (dzg + dzo);
  if (STATE_DROPOUT) { d *= stateMask[at(n4 * H4 + unit)]; }
  if (MASKED) { d = select(carried[unit], d, keep); }
  carried[unit] = d;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let n4 = group.x / SHARES;
  share = group.x % SHARES;
  let left = ((T + 1u) * N4 + n4) * H;
  for (var unit = local.x; unit < H; unit += THREADS) {
    carried[unit] = c[at(left + unit)];
    carried[H + unit] = c[at(left + N4 * H + unit)];
  }
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
    if (t > 0u) {
      for (var column = local.x; column < 4u * H; column += THREADS) {
        let gate = column % 4u;
        var d = Lanes(0);
#if KEPT
#each KEPT
        d = fma(Lanes(w$k), dz[4u * $ku + gate], d);
#end
#else
        for (var k = 0u; k < H; k++) {
          d = fma(Lanes(weightsBack[(k * (C + H) + C) * 4u + column]), dz[4u * k + gate], d);
        }
#end
        sums[column] = d;
      }
    }
    workgroupBarrier();
    for (var unit = local.x; unit < H && t > 0u; unit += THREADS) {
      let d = 4u * unit;
      carry(n4, unit, keep, sums[d], sums[d + 1u], sums[d + 2u], sums[d + 3u]);
    }
#else
    storageBarrier();
    for (var unit = local.x; unit < H && t > 0u; unit += THREADS) {
      var dzi = Lanes(0);
      var dzf = Lanes(0);
      var dzg = Lanes(0);
      var dzo = Lanes(0);
      for (var k = 0u; k < H; k++) {
        let w = weightsBack[k * (C + H) + C + unit];
        let dz = (((t - piece.first) * N4 + n4) * H + k) * 4u;
        dzi = fma(Lanes(w.x), gates[at(dz)], dzi);
        dzf = fma(Lanes(w.y), gates[at(dz + 1u)], dzf);
        dzg = fma(Lanes(w.z), gates[at(dz + 2u)], dzg);
        dzo = fma(Lanes(w.w), gates[at(dz + 3u)], dzo);
      }
      carry(n4, unit, keep, dzi, dzf, dzg, dzo);
    }
#end
  }
  for (var unit = local.x; unit < H; unit += THREADS) {
    c[at(left + unit)] = carried[unit];
    c[at(left + N4 * H + unit)] = carried[H + unit];
  }
}
