// The sums of what was measured over the steps of each sequence.
//
//   results[n][m] = Σ_t measures_t[n][m], in order
//
// measures [T][N4][MEASURES] vec4 over four sequences          results [n][MEASURES]
//
// An invocation sums one measure of four sequences. Dispatch: N4·MEASURES invocations.

override T: u32;
override N4: u32;
override MEASURES: u32;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> measures: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> results: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * 64u + id.x;
  if (index >= N4 * MEASURES) { return; }
  let m = index % MEASURES;
  let n4 = index / MEASURES;
  var sum = vec4f(0);
  for (var t = 0u; t < T; t++) { sum += measures[(t * N4 + n4) * MEASURES + m]; }
  for (var lane = 0u; lane < 4u && 4u * n4 + lane < step.count; lane++) {
    results[step.firstResult + (4u * n4 + lane) * MEASURES + m] = sum[lane];
  }
}
