import assert from "node:assert/strict";
import { measure } from "../../../lib/engines/reference/losses.ts";
import { CLIP, type Loss, type Metric } from "../../../lib/model/losses.ts";
import { assertClose } from "../../support/assert_close.ts";

/** Measures rows of K numbers, each of a sequence of one step. */
function measureRows(
  loss: Loss,
  x: readonly number[],
  { y, K, metrics = [], T = 1, weights, labelSmoothing }: {
    y: readonly number[];
    K: number;
    metrics?: readonly Metric[];
    T?: number;
    weights?: readonly number[];
    labelSmoothing?: number;
  },
) {
  const N = x.length / K / T;
  return measure({ loss, metrics }, { x: Float64Array.from(x), T, N, C: K }, {
    rows: Float64Array.from(y),
    weights: Float64Array.from(weights ?? new Array(N).fill(1)),
    labelSmoothing,
  });
}

/** The cross-entropy of a probability whose target is 1: −ln p. */
const entropyOf = (p: number) => -Math.log(p);

const TIGHT = { atol: 1e-15, rtol: 0 };

Deno.test("measure() measures the softmax cross-entropy of two rows by hand", () => {
  // p = [1/4, 3/4] and [1/2, 1/2]
  const x = [0, Math.log(3), 5, 5], metrics = ["categoricalAccuracy"] as const;
  const { loss, metrics: [correct], dy } = measureRows("softmaxCrossEntropy", x, {
    y: [1, 0, 0, 1],
    K: 2,
    metrics,
  });
  assertClose([loss], [(Math.log(4) + Math.log(2)) / 2], { ...TIGHT, name: "loss" });
  assertClose(dy, [-3 / 8, 3 / 8, 1 / 4, -1 / 4], { ...TIGHT, name: "dy" });
  assert.equal(correct, 0); // the first of two equal logits is the answer
  const other = measureRows("softmaxCrossEntropy", x, { y: [0, 1, 1, 0], K: 2, metrics });
  assert.deepEqual(other.metrics, [2]);
});

Deno.test("measure() is finite for logits whose exp is not, and divides the probability between equal, huge ones", () => {
  const far = measureRows("softmaxCrossEntropy", [1e4, -1e4, 0], { y: [0, 1, 0], K: 3 });
  assert.equal(far.loss, 2e4);
  assert.deepEqual(far.dy, Float64Array.of(1, -1, 0));
  const huge = measureRows("softmaxCrossEntropy", [1e30, 1e30, -1e30], { y: [1, 0, 0], K: 3 });
  assert.equal(huge.loss, Math.log(2));
  assert.deepEqual(huge.dy, Float64Array.of(-0.5, 0.5, 0));
  const sigmoid = measureRows("sigmoidCrossEntropy", [1e4, -1e4], { y: [0, 0], K: 2 });
  assert.equal(sigmoid.loss, 5e3);
  assert.deepEqual(sigmoid.dy, Float64Array.of(0.5, 0));
});

Deno.test("measure() clips probabilities, where the gradient is 0", () => {
  const categorical = measureRows("categoricalCrossEntropy", [0, 2, 0], { y: [1, 0, 0], K: 3 });
  assertClose([categorical.loss], [entropyOf(CLIP[0])], { ...TIGHT, name: "loss" });
  assert.deepEqual(Array.from(categorical.dy, Math.abs), [0, 0, 0]);
  const binary = measureRows("binaryCrossEntropy", [0, 1, 0.5], { y: [1, 1, 1], K: 3 });
  assertClose([binary.loss], [(entropyOf(CLIP[0]) + entropyOf(CLIP[1]) + entropyOf(0.5)) / 3], {
    atol: 1e-15,
    rtol: 1e-12,
    name: "loss",
  });
  assertClose(binary.dy, [0, 0, -2 / 3], { ...TIGHT, name: "dy" });
});

Deno.test("measure() measures errors by hand", () => {
  const given = { y: [0, 0, 0, 0], K: 4 }, x = [-2, 0.5, 0, 3];
  const squared = measureRows("meanSquaredError", x, given);
  assert.deepEqual([squared.loss, ...squared.dy], [13.25 / 4, -1, 0.25, 0, 1.5]);
  const absolute = measureRows("meanAbsoluteError", x, given);
  assert.deepEqual([absolute.loss, ...absolute.dy], [5.5 / 4, -0.25, 0.25, 0, 0.25]);
  const huber = measureRows("huber", x, given);
  assert.deepEqual([huber.loss, ...huber.dy], [(1.5 + 0.125 + 2.5) / 4, -0.25, 0.125, 0, 0.25]);
});

Deno.test("measure() weights the loss of a sequence at all of its steps, not its metrics", () => {
  // two steps of two sequences: [T,N,1]
  const given = { y: [0, 0, 0, 0], K: 1, T: 2, metrics: ["meanAbsoluteError"] as const, weights: [3, 0.5] };
  const { loss, dy, metrics } = measureRows("meanSquaredError", [1, 2, 3, 4], given);
  assert.equal(loss, (3 * (1 + 9) + 0.5 * (4 + 16)) / 4);
  assert.deepEqual(Array.from(dy), [1.5, 0.5, 4.5, 1]);
  assert.deepEqual(metrics, [(1 + 2 + 3 + 4) / 2]); // sums over sequences of means over steps
});

Deno.test("measure() smooths labels for the loss, not for the metrics", () => {
  const metrics = ["categoricalAccuracy", "meanSquaredError"] as const, x = [0, Math.log(3)]; // p = [1/4, 3/4]
  const plain = measureRows("softmaxCrossEntropy", x, { y: [0, 1], K: 2, metrics });
  const { loss, dy, metrics: measured } = measureRows("softmaxCrossEntropy", x, {
    y: [0, 1],
    K: 2,
    metrics,
    labelSmoothing: 0.2,
  });
  assertClose([loss], [0.1 * Math.log(4) + 0.9 * Math.log(4 / 3)], { ...TIGHT, name: "loss" });
  assertClose(dy, [0.25 - 0.1, 0.75 - 0.9], { ...TIGHT, name: "dy" });
  assert.deepEqual(measured, plain.metrics);
});

Deno.test("measure() compares outputs with ½, and takes the first of equal targets", () => {
  const metrics = ["binaryAccuracy", "categoricalAccuracy"] as const;
  const one = measureRows("binaryCrossEntropy", [0.5, 0.6, 0.4], { y: [0, 1, 1], K: 3, metrics });
  assert.deepEqual(one.metrics, [2 / 3, 1]);
});
