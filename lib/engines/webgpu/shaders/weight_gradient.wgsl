// The gradient of a kernel above its recurrent kernel above its bias, in PARTS partial sums over the rows.
//
//   dW[j][column] = Σ_rows Σ_lanes a[row][j] dz[row][column]
//
// inputs    [rows][J] vec4 over four sequences: features 0 … C−1, h at C4 … C4+H−1, in a GRU with reset before r∘h at
//           C4+H4 … C4+H4+H−1, and 1 at J − 4 for the bias and at J − 3 for a second one; a row is (t, n4)
// dz        [rows of the piece][QUADS][4]
// partials  [PARTS][SIZE] in the order of the flat parameters; this matrix starts at OFFSET; later pieces go on with the sums
//
// A lane of a quad is column 4·quad + lane, or where GATED gate `g` of unit `quad`; the four hexadecimal digits of *_GATES, from
// the last to the first, are the g of each lane for each kind of feature, f for none.
//
// An invocation sums four features by one quad of columns over those of ceil(ROWS/PARTS) rows that are in the piece, in order.
// Dispatch: QUADS · J/4 · PARTS invocations.

override ROWS: u32;
override C: u32;
override C4: u32;
override H: u32;
override H4: u32;
override J: u32;
override QUADS: u32;
override COLUMNS: u32;
override GATED: bool;
override KERNEL_GATES: u32;
override RECURRENT_GATES: u32;
override RESET_GATES: u32;
override BIASES: u32;
override PARTS: u32;
override SIZE: u32;
override OFFSET: u32;

@group(0) @binding(0) var<storage, read> inputs: array<vec4f>;
@group(0) @binding(1) var<storage, read> dz: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;
@group(0) @binding(3) var<uniform> piece: Piece;

// The row of the flat matrix for a feature, or −1 for padding.
fn flatRow(feature: u32) -> i32 {
  if (feature < C4) { return select(-1, i32(feature), feature < C); }
  if (feature < C4 + H4) { return select(-1, i32(C + feature - C4), feature - C4 < H); }
  if (feature < J - 4u) { return select(-1, i32(C + feature - C4 - H4), feature - C4 - H4 < H); }
  return select(-1, i32(C + H + feature + 4u - J), feature < J - 4u + BIASES);
}

fn gatesOf(feature: u32) -> u32 {
  if (feature < C4) { return KERNEL_GATES; }
  if (feature < C4 + H4) { return RECURRENT_GATES; }
  if (feature < J - 4u) { return RESET_GATES; }
  return select(KERNEL_GATES, RECURRENT_GATES, feature == J - 3u);
}

fn flatColumn(feature: u32, quad: u32, lane: u32) -> u32 {
  if (!GATED) { return 4u * quad + lane; }
  let gate = (gatesOf(feature) >> (4u * lane)) & 15u;
  return select(gate * H + quad, COLUMNS, gate == 15u);
}

// The sums so far.
fn begin(part: u32, feature: u32, quad: u32) -> vec4f {
  var sums = vec4f(0);
  let row = flatRow(feature);
  for (var lane = 0u; lane < 4u && row >= 0; lane++) {
    let column = flatColumn(feature, quad, lane);
    if (column < COLUMNS) { sums[lane] = partials[part * SIZE + OFFSET + u32(row) * COLUMNS + column]; }
  }
  return sums;
}

fn finish(part: u32, feature: u32, quad: u32, sums: vec4f) {
  let row = flatRow(feature);
  if (row < 0) { return; }
  for (var lane = 0u; lane < 4u; lane++) {
    let column = flatColumn(feature, quad, lane);
    if (column < COLUMNS) { partials[part * SIZE + OFFSET + u32(row) * COLUMNS + column] = sums[lane]; }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * 64u + id.x;
  let quad = index % QUADS;
  let feature = index / QUADS % (J / 4u) * 4u;
  let part = index / QUADS / (J / 4u);
  if (part >= PARTS) { return; }
  let rowsAPart = (ROWS + PARTS - 1u) / PARTS;
  let start = max(part * rowsAPart, piece.first);
  let end = min(min((part + 1u) * rowsAPart, ROWS), piece.end);
  if (start >= end) { return; }
  var s0 = vec4f(0);
  var s1 = vec4f(0);
  var s2 = vec4f(0);
  var s3 = vec4f(0);
  if (start > part * rowsAPart) {
    s0 = begin(part, feature, quad);
    s1 = begin(part, feature + 1u, quad);
    s2 = begin(part, feature + 2u, quad);
    s3 = begin(part, feature + 3u, quad);
  }
  for (var row = start; row < end; row++) {
    let at = ((row - piece.first) * QUADS + quad) * 4u;
    let d = mat4x4f(dz[at], dz[at + 1u], dz[at + 2u], dz[at + 3u]);
    let source = row * J + feature;
    s0 += inputs[source] * d;
    s1 += inputs[source + 1u] * d;
    s2 += inputs[source + 2u] * d;
    s3 += inputs[source + 3u] * d;
  }
  finish(part, feature, quad, s0);
  finish(part, feature + 1u, quad, s1);
  finish(part, feature + 2u, quad, s2);
  finish(part, feature + 3u, quad, s3);
}
