// The LSTM, backward through time: one workgroup computes four images and loops over all t, the last one first.
//
//   dh   = dz_{t+1} Rᵀ + dy_t∘mask                     [N,H]
//   dc   = dc_{t+1}∘f_{t+1} + dh∘o∘(1 − tanh² c')     [N,H]
//   dz_i = dc∘g∘σ'(i)   dz_f = dc∘c∘σ'(f)   dz_g = dc∘i∘(1 − g²)   dz_o = dh∘tanh c'∘σ'(o)
//
// weightsBack [H][C+H] vec4 over the gates of a unit: column C + k holds R[k]
// gates       [T][N4][H][4] vec4 over four images: the activations before, dz after
// c           [T+1][N4][H]
// dy          [T][N4][H4] from the layer above, or [N4][H4] from the head, for the last t only
// mask        [T][N4][H4], of this layer's outputs
//
// An invocation computes units lane, lane + 64, …; one dispatch of N4 workgroups.

override T: u32;
override N4: u32;
override C: u32;
override H: u32;
override H4: u32;
override TOP: bool;
override DROPOUT: bool;
override HARD: bool;
override TWO_H: u32;

@group(0) @binding(0) var<storage, read> weightsBack: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> gates: array<vec4f>;
@group(0) @binding(2) var<storage, read> c: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read> mask: array<vec4f>;

var<workgroup> carried: array<vec4f, TWO_H>; // dh, then dc; each is used only by the invocation of its unit

// σ' from y = σ(z)
fn gateSlope(y: vec4f) -> vec4f {
  if (HARD) { return select(vec4f(0), vec4f(0.2), (y > vec4f(0)) & (y < vec4f(1))); }
  return y - y * y;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let n4 = group.x;
  for (var back = 0u; back < T; back++) {
    let t = T - 1u - back;
    let row = t * N4 + n4;
    for (var unit = local.x; unit < H; unit += 64u) {
      var dh = vec4f(0);
      var dc = vec4f(0);
      if (back > 0u) {
        dh = carried[unit];
        dc = carried[H + unit];
      }
      if (!TOP || back == 0u) {
        var output = dy[select(row, n4, TOP) * H4 + unit];
        if (DROPOUT) { output *= mask[row * H4 + unit]; }
        dh += output;
      }
      let at = (row * H + unit) * 4u;
      let i = gates[at];
      let f = gates[at + 1u];
      let g = gates[at + 2u];
      let o = gates[at + 3u];
      let tanhC = safeTanh(c[(row + N4) * H + unit]);
      dc += dh * o * (1.0 - tanhC * tanhC);
      var before = vec4f(0); // c before t
      if (t > 0u) { before = c[row * H + unit]; }
      gates[at] = dc * g * gateSlope(i);
      gates[at + 1u] = dc * before * gateSlope(f);
      gates[at + 2u] = dc * i * (1.0 - g * g);
      gates[at + 3u] = dh * tanhC * gateSlope(o);
      carried[H + unit] = dc * f;
    }
    storageBarrier();
    if (t > 0u) {
      for (var unit = local.x; unit < H; unit += 64u) {
        var d = vec4f(0);
        for (var k = 0u; k < H; k++) {
          let w = weightsBack[k * (C + H) + C + unit];
          let at = (row * H + k) * 4u;
          d += w.x * gates[at] + w.y * gates[at + 1u] + w.z * gates[at + 2u] + w.w * gates[at + 3u];
        }
        carried[unit] = d;
      }
    }
  }
}
