// Dropout masks: 0 where a number is dropped, else 1/(1 − rate).
//
//   words = Philox4x32-10(counter (c >> 2, n, t + stream·2¹⁶, step), key (seed, domain)), word c & 3; t = FIRST, FIRST + 1, …
//   mask  = word ≥ threshold ? SCALE : 0
//
// mask [T][N4][C4] vec4 over four sequences, C4 is C rounded up to a multiple of four
//
// Source of the generator: Salmon, Moraes, Dror, Shaw, SC 2011.
// An invocation draws four features of four sequences. Dispatch: T·N4·C4/4 invocations.

override T: u32;
override FIRST: u32;
override N4: u32;
override C4: u32;
override STREAM: u32;
override DOMAIN: u32;
override SEED: u32;
override THRESHOLD: u32;
override SCALE: f32;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read_write> mask: array<vec4f>;

const MULTIPLIER_0 = 0xd2511f53u;
const MULTIPLIER_1 = 0xcd9e8d57u;

fn multiplyHigh(a: u32, b: u32) -> u32 {
  let aLow = a & 0xffffu;
  let aHigh = a >> 16u;
  let bLow = b & 0xffffu;
  let bHigh = b >> 16u;
  let middle = aHigh * bLow + ((aLow * bLow) >> 16u);
  let carry = aLow * bHigh + (middle & 0xffffu);
  return aHigh * bHigh + (middle >> 16u) + (carry >> 16u);
}

fn philox(start: vec4u) -> vec4u {
  var x = start;
  var key = vec2u(SEED, DOMAIN);
  for (var round = 0u; round < 10u; round++) {
    x = vec4u(
      multiplyHigh(MULTIPLIER_1, x.z) ^ x.y ^ key.x,
      MULTIPLIER_1 * x.z,
      multiplyHigh(MULTIPLIER_0, x.x) ^ x.w ^ key.y,
      MULTIPLIER_0 * x.x,
    );
    key += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return x;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * 64u + id.x;
  let blocks = C4 / 4u;
  if (index >= T * N4 * blocks) { return; }
  let block = index % blocks;
  let n4 = index / blocks % N4;
  let t = index / blocks / N4;
  let at = vec4u(block, 4u * n4, FIRST + t + STREAM * 65536u, step.number);
  let keep = mat4x4f(
    select(vec4f(0), vec4f(SCALE), philox(at) >= vec4u(THRESHOLD)),
    select(vec4f(0), vec4f(SCALE), philox(at + vec4u(0u, 1u, 0u, 0u)) >= vec4u(THRESHOLD)),
    select(vec4f(0), vec4f(SCALE), philox(at + vec4u(0u, 2u, 0u, 0u)) >= vec4u(THRESHOLD)),
    select(vec4f(0), vec4f(SCALE), philox(at + vec4u(0u, 3u, 0u, 0u)) >= vec4u(THRESHOLD)),
  );
  let features = transpose(keep); // from one column for each sequence to one for each feature
  for (var c = 0u; c < 4u; c++) {
    mask[(t * N4 + n4) * C4 + 4u * block + c] = features[c];
  }
}
