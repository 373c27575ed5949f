import assert from "node:assert/strict";
import fc from "fast-check";
import { formatShare, wrapWords } from "../../lib/view/words.ts";

Deno.test("formatShare(): only all is 100%, only none is 0%, and NaN is a dash", () => {
  const shares = [1, 0, 0.99999, 0.00001, NaN, 0.5];
  assert.deepEqual(shares.map((share) => formatShare(share)), [
    "100%",
    "0%",
    ">99.9%",
    "<0.1%",
    "–",
    "50.0%",
  ]);
  assert.deepEqual(shares.map((share) => formatShare(share, 10)), ["100%", "0%", ">99%", "<1%", "–", "50%"]);
  assert.equal(formatShare(59_999 / 60_000, 60_000), ">99.99%");
});

Deno.test("formatShare(): different shares of up to a hundred images have different texts", () => {
  for (const count of [1, 2, 13, 99, 100]) {
    const texts = Array.from({ length: count + 1 }, (_, right) => formatShare(right / count, count));
    assert.equal(new Set(texts).size, count + 1);
  }
});

Deno.test("wrapWords(): no line is too long, and no character is lost", () => {
  fc.assert(fc.property(
    fc.array(fc.constantFrom("Ankle", "boot", "→", "99.9%", "T-shirt/top"), { minLength: 1, maxLength: 9 }),
    fc.integer({ min: 11, max: 40 }),
    (words, most) => {
      const lines = wrapWords(words.join(" "), most);
      assert(lines.every((line) => [...line].length <= most));
      assert.equal(lines.join(" "), words.join(" "));
    },
  ));
  assert.deepEqual(wrapWords("a-very-long-word b", 6), ["a-very", "-long-", "word b"]);
});
