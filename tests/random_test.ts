import assert from "node:assert/strict";
import fc from "fast-check";
import {
  DOMAIN,
  dropoutThreshold,
  dropoutWords,
  hashName,
  naturalLogarithm,
  philox,
  RandomStream,
  shuffledOrder,
  type Words4,
} from "../lib/random.ts";

const ONES = 0xffffffff;

// Random123's kat_vectors, philox4x32 with 10 rounds: counter, key, words.
const KNOWN_ANSWERS: [Words4, [number, number], Words4][] = [
  [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
  [[ONES, ONES, ONES, ONES], [ONES, ONES], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
  [ // digits of π
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
];

/** Pearson's χ² of counts that should be equal, in standard deviations from its mean. */
function chiSquaredDeviation(counts: ArrayLike<number>): number {
  const all = Array.from(counts), freedom = all.length - 1;
  const expected = all.reduce((a, b) => a + b, 0) / all.length;
  const chiSquared = all.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return (chiSquared - freedom) / Math.sqrt(2 * freedom);
}

function draw(count: number, next: () => number): Float64Array {
  return Float64Array.from({ length: count }, next);
}

function mean(values: Float64Array, power = 1): number {
  return values.reduce((sum, value) => sum + value ** power, 0) / values.length;
}

Deno.test("philox() gives its authors' known answers", () => {
  for (const [counter, [key0, key1], words] of KNOWN_ANSWERS) {
    assert.deepEqual(philox(counter, key0, key1), words);
  }
});

Deno.test("philox() depends on every bit of counter and key", () => {
  const seen = new Set([philox([0, 0, 0, 0], 0, 0).join()]);
  for (let word = 0; word < 6; word++) {
    for (let bit = 0; bit < 32; bit++) {
      const [c0, c1, c2, c3, key0, key1] = [0, 0, 0, 0, 0, 0].with(word, 2 ** bit);
      seen.add(philox([c0, c1, c2, c3], key0, key1).join());
    }
  }
  assert.equal(seen.size, 1 + 6 * 32);
});

Deno.test("RandomStream gives the words of its key in order, block after block", () => {
  const stream = new RandomStream(7, DOMAIN.initialize, 5);
  const words = Array.from({ length: 10 }, () => stream.next());
  const blocks = [0, 1, 2].flatMap((block) => philox([block, 5, 0, 0], 7, DOMAIN.initialize));
  assert.deepEqual(words, blocks.slice(0, 10));
});

Deno.test("RandomStream keeps seeds, uses and streams apart", () => {
  const starts = [[1, 1, 0], [2, 1, 0], [1, 2, 0], [1, 1, 1]].map(([seed, domain, stream]) =>
    new RandomStream(seed, domain, stream).next()
  );
  assert.equal(new Set(starts).size, 4);
});

Deno.test("uniform() gives multiples of 2⁻²⁴ in [0, 1), evenly", () => {
  const stream = new RandomStream(1, DOMAIN.initialize, 0);
  const counts = new Uint32Array(64);
  for (let k = 0; k < 64_000; k++) {
    const value = stream.uniform();
    assert(value >= 0 && value < 1 && Number.isInteger(value * 2 ** 24), `${value}`);
    counts[Math.floor(value * 64)]++;
  }
  assert(Math.abs(chiSquaredDeviation(counts)) < 4);
});

Deno.test("below() reaches every number below its bound, evenly, and no other", () => {
  const stream = new RandomStream(1, DOMAIN.shuffle, 0);
  for (const bound of [1, 10, 97, 600]) { // enough degrees of freedom for χ² to be nearly normal
    const counts = new Uint32Array(bound);
    for (let k = 0; k < 500 * bound; k++) counts[stream.below(bound)]++;
    assert.equal(counts.reduce((a, b) => a + b), 500 * bound, "a number is out of range");
    if (bound > 1) assert(Math.abs(chiSquaredDeviation(counts)) < 4, `bound ${bound}`);
  }
});

Deno.test("normal() has the moments of the standard normal distribution", () => {
  const stream = new RandomStream(1, DOMAIN.initialize, 0);
  const count = 100_000;
  const values = draw(count, () => stream.normal());
  // Each moment is within four standard errors.
  assert(Math.abs(mean(values)) < 4 * Math.sqrt(1 / count));
  assert(Math.abs(mean(values, 2) - 1) < 4 * Math.sqrt(2 / count));
  assert(Math.abs(mean(values, 3)) < 4 * Math.sqrt(15 / count));
  assert(Math.abs(mean(values, 4) - 3) < 4 * Math.sqrt(96 / count));
});

Deno.test("naturalLogarithm() is within 1e-15 of Math.log()", () => {
  const stream = new RandomStream(1, DOMAIN.initialize, 0);
  const near = draw(2000, () => 1 + (stream.uniform() - 0.5) * 2 ** -stream.below(40));
  const anywhere = draw(2000, () => (1 + stream.uniform()) * 2 ** (stream.below(2045) - 1022));
  const edges = [1, 2, 0.5, Math.SQRT2, Math.SQRT1_2, Math.E, 2 ** -1022, Number.MAX_VALUE, 1 + 2 ** -52];
  for (const x of [...near, ...anywhere, ...edges]) {
    const expected = Math.log(x), actual = naturalLogarithm(x);
    assert(Math.abs(actual - expected) <= 1e-15 * Math.abs(expected), `ln ${x}: ${actual}, not ${expected}`);
  }
});

Deno.test("hashName() is FNV-1a", () => {
  // From the test suite of the hash's authors.
  for (const [text, hash] of [["", 0x811c9dc5], ["a", 0xe40c292c], ["foobar", 0xbf9cf968]] as const) {
    assert.equal(hashName(text), hash);
  }
});

Deno.test("shuffledOrder() holds each position once", () => {
  fc.assert(fc.property(fc.nat(500), fc.nat(), fc.nat(1000), (count, seed, epoch) => {
    const order = shuffledOrder(count, seed, epoch);
    assert.deepEqual(order.toSorted(), Uint32Array.from({ length: count }, (_, k) => k));
  }));
});

Deno.test("shuffledOrder() never changes", () => {
  // Computed by another program, in Python.
  assert.equal(
    shuffledOrder(60_000, 1, 0).subarray(0, 8).join(),
    "26380,48507,3217,24692,9615,4852,15734,54255",
  );
  assert.equal(
    shuffledOrder(60_000, 1, 1).subarray(0, 8).join(),
    "18272,26435,24492,11096,29158,41114,21047,34338",
  );
  assert.equal(
    shuffledOrder(60_000, 2017, 0).subarray(0, 8).join(),
    "26648,43326,46983,56095,23278,52207,34601,16067",
  );
});

Deno.test("shuffledOrder() gives every order of four images equally often", () => {
  const counts = new Map<string, number>();
  for (let epoch = 0; epoch < 24 * 500; epoch++) {
    const order = shuffledOrder(4, 1, epoch).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  assert(Math.abs(chiSquaredDeviation([...counts.values()])) < 4);
});

Deno.test("dropoutWords() counts blocks, images, t and steps, each in a word of its own", () => {
  const at = { step: 5, stream: 1, t: 27, n: 63, block: 24 };
  assert.deepEqual(dropoutWords(9, at), philox([24, 63, 65536 + 27, 5], 9, DOMAIN.dropout));
});

Deno.test("dropoutThreshold() is the share of all words that lie below it", () => {
  assert.equal(dropoutThreshold(0), 0);
  assert.equal(dropoutThreshold(0.5), 2 ** 31);
  assert.equal(dropoutThreshold(0.3), Math.floor(0.3 * 2 ** 32));
});
