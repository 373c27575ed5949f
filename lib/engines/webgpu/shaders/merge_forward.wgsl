// The outputs of two directions become one.
//
//   y_t = [a_t, b_t], a_t + b_t, (a_t + b_t)/2 or a_t∘b_t          [N,2H] or [N,H]
//
// a, b     [T][N4][H4] vec4 over four sequences, each in the order in which its layer reads: b from the last step on
// outputs  [T][N4][OUT_J]
//
// An invocation computes one unit of both. Dispatch: T·N4·H invocations.

override T: u32;
override N4: u32;
override H: u32;
override H4: u32;
override OUT_J: u32;
override MERGE: u32; // 0 concat, 1 sum, 2 ave, 3 mul

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> outputs: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * 64u + id.x;
  if (index >= T * N4 * H) { return; }
  let unit = index % H;
  let n4 = index / H % N4;
  let t = index / H / N4;
  let ahead = a[(t * N4 + n4) * H4 + unit];
  let back = b[((T - 1u - t) * N4 + n4) * H4 + unit];
  let to = (t * N4 + n4) * OUT_J + unit;
  switch MERGE {
    case 1u: { outputs[to] = ahead + back; }
    case 2u: { outputs[to] = 0.5 * (ahead + back); }
    case 3u: { outputs[to] = ahead * back; }
    default: {
      outputs[to] = ahead;
      outputs[to + H] = back;
    }
  }
}
