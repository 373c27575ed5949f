// Softmax over the features of a step.
//
//   y = exp(z − max) / Σ_k exp(z_k − max)         [rows,K]; a row is (t, n4)
//
// inputs [rows][J] vec4 over four sequences            outputs [rows][OUT_J]
//
// An invocation computes one row. Dispatch: ROWS invocations.

override ROWS: u32;
override K: u32;
override J: u32;
override OUT_J: u32;

@group(0) @binding(0) var<storage, read> inputs: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> outputs: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.y * groups.x * 64u + id.x;
  if (row >= ROWS) { return; }
  var best = inputs[row * J];
  for (var k = 1u; k < K; k++) { best = max(best, inputs[row * J + k]); }
  var sum = vec4f(0);
  for (var k = 0u; k < K; k++) { sum += expOfNegative(inputs[row * J + k] - best); }
  for (var k = 0u; k < K; k++) {
    outputs[row * OUT_J + k] = expOfNegative(inputs[row * J + k] - best) / sum;
  }
}
