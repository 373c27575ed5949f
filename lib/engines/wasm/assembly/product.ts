// The one matrix product of this engine. Everything recurrent, on the way there and back, and every weight gradient is
// a run of tiles
//
//   out [4,8] = bias [4] + Σ_k  b[k] [4] ⊗ a[k] [8]
//
// over two packed panels: a [K][8], eight columns of the left operand, and b [K][4], four of the right one. Both are read
// from front to back, so nothing is gathered and nothing is transposed inside the loop: per k three loads, four lane
// splats and eight multiply-adds, in 13 of the 15 registers that V8 has to give.

import { madd, splat0, splat1, splat2, splat3 } from "./simd";

// One tile over K ≥ 0 terms; `bias` is the address of four float32, or 0 for none.
@inline
export function tile(K: i32, a: usize, b: usize, bias: usize, out: usize): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  if (bias) {
    const v = v128.load(bias);
    c00 = splat0(v), c10 = splat1(v), c20 = splat2(v), c30 = splat3(v);
    c01 = c00, c11 = c10, c21 = c20, c31 = c30;
  }
  const end = b + (K << 4);
  while (b < end) {
    const four = v128.load(b);
    const low = v128.load(a), high = v128.load(a, 16);
    let s = splat0(four);
    c00 = madd(low, s, c00), c01 = madd(high, s, c01);
    s = splat1(four);
    c10 = madd(low, s, c10), c11 = madd(high, s, c11);
    s = splat2(four);
    c20 = madd(low, s, c20), c21 = madd(high, s, c21);
    s = splat3(four);
    c30 = madd(low, s, c30), c31 = madd(high, s, c31);
    a += 32, b += 16;
  }
  v128.store(out, c00), v128.store(out, c01, 16);
  v128.store(out, c10, 32), v128.store(out, c11, 48);
  v128.store(out, c20, 64), v128.store(out, c21, 80);
  v128.store(out, c30, 96), v128.store(out, c31, 112);
}

// out [quads,4,8] = bias [quads,4] + a [K][8] times each of the panels [quads][K][4], which lie `panelBytes` apart.
export function product(K: i32, quads: i32, a: usize, panels: usize, panelBytes: i32, bias: usize, out: usize): void {
  for (let q = 0; q < quads; q++) {
    tile(K, a, panels, bias, out);
    panels += panelBytes, out += 128;
    if (bias) bias += 16;
  }
}

const ROWS_A_PIECE = 128;

