// The RNN, forward through time: one workgroup computes four sequences and loops over the t of a piece.
//
//   h'  = φ(z_t + (h∘m) R)          [N,H], z_t = x W + b from input_product; h'∘m kept in workgroup memory
//   y   = h'∘mask                   [N,H], what the next pass reads
//
// In a masked step, h' = h. m drops h, the same at all t.
//
// weights  [C+H+1][QUADS] vec4 over four units; the recurrent kernel is rows C … C+H−1
// z        [t of the piece][N4][QUADS][4] vec4 over four sequences: z_t before, the activations after
// inputs   [T+1][N4][J], h∘m at features C4 … C4+H−1
// outputs  [T][N4][OUT_J], or [N4][OUT_J] of the last t only      mask [T][N4][H4], or [N4][H4]
// kept     [T][N4], 0 where masked                                 stateMask [N4][H4]: m
// left     [N4][H]: where masked, the last h that a piece leaves for the next one
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
override EVERY: bool; // whether the outputs of all t go on
override BACKWARDS: bool; // whether t counts from the end of `kept`
override ACTIVATION: u32;
override DROPOUT: bool;
override STATE_DROPOUT: bool;
override MASKED: bool;
override TWO_H4: u32;
override LAST: u32; // H where masked, else 1

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> z: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> inputs: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> outputs: array<vec4f>;
@group(0) @binding(5) var<storage, read> mask: array<vec4f>;
@group(0) @binding(6) var<storage, read> kept: array<vec4f>;
@group(0) @binding(7) var<storage, read> stateMask: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> left: array<vec4f>;
@group(0) @binding(9) var<uniform> piece: Piece;

var<workgroup> h: array<vec4f, TWO_H4>; // h∘m before and after t; the two halves alternate
var<workgroup> last: array<vec4f, LAST>; // h where masked; each is used only by the invocation of its unit

fn finish(t: u32, n4: u32, unit: u32, sum: vec4f) {
  if (unit >= H) { return; }
  let row = t * N4 + n4;
  var output = activate(ACTIVATION, sum);
  z[(row - piece.first * N4) * QUADS * 4u + unit] = output;
  if (MASKED) {
    output = select(last[unit], output, kept[select(t, T - 1u - t, BACKWARDS) * N4 + n4] > vec4f(0));
    last[unit] = output;
  }
  var dropped = output;
  if (STATE_DROPOUT && step.training == 1u) { dropped *= stateMask[n4 * H4 + unit]; }
  h[H4 - (t & 1u) * H4 + unit] = dropped;
  inputs[(row + N4) * J + C4 + unit] = dropped;
  if (EVERY || t == T - 1u) {
    let to = select(n4, row, EVERY);
    var y = output;
    if (DROPOUT && step.training == 1u) { y *= mask[to * H4 + unit]; }
    outputs[to * OUT_J + unit] = y;
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let n4 = group.x;
  if (piece.first > 0u) {
    for (var unit = local.x; unit < H; unit += 64u) {
      h[(piece.first & 1u) * H4 + unit] = inputs[(piece.first * N4 + n4) * J + C4 + unit];
      if (MASKED) { last[unit] = left[n4 * H + unit]; }
    }
    workgroupBarrier();
  }
  for (var t = piece.first; t < piece.end; t++) {
    let before = (t & 1u) * H4;
    for (var quad = local.x; quad < QUADS; quad += 64u) {
      let at = (((t - piece.first) * N4 + n4) * QUADS + quad) * 4u;
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
  for (var unit = local.x; unit < H && MASKED; unit += 64u) { left[n4 * H + unit] = last[unit]; }
}
