// The one matrix product of this engine. Every product of a layer, forward and backward, and every weight gradient is a
// sequence of tiles
//
//   out [4,8] = bias [4] + Σ_k  b[k] [4] ⊗ a[k] [8]
//
// over two packed panels: a [K][8], eight columns of the left operand, and b [K][4], four of the right one. Both are read
// from front to back, so the loop gathers and transposes nothing: each k takes four loads, three lane splats and eight
// multiply-adds, in 13 of the 15 registers that V8 can use. V8 does not unroll a longer body, which would be slower.

import { madd, OCTET, QUAD, splat0, splat1, splat2, splat3, storeTransposed, TILE } from "./simd";

// One tile over K ≥ 0 terms. `bias` is the address of four float32, or 0 for none; with `add` the tile is added to out.
@inline
function tile(K: i32, a: usize, b: usize, bias: usize, add: bool, out: usize): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  if (bias) {
    const v = v128.load(bias);
    c00 = splat0(v), c10 = splat1(v), c20 = splat2(v), c30 = splat3(v);
    c01 = c00, c11 = c10, c21 = c20, c31 = c30;
  }
  const end = b + K * QUAD;
  while (b < end) {
    const four = v128.load(b);
    const low = v128.load(a), high = v128.load(a, QUAD);
    let s = v128.load32_splat(b); // a load that broadcasts: shuffles and multiply-adds share an execution unit
    c00 = madd(low, s, c00), c01 = madd(high, s, c01);
    s = splat1(four);
    c10 = madd(low, s, c10), c11 = madd(high, s, c11);
    s = splat2(four);
    c20 = madd(low, s, c20), c21 = madd(high, s, c21);
    s = splat3(four);
    c30 = madd(low, s, c30), c31 = madd(high, s, c31);
    a += OCTET, b += QUAD;
  }
  if (add) {
    c00 = f32x4.add(v128.load(out), c00), c01 = f32x4.add(v128.load(out, QUAD), c01);
    c10 = f32x4.add(v128.load(out, OCTET), c10), c11 = f32x4.add(v128.load(out, OCTET + QUAD), c11);
    c20 = f32x4.add(v128.load(out, 2 * OCTET), c20), c21 = f32x4.add(v128.load(out, 2 * OCTET + QUAD), c21);
    c30 = f32x4.add(v128.load(out, 3 * OCTET), c30), c31 = f32x4.add(v128.load(out, 3 * OCTET + QUAD), c31);
  }
  v128.store(out, c00), v128.store(out, c01, QUAD);
  v128.store(out, c10, OCTET), v128.store(out, c11, OCTET + QUAD);
  v128.store(out, c20, 2 * OCTET), v128.store(out, c21, 2 * OCTET + QUAD);
  v128.store(out, c30, 3 * OCTET), v128.store(out, c31, 3 * OCTET + QUAD);
}

// out [quads,4,8] = bias [quads,4] + a [K][8] times each of the panels [quads][K][4], `panelBytes` apart.
export function product(K: i32, quads: i32, a: usize, panels: usize, panelBytes: i32, bias: usize, out: usize): void {
  for (let q = 0; q < quads; q++) {
    tile(K, a, panels, bias, false, out);
    panels += panelBytes, out += TILE;
    if (bias) bias += QUAD;
  }
}

