// The GRU, backward through time: one workgroup computes four sequences and loops over the t of a piece, the last
// one first.
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
// An invocation computes units lane, lane + 64, …; one dispatch of N4 workgroups.

override T: u32;
override N4: u32;
override C: u32;
override C4: u32;
override H: u32;
override H4: u32;
override J: u32;
override EVERY: bool; // as in gru_forward
override BACKWARDS: bool;
override GATE: u32;
override ACTIVATION: u32;
override RESET_AFTER: bool;
override DROPOUT: bool;
override STATE_DROPOUT: bool;
override MASKED: bool;

@group(0) @binding(0) var<storage, read> weightsBack: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> gates: array<vec4f>;
@group(0) @binding(2) var<storage, read> inputs: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read> mask: array<vec4f>;
@group(0) @binding(5) var<storage, read> kept: array<vec4f>;
@group(0) @binding(6) var<storage, read> stateMask: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> left: array<vec4f>;
@group(0) @binding(8) var<uniform> piece: Piece;

var<workgroup> carried: array<vec4f, H>; // dh'; each is used only by the invocation of its unit

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let n4 = group.x;
  for (var unit = local.x; unit < H; unit += 64u) { carried[unit] = left[n4 * H + unit]; }
  for (var back = T - piece.end; back < T - piece.first; back++) {
    let t = T - 1u - back;
    let row = t * N4 + n4;
    var keep = vec4<bool>(true);
    if (MASKED) { keep = kept[select(t, back, BACKWARDS) * N4 + n4] > vec4f(0); }
    for (var unit = local.x; unit < H; unit += 64u) {
      var dh = vec4f(0);
      if (back > 0u) { dh = carried[unit]; }
      if (EVERY || back == 0u) {
        let source = select(n4, row, EVERY) * H4 + unit;
        var output = dy[source];
        if (DROPOUT) { output *= mask[source]; }
        dh += output;
      }
      let at = ((row - piece.first * N4) * H + unit) * 4u;
      let z = gates[at];
      let r = gates[at + 1u];
      let g = gates[at + 2u];
      var before = vec4f(0); // h before t
      if (t > 0u) { before = inputs[row * J + C4 + unit]; }
      let dg = select(vec4f(0), dh * (1.0 - z) * slope(ACTIVATION, g), keep);
      gates[at] = select(vec4f(0), dh * (before - g) * slope(GATE, z), keep);
      gates[at + 2u] = dg;
      if (RESET_AFTER) {
        gates[at + 1u] = select(vec4f(0), dg * gates[at + 3u] * slope(GATE, r), keep);
        gates[at + 3u] = select(vec4f(0), dg * r, keep);
      } else {
        gates[at + 3u] = dg;
      }
      carried[unit] = select(dh, dh * z, keep);
    }
    storageBarrier();
    if (!RESET_AFTER) {
      for (var unit = local.x; unit < H; unit += 64u) {
        var d = vec4f(0);
        for (var k = 0u; k < H; k++) {
          let at = ((row - piece.first * N4) * H + k) * 4u;
          d += weightsBack[k * (C + H) + C + unit].w * gates[at + 3u];
        }
        let at = ((row - piece.first * N4) * H + unit) * 4u + 1u;
        let r = gates[at];
        var before = vec4f(0);
        if (t > 0u) { before = inputs[row * J + C4 + unit]; }
        gates[at] = select(vec4f(0), d * before * slope(GATE, r), keep);
        carried[unit] = select(carried[unit], carried[unit] + d * r, keep);
      }
      storageBarrier();
    }
    if (t > 0u) {
      for (var unit = local.x; unit < H; unit += 64u) {
        var d = carried[unit];
        for (var k = 0u; k < H; k++) {
          let w = weightsBack[k * (C + H) + C + unit];
          let at = ((row - piece.first * N4) * H + k) * 4u;
          d += w.x * gates[at] + w.y * gates[at + 1u];
          if (RESET_AFTER) { d += w.w * gates[at + 3u]; }
        }
        if (STATE_DROPOUT) { d *= stateMask[n4 * H4 + unit]; }
        if (MASKED) { d = select(carried[unit], d, keep); }
        carried[unit] = d;
      }
    }
  }
  for (var unit = local.x; unit < H; unit += 64u) { left[n4 * H + unit] = carried[unit]; }
}
