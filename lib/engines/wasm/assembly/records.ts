// What weight gradients are summed from, and the row that all groups share.

import { OCTET, QUAD, storeTransposed } from "./simd";

// Records the input of one t for the weight gradient: xh [J,8] → rows [ceil(J/8)][8][8], the panels `panelBytes` apart. xh
// has room for whole panels; what lies past row J is finite, and its gradients are not read.
export function recordRows(J: i32, xh: usize, rows: usize, panelBytes: i32): void {
  for (let j = 0; j < J; j += 8) {
    for (let lanes: usize = 0; lanes < <usize>OCTET; lanes += QUAD) {
      const at = xh + lanes, to = rows + (lanes << 3);
      storeTransposed(
        v128.load(at), v128.load(at, OCTET), v128.load(at, 2 * OCTET), v128.load(at, 3 * OCTET), to, OCTET,
      );
      storeTransposed(
        v128.load(at, 4 * OCTET), v128.load(at, 5 * OCTET), v128.load(at, 6 * OCTET), v128.load(at, 7 * OCTET),
        to + QUAD, OCTET,
      );
    }
    xh += 8 * OCTET, rows += panelBytes;
  }
}

// to [count] = Σ_lanes from [count,8]
export function sumLanes(count: i32, from: usize, to: usize): void {
  for (const end = to + (count << 2); to < end; to += 4, from += OCTET) {
    const pairs = f32x4.add(v128.load(from), v128.load(from, QUAD));
    const low = f32x4.add(pairs, i64x2.shuffle(pairs, pairs, 1, 0));
    f32.store(to, f32x4.extract_lane(low, 0) + f32x4.extract_lane(low, 1));
  }
}

// lane 0 of to [count,8] += from [count]
export function addToFirstLane(count: i32, from: usize, to: usize): void {
  for (const end = from + (count << 2); from < end; from += 4, to += OCTET) {
    f32.store(to, f32.load(to) + f32.load(from));
  }
}
