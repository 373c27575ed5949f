// The gradient of what acts on each number of each step by itself.
//
//   dx_s = Σ_t dy_t∘mask_t∘φ'(x_s)          [N,C], over the t that read x_s: one, none, or all if it is repeated
//
// inputs  [S][N4][J] vec4 over four sequences: x        dy [T][N4][C4]        dx [S][N4][C4]
// mask    [T][N4][C4], or [N4][C4], the same at all t
//
// An invocation computes one vec4 of dx, with t in order. Dispatch: S·N4·C invocations.

override T: u32;
override S: u32;
override N4: u32;
override C: u32;
override C4: u32;
override J: u32;
override ORDER: u32; // as in pointwise_forward
override ACTIVATION: u32;
override DROPOUT: bool;
override ONE_MASK: bool;
override ADD: bool; // to what is in dx, instead of replacing it

@group(0) @binding(0) var<storage, read> inputs: array<vec4f>;
@group(0) @binding(1) var<storage, read> mask: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

fn ofStep(t: u32, n4: u32, c: u32) -> vec4f {
  let row = t * N4 + n4;
  let d = dy[row * C4 + c];
  if (DROPOUT) { return d * mask[select(row, n4, ONE_MASK) * C4 + c]; }
  return d;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * 64u + id.x;
  if (index >= S * N4 * C) { return; }
  let c = index % C;
  let n4 = index / C % N4;
  let s = index / C / N4;
  var d = vec4f(0);
  if (ORDER == 2u) {
    for (var t = 0u; t < T; t++) { d += ofStep(t, n4, c); }
  } else if (ORDER == 3u) {
    if (s == S - 1u) { d = ofStep(0u, n4, c); }
  } else {
    d = ofStep(select(s, T - 1u - s, ORDER == 1u), n4, c);
  }
  let row = s * N4 + n4;
  d *= slope(ACTIVATION, activate(ACTIVATION, inputs[row * J + c]));
  if (ADD) { d += dx[row * C4 + c]; }
  dx[row * C4 + c] = d;
}
