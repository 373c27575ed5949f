// The RNN, backward through time: one workgroup computes four sequences and loops over the t of a piece, the last
// one first.
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
// An invocation computes units lane, lane + 64, …; one dispatch of N4 workgroups.

override T: u32;
override N4: u32;
override C: u32;
override H: u32;
override H4: u32;
override QUADS: u32;
override EVERY: bool; // as in rnn_forward
override BACKWARDS: bool;
override ACTIVATION: u32;
override DROPOUT: bool;
override STATE_DROPOUT: bool;
override MASKED: bool;

@group(0) @binding(0) var<storage, read> weightsBack: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> z: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read> mask: array<vec4f>;
@group(0) @binding(4) var<storage, read> kept: array<vec4f>;
@group(0) @binding(5) var<storage, read> stateMask: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> left: array<vec4f>;
@group(0) @binding(7) var<uniform> piece: Piece;

var<workgroup> carried: array<vec4f, H4>; // dh; each is used only by the invocation of its unit

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
      let at = (row - piece.first * N4) * QUADS * 4u + unit;
      z[at] = select(vec4f(0), dh * slope(ACTIVATION, z[at]), keep);
      carried[unit] = select(dh, vec4f(0), keep);
    }
    storageBarrier();
    if (t > 0u) {
      for (var unit = local.x; unit < H; unit += 64u) {
        var d = vec4f(0);
        for (var k = 0u; k < QUADS; k++) {
          let w = weightsBack[k * (C + H) + C + unit];
          let at = ((row - piece.first * N4) * QUADS + k) * 4u;
          d += w.x * z[at] + w.y * z[at + 1u] + w.z * z[at + 2u] + w.w * z[at + 3u];
        }
        if (STATE_DROPOUT) { d *= stateMask[n4 * H4 + unit]; }
        if (MASKED) { d = select(carried[unit], d, keep); }
        carried[unit] = d;
      }
    }
  }
  for (var unit = local.x; unit < H; unit += 64u) { left[n4 * H + unit] = carried[unit]; }
}
