// What acts on each number of each step by itself: activations, dropout, and orders of the steps.
//
//   y_t = φ(x_s)∘mask_t           [N,C], s = t, T − 1 − t, 0 or S − 1
//
// inputs  [S][N4][J] vec4 over four sequences         outputs [T][N4][OUT_J]
// mask    [T][N4][C4], or [N4][C4], the same at all t
//
// An invocation computes one vec4 of y. Dispatch: T·N4·C invocations.

override T: u32;
override S: u32;
override N4: u32;
override C: u32;
override C4: u32;
override J: u32;
override OUT_J: u32;
override ORDER: u32; // of x: 0 that of y, 1 from the last step to the first, 2 the only step again and again,
                     // 3 the last step alone
override ACTIVATION: u32;
override DROPOUT: bool;
override ONE_MASK: bool;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> inputs: array<vec4f>;
@group(0) @binding(2) var<storage, read> mask: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> outputs: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * 64u + id.x;
  if (index >= T * N4 * C) { return; }
  let c = index % C;
  let n4 = index / C % N4;
  let t = index / C / N4;
  var s = t;
  if (ORDER == 1u) { s = T - 1u - t; }
  if (ORDER == 2u) { s = 0u; }
  if (ORDER == 3u) { s = S - 1u; }
  let row = t * N4 + n4;
  var y = activate(ACTIVATION, inputs[(s * N4 + n4) * J + c]);
  if (DROPOUT && step.training == 1u) { y *= mask[select(row, n4, ONE_MASK) * C4 + c]; }
  outputs[row * OUT_J + c] = y;
}
