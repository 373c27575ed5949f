// A product for all t at once: the input's share of a recurrent layer's z, or a dense layer.
//
//   z = x W + b                          [T,N,columns]
//
// inputs   [rows][J] vec4 over four sequences; x is features 0 … C−1; a row is (t, n4)
// weights  [C+H+1][QUADS] vec4 over the four columns of a quad: the kernel, the recurrent kernel, the bias; a second bias is
//          one more row
// z        [rows of the piece][OUT_J] vec4 over four sequences, the columns of quad 0, then of quad 1, …
//
// An invocation computes one quad of columns of two rows of a piece. Dispatch: ceil(rows/2)·QUADS invocations.

override C: u32;
override H: u32;
override J: u32;
override QUADS: u32;
override OUT_J: u32;
override TWO_BIASES: bool;

@group(0) @binding(0) var<storage, read> inputs: array<vec4f>;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> z: array<vec4f>;
@group(0) @binding(3) var<uniform> piece: Piece;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * 64u + id.x;
  let quad = index % QUADS;
  let row0 = piece.first + 2u * (index / QUADS);
  if (row0 >= piece.end) { return; }
  let row1 = min(row0 + 1u, piece.end - 1u); // an odd last row is computed twice

  var b = weights[(C + H) * QUADS + quad];
  if (TWO_BIASES) { b += weights[(C + H + 1u) * QUADS + quad]; }
  var p0 = vec4f(b.x);
  var p1 = vec4f(b.y);
  var p2 = vec4f(b.z);
  var p3 = vec4f(b.w);
  var q0 = p0;
  var q1 = p1;
  var q2 = p2;
  var q3 = p3;
  for (var k = 0u; k < C; k++) {
    let w = weights[k * QUADS + quad];
    let x0 = inputs[row0 * J + k];
    let x1 = inputs[row1 * J + k];
    p0 += w.x * x0;
    p1 += w.y * x0;
    p2 += w.z * x0;
    p3 += w.w * x0;
    q0 += w.x * x1;
    q1 += w.y * x1;
    q2 += w.z * x1;
    q3 += w.w * x1;
  }
  let to0 = (row0 - piece.first) * OUT_J + quad * 4u;
  z[to0] = p0;
  z[to0 + 1u] = p1;
  z[to0 + 2u] = p2;
  z[to0 + 3u] = p3;
  let to1 = (row1 - piece.first) * OUT_J + quad * 4u;
  z[to1] = q0;
  z[to1 + 1u] = q1;
  z[to1 + 2u] = q2;
  z[to1 + 3u] = q3;
}
