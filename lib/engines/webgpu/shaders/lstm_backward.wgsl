// The LSTM, backward through time: one workgroup computes four sequences and loops over the t of a piece, the last
// one first.
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
// An invocation computes units lane, lane + 64, …; one dispatch of N4 workgroups.

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

@group(0) @binding(0) var<storage, read> weightsBack: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> gates: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read> mask: array<vec4f>;
@group(0) @binding(5) var<storage, read> kept: array<vec4f>;
@group(0) @binding(6) var<storage, read> stateMask: array<vec4f>;
@group(0) @binding(7) var<uniform> piece: Piece;

var<workgroup> carried: array<vec4f, TWO_H>; // dh, then dc; each is used only by the invocation of its unit

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let n4 = group.x;
  let left = ((T + 1u) * N4 + n4) * H;
  for (var unit = local.x; unit < H; unit += 64u) {
    carried[unit] = c[left + unit];
    carried[H + unit] = c[left + N4 * H + unit];
  }
  for (var back = T - piece.end; back < T - piece.first; back++) {
    let t = T - 1u - back;
    let row = t * N4 + n4;
    var keep = vec4<bool>(true);
    if (MASKED) { keep = kept[select(t, back, BACKWARDS) * N4 + n4] > vec4f(0); }
    for (var unit = local.x; unit < H; unit += 64u) {
      var dh = vec4f(0);
      var dc = vec4f(0);
      if (back > 0u) {
        dh = carried[unit];
        dc = carried[H + unit];
      }
      if (EVERY || back == 0u) {
        let source = select(n4, row, EVERY) * H4 + unit;
        var output = dy[source];
        if (DROPOUT) { output *= mask[source]; }
        dh += output;
      }
      let at = ((row - piece.first * N4) * H + unit) * 4u;
      let i = gates[at];
      let f = gates[at + 1u];
      let g = gates[at + 2u];
      let o = gates[at + 3u];
      let y = activate(ACTIVATION, c[(row + N4) * H + unit]);
      let passed = dc;
      dc += dh * o * slope(ACTIVATION, y);
      var before = vec4f(0); // c before t
      if (t > 0u) { before = c[row * H + unit]; }
      gates[at] = select(vec4f(0), dc * g * slope(GATE, i), keep);
      gates[at + 1u] = select(vec4f(0), dc * before * slope(GATE, f), keep);
      gates[at + 2u] = select(vec4f(0), dc * i * slope(ACTIVATION, g), keep);
      gates[at + 3u] = select(vec4f(0), dh * y * slope(GATE, o), keep);
      carried[unit] = select(dh, vec4f(0), keep);
      carried[H + unit] = select(passed, dc * f, keep);
    }
    storageBarrier();
    if (t > 0u) {
      for (var unit = local.x; unit < H; unit += 64u) {
        var d = vec4f(0);
        for (var k = 0u; k < H; k++) {
          let w = weightsBack[k * (C + H) + C + unit];
          let at = ((row - piece.first * N4) * H + k) * 4u;
          d += w.x * gates[at] + w.y * gates[at + 1u] + w.z * gates[at + 2u] + w.w * gates[at + 3u];
        }
        if (STATE_DROPOUT) { d *= stateMask[n4 * H4 + unit]; }
        if (MASKED) { d = select(carried[unit], d, keep); }
        carried[unit] = d;
      }
    }
  }
  for (var unit = local.x; unit < H; unit += 64u) {
    c[left + unit] = carried[unit];
    c[left + N4 * H + unit] = carried[H + unit];
  }
}
