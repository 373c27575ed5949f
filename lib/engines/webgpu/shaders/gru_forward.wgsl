// The GRU, forward through time: one workgroup computes four sequences and loops over the t of a piece.
//
//   z r   = σ(z_t + h R), the lanes z and r               [N,H] each, z_t = x W + b from input_product
//   g     = φ(g_t + (r∘h) R_g)                            [N,H], reset before
//   g     = φ(g_t + r∘(h R_g + b'_g))                     [N,H], reset after; lane 3 of z_t is b'_g
//   h'    = z∘h + (1 − z)∘g                               [N,H]
//   y     = h'∘mask                                       [N,H], what the next pass reads
//
// In all of them h stands for h∘m, kept in workgroup memory; m drops h, the same at all t. In a masked step, h' = h.
//
// weights  [C+H+1][H] vec4 over the lanes z, r, W_g and R_g; the recurrent kernel is rows C … C+H−1
// gates    [t of the piece][N4][H][4] vec4 over four sequences: z_t before; z, r, g and with reset after h R_g + b'_g after
// inputs   [T+1][N4][J], h∘m at features C4 … C4+H−1, with reset before r∘h∘m at C4+H4 … C4+H4+H−1
// outputs  [T][N4][OUT_J], or [N4][OUT_J] of the last t only      mask [T][N4][H4], or [N4][H4]
// kept     [T][N4], 0 where masked                                 stateMask [N4][H4]: m
// left     [N4][H]: where masked, the last h that a piece leaves for the next one
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
override EVERY: bool; // whether the outputs of all t go on
override BACKWARDS: bool; // whether t counts from the end of `kept`
override GATE: u32;
override ACTIVATION: u32;
override RESET_AFTER: bool;
override DROPOUT: bool;
override STATE_DROPOUT: bool;
override MASKED: bool;
override TWO_H: u32;
override RESET: u32; // H with reset before, else 1
override LAST: u32; // H where masked, else 1

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> gates: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> inputs: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> outputs: array<vec4f>;
@group(0) @binding(5) var<storage, read> mask: array<vec4f>;
@group(0) @binding(6) var<storage, read> kept: array<vec4f>;
@group(0) @binding(7) var<storage, read> stateMask: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> left: array<vec4f>;
@group(0) @binding(9) var<uniform> piece: Piece;

var<workgroup> h: array<vec4f, TWO_H>; // h∘m before and after t; the two halves alternate
var<workgroup> reset: array<vec4f, RESET>; // r∘h∘m
var<workgroup> last: array<vec4f, LAST>; // h where masked; each is used only by the invocation of its unit

fn finish(t: u32, n4: u32, unit: u32, z: vec4f, g: vec4f) {
  let row = t * N4 + n4;
  let before = (t & 1u) * H;
  var output = z * h[before + unit] + (1.0 - z) * g;
  if (MASKED) {
    output = select(last[unit], output, kept[select(t, T - 1u - t, BACKWARDS) * N4 + n4] > vec4f(0));
    last[unit] = output;
  }
  var dropped = output;
  if (STATE_DROPOUT && step.training == 1u) { dropped *= stateMask[n4 * H4 + unit]; }
  h[H - before + unit] = dropped;
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
      h[(piece.first & 1u) * H + unit] = inputs[(piece.first * N4 + n4) * J + C4 + unit];
      if (MASKED) { last[unit] = left[n4 * H + unit]; }
    }
    workgroupBarrier();
  }
  for (var t = piece.first; t < piece.end; t++) {
    let before = (t & 1u) * H;
    let row = t * N4 + n4;
    for (var unit = local.x; unit < H; unit += 64u) {
      let at = ((row - piece.first * N4) * H + unit) * 4u;
      var zz = gates[at];
      var zr = gates[at + 1u];
      var hg = gates[at + 3u];
      if (t > 0u) { // h is 0 at the start
        for (var k = 0u; k < H; k++) {
          let w = weights[(C + k) * H + unit];
          let hk = h[before + k];
          zz += w.x * hk;
          zr += w.y * hk;
          if (RESET_AFTER) { hg += w.w * hk; }
        }
      }
      let z = activate(GATE, zz);
      let r = activate(GATE, zr);
      gates[at] = z;
      gates[at + 1u] = r;
      if (RESET_AFTER) {
        let g = activate(ACTIVATION, gates[at + 2u] + r * hg);
        gates[at + 2u] = g;
        gates[at + 3u] = hg;
        finish(t, n4, unit, z, g);
      } else {
        let rh = r * h[before + unit];
        reset[unit] = rh;
        inputs[row * J + C4 + H4 + unit] = rh;
      }
    }
    if (!RESET_AFTER) {
      workgroupBarrier();
      for (var unit = local.x; unit < H; unit += 64u) {
        let at = ((row - piece.first * N4) * H + unit) * 4u;
        var zg = gates[at + 2u];
        if (t > 0u) {
          for (var k = 0u; k < H; k++) { zg += weights[(C + k) * H + unit].w * reset[k]; }
        }
        let g = activate(ACTIVATION, zg);
        gates[at + 2u] = g;
        finish(t, n4, unit, gates[at], g);
      }
    }
    workgroupBarrier();
  }
  for (var unit = local.x; unit < H && MASKED; unit += 64u) { left[n4 * H + unit] = last[unit]; }
}
