// From tokens to the input of the first layer.
//
//   x_t[n] = E[token t of sequence positions[n]]            [C]
//   kept_t[n] = token is not 0
//
// tokens      one a word, [sequences][T]         positions  one for each sequence
// parameters  flat; E [V][C] starts at OFFSET
// inputs      [T][N4][J] vec4 over four sequences; x is features 0 … C−1, the others are not written
// kept        [T][N4], 1 or 0 in each lane
//
// An invocation writes one vec4 of x. Dispatch: T·N4·C invocations.

override T: u32;
override N4: u32;
override C: u32;
override J: u32;
override OFFSET: u32;
override MASKED: bool; // whether `kept` is written

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> tokens: array<u32>;
@group(0) @binding(2) var<storage, read> positions: array<Place>;
@group(0) @binding(3) var<storage, read> parameters: array<f32>;
@group(0) @binding(4) var<storage, read_write> inputs: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> kept: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * 64u + id.x;
  if (index >= T * N4 * C) { return; }
  let c = index % C;
  let n4 = index / C % N4;
  let t = index / C / N4;
  var x = vec4f(0);
  var keep = vec4f(1);
  for (var lane = 0u; lane < 4u && 4u * n4 + lane < step.count; lane++) {
    let token = tokens[positions[step.firstPosition + 4u * n4 + lane].position * T + t];
    x[lane] = parameters[OFFSET + token * C + c];
    if (token == 0u) { keep[lane] = 0.0; }
  }
  inputs[(t * N4 + n4) * J + c] = x;
  if (MASKED && c == 0u) { kept[t * N4 + n4] = keep; }
}
