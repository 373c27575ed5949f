// The RNN, backward through time: one workgroup computes the sequences of a quad, or a share of them, and loops over
// the t of a piece, the last one first.
//
//   dh = (dz_{t+1} Rᵀ)∘m + dy_t∘mask     [N,H]
//   dz = dh∘φ'(h')                       [N,H]
//
// In a masked step, dz = 0, and dh goes on to t − 1 as it is. m drops h, the same at all t.
//
// weightsBack [QUADS][C+H] vec4 over the four units of a quad: column C + k holds R[k]
// z           [t of the piece][N4][QUADS][4] vec4 over four sequences: the activations before, dz after
// dy          [T][N4][H4], or [N4][H4] of the last t only        mask, as dy
// kept        [T][N4], 0 where masked                             stateMask [N4][H4]: m
// left        [N4][H]: the dh that a piece leaves for the next one
//
// The products of the four units of a quad are summed each by itself. An invocation computes units lane, lane + THREADS, …, or where
// KEPT the one of its own, whose weights it keeps; where BY_GATE, dz of a step lies in workgroup memory. One dispatch of N4·SHARES
// workgroups.

override T: u32;
override N4: u32;
override C: u32;
override H: u32;
override H4: u32;
override TWO_H4: u32;
override QUADS: u32;
override EVERY: bool; // as in rnn_forward
override BACKWARDS: bool;
override ACTIVATION: u32;
override DROPOUT: bool;
override STATE_DROPOUT: bool;
override MASKED: bool;

@group(0) @binding(0) var<storage, read> weightsBack: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> z: array<Lanes>;
@group(0) @binding(2) var<storage, read> dy: array<Lanes>;
@group(0) @binding(3) var<storage, read> mask: array<Lanes>;
@group(0) @binding(4) var<storage, read> kept: array<Lanes>;
@group(0) @binding(5) var<storage, read> stateMask: array<Lanes>;
@group(0) @binding(6) var<storage, read_write> left: array<Lanes>;
@group(0) @binding(7) var<uniform> piece: Piece;

var<workgroup> carried: array<Lanes, H4>; // dh; each is used only by the invocation of its unit
#if BY_GATE
var<workgroup> dz: array<Lanes, TWO_H4>; // of t and t − 1; the two halves alternate
#end

// dz of a unit, and what goes on to t − 1 besides the products.
fn derive(back: u32, n4: u32, unit: u32, keep: Flags) {
  let row = (T - 1u - back) * N4 + n4;
  var dh = Lanes(0);
  if (back > 0u) { dh = carried[unit]; }
  dh = withOutput(back, n4, unit, dh);
  let place = at((row - piece.first * N4) * QUADS * 4u + unit);
  let d = select(Lanes(0), dh * slope(ACTIVATION, z[place]), keep);
  z[place] = d;
#if BY_GATE
  dz[(back & 1u) * H4 + unit] = d;
#end
  carried[unit] = select(dh, Lanes(0), keep);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let n4 = group.x / SHARES;
  share = group.x % SHARES;
  for (var unit = local.x; unit < H; unit += THREADS) { carried[unit] = left[at(n4 * H + unit)]; }
#if KEPT
  let own = min(local.x, H - 1u);
#each KEPT
  let w$k = weightsBack[$ku * (C + H) + C + own];
#end
#end
  for (var back = T - piece.end; back < T - piece.first; back++) {
    let t = T - 1u - back;
    let keep = isKept(back, n4);
    for (var unit = local.x; unit < H; unit += THREADS) { derive(back, n4, unit, keep); }
#if BY_GATE
    workgroupBarrier();
    let first = (back & 1u) * H4;
#else
    storageBarrier();
    let first = ((t - piece.first) * N4 + n4) * QUADS * 4u;
#end
    for (var unit = local.x; unit < H && t > 0u; unit += THREADS) {
      var d0 = Lanes(0);
      var d1 = Lanes(0);
      var d2 = Lanes(0);
      var d3 = Lanes(0);
#if KEPT
#each KEPT
      d0 = fma(Lanes(w$k.x), dz[first + 4u * $ku], d0);
      d1 = fma(Lanes(w$k.y), dz[first + 4u * $ku + 1u], d1);
      d2 = fma(Lanes(w$k.z), dz[first + 4u * $ku + 2u], d2);
      d3 = fma(Lanes(w$k.w), dz[first + 4u * $ku + 3u], d3);
#end
#else
      for (var k = 0u; k < QUADS; k++) {
        let w = weightsBack[k * (C + H) + C + unit];
        let four = first + 4u * k;
#if BY_GATE
        d0 = fma(Lanes(w.x), dz[four], d0);
        d1 = fma(Lanes(w.y), dz[four + 1u], d1);
        d2 = fma(Lanes(w.z), dz[four + 2u], d2);
        d3 = fma(Lanes(w.w), dz[four + 3u], d3);
#else
        d0 = fma(Lanes(w.x), z[at(four)], d0);
        d1 = fma(Lanes(w.y), z[at(four + 1u)], d1);
        d2 = fma(Lanes(w.z), z[at(four + 2u)], d2);
        d3 = fma(Lanes(w.w), z[at(four + 3u)], d3);
#end
      }
#end
      var d = (d0 + d1) + (d2 + d3);
      if (STATE_DROPOUT) { d *= stateMask[at(n4 * H4 + unit)]; }
      if (MASKED) { d = select(carried[unit], d, keep); }
      carried[unit] = d;
    }
  }
  for (var unit = local.x; unit < H; unit += THREADS) { left[at(n4 * H + unit)] = carried[unit]; }
}
