// The GRU, forward through time: one workgroup computes the sequences of a quad, or a share of them, and loops over the t
// of a piece.
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
override RESET_AFTER: bool;
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
@group(0) @binding(3) var<storage, read_write> inputs: array<Lanes>;
@group(0) @binding(4) var<storage, read_write> outputs: array<Lanes>;
@group(0) @binding(5) var<storage, read> mask: array<Lanes>;
@group(0) @binding(6) var<storage, read> kept: array<Lanes>;
@group(0) @binding(7) var<storage, read> stateMask: array<Lanes>;
@group(0) @binding(8) var<storage, read_write> left: array<Lanes>;
@group(0) @binding(9) var<uniform> piece: Piece;

var<workgroup> h: array<Lanes, TWO_H>; // h∘m before and after t; the two halves alternate
#if RESET_BEFORE
var<workgroup> reset: array<Lanes, H>; // r∘h∘m
#end
#if MASKED
var<workgroup> last: array<Lanes, H>; // h where masked; each is used only by the invocation of its unit
#end
#if BY_GATE
var<workgroup> sums: array<Lanes, FOUR_H>; // of the products
#end

// z and r of a unit, and with reset after all the rest. hg is h R_g + b'_g.
fn open(t: u32, n4: u32, unit: u32, zz: Lanes, zr: Lanes, hg: Lanes) {
  let row = t * N4 + n4;
  let place = ((row - piece.first * N4) * H + unit) * 4u;
  let z = activate(GATE, zz);
  let r = activate(GATE, zr);
  gates[at(place)] = z;
  gates[at(place + 1u)] = r;
#if RESET_BEFORE
  let rh = r * h[(t & 1u) * H + unit];
  reset[unit] = rh;
  inputs[at(row * J + C4 + H4 + unit)] = rh;
#else
  let g = activate(ACTIVATION, fma(r, hg, gates[at(place + 2u)]));
  gates[at(place + 2u)] = g;
  gates[at(place + 3u)] = hg;
  finish(t, n4, unit, z, g);
#end
}

// g of a unit and all the rest, with reset before.
fn close(t: u32, n4: u32, unit: u32, zg: Lanes) {
  let place = (((t - piece.first) * N4 + n4) * H + unit) * 4u;
  let g = activate(ACTIVATION, zg);
  gates[at(place + 2u)] = g;
  finish(t, n4, unit, gates[at(place)], g);
}

// The states of a unit and its output.
fn finish(t: u32, n4: u32, unit: u32, z: Lanes, g: Lanes) {
  var output = fma(z, h[(t & 1u) * H + unit], (1.0 - z) * g);
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
      let lane = column % 4u;
      var z = gates[at(row * H * 4u + column)];
      if (t > 0u && (lane < 2u || (RESET_AFTER && lane == 3u))) { // h is 0 at the start
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
      open(t, n4, unit, sums[4u * unit], sums[4u * unit + 1u], sums[4u * unit + 3u]);
    }
#else
    for (var unit = local.x; unit < H; unit += THREADS) {
      let place = (row * H + unit) * 4u;
      var zz = gates[at(place)];
      var zr = gates[at(place + 1u)];
      var hg = gates[at(place + 3u)];
      if (t > 0u) { // h is 0 at the start
        for (var k = 0u; k < H; k++) {
          let w = weights[(C + k) * H + unit];
          let hk = h[before + k];
          zz = fma(Lanes(w.x), hk, zz);
          zr = fma(Lanes(w.y), hk, zr);
          if (RESET_AFTER) { hg = fma(Lanes(w.w), hk, hg); }
        }
      }
      open(t, n4, unit, zz, zr, hg);
    }
#end
#if RESET_BEFORE
    workgroupBarrier();
#if BY_GATE
    for (var column = local.x; column < 4u * H; column += THREADS) {
      if (column % 4u != 3u) { continue; }
      var g = gates[at(row * H * 4u + column - 1u)];
      if (t > 0u) {
#if KEPT
#each KEPT
        g = fma(Lanes(w$k), reset[$k], g);
#end
#else
        for (var k = 0u; k < H; k++) {
          g = fma(Lanes(weights[(C + k) * 4u * H + column]), reset[k], g);
        }
#end
      }
      sums[column] = g;
    }
    workgroupBarrier();
    for (var unit = local.x; unit < H; unit += THREADS) { close(t, n4, unit, sums[4u * unit + 3u]); }
#else
    for (var unit = local.x; unit < H; unit += THREADS) {
      var zg = gates[at((row * H + unit) * 4u + 2u)];
      if (t > 0u) {
        for (var k = 0u; k < H; k++) { zg = fma(Lanes(weights[(C + k) * H + unit].w), reset[k], zg); }
      }
      close(t, n4, unit, zg);
    }
#end
#end
    workgroupBarrier();
  }
#if MASKED
  for (var unit = local.x; unit < H; unit += THREADS) { left[at(n4 * H + unit)] = last[unit]; }
#end
}
