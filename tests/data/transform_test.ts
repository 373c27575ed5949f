import assert from "node:assert/strict";
import { drawTransforms, transformImage } from "../../lib/data/transform.ts";

const SIZE = { height: 5, width: 7 };
const IMAGE = Uint8Array.from({ length: 35 }, (_, i) => (i * 37 + 11) % 256);
const ONE = 65_536;

function transformed(transform: readonly number[], image = IMAGE): Uint8Array {
  const into = new Uint8Array(image.length).fill(99);
  transformImage(image, into, { transform: Int32Array.from(transform), width: SIZE.width });
  return into;
}

Deno.test("transformImage() leaves an image alone, moves it by whole pixels, and fills with blank ones", () => {
  assert.deepEqual(transformed([ONE, 0, 0, 0, ONE, 0]), IMAGE);
  // One to the right and two down: what was at (0, 0) is at column 1 of row 2.
  const moved = transformed([ONE, 0, -ONE, 0, ONE, -2 * ONE]);
  for (let y = 0; y < 5; y++) {
    for (let x = 0; x < 7; x++) {
      assert.equal(moved[y * 7 + x], x >= 1 && y >= 2 ? IMAGE[(y - 2) * 7 + x - 1] : 0, `${x}, ${y}`);
    }
  }
});

Deno.test("transformImage() reads between four pixels, also over the edge", () => {
  const spot = new Uint8Array(35);
  spot[2 * 7 + 3] = 200;
  const half = transformed([ONE, 0, ONE / 2, 0, ONE, ONE / 4], spot);
  assert.deepEqual([half[2 * 7 + 3], half[2 * 7 + 2], half[7 + 3], half[7 + 2]], [75, 75, 25, 25]);
  assert.equal(half.reduce((a, b) => a + b), 200);
  const edge = transformed([ONE, 0, -ONE / 2, 0, ONE, 0]);
  assert.equal(edge[0], (IMAGE[0] + 1) >> 1);
});

Deno.test("drawTransforms() is a function of seed, epoch and position, within its bounds", () => {
  const most = { shift: 2, rotate: 10, scale: 0.1 },
    positions = Uint32Array.from({ length: 1000 }, (_, n) => n);
  const draw = (seed: number, epoch: number | Uint32Array, some = positions) =>
    drawTransforms(most, { seed, epoch, positions: some, size: SIZE });
  const all = draw(1, 3);
  assert.deepEqual(draw(1, 3, positions.subarray(500)), all.subarray(3000));
  assert.deepEqual(draw(1, new Uint32Array(1000).fill(3)), all);
  assert.notDeepEqual(draw(1, 4), all);
  assert.notDeepEqual(draw(2, 3), all);
  const shifts = new Set<number>(), scales: number[] = [], angles: number[] = [];
  for (let n = 0; n < 1000; n++) {
    const [a, b, c, d, e, f] = all.subarray(6 * n, 6 * n + 6);
    assert.deepEqual([e, d + 0], [a, -b + 0]);
    scales.push(ONE / Math.hypot(a, b));
    angles.push(Math.atan2(b, a) * 180 / Math.PI);
    // The centre goes where it was, but for the shift.
    const [u, v] = [a * 3 + b * 2 + c, d * 3 + e * 2 + f].map((at) => at / ONE);
    const [du, dv] = [u - 3, v - 2];
    const moveX = -(a * du - b * dv) / (a * a + b * b) * ONE,
      moveY = -(b * du + a * dv) / (a * a + b * b) * ONE;
    for (const move of [moveX, moveY]) {
      assert.ok(Math.abs(move - Math.round(move)) < 1e-3, `${move}`);
      shifts.add(Math.round(move) + 0);
    }
  }
  assert.deepEqual([...shifts].sort((a, b) => a - b), [-2, -1, 0, 1, 2]);
  for (const [values, low, high] of [[scales, 0.9, 1.1], [angles, -10, 10]] as const) {
    const least = Math.min(...values), largest = Math.max(...values), slack = (high - low) / 100;
    assert.ok(least >= low - 1e-4 && least < low + slack, `${least}`);
    assert.ok(largest <= high + 1e-4 && largest > high - slack, `${largest}`);
  }
});
