// From the bytes of images to the inputs of the first layer.
//
//   x_t[n][c] = scale[byte of pixel (t, c) of image positions[n]]
//
// images     bytes, four a word, image by image
// positions  one word for each image            scale [256]
// inputs     [T+1][N4][J] vec4 over four images; x is features 0 … C−1, the others are not written
//
// An invocation writes one vec4. Dispatch: T·N4·C invocations.

override T: u32;
override N4: u32;
override C: u32;
override J: u32;
override T_STRIDE: u32;
override C_STRIDE: u32;
override IMAGE_BYTES: u32;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> images: array<u32>;
@group(0) @binding(2) var<storage, read> positions: array<u32>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read_write> inputs: array<vec4f>;

fn pixel(n: u32, offset: u32) -> f32 {
  if (n >= step.count) { return 0.0; }
  let byte = positions[step.firstPosition + n] * IMAGE_BYTES + offset;
  return scale[(images[byte / 4u] >> (8u * (byte % 4u))) & 255u];
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
    vec4f(pixel(n, offset), pixel(n + 1u, offset), pixel(n + 2u, offset), pixel(n + 3u, offset));
}