// As product, but for one image: it lies in lane 0 of a [K][8]. The result goes to all eight lanes of out (`spread`), or to
// lane 0 with 0 in the others. Eight quads at a time, so that their running sums hide each other's latency.
export function rowProduct(
  K: i32, quads: i32, a: usize, panels: usize, panelBytes: i32, bias: usize, spread: bool, out: usize,
): void {
  for (let q = 0; q < quads; q += 8) {
    const count = min(8, quads - q);
    // Where fewer than eight are left, the last one is computed once more.
    const p0 = panels, p1 = panelAt(panels, 1, count, panelBytes), p2 = panelAt(panels, 2, count, panelBytes);
    const p3 = panelAt(panels, 3, count, panelBytes), p4 = panelAt(panels, 4, count, panelBytes);
    const p5 = panelAt(panels, 5, count, panelBytes), p6 = panelAt(panels, 6, count, panelBytes);
    const p7 = panelAt(panels, 7, count, panelBytes);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    let x = a;
    for (let at: usize = 0, end: usize = <usize>K << 4; at < end; at += 16, x += 32) {
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
    panels += 8 * panelBytes, out += 1024;
    if (bias) bias += 128;
  }
}

@inline
function panelAt(panels: usize, index: i32, count: i32, panelBytes: i32): usize {
  return panels + min(index, count - 1) * panelBytes;
}

// Four columns of one image to [4][8].
function storeRow(sums: v128, bias: usize, quad: i32, spread: bool, out: usize): void {
  const to = out + (quad << 7);
  let v = sums;
  if (bias) v = f32x4.add(v, v128.load(bias + (quad << 4)));
  if (spread) {
    v128.store(to, splat0(v)), v128.store(to, splat0(v), 16);
    v128.store(to, splat1(v), 32), v128.store(to, splat1(v), 48);
    v128.store(to, splat2(v), 64), v128.store(to, splat2(v), 80);
    v128.store(to, splat3(v), 96), v128.store(to, splat3(v), 112);
  } else {
    const zero = i32x4.splat(0);
    v128.store(to, f32x4.replace_lane(zero, 0, f32x4.extract_lane(v, 0))), v128.store(to, zero, 16);
    v128.store(to, f32x4.replace_lane(zero, 0, f32x4.extract_lane(v, 1)), 32), v128.store(to, zero, 48);
    v128.store(to, f32x4.replace_lane(zero, 0, f32x4.extract_lane(v, 2)), 64), v128.store(to, zero, 80);
    v128.store(to, f32x4.replace_lane(zero, 0, f32x4.extract_lane(v, 3)), 96), v128.store(to, zero, 112);
  }
}

// Some quads of columns of a weight gradient, dW[j][column] = Σ_rows a[row][j] dz[row][column] for all j, and of the bias,
// dbias[column] = Σ_rows dz[row][column]:
//
//   a      [ceil(J/8)][rows][8]   the inputs of every row (image and step), eight features a panel
//   dz     [quads][rows][4]       four columns a quad; of the last quad `valid` exist
//   dW     row j lies `rowBytes` after row j − 1, quad q `quadBytes` after quad q − 1, column l of a quad `laneBytes` after
//          column l − 1; dbias likewise
//   block  256 bytes of this thread
//
// A panel of a meets all quads before the next one is fetched.
export function weightGradient(
  rows: i32, J: i32, quads: i32, a: usize, dz: usize, dW: usize, rowBytes: i32, quadBytes: i32, laneBytes: i32,
  valid: i32, dbias: usize, block: usize,
): void {
  const panel: usize = <usize>rows << 5, column: usize = <usize>rows << 4;
  for (let j = 0; j < J; j += 8, a += panel) {
    const features = min(8, J - j);
    for (let q = 0; q < quads; q++) {
      sumTiles(rows, a, dz + q * column, block);
      const lanes = q == quads - 1 ? valid : 4;
      for (let l = 0; l < lanes; l++) {
        let to = dW + j * rowBytes + q * quadBytes + l * laneBytes;
        for (let i = 0; i < features; i++, to += rowBytes) f32.store(to, f32.load(block + (l << 5) + (i << 2)));
      }
    }
  }
  for (let q = 0; q < quads; q++) {
    sumRows(rows, dz + q * column, dbias + q * quadBytes, laneBytes, q == quads - 1 ? valid : 4);
  }
}

// A tile over all rows, in pieces: a running sum of thousands of terms would lose more than a digit.
function sumTiles(rows: i32, a: usize, dz: usize, block: usize): void {
  const piece = block + 128;
  tile(min(rows, ROWS_A_PIECE), a, dz, 0, block);
  for (let row = ROWS_A_PIECE; row < rows; row += ROWS_A_PIECE) {
    a += ROWS_A_PIECE << 5, dz += ROWS_A_PIECE << 4;
    tile(min(rows - row, ROWS_A_PIECE), a, dz, 0, piece);
    for (let at: usize = 0; at < 128; at += 16) {
      v128.store(block + at, f32x4.add(v128.load(block + at), v128.load(piece + at)));
    }
  }
}

// to[l] = Σ_rows dz[row][l], in pieces of four running sums each
function sumRows(rows: i32, dz: usize, to: usize, laneBytes: i32, lanes: i32): void {
  let s = f32x4.splat(0);
  const end = dz + (rows << 4);
  while (dz < end) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    const piece = min(dz + (ROWS_A_PIECE << 4), end);
    for (; dz + 64 <= piece; dz += 64) {
      s0 = f32x4.add(s0, v128.load(dz));
      s1 = f32x4.add(s1, v128.load(dz, 16));
      s2 = f32x4.add(s2, v128.load(dz, 32));
      s3 = f32x4.add(s3, v128.load(dz, 48));
    }
    for (; dz < piece; dz += 16) s0 = f32x4.add(s0, v128.load(dz));
    s = f32x4.add(s, f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  }
  f32.store(to, f32x4.extract_lane(s, 0));
  if (lanes > 1) f32.store(to + laneBytes, f32x4.extract_lane(s, 1));
  if (lanes > 2) f32.store(to + 2 * laneBytes, f32x4.extract_lane(s, 2));
  if (lanes > 3) f32.store(to + 3 * laneBytes, f32x4.extract_lane(s, 3));
}
