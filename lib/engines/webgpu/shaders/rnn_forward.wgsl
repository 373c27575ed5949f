// The RNN, forward through time: one workgroup computes four images and loops over all t.
//
//   h'  = activation(z_t + h R)     [N,H], z_t = x W + b from input_product; kept in workgroup memory
//   y   = h'∘mask                   [N,H], the input of the layer above, or of the head
//
// weights  [C+H+1][QUADS] vec4 over four units; the recurrent kernel is rows C … C+H−1
// z        [T][N4][QUADS][4] vec4 over four images
// inputs   [T+1][N4][J], h at features C4 … C4+H−1
// outputs  [T][N4][OUT_J], or [N4][OUT_J] of the last t only      mask [T][N4][H4]
//
// An invocation computes quads lane, lane + 64, … of four units; one dispatch of N4 workgroups.

override T: u32;
override N4: u32;
override C: u32;
override C4: u32;
override H: u32;
override H4: u32;
override J: u32;
override QUADS: u32;
override OUT_J: u32;
override TOP: bool;
override RELU: bool;
override DROPOUT: bool;
override TWO_H4: u32;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
@group(0) @binding(2) var<storage, read> z: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> inputs: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> outputs: array<vec4f>;
@group(0) @binding(5) var<storage, read> mask: array<vec4f>;

var<workgroup> h: array<vec4f, TWO_H4>; // before and after t; the two halves alternate

fn activate(z: vec4f) -> vec4f {
  if (RELU) { return relu(z); }
  return safeTanh(z);
}

fn finish(t: u32, n4: u32, unit: u32, z: vec4f) {
  if (unit >= H) { return; }
  let row = t * N4 + n4;
  let output = activate(z);
  h[H4 - (t & 1u) * H4 + unit] = output;
  inputs[(row + N4) * J + C4 + unit] = output;
  if (!TOP || t == T - 1u) {
    var y = output;
    if (DROPOUT && step.training == 1u) { y *= mask[row * H4 + unit]; }
    outputs[select(row, n4, TOP) * OUT_J + unit] = y;
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let n4 = group.x;
  for (var t = 0u; t < T; t++) {
    let before = (t & 1u) * H4;
    for (var quad = local.x; quad < QUADS; quad += 64u) {
      let at = ((t * N4 + n4) * QUADS + quad) * 4u;
      var z0 = z[at];
      var z1 = z[at + 1u];
      var z2 = z[at + 2u];
      var z3 = z[at + 3u];
      if (t > 0u) { // h is 0 at the start
        for (var k = 0u; k < H; k++) {
          let w = weights[(C + k) * QUADS + quad];
          let hk = h[before + k];
          z0 += w.x * hk;
          z1 += w.y * hk;
          z2 += w.z * hk;
          z3 += w.w * hk;
        }
      }
      finish(t, n4, 4u * quad, z0);
      finish(t, n4, 4u * quad + 1u, z1);
      finish(t, n4, 4u * quad + 2u, z2);
      finish(t, n4, 4u * quad + 3u, z3);
    }
    workgroupBarrier();
  }
}
