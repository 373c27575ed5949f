// What both passes of a batch normalization need; it precedes their kernels.
//
// inputs      [T][N4][J] vec4 over four sequences: x
// statistics  [2][C]: m and v of the batch
// γ and β start at GAMMA and BETA in the flat parameters

override T: u32;
override N4: u32;
override C: u32;
override J: u32;
override EPSILON: f32;
override SCALE: bool; // whether there is a γ
override CENTER: bool; // whether there is a β
override GAMMA: u32;
override BETA: u32;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> inputs: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> statistics: array<f32>;

var<workgroup> sums: array<f32, 64>;

// The lanes of a row that hold a sequence.
fn alive(row: u32) -> vec4<bool> {
  return vec4u(4u * (row % N4)) + vec4u(0u, 1u, 2u, 3u) < vec4u(step.count);
}

// The sum over all invocations of the workgroup, in pairs.
fn total(local: u32, values: vec4f) -> f32 {
  sums[local] = values.x + values.y + values.z + values.w;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (local < half) { sums[local] += sums[local + half]; }
    workgroupBarrier();
  }
  let sum = sums[0];
  workgroupBarrier();
  return sum;
}

