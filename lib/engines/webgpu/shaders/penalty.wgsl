// What the regularizers add to the loss.
//
//   results[AT] = Σ over all parameters of λ₁|p| + λ₂p²
//
// parameters [SIZE], flat; segments as in update.wgsl
//
// An invocation sums every 64th parameter, in order; the sums are added in pairs. One workgroup.

override SEGMENTS: u32;
override AT: u32; // after the measures of a step

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> segments: array<Segment>;
@group(0) @binding(2) var<storage, read> parameters: array<f32>;
@group(0) @binding(3) var<storage, read_write> results: array<f32>;

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u) {
  var sum = 0.0;
  for (var which = 0u; which < SEGMENTS; which++) {
    let s = segments[which];
    if (s.l1 == 0.0 && s.l2 == 0.0) { continue; }
    for (var k = local.x; k < s.size; k += 64u) {
      let p = parameters[s.offset + k];
      sum += s.l1 * abs(p) + s.l2 * p * p;
    }
  }
  sums[local.x] = sum;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (local.x < half) { sums[local.x] += sums[local.x + half]; }
    workgroupBarrier();
  }
  if (local.x == 0u) { results[step.firstResult + AT] = sums[0]; }
}
