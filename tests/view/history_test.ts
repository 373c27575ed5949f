import assert from "node:assert/strict";
import { momentOf, toCurves } from "../../lib/view/history.ts";

const figures = { trainLoss: 1, trainAccuracy: 0.5, testLoss: 1, testAccuracy: 0.5 };

function reports(...steps: number[]) {
  return steps.map((step) => ({ event: "report", epoch: 0, step, ...figures }));
}

function placesOf(set: ReturnType<typeof toCurves>): number[][] {
  return set.curves.map(({ points }) => points.map(({ x }) => x));
}

Deno.test("toCurves(): runs whose epochs have different numbers of steps are compared by epochs", () => {
  const a = { name: "a", lines: reports(50, 100), stepsPerEpoch: 100 };
  const alike = toCurves([a, { ...a, name: "b" }]);
  assert.deepEqual([alike.unit, placesOf(alike)], ["steps", [[50, 100], [50, 100]]]);
  const other = toCurves([a, { ...a, name: "b", stepsPerEpoch: 50 }]);
  assert.deepEqual([other.unit, placesOf(other)], ["epochs", [[0.5, 1], [1, 2]]]);
});

Deno.test("toCurves(): an interrupted epoch counts in part; without its step, as a whole", () => {
  const lines = [
    { event: "epoch", epoch: 0, step: 100, ...figures },
    { event: "epoch", epoch: 1, step: 150, ...figures },
  ];
  assert.deepEqual(placesOf(toCurves([{ name: "a", lines, stepsPerEpoch: 100 }])), [[1, 1.5]]);
  const old = lines.map(({ step: _, ...line }) => line);
  assert.deepEqual(placesOf(toCurves([{ name: "a", lines: old, stepsPerEpoch: 100 }])), [[1, 2]]);
});

Deno.test("momentOf(): one epoch is singular, parts of one have three digits", () => {
  const point = { x: 0, ...figures };
  const say = (x: number, unit: "epochs" | "steps") => momentOf({ ...point, x }, unit);
  assert.deepEqual([1, 10, 0.9594, 11.637, 123.4, 0.00123].map((x) => say(x, "epochs")), [
    "after 1 epoch",
    "after 10 epochs",
    "after 0.959 epochs",
    "after 11.6 epochs",
    "after 123 epochs",
    "after 0.00123 epochs",
  ]);
  assert.deepEqual([1, 10_000].map((x) => say(x, "steps")), ["after 1 step", "after 10,000 steps"]);
});

Deno.test("toCurves(): the losses of steps are smoothed, thinned out, and stand where their steps do", () => {
  const losses = Float32Array.from({ length: 2_000 }, (_, step) => step < 10 ? NaN : step % 2);
  const [{ steps }] = toCurves([{ name: "a", lines: reports(1_000), stepsPerEpoch: 500, losses }]).curves;
  assert.deepEqual([steps!.averaged, steps!.points.length], [40, 400]);
  assert.deepEqual([0, 1, 2, 399].map((i) => steps!.points[i].x), [5, 10, 15, 2_000]);
  assert.deepEqual(steps!.points.slice(0, 2).map(({ loss }) => loss), [NaN, NaN]);
  assert.ok(steps!.points.slice(10).every(({ loss }) => Math.abs(loss - 0.5) < 0.05));

  const epoch = { event: "epoch", epoch: 0, ...figures };
  const [few, none, time] = [
    toCurves([{ name: "a", lines: [epoch], stepsPerEpoch: 4, losses: [3, 2, 1] }]),
    toCurves([{ name: "a", lines: [epoch], stepsPerEpoch: 4, losses: [] }]),
    toCurves([{ name: "a", lines: [epoch], stepsPerEpoch: 4, losses: [3, 2, 1] }], { against: "seconds" }),
  ].map(({ curves: [{ steps }] }) => steps);
  assert.deepEqual(few, {
    averaged: 1,
    points: [{ x: 0.25, loss: 3 }, { x: 0.5, loss: 2 }, { x: 0.75, loss: 1 }],
  });
  assert.deepEqual([none, time], [null, null]);
  const wild = Float32Array.of(3e38, -Infinity, NaN, 1); // no number that a picture could compute with
  const { steps: gaps } = toCurves([{ name: "a", lines: [epoch], stepsPerEpoch: 4, losses: wild }]).curves[0];
  assert.deepEqual(gaps!.points.map(({ loss }) => loss), [NaN, NaN, NaN, 1]);
});

Deno.test("toCurves() against seconds: the time of all reports so far, whatever they count", () => {
  const lines = reports(50, 100, 150).map((line, i) => ({ ...line, seconds: i === 0 ? 1.5 : 2 }));
  const { unit, curves: [{ points }] } = toCurves([{ name: "a", lines, stepsPerEpoch: 100 }], {
    against: "seconds",
  });
  assert.deepEqual([unit, points.map(({ x }) => x)], ["seconds", [1.5, 3.5, 5.5]]);
  assert.equal(momentOf({ ...points[0], x: 125 }, "seconds"), "after 2 min 5 s");
  const old = lines.map(({ seconds: _, ...line }) => line);
  assert.deepEqual(
    placesOf(toCurves([{ name: "a", lines: old, stepsPerEpoch: 100 }], { against: "seconds" })),
    [[]],
  );
});
