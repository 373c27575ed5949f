// The gradient of a kernel above its recurrent kernel above its bias, in PARTS partial sums over the rows.
//
//   dW[j][column] = Σ_rows Σ_lanes a[row][j] dz[row][column], lane by lane, row by row
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
// Dispatch: QUADS · J/4 · PARTS invocations, or where TILED a workgroup for each tile of 16 features by 16 quads and each part: it
// reads four rows at a time into workgroup memory.

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

// The sums of four features by one quad.
struct Sums {
  s0: vec4f,
  s1: vec4f,
  s2: vec4f,
  s3: vec4f,
}

// dz of four columns by the lane.
fn byLane(d0: vec4f, d1: vec4f, d2: vec4f, d3: vec4f) -> mat4x4f {
  return transpose(mat4x4f(d0, d1, d2, d3));
}

fn addLanes(sums: vec4f, a: vec4f, d: mat4x4f) -> vec4f {
  return fma(vec4f(a.w), d[3], fma(vec4f(a.z), d[2], fma(vec4f(a.y), d[1], fma(vec4f(a.x), d[0], sums))));
}

// The rows of a part that are in the piece: the first one, and where they end.
fn rowsOf(part: u32) -> vec2u {
  let rowsAPart = (ROWS + PARTS - 1u) / PARTS;
  return vec2u(max(part * rowsAPart, piece.first), min(min((part + 1u) * rowsAPart, ROWS), piece.end));
}

fn beginAll(part: u32, feature: u32, quad: u32, row: u32) -> Sums {
  if (row == part * ((ROWS + PARTS - 1u) / PARTS)) { return Sums(); }
  return Sums(
    begin(part, feature, quad),
    begin(part, feature + 1u, quad),
    begin(part, feature + 2u, quad),
    begin(part, feature + 3u, quad),
  );
}

fn finishAll(part: u32, feature: u32, quad: u32, sums: Sums) {
  finish(part, feature, quad, sums.s0);
  finish(part, feature + 1u, quad, sums.s1);
  finish(part, feature + 2u, quad, sums.s2);
  finish(part, feature + 3u, quad, sums.s3);
}

#if TILED
const SIDE = 16u; // features and quads of a tile
const DEPTH = 4u; // rows that are read together

var<workgroup> tileOfInputs: array<vec4f, 64>; // [DEPTH][SIDE]
var<workgroup> tileOfDz: array<vec4f, 256>; // [DEPTH][SIDE][4]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group.y * groups.x + group.x;
  let quadTiles = (QUADS + SIDE - 1u) / SIDE;
  let featureTiles = (J + SIDE - 1u) / SIDE;
  let firstQuad = index % quadTiles * SIDE;
  let firstFeature = index / quadTiles % featureTiles * SIDE;
  let part = index / quadTiles / featureTiles;
  if (part >= PARTS) { return; }
  let rows = rowsOf(part);
  if (rows.x >= rows.y) { return; }
  let quad = firstQuad + lane % SIDE;
  let feature = firstFeature + lane / SIDE * 4u;
  let mine = quad < QUADS && feature < J;
  var sums = Sums();
  if (mine) { sums = beginAll(part, feature, quad, rows.x); }
  for (var row = rows.x; row < rows.y; row += DEPTH) {
    let depth = min(DEPTH, rows.y - row);
    let place = firstFeature + lane % SIDE;
    if (lane / SIDE < depth && place < J) { tileOfInputs[lane] = inputs[(row + lane / SIDE) * J + place]; }
    for (var r = 0u; r < depth; r++) {
      if (firstQuad * 4u + lane < QUADS * 4u) {
        tileOfDz[r * 64u + lane] = dz[((row + r - piece.first) * QUADS + firstQuad) * 4u + lane];
      }
    }
    workgroupBarrier();
    for (var r = 0u; r < depth; r++) {
      let first = r * 64u + lane % SIDE * 4u;
      let d = byLane(tileOfDz[first], tileOfDz[first + 1u], tileOfDz[first + 2u], tileOfDz[first + 3u]);
      let source = r * SIDE + lane / SIDE * 4u;
      sums.s0 = addLanes(sums.s0, tileOfInputs[source], d);
      sums.s1 = addLanes(sums.s1, tileOfInputs[source + 1u], d);
      sums.s2 = addLanes(sums.s2, tileOfInputs[source + 2u], d);
      sums.s3 = addLanes(sums.s3, tileOfInputs[source + 3u], d);
    }
    workgroupBarrier();
  }
  if (mine) { finishAll(part, feature, quad, sums); }
}
#else
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * 64u + id.x;
  let quad = index % QUADS;
  let feature = index / QUADS % (J / 4u) * 4u;
  let part = index / QUADS / (J / 4u);
  if (part >= PARTS) { return; }
  let rows = rowsOf(part);
  if (rows.x >= rows.y) { return; }
  var sums = beginAll(part, feature, quad, rows.x);
  for (var row = rows.x; row < rows.y; row++) {
    let first = ((row - piece.first) * QUADS + quad) * 4u;
    let d = byLane(dz[first], dz[first + 1u], dz[first + 2u], dz[first + 3u]);
    let source = row * J + feature;
    sums.s0 = addLanes(sums.s0, inputs[source], d);
    sums.s1 = addLanes(sums.s1, inputs[source + 1u], d);
    sums.s2 = addLanes(sums.s2, inputs[source + 2u], d);
    sums.s3 = addLanes(sums.s3, inputs[source + 3u], d);
  }
  finishAll(part, feature, quad, sums);
}
#end
