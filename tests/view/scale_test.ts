import assert from "node:assert/strict";
import { extent, linearScale, logScale } from "../../lib/view/scale.ts";

const place = { from: 100, to: 0, labels: 5 };

Deno.test("linearScale() ends at round numbers beyond the values, or at the limits", () => {
  const { at, ticks } = linearScale([0.12, 0.87], place);
  assert.deepEqual(ticks, [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual([at(0), at(1)], [100, 0]);
  const limited = linearScale([0.51, 0.999], { ...place, limits: [0, 1] });
  assert.deepEqual(limited.ticks, [0.5, 0.6, 0.7, 0.8, 0.9, 1]);
});

Deno.test("linearScale() of one value, of equal values and of none leaves room around them", () => {
  for (const values of [[0.98], [0.98, 0.98, NaN], [0], [1], []]) {
    const { at, ticks } = linearScale(values, { ...place, limits: [0, 1] });
    assert(ticks.length >= 2, `${values}: ${ticks}`);
    for (const value of values.filter(Number.isFinite)) assert(at(value) >= -1e-9 && at(value) <= 100 + 1e-9);
  }
});

Deno.test("linearScale() of whole numbers labels no fractions", () => {
  assert.deepEqual(linearScale([0, 2], { ...place, labels: 10, leastStep: 1 }).ticks, [0, 1, 2]);
  assert.deepEqual(linearScale([0, 49], { ...place, labels: 10, leastStep: 1 }).ticks.slice(0, 3), [
    0,
    5,
    10,
  ]);
});

Deno.test("logScale() has as many labels as fit", () => {
  for (const [low, high] of [[0.5, 8], [0.04, 2.3], [1e-3, 3], [1e-9, 2], [1e-30, 1]]) {
    const { at, ticks } = logScale([low, high, NaN], { from: 100, to: 0, labels: 6 });
    assert(ticks.length >= 2 && ticks.length <= 7, `${low} to ${high}: ${ticks}`);
    assert(at(low) < 100 && at(high) > 0);
    for (const tick of ticks) assert(at(tick) >= 0 && at(tick) <= 100);
  }
});

Deno.test("extent() leaves out what is not finite", () => {
  assert.deepEqual(extent([3, NaN, -1, Infinity]), [-1, 3]);
  assert.equal(extent([NaN]), null);
});
