import assert from "node:assert/strict";
import { smooth } from "../../lib/view/smooth.ts";

Deno.test("smooth() is the weighted mean of all values so far, the older the lighter", () => {
  const values = [3, -1, 4, 1, -5, 9], weight = 0.7;
  smooth(values, weight).forEach((smoothed, n) => {
    const weights = values.slice(0, n + 1).map((_, i) => weight ** (n - i));
    const mean = weights.reduce((sum, w, i) => sum + w * values[i], 0) / weights.reduce((a, b) => a + b);
    assert.ok(Math.abs(smoothed - mean) < 1e-12);
  });
});

Deno.test("smooth() leaves out what is not finite, and with weight 0 changes nothing", () => {
  const [a, gap, b] = smooth([1, Infinity, 2], 0.9);
  assert.deepEqual([a, gap, b], [1, NaN, smooth([1, 2], 0.9)[1]]);
  assert.deepEqual(smooth(Float32Array.of(2, 7, 1), 0), Float64Array.of(2, 7, 1));
});
