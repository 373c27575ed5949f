// The gradient of softmax, whose y is computed again.
//
//   dz_k = y_k (dy_k − Σ_j y_j dy_j)         [rows,K]; a row is (t, n4)
//
// inputs [rows][J] vec4 over four sequences: z           dy, dz [rows][K4]
//
// An invocation computes one row. Dispatch: ROWS invocations.

override ROWS: u32;
override K: u32;
override K4: u32;
override J: u32;

@group(0) @binding(0) var<storage, read> inputs: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dz: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.y * groups.x * 64u + id.x;
  if (row >= ROWS) { return; }
  var best = inputs[row * J];
  for (var k = 1u; k < K; k++) { best = max(best, inputs[row * J + k]); }
  var sum = vec4f(0);
  var mean = vec4f(0);
  for (var k = 0u; k < K; k++) {
    let e = expOfNegative(inputs[row * J + k] - best);
    sum += e;
    mean += e * dy[row * K4 + k];
  }
  mean /= sum;
  for (var k = 0u; k < K; k++) {
    dz[row * K4 + k] = expOfNegative(inputs[row * J + k] - best) / sum * (dy[row * K4 + k] - mean);
  }
}
