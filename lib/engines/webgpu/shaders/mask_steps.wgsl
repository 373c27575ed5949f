// The steps that are masked: those all of whose features are VALUE; their features become 0.
//
//   kept_t[n] = any x_t[n][c] ≠ VALUE
//   x_t[n]    = kept_t[n] ? x_t[n] : 0
//
// inputs [T][N4][J] vec4 over four sequences; x is features 0 … C−1         kept [T][N4], 1 or 0 in each lane
//
// An invocation reads and writes one step of four sequences. Dispatch: T·N4 invocations.

override ROWS: u32;
override C: u32;
override J: u32;
override VALUE: f32;

@group(0) @binding(0) var<storage, read_write> inputs: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> kept: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.y * groups.x * 64u + id.x;
  if (row >= ROWS) { return; }
  var keep = vec4f(0);
  for (var c = 0u; c < C; c++) { keep = select(keep, vec4f(1), inputs[row * J + c] != vec4f(VALUE)); }
  for (var c = 0u; c < C; c++) {
    inputs[row * J + c] = select(vec4f(0), inputs[row * J + c], keep > vec4f(0));
  }
  kept[row] = keep;
}
