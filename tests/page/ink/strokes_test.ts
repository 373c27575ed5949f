import assert from "node:assert/strict";
import fc from "fast-check";
import {
  curvesOf,
  extendStroke,
  flattenStroke,
  hasRoom,
  packStrokes,
  pointAt,
  SHEET,
  type Stroke,
  unpackStrokes,
} from "../../../page/ink/strokes.ts";

const side = fc.integer({ min: 0, max: SHEET }), point = fc.tuple(side, side).map(([x, y]) => ({ x, y }));
const strokes = fc.array(fc.array(point, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 8 });

Deno.test("unpackStrokes() reads what packStrokes() packed", () => {
  fc.assert(fc.property(strokes, (drawn) => assert.deepEqual(unpackStrokes(packStrokes(drawn)), drawn)));
});

Deno.test("unpackStrokes() takes any bytes: strokes on the sheet, or null", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
    const found = unpackStrokes(bytes);
    for (const { x, y } of found?.flat() ?? []) assert.ok(x >= 0 && x <= SHEET && y >= 0 && y <= SHEET);
  }));
  assert.equal(unpackStrokes(new Uint8Array()), null);
  const whole = packStrokes([[pointAt(500, 500), pointAt(600, 10)]]);
  for (let end = 0; end < whole.length; end++) {
    assert.equal(unpackStrokes(whole.subarray(0, end)), null, `${end}`);
  }
  assert.equal(unpackStrokes(Uint8Array.of(255, 255, 127)), null, "more points than bytes");
});

Deno.test("a stroke is smooth: its curves meet at midpoints, and end where the pen was lifted", () => {
  const stroke = [pointAt(0, 0), pointAt(100, 0), pointAt(100, 100)];
  assert.deepEqual(curvesOf(stroke).map(({ end }) => end), [{ x: 50, y: 0 }, { x: 100, y: 100 }]);
  const line = flattenStroke(stroke);
  assert.deepEqual([line[0], line.at(-1)], [{ x: 0, y: 0 }, { x: 100, y: 100 }]);
  const longest = Math.max(...line.slice(1).map(({ x, y }, i) => Math.hypot(x - line[i].x, y - line[i].y)));
  assert.ok(longest < 35, `pieces are short: ${longest}`);
  assert.deepEqual(flattenStroke([pointAt(5, 6)]), [{ x: 5, y: 6 }], "a dot");
});

Deno.test("points off the sheet are moved onto it, and those too near the last one are left out", () => {
  assert.deepEqual(pointAt(-5, 2_000), { x: 0, y: SHEET });
  let drawn: readonly Stroke[] = [[pointAt(10, 10)]];
  for (const x of [11, 12, 13, 40]) drawn = extendStroke(drawn, pointAt(x, 10));
  assert.deepEqual(drawn, [[{ x: 10, y: 10 }, { x: 40, y: 10 }]]);
  assert.deepEqual(extendStroke([], pointAt(1, 1)), [], "no stroke was begun");
});

Deno.test("a drawing stops growing before it is too long for an address", () => {
  let drawn: readonly Stroke[] = [[pointAt(0, 0)]];
  for (let i = 1; i < 5_000; i++) drawn = extendStroke(drawn, pointAt(i % 2 * SHEET, i / 5));
  assert.equal(drawn.flat().length, 2_000);
  assert.equal(hasRoom(drawn), false);
  assert.deepEqual(unpackStrokes(packStrokes(drawn)), drawn);
});
