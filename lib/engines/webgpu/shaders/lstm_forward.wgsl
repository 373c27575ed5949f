// The LSTM, forward through time: one workgroup computes the sequences of a quad, or a share of them, and loops over the t
// of a piece.
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
// An invocation computes units lane, lane + THREADS, …; where BY_GATE the products are by gates: one takes columns lane, lane + THREADS,
// … of [H][4], or where KEPT the one of its own, whose H weights it keeps. One dispatch of N4·SHARES workgroups.

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
override TWO_H: u32;
override FOUR_H: u32;

@group(0) @binding(0) var<uniform> step: Step;
#if BY_GATE
@group(0) @binding(1) var<storage, read> weights: array<f32>;
#else
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
#end
@group(0) @binding(2) var<storage, read_write> gates: array<Lanes>;
@group(0) @binding(3) var<storage, read_write> c: array<Lanes>;
@group(0) @binding(4) var<storage, read_write> inputs: array<Lanes>;
@group(0) @binding(5) var<storage, read_write> outputs: array<Lanes>;
@group(0) @binding(6) var<storage, read> mask: array<Lanes>;
@group(0) @binding(7) var<storage, read> kept: array<Lanes>;
@group(0) @binding(8) var<storage, read> stateMask: array<Lanes>;
@group(0) @binding(9) var<uniform> piece: Piece;

var<workgroup> h: array<Lanes, TWO_H>; // h∘m before and after t; the two halves alternate
#if MASKED
var<workgroup> last: array<Lanes, H>; // h where masked; each is used only by the invocation of its unit
#end
#if BY_GATE
var<workgroup> sums: array<Lanes, FOUR_H>; // z
#end

// The gates of a unit from z, its states and its output.
fn finish(t: u32, n4: u32, unit: u32, zi: Lanes, zf: Lanes, zg: Lanes, zo: Lanes) {
  let row = t * N4 + n4;
  let i = activate(GATE, zi);
  let f = activate(GATE, zf);
  let g = activate(ACTIVATION, zg);
  let o = activate(GATE, zo);
  var old = Lanes(0); // h and c are 0 at the start
  if (t > 0u) { old = c[at(row * H + unit)]; }
  var state = fma(f, old, i * g);
  var output = o * activate(ACTIVATION, state);
#if MASKED
  let keep = isKept(t, n4);
  state = select(old, state, keep);
  output = select(last[unit], output, keep);
  last[unit] = output;
#end
  let place = ((row - piece.first * N4) * H + unit) * 4u;
  gates[at(place)] = i;
  gates[at(place + 1u)] = f;
  gates[at(place + 2u)] = g;
  gates[at(place + 3u)] = o;
  c[at((row + N4) * H + unit)] = state;
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
      last[unit] = c[at(((T + 1u) * N4 + n4) * H + unit)];
#end
    }
    workgroupBarrier();
  }
#if KEPT
  let own = min(local.x, 4u * H - 1u);
#each KEPT
  let w$k = weights[(C + $ku) * 4u * H + own];
#end
#end
  for (var t = piece.first; t < piece.end; t++) {
    let before = (t & 1u) * H;
    let row = (t - piece.first) * N4 + n4;
#if BY_GATE
    for (var column = local.x; column < 4u * H; column += THREADS) {
      var z = gates[at(row * H * 4u + column)];
      if (t > 0u) {
#if KEPT
#each KEPT
        z = fma(Lanes(w$k), h[before + $ku], z);
#end
#else
        for (var k = 0u; k < H; k++) {
          z = fma(Lanes(weights[(C + k) * 4u * H + column]), h[before + k], z);
        }
#end
      }
      sums[column] = z;
    }
    workgroupBarrier();
    for (var unit = local.x; unit < H; unit += THREADS) {
      let z = 4u * unit;
      finish(t, n4, unit, sums[z], sums[z + 1u], sums[z + 2u], sums[z + 3u]);
    }
#else
    for (var unit = local.x; unit < H; unit += THREADS) {
      let z = (row * H + unit) * 4u;
      var zi = gates[at(z)];
      var zf = gates[at(z + 1u)];
      var zg = gates[at(z + 2u)];
      var zo = gates[at(z + 3u)];
      if (t > 0u) {
        for (var k = 0u; k < H; k++) {
          let w = weights[(C + k) * H + unit];
          let hk = h[before + k];
          zi = fma(Lanes(w.x), hk, zi);
          zf = fma(Lanes(w.y), hk, zf);
          zg = fma(Lanes(w.z), hk, zg);
          zo = fma(Lanes(w.w), hk, zo);
        }
      }
      finish(t, n4, unit, zi, zf, zg, zo);
    }
#end
    workgroupBarrier();
  }
#if MASKED
  for (var unit = local.x; unit < H; unit += THREADS) {
    c[at(((T + 1u) * N4 + n4) * H + unit)] = last[unit];
  }
#end
}
