// The gradient of the table of tokens.
//
//   dE[v] = Σ dx_t[n] over all (t, n) whose token is v         [C]
//
// occurrences  of all tokens of the batch, [T·count], sorted by token, then by row
// dx           [T][N4][C4] vec4 over four sequences
// partials     [PARTS][SIZE], flat; E [V][C] starts at OFFSET, and its sum is in the first part
//
// An invocation finds the first occurrence of its token by bisection, and sums one feature in order.
// Dispatch: V·C invocations.

override T: u32;
override N4: u32;
override V: u32;
override C: u32;
override C4: u32;
override OFFSET: u32;

struct Occurrence {
  token: u32,
  row: u32, // t·4·N4 + n
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> occurrences: array<Occurrence>;
@group(0) @binding(2) var<storage, read> dx: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> partials: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * 64u + id.x;
  if (index >= V * C) { return; }
  let token = index / C;
  let c = index % C;
  let first = step.firstPosition * T;
  let end = first + step.count * T;
  var low = first; // every occurrence below it has a smaller token
  var high = end; // no occurrence from it on has
  while (low < high) {
    let middle = (low + high) / 2u;
    if (occurrences[middle].token < token) { low = middle + 1u; } else { high = middle; }
  }
  var sum = 0.0;
  for (; low < end && occurrences[low].token == token; low++) {
    let row = occurrences[low].row;
    sum += dx[row / 4u * C4 + c][row % 4u];
  }
  partials[OFFSET + index] = sum;
}
