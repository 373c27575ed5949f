// The averages of a batch normalization, after the update of a training step.
//
//   M ← µ M + (1 − µ) m        V ← µ V + (1 − µ) v        [C] each; with UNBIASED v n / max(n − 1, 1), n = count T
//
// statistics [2][C]: m and v of the batch; M and V start at MEAN and VARIANCE in the flat parameters
//
// An invocation computes one feature. Dispatch: C invocations.

override T: u32;
override C: u32;
override MEAN: u32;
override VARIANCE: u32;
override MOMENTUM: f32; // µ
override REST: f32; // 1 − µ, rounded once
override UNBIASED: bool;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> statistics: array<f32>;
@group(0) @binding(2) var<storage, read_write> parameters: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= C) { return; }
  var v = statistics[C + c];
  if (UNBIASED) {
    let n = f32(step.count * T);
    v *= n / max(n - 1.0, 1.0);
  }
  parameters[MEAN + c] = MOMENTUM * parameters[MEAN + c] + REST * statistics[c];
  parameters[VARIANCE + c] = MOMENTUM * parameters[VARIANCE + c] + REST * v;
}
