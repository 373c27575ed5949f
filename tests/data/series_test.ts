import assert from "node:assert/strict";
import { cutSeries, measureForecast } from "../../lib/data/series.ts";
import { assertClose } from "../support/assert_close.ts";

const LENGTH = 50;
const target = Float64Array.from({ length: LENGTH }, (_, t) => 10 + (t * 7) % 11 + t / 5);
const other = Float64Array.from({ length: LENGTH }, (_, t) => 100 * Math.sin(t));
const constant = new Float64Array(LENGTH).fill(3);
const OPTIONS = { window: 4, horizon: 3, shares: [0.6, 0.2] } as const;

Deno.test("cutSeries() gives each time of a part one window, which ends `horizon` before it", () => {
  const { train, validation, test } = cutSeries({ target, features: [target] }, OPTIONS);
  assert.deepEqual([train.times[0], validation.times[0], test.times[0]], [6, 30, 40]);
  assert.deepEqual([train.count, validation.count, test.count], [24, 10, 10]);
  const part = target.subarray(0, 30), mean = part.reduce((a, b) => a + b) / 30;
  const deviation = Math.sqrt(part.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 30);
  for (const { xs, times, truth, naive, count } of [train, validation, test]) {
    for (let n = 0; n < count; n++) {
      const last = times[n] - 3;
      assert.deepEqual([truth[n], naive[n]], [target[times[n]], target[last]]);
      const expected = [last - 3, last - 2, last - 1, last].map((t) => (target[t] - mean) / deviation);
      assertClose(xs.subarray(4 * n, 4 * n + 4), expected, { atol: 1e-6, rtol: 0, name: `window ${n}` });
    }
  }
});

Deno.test("cutSeries() scales by the training part alone: later numbers do not change it", () => {
  const before = cutSeries({ target, features: [target, other] }, OPTIONS);
  const changed = target.map((value, t) => t < 30 ? value : 1000 * value);
  const after = cutSeries({ target: changed, features: [changed, other] }, OPTIONS);
  assert.deepEqual(after.train, before.train);
  assert.equal(after.changeScale, before.changeScale);
});

Deno.test("cutSeries(): the naive forecast and the scaled change make the truth", () => {
  const { test: { ys, naive, truth, count }, changeScale } = cutSeries(
    { target, features: [constant] },
    OPTIONS,
  );
  const sums = Array.from({ length: count }, (_, n) => naive[n] + changeScale * ys[n]);
  assertClose(sums, truth, { atol: 1e-5, rtol: 0, name: "truth" });
});

Deno.test("cutSeries() makes 0 of a feature that is constant in the training part", () => {
  const tenths = new Float64Array(LENGTH).fill(0.1); // their rounded mean is another number
  const { train } = cutSeries({ target, features: [constant, tenths] }, OPTIONS);
  assert.ok(train.xs.every((x) => x === 0));
});

Deno.test("cutSeries() rejects a series that is too short, or never changes", () => {
  const short = target.subarray(0, 9);
  assert.throws(
    () => cutSeries({ target: short, features: [short] }, OPTIONS),
    /at least 11 rows for a window of 4 and a horizon of 3: current value is 9/,
  );
  const enough = target.subarray(0, 11);
  assert.equal(cutSeries({ target: enough, features: [enough] }, OPTIONS).train.count, 1);
  assert.throws(
    () => cutSeries({ target: constant, features: [other], targetName: "price" }, OPTIONS),
    /the target, price, must change in the training part: current value is always 3/,
  );
  const huge = other.map((x) => x * 1e150);
  assert.throws(
    () => cutSeries({ target, features: [huge] }, OPTIONS),
    /every number must be within ±1e\+150/,
  );
  assert.throws(
    () => cutSeries({ target, features: [] }, { ...OPTIONS, shares: [0.6, 0.4] }),
    /shares must be two shares above 0, together below 1/,
  );
  assert.throws(
    () => cutSeries({ target, features: [] }, { ...OPTIONS, window: 0 }),
    /window must be a whole number/,
  );
});

Deno.test("measureForecast() gives the mean of the errors and the root of the mean of their squares", () => {
  const truth = Float64Array.of(1, 2, 3, 4);
  assert.deepEqual(measureForecast([2, 0, 3, 4], truth), {
    meanAbsolute: 0.75,
    rootMeanSquare: Math.sqrt(5 / 4),
  });
});
