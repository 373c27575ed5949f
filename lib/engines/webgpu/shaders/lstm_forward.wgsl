// The LSTM, forward through time: one workgroup computes four images and loops over all t.
//
//   z         = z_t + h R                       [N,4H], z_t = x W + b from input_product
//   i f g o   = σ(z_i) σ(z_f) tanh(z_g) σ(z_o)  [N,H] each
//   c'        = f∘c + i∘g                       [N,H]
//   h'        = o∘tanh(c')                      [N,H], kept in workgroup memory
//   y         = h'∘mask                         [N,H], the input of the layer above, or of the head
//
// weights  [C+H+1][H] vec4 over the gates i f g o; the recurrent kernel is rows C … C+H−1
// gates    [T][N4][H][4] vec4 over four images: z_t before, the activations after
// c        [T+1][N4][H]                           inputs [T+1][N4][J], h at features C4 … C4+H−1
// outputs  [T][N4][OUT_J], or [N4][OUT_J] of the last t only      mask [T][N4][H4]
//
// An invocation computes units lane, lane + 64, …; one dispatch of N4 workgroups.

override T: u32;
override N4: u32;
override C: u32;
override C4: u32;
override H: u32;
override H4: u32;
override J: u32;
override OUT_J: u32;
override TOP: bool;
override HARD: bool;
override DROPOUT: bool;
override TWO_H: u32;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> gates: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> inputs: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> outputs: array<vec4f>;
@group(0) @binding(6) var<storage, read> mask: array<vec4f>;

var<workgroup> h: array<vec4f, TWO_H>; // before and after t; the two halves alternate

fn gate(z: vec4f) -> vec4f {
  if (HARD) { return hardSigmoid(z); }
  return sigmoid(z);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let n4 = group.x;
  for (var t = 0u; t < T; t++) {
    let before = (t & 1u) * H;
    let after = H - before;
    let row = t * N4 + n4;
    for (var unit = local.x; unit < H; unit += 64u) {
      let at = (row * H + unit) * 4u;
      var zi = gates[at];
      var zf = gates[at + 1u];
      var zg = gates[at + 2u];
      var zo = gates[at + 3u];
      var state = vec4f(0);
      if (t > 0u) { // h and c are 0 at the start
        for (var k = 0u; k < H; k++) {
          let w = weights[(C + k) * H + unit];
          let hk = h[before + k];
          zi += w.x * hk;
          zf += w.y * hk;
          zg += w.z * hk;
          zo += w.w * hk;
        }
        state = c[row * H + unit];
      }
      let i = gate(zi);
      let f = gate(zf);
      let g = safeTanh(zg);
      let o = gate(zo);
      state = f * state + i * g;
      let output = o * safeTanh(state);
      gates[at] = i;
      gates[at + 1u] = f;
      gates[at + 2u] = g;
      gates[at + 3u] = o;
      c[(row + N4) * H + unit] = state;
      h[after + unit] = output;
      inputs[(row + N4) * J + C4 + unit] = output;
      if (!TOP || t == T - 1u) {
        var y = output;
        if (DROPOUT && step.training == 1u) { y *= mask[row * H4 + unit]; }
        outputs[select(row, n4, TOP) * OUT_J + unit] = y;
      }
    }
    workgroupBarrier();
  }
}
