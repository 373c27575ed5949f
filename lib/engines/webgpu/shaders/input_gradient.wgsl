// The gradient of a layer's input, for all t at once.
//
//   dy_below = dz Wᵀ                       [T,N,C]
//
// weightsBack [QUADS][C+H] vec4 over the four columns of a quad: column k < C holds W[k]
// dz          [rows of the piece][QUADS][4] vec4 over four sequences; a row is (t, n4)
// dy          [rows][C4]
//
// An invocation computes one feature of two rows of a piece. Dispatch: ceil(rows/2)·C invocations.

override C: u32;
override C4: u32;
override H: u32;
override QUADS: u32;

@group(0) @binding(0) var<storage, read> weightsBack: array<vec4f>;
@group(0) @binding(1) var<storage, read> dz: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dy: array<vec4f>;
@group(0) @binding(3) var<uniform> piece: Piece;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * 64u + id.x;
  let feature = index % C;
  let row0 = piece.first + 2u * (index / C);
  if (row0 >= piece.end) { return; }
  let row1 = min(row0 + 1u, piece.end - 1u); // an odd last row is computed twice
  var d0 = vec4f(0);
  var d1 = vec4f(0);
  for (var quad = 0u; quad < QUADS; quad++) {
    let w = weightsBack[quad * (C + H) + feature];
    let a = ((row0 - piece.first) * QUADS + quad) * 4u;
    d0 += w.x * dz[a] + w.y * dz[a + 1u] + w.z * dz[a + 2u] + w.w * dz[a + 3u];
    let b = ((row1 - piece.first) * QUADS + quad) * 4u;
    d1 += w.x * dz[b] + w.y * dz[b + 1u] + w.z * dz[b + 2u] + w.w * dz[b + 3u];
  }
  dy[row0 * C4 + feature] = d0;
  dy[row1 * C4 + feature] = d1;
}
