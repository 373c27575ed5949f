// From sequences as they lie in memory to the inputs of the first layer, and from classes to targets.

import { high16, high32, high8, low16, low32, low8, OCTET, QUAD, storeTransposed } from "./simd";

// Transposes bytes [8][count] to [count][8]. Works on 16 bytes of each sequence at a time, so it reads and
// writes up to 15 bytes of each past the end.
export function interleave(count: i32, sequences: usize, pixels: usize): void {
  const a = sequences, b = a + count, c = b + count, d = c + count;
  const e = d + count, f = e + count, g = f + count, h = g + count;
  for (let at: usize = 0, end = <usize>count; at < end; at += 16, pixels += 16 * 8) {
    const va = v128.load(a + at), vb = v128.load(b + at), vc = v128.load(c + at), vd = v128.load(d + at);
    const ve = v128.load(e + at), vf = v128.load(f + at), vg = v128.load(g + at), vh = v128.load(h + at);
    storeEights(low8(va, vb), low8(vc, vd), low8(ve, vf), low8(vg, vh), pixels);
    storeEights(high8(va, vb), high8(vc, vd), high8(ve, vf), high8(vg, vh), pixels + 8 * 8);
  }
}

// Stores eight pixels [8][8] of the sequences a … h, which come in pairs: ab holds a0 b0 a1 b1 …
@inline
function storeEights(ab: v128, cd: v128, ef: v128, gh: v128, to: usize): void {
  const abcd0 = low16(ab, cd), abcd4 = high16(ab, cd), efgh0 = low16(ef, gh), efgh4 = high16(ef, gh);
  v128.store(to, low32(abcd0, efgh0)), v128.store(to, high32(abcd0, efgh0), 2 * 8);
  v128.store(to, low32(abcd4, efgh4), 4 * 8), v128.store(to, high32(abcd4, efgh4), 6 * 8);
}

// Moves the pixels of eight images to the order in which they are read: to[k] = from[order[k]], [8] bytes each; order uint32
// [count].
export function reorder(count: i32, order: usize, from: usize, to: usize): void {
  for (const end = order + (<usize>count << 2); order < end; order += 4, to += 8) {
    i64.store(to, i64.load(from + (i32.load(order) << 3)));
  }
}

// Writes x_t of eight images into x [C+H,8]: the first `front` features before h [H,8], the others after it. They are pixels
// [C][8] divided by `divisor`. Also writes to range [2] the first row that is not blank and the one after the last: all of h,
// and the features around it from the first to the last with ink in any of the images.
export function spreadInputs(
  C: i32, front: i32, H: i32, pixels: usize, divisor: f32, x: usize, range: usize,
): void {
  const by = f32x4.splat(divisor);
  let first = front, end = front;
  for (let c = 0; c < C; c++, pixels += 8, x += OCTET) {
    if (c == front) x += H * OCTET;
    const bytes = v128.load64_zero(pixels);
    if (v128.any_true(bytes)) first = min(first, c), end = max(end, c + 1);
    const words = i16x8.extend_low_i8x16_u(bytes);
    v128.store(x, f32x4.div(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(words)), by));
    v128.store(x, f32x4.div(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(words)), by), QUAD);
  }
  i32.store(range, first);
  i32.store(range, end + H, 4);
}

// The features of bytes: x [count,8] = blank + pixels [count][8] / divisor.
export function scaleBytes(count: i32, pixels: usize, divisor: f32, blank: f32, x: usize): void {
  const by = f32x4.splat(divisor), shift = f32x4.splat(blank);
  for (let i = 0; i < count; i++, pixels += 8, x += OCTET) {
    const words = i16x8.extend_low_i8x16_u(v128.load64_zero(pixels));
    const low = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(words));
    const high = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(words));
    v128.store(x, f32x4.add(f32x4.div(low, by), shift));
    v128.store(x, f32x4.add(f32x4.div(high, by), shift), QUAD);
  }
}

// Transposes words [8][count], `stride` words apart, to [count][8]. Works on four words at a time, so it reads and writes up
// to three words past the end.
export function interleaveWords(count: i32, stride: i32, from: usize, to: usize): void {
  const bytes: usize = <usize>stride << 2;
  for (let half: usize = 0; half < 2; half++, from += 4 * bytes) {
    let at = from, out = to + half * QUAD;
    for (let i = 0; i < count; i += 4, at += QUAD, out += 4 * OCTET) {
      storeTransposed(
        v128.load(at), v128.load(at + bytes), v128.load(at + 2 * bytes), v128.load(at + 3 * bytes), out, OCTET,
      );
    }
  }
}

