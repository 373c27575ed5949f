// From sequences of features to the input of the first layer.
//
//   x_t[n][c] = scale[pixel order[t][c] of image positions[n]], or number (t, c)
//
// With TRANSFORMS, the pixel at column x and row y is read at (u, v) of the image, in units of 2⁻¹⁶, as transform.ts does:
//
//   u = a x + b y + c        v = d x + e y + f        a b c d e f = transforms[n]
//
// sequences   bytes, four a word, or f32; one sequence after another
// positions   one for each sequence               scale [256]
// order       [T][C]: which pixel, counted row by row; not read where FLOATS
// transforms  [6] for each place of `positions`
// inputs      [T][N4][J] vec4 over four sequences; x is features 0 … C−1, the others are not written
//
// An invocation writes one vec4. Dispatch: T·N4·C invocations.

override T: u32;
override N4: u32;
override C: u32;
override J: u32;
override FLOATS: bool;
override STRIDE: u32; // from one sequence to the next: the pixels of an image
override WIDTH: u32; // the pixels of a row
override TRANSFORMS: bool;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> sequences: array<u32>;
@group(0) @binding(2) var<storage, read> positions: array<Place>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read> order: array<u32>;
@group(0) @binding(5) var<storage, read> transforms: array<i32>;
@group(0) @binding(6) var<storage, read_write> inputs: array<vec4f>;

fn byteAt(at: u32) -> u32 {
  return (sequences[at / 4u] >> (8u * (at % 4u))) & 255u;
}

// A pixel of the image that starts at `first`; 0 outside.
fn pixel(first: u32, x: i32, y: i32) -> u32 {
  if (x < 0 || x >= i32(WIDTH) || y < 0 || y >= i32(STRIDE / WIDTH)) { return 0u; }
  return byteAt(first + u32(y) * WIDTH + u32(x));
}

// Pixel `index` of the transformed image: between four pixels, in steps of 1/256.
fn transformed(first: u32, place: u32, index: u32) -> u32 {
  let x = i32(index % WIDTH);
  let y = i32(index / WIDTH);
  let m = 6u * place;
  let u = transforms[m] * x + transforms[m + 1u] * y + transforms[m + 2u];
  let v = transforms[m + 3u] * x + transforms[m + 4u] * y + transforms[m + 5u];
  let left = u >> 16u;
  let top = v >> 16u;
  let right = u32(u >> 8u) & 255u;
  let down = u32(v >> 8u) & 255u;
  let upper = pixel(first, left, top) * (256u - right) + pixel(first, left + 1, top) * right;
  let lower = pixel(first, left, top + 1) * (256u - right) + pixel(first, left + 1, top + 1) * right;
  return (upper * (256u - down) + lower * down + 32768u) >> 16u;
}

// Feature `at` of a sequence of the batch, counted over all t.
fn feature(n: u32, at: u32) -> f32 {
  if (n >= step.count) { return 0.0; }
  let place = step.firstPosition + n;
  let first = positions[place].position * STRIDE;
  if (FLOATS) { return bitcast<f32>(sequences[first + at]); }
  if (TRANSFORMS) { return scale[transformed(first, place, order[at])]; }
  return scale[byteAt(first + order[at])];
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * 64u + id.x;
  if (index >= T * N4 * C) { return; }
  let c = index % C;
  let n4 = index / C % N4;
  let t = index / C / N4;
  let at = t * C + c;
  let n = 4u * n4;
  inputs[(t * N4 + n4) * J + c] =
    vec4f(feature(n, at), feature(n + 1u, at), feature(n + 2u, at), feature(n + 3u, at));
}
