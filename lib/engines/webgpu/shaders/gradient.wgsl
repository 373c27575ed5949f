// The gradient of all parameters, where a step clips it: by value here, by its norm in clip.wgsl.
//
//   g          ← min(max(g, −MOST), MOST)           unless BY_NORM
//   squares[i] = Σ updateScale g² over workgroup i
//
// partials  [PARTS][SIZE], flat; g takes the place of its first part
// squares   [GROUPS]
//
// An invocation computes every (64·GROUPS)th parameter, in order; the sums of a workgroup are added in pairs.
// Dispatch: GROUPS workgroups.

override GROUPS: u32;
override BY_NORM: bool;
override MOST: f32;

@group(0) @binding(4) var<storage, read_write> squares: array<f32>;

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  var sum = 0.0;
  for (var index = id.x; index < SIZE; index += 64u * GROUPS) {
    let s = segmentOf(index);
    var g = gradient(index, parameters[index], s);
    if (!BY_NORM) { // comparisons keep NaN
      if (g > MOST) { g = MOST; }
      if (g < -MOST) { g = -MOST; }
    }
    partials[index] = g;
    sum += s.updateScale * g * g;
  }
  sums[local.x] = sum;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (local.x < half) { sums[local.x] += sums[local.x + half]; }
    workgroupBarrier();
  }
  if (local.x == 0u) { squares[id.x / 64u] = sums[0]; }
}