// As product, but for one sequence, in lane 0 of a [K][8]. The result goes to all eight lanes of out (`spread`), or to lane 0
// with 0 in the others. Takes eight quads at a time: their sums do not wait for each other.
export function rowProduct(
  K: i32, quads: i32, a: usize, panels: usize, panelBytes: i32, bias: usize, spread: bool, out: usize,
): void {
  for (let q = 0; q < quads; q += 8) {
    const count = min(8, quads - q);
    // Where fewer than eight are left, the last one is computed again.
    const p0 = panels, p1 = panelAt(panels, 1, count, panelBytes), p2 = panelAt(panels, 2, count, panelBytes);
    const p3 = panelAt(panels, 3, count, panelBytes), p4 = panelAt(panels, 4, count, panelBytes);
    const p5 = panelAt(panels, 5, count, panelBytes), p6 = panelAt(panels, 6, count, panelBytes);
    const p7 = panelAt(panels, 7, count, panelBytes);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    let x = a;
    for (let at: usize = 0, end: usize = <usize>K * QUAD; at < end; at += QUAD, x += OCTET) {
      const v = v128.load32_splat(x);
      s0 = madd(v, v128.load(p0 + at), s0), s1 = madd(v, v128.load(p1 + at), s1);
      s2 = madd(v, v128.load(p2 + at), s2), s3 = madd(v, v128.load(p3 + at), s3);
      s4 = madd(v, v128.load(p4 + at), s4), s5 = madd(v, v128.load(p5 + at), s5);
      s6 = madd(v, v128.load(p6 + at), s6), s7 = madd(v, v128.load(p7 + at), s7);
    }
    storeRow(s0, bias, 0, spread, out);
    if (count > 1) storeRow(s1, bias, 1, spread, out);
    if (count > 2) storeRow(s2, bias, 2, spread, out);
    if (count > 3) storeRow(s3, bias, 3, spread, out);
    if (count > 4) storeRow(s4, bias, 4, spread, out);
    if (count > 5) storeRow(s5, bias, 5, spread, out);
    if (count > 6) storeRow(s6, bias, 6, spread, out);
    if (count > 7) storeRow(s7, bias, 7, spread, out);
    panels += 8 * panelBytes, out += 8 * TILE;
    if (bias) bias += 8 * QUAD;
  }
}

@inline
function panelAt(panels: usize, index: i32, count: i32, panelBytes: i32): usize {
  return panels + min(index, count - 1) * panelBytes;
}

// Stores four columns of one sequence as [4][8].
function storeRow(sums: v128, bias: usize, quad: i32, spread: bool, out: usize): void {
  const to = out + quad * TILE;
  let v = sums;
  if (bias) v = f32x4.add(v, v128.load(bias + quad * QUAD));
  if (spread) {
    v128.store(to, splat0(v)), v128.store(to, splat0(v), QUAD);
    v128.store(to, splat1(v), OCTET), v128.store(to, splat1(v), OCTET + QUAD);
    v128.store(to, splat2(v), 2 * OCTET), v128.store(to, splat2(v), 2 * OCTET + QUAD);
    v128.store(to, splat3(v), 3 * OCTET), v128.store(to, splat3(v), 3 * OCTET + QUAD);
  } else {
    const zero = i32x4.splat(0);
    v128.store(to, f32x4.replace_lane(zero, 0, f32x4.extract_lane(v, 0))), v128.store(to, zero, QUAD);
    v128.store(to, f32x4.replace_lane(zero, 0, f32x4.extract_lane(v, 1)), OCTET), v128.store(to, zero, OCTET + QUAD);
    v128.store(to, f32x4.replace_lane(zero, 0, f32x4.extract_lane(v, 2)), 2 * OCTET), v128.store(to, zero, 2 * OCTET + QUAD);
    v128.store(to, f32x4.replace_lane(zero, 0, f32x4.extract_lane(v, 3)), 3 * OCTET), v128.store(to, zero, 3 * OCTET + QUAD);
  }
}

// Turns the gradients of `times` values of t into rows: dz [quads][4][8] of t, at dz + t · tBytes, becomes eight rows of
// rows [quads][8·times][4], or with `single` one row, that of lane 0, of rows [quads][times][4].
export function packRows(times: i32, quads: i32, dz: usize, tBytes: i32, single: bool, rows: usize): void {
  const rowBytes = single ? QUAD : 8 * QUAD, column = times * rowBytes;
  for (let t = 0; t < times; t++, dz += tBytes) {
    for (let q = 0; q < quads; q++) {
      const from = dz + q * TILE, to = rows + q * column + t * rowBytes;
      if (single) {
        for (let l = 0; l < 4; l++) f32.store(to + (l << 2), f32.load(from + l * OCTET));
      } else {
        for (let lanes: usize = 0; lanes < <usize>OCTET; lanes += QUAD) {
          const at = from + lanes;
          storeTransposed(
            v128.load(at), v128.load(at, OCTET), v128.load(at, 2 * OCTET), v128.load(at, 3 * OCTET), to + (lanes << 2), QUAD,
          );
        }
      }
    }
  }
}

