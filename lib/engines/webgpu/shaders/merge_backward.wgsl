// The gradients of the outputs of two directions, from that of the merged ones.
//
//   concat, sum, ave, mul:   da = dy[0 … H−1], dy, dy/2, dy∘b     db = dy[H … 2H−1], dy, dy/2, dy∘a
//
// a, b, da, db [T][N4][H4] vec4 over four sequences, those of b from the last step on          dy [T][N4][C4]
//
// An invocation computes one unit of both. Dispatch: T·N4·H invocations.

override T: u32;
override N4: u32;
override H: u32;
override H4: u32;
override C4: u32;
override MERGE: u32; // as in merge_forward

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> da: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> db: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * 64u + id.x;
  if (index >= T * N4 * H) { return; }
  let unit = index % H;
  let n4 = index / H % N4;
  let t = index / H / N4;
  let ahead = (t * N4 + n4) * H4 + unit;
  let back = ((T - 1u - t) * N4 + n4) * H4 + unit;
  let source = (t * N4 + n4) * C4 + unit;
  switch MERGE {
    case 1u: {
      da[ahead] = dy[source];
      db[back] = dy[source];
    }
    case 2u: {
      da[ahead] = 0.5 * dy[source];
      db[back] = 0.5 * dy[source];
    }
    case 3u: {
      da[ahead] = dy[source] * b[back];
      db[back] = dy[source] * a[ahead];
    }
    default: {
      da[ahead] = dy[source];
      db[back] = dy[source + H];
    }
  }
}
