// The LSTM, forward through time: one workgroup computes four sequences and loops over the t of a piece.
//
//   z         = z_t + (h∘m) R                   [N,4H], z_t = x W + b from input_product
//   i f g o   = σ(z_i) σ(z_f) φ(z_g) σ(z_o)     [N,H] each
//   c'        = f∘c + i∘g                       [N,H]
//   h'        = o∘φ(c')                         [N,H], h'∘m kept in workgroup memory
//   y         = h'∘mask                         [N,H], what the next pass reads
//
// In a masked step, c' = c and h' = h. m drops h, the same at all t.
//
// weights  [C+H+1][H] vec4 over the gates i f g o; the recurrent kernel is rows C … C+H−1
// gates    [t of the piece][N4][H][4] vec4 over four sequences: z_t before, the activations after
// c        [T+3][N4][H]; where masked, a piece leaves its last h at T + 1 for the next one
// inputs   [T+1][N4][J], h∘m at features C4 … C4+H−1
// outputs  [T][N4][OUT_J], or [N4][OUT_J] of the last t only      mask [T][N4][H4], or [N4][H4]
// kept     [T][N4], 0 where masked                stateMask [N4][H4]: m
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
override DROPOUT: bool;
override STATE_DROPOUT: bool;
override MASKED: bool;
override TWO_H: u32;
override LAST: u32; // H where masked, else 1

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> gates: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> inputs: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> outputs: array<vec4f>;
@group(0) @binding(6) var<storage, read> mask: array<vec4f>;
@group(0) @binding(7) var<storage, read> kept: array<vec4f>;
@group(0) @binding(8) var<storage, read> stateMask: array<vec4f>;
@group(0) @binding(9) var<uniform> piece: Piece;

var<workgroup> h: array<vec4f, TWO_H>; // h∘m before and after t; the two halves alternate
var<workgroup> last: array<vec4f, LAST>; // h where masked; each is used only by the invocation of its unit

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let n4 = group.x;
  if (piece.first > 0u) {
    for (var unit = local.x; unit < H; unit += 64u) {
      h[(piece.first & 1u) * H + unit] = inputs[(piece.first * N4 + n4) * J + C4 + unit];
      if (MASKED) { last[unit] = c[((T + 1u) * N4 + n4) * H + unit]; }
    }
    workgroupBarrier();
  }
  for (var t = piece.first; t < piece.end; t++) {
    let before = (t & 1u) * H;
    let after = H - before;
    let row = t * N4 + n4;
    for (var unit = local.x; unit < H; unit += 64u) {
      let at = ((row - piece.first * N4) * H + unit) * 4u;
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
      let i = activate(GATE, zi);
      let f = activate(GATE, zf);
      let g = activate(ACTIVATION, zg);
      let o = activate(GATE, zo);
      let old = state;
      state = f * state + i * g;
      var output = o * activate(ACTIVATION, state);
      if (MASKED) {
        let keep = kept[select(t, T - 1u - t, BACKWARDS) * N4 + n4] > vec4f(0);
        state = select(old, state, keep);
        output = select(last[unit], output, keep);
        last[unit] = output;
      }
      gates[at] = i;
      gates[at + 1u] = f;
      gates[at + 2u] = g;
      gates[at + 3u] = o;
      c[(row + N4) * H + unit] = state;
      var dropped = output;
      if (STATE_DROPOUT && step.training == 1u) { dropped *= stateMask[n4 * H4 + unit]; }
      h[after + unit] = dropped;
      inputs[(row + N4) * J + C4 + unit] = dropped;
      if (EVERY || t == T - 1u) {
        let to = select(n4, row, EVERY);
        var y = output;
        if (DROPOUT && step.training == 1u) { y *= mask[to * H4 + unit]; }
        outputs[to * OUT_J + unit] = y;
      }
    }
    workgroupBarrier();
  }
  for (var unit = local.x; unit < H && MASKED; unit += 64u) {
    c[((T + 1u) * N4 + n4) * H + unit] = last[unit];
  }
}