// Adds one piece of a weight gradient: some quads of columns, and t = `from` … `to` − 1 with `rowsPerT` rows each.
//
//   dW[j][column]  += Σ_rows a[row][j] dz[row][column]
//   dbias[column]  += Σ_rows dz[row][column]
//
//   a      [panels][rows][8]   the inputs of every row from t = 0 on, eight features a panel, panels `panelBytes` apart
//   dz     [quads][rows][4]    from t = `from` on
//   spans  [panels][2] int32   the first t at which a panel is not all 0, and the one after the last
//   sums   [panels][quads][4][8] for dW, then [quads][4] for dbias
//
// Each piece is summed on its own, because one running sum over thousands of terms would lose more than a digit. All that
// a piece needs stays in the first-level cache.
export function addGradient(
  from: i32, to: i32, rowsPerT: i32, panels: i32, quads: i32, a: usize, panelBytes: i32, dz: usize, spans: usize,
  sums: usize,
): void {
  const rows = (to - from) * rowsPerT, column = rows * QUAD, biasSums = sums + panels * quads * TILE;
  for (let q = 0; q < quads; q++) addRows(rows, dz + q * column, biasSums + q * QUAD);
  for (let p = 0; p < panels; p++, spans += 8, a += panelBytes, sums += quads * TILE) {
    const first = max(from, i32.load(spans)), count = (min(to, i32.load(spans, 4)) - first) * rowsPerT;
    if (count <= 0) continue;
    const b = dz + (first - from) * rowsPerT * QUAD;
    for (let q = 0; q < quads; q++) {
      tile(count, a + first * rowsPerT * OCTET, b + q * column, 0, true, sums + q * TILE);
    }
  }
}

// to [4] += Σ_rows dz[row], in four sums that do not wait for each other
function addRows(rows: i32, dz: usize, to: usize): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const end = dz + rows * QUAD;
  for (; dz + 4 * QUAD <= end; dz += 4 * QUAD) {
    s0 = f32x4.add(s0, v128.load(dz));
    s1 = f32x4.add(s1, v128.load(dz, QUAD));
    s2 = f32x4.add(s2, v128.load(dz, 2 * QUAD));
    s3 = f32x4.add(s3, v128.load(dz, 3 * QUAD));
  }
  for (; dz < end; dz += QUAD) s0 = f32x4.add(s0, v128.load(dz));
  v128.store(to, f32x4.add(v128.load(to), f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3))));
}

// Moves the sums of all pieces to dW [quads][J][4] and dbias [quads][4], and leaves the sums 0. The inputs of the first
// `front` and the last `back` rows were given as x − blank: blank · dbias is added for them.
export function storeGradient(
  J: i32, quads: i32, sums: usize, dW: usize, dbias: usize, front: i32, back: i32, blank: f32,
): void {
  const panels = (J + 7) >> 3, biasSums = sums + panels * quads * TILE;
  memory.copy(dbias, biasSums, quads * QUAD);
  for (let q = 0; q < quads; q++) {
    const shift = f32x4.mul(f32x4.splat(blank), v128.load(biasSums + q * QUAD));
    let block = sums + q * TILE;
    for (let j = 0; j < J; j += 8, block += quads * TILE) {
      transposeBlock(block);
      const rows = min(8, J - j);
      for (let i = 0; i < rows; i++, dW += QUAD) {
        const counted = j + i < front || j + i >= J - back, sum = v128.load(block + i * QUAD);
        v128.store(dW, counted ? f32x4.add(sum, shift) : sum);
      }
    }
  }
  memory.fill(sums, 0, panels * quads * TILE + quads * QUAD);
}

// Transposes [4][8] to [8][4] in place.
@inline
function transposeBlock(block: usize): void {
  const a = v128.load(block), b = v128.load(block, OCTET), c = v128.load(block, 2 * OCTET), d = v128.load(block, 3 * OCTET);
  const e = v128.load(block, QUAD), f = v128.load(block, OCTET + QUAD), g = v128.load(block, 2 * OCTET + QUAD), h = v128.load(block, 3 * OCTET + QUAD);
  storeTransposed(a, b, c, d, block, QUAD);
  storeTransposed(e, f, g, h, block + 4 * QUAD, QUAD);
}
