import assert from "node:assert/strict";
import {
  confusionMatrix,
  crossEntropies,
  predictedClasses,
  scoreLogits,
  worstMistakes,
} from "../../lib/train/metrics.ts";

Deno.test("crossEntropies() are −ln softmax at the label", () => {
  const logits = Float32Array.of(1, 2, 3, -1, 0.5, 0.25);
  const losses = crossEntropies(logits, Uint8Array.of(2, 0), 3);
  const expected = [[1, 2, 3, 2], [-1, 0.5, 0.25, 0]].map(([a, b, c, label]) => {
    const powers = [a, b, c].map(Math.exp);
    return -Math.log(powers[label] / (powers[0] + powers[1] + powers[2]));
  });
  losses.forEach((loss, n) => assert.ok(Math.abs(loss - expected[n]) < 1e-15));
});

Deno.test("crossEntropies() do not overflow", () => {
  const logits = Float32Array.of(3e38, -3e38, -3e38, -3e38, 1000, 999);
  const losses = crossEntropies(logits, Uint8Array.of(0, 1, 0), 2);
  assert.equal(losses[0], 0);
  assert.equal(losses[1], Math.log(2));
  assert.ok(Math.abs(losses[2] - Math.log1p(Math.exp(-1))) < 1e-15);
});

Deno.test("crossEntropies() of broken logits are NaN, not a number that looks right", () => {
  assert.ok(Number.isNaN(crossEntropies(Float32Array.of(NaN, 1), Uint8Array.of(1), 2)[0]));
});

Deno.test("crossEntropies() reject logits that are not K for every label", () => {
  assert.throws(
    () => crossEntropies(new Float32Array(5), new Uint8Array(2), 3),
    /logits must be 2 × 3 numbers/,
  );
});

Deno.test("predictedClasses(): the first of equal logits", () => {
  assert.deepEqual([...predictedClasses(Float32Array.of(0, 2, 2, -5, -5, -5), 3)], [1, 0]);
});

Deno.test("scoreLogits(): means over all images", () => {
  const score = scoreLogits(Float32Array.of(9, 0, 0, 9, 9, 0), Uint8Array.of(0, 1, 1), 2);
  assert.deepEqual([score.correct, score.count, score.accuracy], [2, 3, 2 / 3]);
  assert.ok(Math.abs(score.loss - (3 * Math.log1p(Math.exp(-9)) + 9) / 3) < 1e-15);
});

Deno.test("confusionMatrix() counts labels down and predictions across", () => {
  const matrix = confusionMatrix(Uint8Array.of(0, 0, 1, 2, 2), Uint8Array.of(0, 2, 1, 2, 0), 3);
  assert.deepEqual(matrix, [[1, 0, 1], [0, 1, 0], [1, 0, 1]]);
});

Deno.test("worstMistakes(): only mistakes, the largest loss first, the first of equal ones", () => {
  const logits = Float32Array.of(0, 1, 4, 0, 0, 4, 0, 3, 0, 4);
  const mistakes = worstMistakes(logits, Uint8Array.of(0, 0, 0, 0, 0), { classes: 2, most: 3 });
  assert.deepEqual(mistakes.map(({ position }) => position), [2, 4, 3]);
  const [worst] = mistakes;
  assert.deepEqual([worst.label, worst.predicted], [0, 1]);
  assert.ok(Math.abs(worst.probability - 1 / (1 + Math.exp(-4))) < 1e-15);
  assert.ok(Math.abs(worst.loss - (4 + Math.log1p(Math.exp(-4)))) < 1e-15);
});

Deno.test("figures are refused where labels, logits and classes are not of each other", () => {
  const logits = Float32Array.of(9, 0, 0, 9), labels = Uint8Array.of(0, 1);
  const any = (value: unknown) => value as never;
  const wrong: [() => unknown, RegExp][] = [
    [
      () => scoreLogits(logits, Uint8Array.of(0, 2), 2),
      /^RangeError: .* labels must be below 2: current value is 2$/,
    ],
    [
      () => scoreLogits(new Float32Array(0), new Uint8Array(0), 2),
      /^RangeError: .* one image or more: .* is none$/,
    ],
    [() => scoreLogits(any([9, 0, 0, 9]), labels, 2), /^TypeError: .* logits must be a Float32Array/],
    [() => scoreLogits(logits, any([0, 1]), 2), /^TypeError: .* labels must be a Uint8Array/],
    [() => crossEntropies(logits, labels, 0), /^RangeError: .* classes must be a whole number from 1 to 256/],
    [
      () => worstMistakes(logits, labels, { classes: 4, most: 1 }),
      /^TypeError: .* logits must be 2 × 4 numbers/,
    ],
    [
      () => predictedClasses(logits, 3),
      /^TypeError: .* logits must be rows of 3 numbers: current value is 4$/,
    ],
    [() => predictedClasses(new Float32Array(300), 300), /^RangeError: .* classes must be/],
    [
      () => confusionMatrix(labels, Uint8Array.of(0), 2),
      /^TypeError: .* must be 2 predictions, .* current value is 1$/,
    ],
    [
      () => confusionMatrix(labels, Uint8Array.of(0, 2), 2),
      /^RangeError: .* predictions must be below 2: .* is 2$/,
    ],
    [
      () => confusionMatrix(Uint8Array.of(3, 0), labels, 2),
      /^RangeError: .* labels must be below 2: .* is 3$/,
    ],
  ];
  for (const [call, message] of wrong) assert.throws(call, message);
});