// The rows of tokens: x [T][4·quads][8] from table [V][4·quads] and tokens int32 [T,8].
export function gatherRows(T: i32, quads: i32, table: usize, tokens: usize, x: usize): void {
  const rowBytes = quads * QUAD;
  for (let t = 0; t < T; t++, x += quads * 4 * OCTET) {
    for (let half: usize = 0; half < 2; half++, tokens += QUAD) {
      let a = table + load<i32>(tokens) * rowBytes, b = table + load<i32>(tokens, 4) * rowBytes;
      let c = table + load<i32>(tokens, 8) * rowBytes, d = table + load<i32>(tokens, 12) * rowBytes;
      let out = x + half * QUAD;
      for (let q = 0; q < quads; q++, out += 4 * OCTET) {
        storeTransposed(v128.load(a), v128.load(b), v128.load(c), v128.load(d), out, OCTET);
        a += QUAD, b += QUAD, c += QUAD, d += QUAD;
      }
    }
  }
}

// The gradients of those rows: dx [T][4·quads][8] → rows [T][8][4·quads]
export function spreadRows(T: i32, quads: i32, dx: usize, rows: usize): void {
  const rowBytes = quads * QUAD;
  for (let t = 0; t < T; t++) {
    for (let q = 0; q < quads; q++, dx += 4 * OCTET) {
      const to = rows + q * QUAD;
      storeTransposed(v128.load(dx), v128.load(dx, OCTET), v128.load(dx, 2 * OCTET), v128.load(dx, 3 * OCTET), to, rowBytes);
      storeTransposed(
        v128.load(dx, QUAD), v128.load(dx, OCTET + QUAD), v128.load(dx, 2 * OCTET + QUAD), v128.load(dx, 3 * OCTET + QUAD),
        to + 4 * rowBytes, rowBytes,
      );
    }
    rows += 8 * rowBytes;
  }
}

// The gradient of rows `first` … `end` − 1 of the table: table [end−first][4·quads] = Σ rows [count][4·quads] over those whose
// token, int32 [count], is that row's, in the order of `rows`. Looks at eight tokens at a time.
export function sumRows(first: i32, end: i32, quads: i32, count: i32, tokens: usize, rows: usize, table: usize): void {
  const rowBytes = quads * QUAD, size = end - first;
  memory.fill(table, 0, size * rowBytes);
  const from = i32x4.splat(first), limit = i32x4.splat(size);
  for (let i = 0; i < count; i += 8, tokens += 32) {
    const low = i32x4.lt_u(i32x4.sub(v128.load(tokens), from), limit);
    const high = i32x4.lt_u(i32x4.sub(v128.load(tokens, QUAD), from), limit);
    if (!v128.any_true(v128.or(low, high))) continue;
    for (let k = 0; k < 8; k++) {
      const row = load<i32>(tokens + (k << 2)) - first;
      if (<u32>row < <u32>size) addRow(rowBytes, rows + (i + k) * rowBytes, table + row * rowBytes);
    }
  }
}

// to += from
@inline
function addRow(bytes: i32, from: usize, to: usize): void {
  const end = from + bytes;
  for (; from + 4 * QUAD <= end; from += 4 * QUAD, to += 4 * QUAD) {
    v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
    v128.store(to, f32x4.add(v128.load(to, QUAD), v128.load(from, QUAD)), QUAD);
    v128.store(to, f32x4.add(v128.load(to, 2 * QUAD), v128.load(from, 2 * QUAD)), 2 * QUAD);
    v128.store(to, f32x4.add(v128.load(to, 3 * QUAD), v128.load(from, 3 * QUAD)), 3 * QUAD);
  }
  for (; from < end; from += QUAD, to += QUAD) v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
}

// Rows [steps][K][8] that are 1 at the class of classes int32 [steps,8] and 0 elsewhere.
export function expandClasses(steps: i32, K: i32, classes: usize, rows: usize): void {
  const one = f32x4.splat(1);
  for (const end = classes + steps * OCTET; classes < end; classes += OCTET) {
    const low = v128.load(classes), high = v128.load(classes, QUAD);
    for (let k = 0; k < K; k++, rows += OCTET) {
      v128.store(rows, v128.and(one, i32x4.eq(low, i32x4.splat(k))));
      v128.store(rows, v128.and(one, i32x4.eq(high, i32x4.splat(k))), QUAD);
    }
  }
}
