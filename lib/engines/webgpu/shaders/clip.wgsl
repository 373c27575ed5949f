// Clips the gradient of all parameters by its norm.
//
//   g ← g min(1, MOST / (‖g‖ + 1e-6))        ‖g‖² = Σ squares
//
// partials  the gradient in the first part [SIZE], flat
// squares   [GROUPS], as gradient.wgsl leaves them
//
// Every workgroup adds all squares, each invocation every 64th, then in pairs. Dispatch: SIZE invocations.

override SIZE: u32;
override GROUPS: u32;
override MOST: f32;

@group(0) @binding(0) var<storage, read> squares: array<f32>;
@group(0) @binding(1) var<storage, read_write> partials: array<f32>;

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  var sum = 0.0;
  for (var group = local.x; group < GROUPS; group += 64u) { sum += squares[group]; }
  sums[local.x] = sum;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (local.x < half) { sums[local.x] += sums[local.x + half]; }
    workgroupBarrier();
  }
  let index = id.y * groups.x * 64u + id.x;
  if (index >= SIZE) { return; }
  let factor = MOST / (sqrt(sums[0]) + 1e-6);
  if (!(factor >= 1.0)) { partials[index] *= factor; } // NaN too
}
