// Batch normalization, forward: one workgroup computes one feature, over all sequences and steps.
//
//   m = Σ x / n        v = Σ (x − m)² / n          [C] each, n = count T; in a prediction M and V
//   y = γ (x − m) / √(v + ε) + β                   [T,N,C]
//
// outputs [T][N4][OUT_J]; M and V start at MEAN and VARIANCE in the flat parameters
//
// An invocation reads rows lane, lane + 64, …; one dispatch of C workgroups.

override OUT_J: u32;
override MEAN: u32;
override VARIANCE: u32;

@group(0) @binding(3) var<storage, read> parameters: array<f32>;
@group(0) @binding(4) var<storage, read_write> outputs: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let c = group.x;
  var m = parameters[MEAN + c];
  var v = parameters[VARIANCE + c];
  if (step.training == 1u) {
    let n = f32(step.count * T);
    var sum = vec4f(0);
    for (var row = local.x; row < T * N4; row += 64u) {
      sum += select(vec4f(0), inputs[row * J + c], alive(row));
    }
    m = total(local.x, sum) / n;
    var squares = vec4f(0);
    for (var row = local.x; row < T * N4; row += 64u) {
      let d = select(vec4f(0), inputs[row * J + c] - m, alive(row));
      squares += d * d;
    }
    v = total(local.x, squares) / n;
    if (local.x == 0u) {
      statistics[c] = m;
      statistics[C + c] = v;
    }
  }
  var factor = 1.0 / sqrt(v + EPSILON);
  if (SCALE) { factor *= parameters[GAMMA + c]; }
  var shift = 0.0;
  if (CENTER) { shift = parameters[BETA + c]; }
  for (var row = local.x; row < T * N4; row += 64u) {
    outputs[row * OUT_J + c] = (inputs[row * J + c] - m) * factor + shift;
  }
}
