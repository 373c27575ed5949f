import assert from "node:assert/strict";
import { BatchOrder } from "../../lib/train/batches.ts";
import { shuffledOrder } from "../../lib/random.ts";

const sizes = [[1, 1], [1, 4], [4, 4], [10, 4], [10, 3], [10, 25], [64, 64], [65, 64], [937, 64]] as const;

/** The images of `count` steps, one batch after another. */
function stream(order: BatchOrder, steps: number): number[] {
  return Array.from({ length: steps }, (_, step) => [...order.batch(step)]).flat();
}

Deno.test("BatchOrder: every epoch is the shuffled order of (seed, epoch), whatever the batches", () => {
  for (const lastBatch of ["short", "carry"] as const) {
    for (const [count, batchSize] of sizes) {
      const order = new BatchOrder({ count, batchSize, seed: 7, lastBatch });
      const images = stream(order, order.stepsThrough(3));
      const epochs = [0, 1, 2].flatMap((epoch) => [...shuffledOrder(count, 7, epoch)]);
      assert.deepEqual(
        images.slice(0, 3 * count),
        epochs,
        `${lastBatch}: ${count} images in batches of ${batchSize}`,
      );
    }
  }
});

Deno.test("BatchOrder: the last batch of an epoch is short", () => {
  const order = new BatchOrder({ count: 60_000, batchSize: 64, seed: 1, lastBatch: "short" });
  assert.equal(order.stepsThrough(1), 938);
  assert.deepEqual([936, 937, 938].map((step) => order.batch(step).length), [64, 32, 64]);
  assert.deepEqual([937, 938].map((step) => order.epochAt(step)), [0, 1]);
});

Deno.test("BatchOrder: with carry every batch is full and runs on into the next epoch", () => {
  const order = new BatchOrder({ count: 55_000, batchSize: 64, seed: 2017, lastBatch: "carry" });
  assert.equal(order.stepsThrough(1), 860); // 859.375
  assert.equal(order.epochAt(9_999), 11);
  const across = order.batch(859);
  assert.deepEqual([...across.subarray(0, 24)], [...shuffledOrder(55_000, 2017, 0).subarray(54_976)]);
  assert.deepEqual([...across.subarray(24)], [...shuffledOrder(55_000, 2017, 1).subarray(0, 40)]);
});

Deno.test("BatchOrder: a batch does not depend on which were asked for before", () => {
  for (const lastBatch of ["short", "carry"] as const) {
    const options = { count: 50, batchSize: 8, seed: 3, lastBatch };
    const forward = new BatchOrder(options), backward = new BatchOrder(options);
    const ahead = Array.from({ length: 20 }, (_, step) => forward.batch(step));
    const back = Array.from({ length: 20 }, (_, i) => backward.batch(19 - i)).reverse();
    assert.deepEqual(ahead, back);
  }
});

Deno.test("BatchOrder: epochsOf() tells the epoch of each image of a step", () => {
  const carry = new BatchOrder({ count: 5, batchSize: 4, seed: 1, lastBatch: "carry" });
  assert.deepEqual([0, 1, 2].map((step) => [...carry.epochsOf(step)]), [[0, 0, 0, 0], [0, 1, 1, 1], [
    1,
    1,
    2,
    2,
  ]]);
  const short = new BatchOrder({ count: 5, batchSize: 4, seed: 1, lastBatch: "short" });
  assert.deepEqual([0, 1, 2].map((step) => [...short.epochsOf(step)]), [[0, 0, 0, 0], [0], [1, 1, 1, 1]]);
});

Deno.test("BatchOrder: steps, images and epochs agree", () => {
  for (const lastBatch of ["short", "carry"] as const) {
    for (const [count, batchSize] of sizes) {
      const order = new BatchOrder({ count, batchSize, seed: 1, lastBatch });
      for (let step = 0, images = 0; step < order.stepsThrough(3); images += order.batch(step++).length) {
        const where = `${lastBatch}: step ${step} of ${count} images in batches of ${batchSize}`;
        assert.equal(order.imagesThrough(step), images, where);
        assert.equal(order.epochAt(step), Math.floor(images / count), where);
        assert.ok(order.stepsThrough(order.epochAt(step) + 1) > step, where);
      }
    }
  }
});

Deno.test("BatchOrder rejects sizes and seeds that are not whole numbers in range", () => {
  const valid = { count: 10, batchSize: 4, seed: 1, lastBatch: "short" } as const;
  for (
    const wrong of [{ count: 0 }, { count: 1.5 }, { batchSize: 0 }, { batchSize: NaN }, { seed: -1 }, {
      seed: 2 ** 32,
    }]
  ) {
    const name = Object.keys(wrong)[0];
    assert.throws(
      () => new BatchOrder({ ...valid, ...wrong }),
      (error) => error instanceof RangeError && error.message.includes(`${name} must be a whole number`),
    );
  }
});

Deno.test("BatchOrder rejects what it does not know, and steps that are none", () => {
  const valid = { count: 10, batchSize: 4, seed: 1, lastBatch: "short" } as const;
  assert.throws(
    () => new BatchOrder({ ...valid, lastBatch: "drop" as "short" }),
    /^RangeError: .* one of short, carry/,
  );
  assert.throws(() => new BatchOrder({ ...valid, shuffle: true } as never), /among count, .* has "shuffle"$/);
  assert.throws(
    () => new BatchOrder({ ...valid, count: "10" } as never),
    /^TypeError: .* count must be a whole number/,
  );
  const given = { ...valid, batchSize: 4 }, order = new BatchOrder(given);
  given.batchSize = 5; // it keeps its own
  assert.equal(order.batch(0).length, 4);
  for (const step of [-1, 0.5, NaN]) {
    for (const ask of ["batch", "epochAt", "imagesThrough", "stepsThrough"] as const) {
      assert.throws(() => order[ask](step), /^RangeError: .* must be a whole number from 0 on/);
    }
  }
});
