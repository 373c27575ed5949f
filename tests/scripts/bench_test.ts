import assert from "node:assert/strict";
import { measurePeak } from "../../scripts/bench/peak.ts";
import { readJsonLines } from "../../scripts/bench/json_lines.ts";
import { fitExponent, median, pairedRatio, quantile, spreadOf } from "../../scripts/bench/statistics.ts";
import { countFlops, recipeWorkloads, stackDigits, sweepPoints } from "../../scripts/bench/workloads.ts";

Deno.test("median() is the middle value, or the mean of the two middle ones, in any order", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([7]), 7);
  assert.throws(() => median([]), RangeError);
});

Deno.test("quantile() interpolates between two values", () => {
  const values = [50, 10, 40, 20, 30];
  assert.deepEqual([0, 0.25, 0.5, 0.75, 1].map((share) => quantile(values, share)), [10, 20, 30, 40, 50]);
  assert.equal(quantile(values, 0.125), 15);
  assert.deepEqual(values, [50, 10, 40, 20, 30]); // not sorted in place
});

Deno.test("spreadOf() gives the median, the quartiles and the count", () => {
  assert.deepEqual(spreadOf([1, 2, 3, 4, 5]), { median: 3, quartiles: [2, 4], count: 5 });
});

Deno.test("pairedRatio() is not affected by rounds in which the machine slows down for both", () => {
  const pairs = [{ ours: 1, theirs: 2 }, { ours: 10, theirs: 20 }, { ours: 100, theirs: 200 }];
  assert.deepEqual(pairedRatio(pairs), { median: 2, quartiles: [2, 2], count: 3 });
});

Deno.test("fitExponent() finds the power of a power law, and a nearby one of a noisy law", () => {
  const law = (power: number) => [32, 64, 128, 256].map((size) => ({ size, cost: 0.3 * size ** power }));
  for (const power of [0, 1, 1.5, 2]) {
    assert.ok(Math.abs(fitExponent(law(power)) - power) < 1e-12);
  }
  const noisy = law(2).map(({ size, cost }, i) => ({ size, cost: cost * (i % 2 ? 1.05 : 0.95) }));
  assert.ok(Math.abs(fitExponent(noisy) - 2) < 0.1);
  assert.throws(() => fitExponent([{ size: 8, cost: 1 }, { size: 8, cost: 2 }]), RangeError);
});

Deno.test("countFlops() counts the products of the three recipes' steps", () => {
  const millions = recipeWorkloads().map((workload) => Math.floor(countFlops(workload).step / 1e6));
  assert.deepEqual(millions, [227, 1370, 201]);
  const [lstm] = recipeWorkloads().map(countFlops);
  assert.equal(lstm.forward, 2 * 28 * 64 * (28 + 64) * 256);
});

Deno.test("a step's products grow linearly in N and T, and at most quadratically in H", () => {
  const [workload] = recipeWorkloads();
  const { step } = countFlops(workload);
  assert.equal(countFlops({ ...workload, batchSize: 128 }).step, 2 * step);
  assert.equal(countFlops({ ...workload, steps: 784 }).step, 28 * step);
  const wide = { ...workload.layers[0], hiddenSize: 128 };
  assert.ok(countFlops({ ...workload, layers: [wide] }).step < 4 * step);
});

Deno.test("sweepPoints() varies one number at a time", () => {
  for (const { axis, size, workload } of sweepPoints({ quick: false })) {
    const { layers: [{ hiddenSize: H, inputSize }], batchSize: N, steps: T } = workload;
    assert.deepEqual({ H, N, T, [axis]: 0 }, { H: 64, N: 64, T: 28, [axis]: 0 });
    assert.equal({ H, N, T }[axis], size);
    assert.equal(inputSize, size === 784 ? 1 : 28);
  }
});

Deno.test("stackDigits() takes the middle lines of a digit, or digits one above the other", () => {
  const count = 3, height = 4, width = 2;
  const pixels = Uint8Array.from({ length: count * height * width }, (_, i) => i);
  const train = { pixels, labels: Uint8Array.of(5, 6, 7), count, height, width };
  const middle = stackDigits({ train }, 2, 2);
  assert.deepEqual([middle.count, middle.height, [...middle.labels]], [2, 2, [5, 6]]);
  assert.deepEqual([...middle.pixels], [2, 3, 4, 5, 10, 11, 12, 13]);
  const two = stackDigits({ train }, 8, 1);
  assert.deepEqual([...two.pixels], [...pixels.subarray(0, 16)]);
});

Deno.test("readJsonLines() joins pieces, and skips other lines and incomplete ones", async () => {
  const cut = new TextEncoder().encode('{"é":3}\n{"c'); // within é, too
  const pieces = ['{"a":', '1}\n{"b":2}\n\nnoise\n'].map((text) => new TextEncoder().encode(text));
  const lines = await Array.fromAsync(
    readJsonLines(ReadableStream.from([...pieces, cut.subarray(0, 3), cut.subarray(3)])),
  );
  assert.deepEqual(lines, [{ a: 1 }, { b: 2 }, { é: 3 }]);
});

Deno.test("measurePeak() runs both of its loops", () => {
  const { fused, plain } = measurePeak();
  assert.ok(fused > 0.1 && plain > 0.1, `${fused} and ${plain} GFLOP/s`);
});
