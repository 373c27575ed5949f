// The RNN, backward through time: one workgroup computes four images and loops over all t, the last one first.
//
//   dh = dz_{t+1} Rᵀ + dy_t∘mask          [N,H]
//   dz = dh∘activation'(h')              [N,H]
//
// weightsBack [QUADS][C+H] vec4 over the four units of a quad: column C + k holds R[k]
// inputs      [T+1][N4][J] vec4 over four images, h' at features C4 … C4+H−1 of row t + 1
// dz          [T][N4][QUADS][4]
// dy          [T][N4][H4] from the layer above, or [N4][H4] from the head, for the last t only
// mask        [T][N4][H4], of this layer's outputs
//
// An invocation computes units lane, lane + 64, …; one dispatch of N4 workgroups.

override T: u32;
override N4: u32;
override C: u32;
override C4: u32;
override H: u32;
override H4: u32;
override J: u32;
override QUADS: u32;
override TOP: bool;
override DROPOUT: bool;
override RELU: bool;

@group(0) @binding(0) var<storage, read> weightsBack: array<vec4f>;
@group(0) @binding(1) var<storage, read> inputs: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dz: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read> mask: array<vec4f>;

var<workgroup> carried: array<vec4f, H4>; // dh; each is used only by the invocation of its unit

// activation' from y = activation(z)
fn slope(y: vec4f) -> vec4f {
  if (RELU) { return select(vec4f(0), vec4f(1), y > vec4f(0)); }
  return 1.0 - y * y;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let n4 = group.x;
  for (var back = 0u; back < T; back++) {
    let t = T - 1u - back;
    let row = t * N4 + n4;
    for (var unit = local.x; unit < H; unit += 64u) {
      var dh = vec4f(0);
      if (back > 0u) { dh = carried[unit]; }
      if (!TOP || back == 0u) {
        var output = dy[select(row, n4, TOP) * H4 + unit];
        if (DROPOUT) { output *= mask[row * H4 + unit]; }
        dh += output;
      }
      dz[row * QUADS * 4u + unit] = dh * slope(inputs[(row + N4) * J + C4 + unit]);
    }
    storageBarrier();
    if (t > 0u) {
      for (var unit = local.x; unit < H; unit += 64u) {
        var d = vec4f(0);
        for (var k = 0u; k < QUADS; k++) {
          let w = weightsBack[k * (C + H) + C + unit];
          let at = (row * QUADS + k) * 4u;
          d += w.x * dz[at] + w.y * dz[at + 1u] + w.z * dz[at + 2u] + w.w * dz[at + 3u];
        }
        carried[unit] = d;
      }
    }
  }
}
