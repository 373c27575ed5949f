// What came out, sequence by sequence.
//
//   results[n][t][k] = outputs_t[n][k]
//
// outputs [T][N4][J] vec4 over four sequences, K features
//
// An invocation writes one vec4. Dispatch: T·N4·K invocations.

override T: u32;
override N4: u32;
override K: u32;
override J: u32;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> outputs: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> results: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * 64u + id.x;
  if (index >= T * N4 * K) { return; }
  let k = index % K;
  let n4 = index / K % N4;
  let t = index / K / N4;
  let out = outputs[(t * N4 + n4) * J + k];
  for (var lane = 0u; lane < 4u && 4u * n4 + lane < step.count; lane++) {
    results[step.firstResult + ((4u * n4 + lane) * T + t) * K + k] = out[lane];
  }
}
