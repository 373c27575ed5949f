// From sequences of features to the input of the first layer.
//
//   x_t[n][c] = scale[byte (t, c) of sequence positions[n]], or number (t, c)
//
// sequences  bytes, four a word, or f32; one sequence after another
// positions  one for each sequence               scale [256]
// inputs     [T][N4][J] vec4 over four sequences; x is features 0 … C−1, the others are not written
//
// An invocation writes one vec4. Dispatch: T·N4·C invocations.

override T: u32;
override N4: u32;
override C: u32;
override J: u32;
override FLOATS: bool;
override T_STRIDE: u32;
override C_STRIDE: u32;
override STRIDE: u32; // from one sequence to the next

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> sequences: array<u32>;
@group(0) @binding(2) var<storage, read> positions: array<Place>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read_write> inputs: array<vec4f>;

fn feature(n: u32, offset: u32) -> f32 {
  if (n >= step.count) { return 0.0; }
  let at = positions[step.firstPosition + n].position * STRIDE + offset;
  if (FLOATS) { return bitcast<f32>(sequences[at]); }
  return scale[(sequences[at / 4u] >> (8u * (at % 4u))) & 255u];
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * 64u + id.x;
  if (index >= T * N4 * C) { return; }
  let c = index % C;
  let n4 = index / C % N4;
  let t = index / C / N4;
  let offset = t * T_STRIDE + c * C_STRIDE;
  let n = 4u * n4;
  inputs[(t * N4 + n4) * J + c] =
    vec4f(feature(n, offset), feature(n + 1u, offset), feature(n + 2u, offset), feature(n + 3u, offset));
}
