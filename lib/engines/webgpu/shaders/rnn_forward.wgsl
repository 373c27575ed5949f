// The RNN, forward through time: one workgroup computes the sequences of a quad, or a share of them, and loops over the t
// of a piece.
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
// An invocation computes quads lane, lane + THREADS, … of four units; where BY_GATE units lane, lane + THREADS, …, or where KEPT the
// one of its own, whose H weights it keeps. One dispatch of N4·SHARES workgroups.

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
override TWO_H: u32;

@group(0) @binding(0) var<uniform> step: Step;
#if BY_GATE
@group(0) @binding(1) var<storage, read> weights: array<f32>;
#else
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
#end
@group(0) @binding(2) var<storage, read_write> z: array<Lanes>;
@group(0) @binding(3) var<storage, read_write> inputs: array<Lanes>;
@group(0) @binding(4) var<storage, read_write> outputs: array<Lanes>;
@group(0) @binding(5) var<storage, read> mask: array<Lanes>;
@group(0) @binding(6) var<storage, read> kept: array<Lanes>;
@group(0) @binding(7) var<storage, read> stateMask: array<Lanes>;
@group(0) @binding(8) var<storage, read_write> left: array<Lanes>;
@group(0) @binding(9) var<uniform> piece: Piece;

var<workgroup> h: array<Lanes, TWO_H>; // h∘m before and after t; the two halves alternate
#if MASKED
var<workgroup> last: array<Lanes, H>; // h where masked; each is used only by the invocation of its unit
#end

fn finish(t: u32, n4: u32, unit: u32, sum: Lanes) {
  if (unit >= H) { return; }
  let row = t * N4 + n4;
  var output = activate(ACTIVATION, sum);
  z[at((row - piece.first * N4) * QUADS * 4u + unit)] = output;
#if MASKED
  output = select(last[unit], output, isKept(t, n4));
  last[unit] = output;
#end
  passOn(t, n4, unit, output);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let n4 = group.x / SHARES;
  share = group.x % SHARES;
  if (piece.first > 0u) {
    for (var unit = local.x; unit < H; unit += THREADS) {
      h[(piece.first & 1u) * H + unit] = inputs[at((piece.first * N4 + n4) * J + C4 + unit)];
#if MASKED
      last[unit] = left[at(n4 * H + unit)];
#end
    }
    workgroupBarrier();
  }
#if KEPT
  let own = min(local.x, H - 1u);
#each KEPT
  let w$k = weights[(C + $ku) * 4u * QUADS + own];
#end
#end
  for (var t = piece.first; t < piece.end; t++) {
    let before = (t & 1u) * H;
    let row = (t - piece.first) * N4 + n4;
#if BY_GATE
    for (var unit = local.x; unit < H; unit += THREADS) {
      var sum = z[at(row * QUADS * 4u + unit)];
      if (t > 0u) { // h is 0 at the start
#if KEPT
#each KEPT
        sum = fma(Lanes(w$k), h[before + $ku], sum);
#end
#else
        for (var k = 0u; k < H; k++) {
          sum = fma(Lanes(weights[(C + k) * 4u * QUADS + unit]), h[before + k], sum);
        }
#end
      }
      finish(t, n4, unit, sum);
    }
#else
    for (var quad = local.x; quad < QUADS; quad += THREADS) {
      let place = (row * QUADS + quad) * 4u;
      var z0 = z[at(place)];
      var z1 = z[at(place + 1u)];
      var z2 = z[at(place + 2u)];
      var z3 = z[at(place + 3u)];
      if (t > 0u) { // h is 0 at the start
        for (var k = 0u; k < H; k++) {
          let w = weights[(C + k) * QUADS + quad];
          let hk = h[before + k];
          z0 = fma(Lanes(w.x), hk, z0);
          z1 = fma(Lanes(w.y), hk, z1);
          z2 = fma(Lanes(w.z), hk, z2);
          z3 = fma(Lanes(w.w), hk, z3);
        }
      }
      finish(t, n4, 4u * quad, z0);
      finish(t, n4, 4u * quad + 1u, z1);
      finish(t, n4, 4u * quad + 2u, z2);
      finish(t, n4, 4u * quad + 3u, z3);
    }
#end
    workgroupBarrier();
  }
#if MASKED
  for (var unit = local.x; unit < H; unit += THREADS) { left[at(n4 * H + unit)] = last[unit]; }
#end
}
