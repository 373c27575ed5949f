import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { checkImages, checkPositions, checkSplit } from "../../lib/data/images.ts";
import { share } from "../../lib/data/shared.ts";
import { tinySplit } from "../support/tiny_data.ts";

const split = tinySplit({ count: 6, height: 3, width: 4, classes: 3 });
const { pixels, labels } = split;

Deno.test("checkSplit() takes bytes in any memory, and drops other properties", () => {
  const padded = new Uint8Array(100);
  padded.set(pixels, 9);
  for (const right of [pixels, share(pixels), padded.subarray(9, 81), Buffer.from(pixels)]) {
    const taken = checkSplit("train", "train", { ...split, pixels: right, name: "mine" } as typeof split, 3);
    assert.deepEqual(taken, { ...split, pixels: right });
  }
});

Deno.test("checkSplit() says what is wrong, and what to do", () => {
  const wrong: [changes: object, RegExp][] = [
    [
      { pixels: Float32Array.from(pixels) },
      /^TypeError: .* pixels of train must be a Uint8Array: .* Float32Array\(72\) \(.*255 \* p/,
    ],
    [
      { pixels: [...pixels] },
      /^TypeError: .* must be a Uint8Array: .*\(one byte a pixel: Uint8Array.from\(pixels\)\)$/,
    ],
    [
      { pixels: new Uint8ClampedArray(pixels) },
      /current value is Uint8ClampedArray\(72\) \(new Uint8Array\(pixels\.buffer/,
    ],
    [
      { pixels: Int8Array.from(pixels) },
      /^TypeError: .* must be a Uint8Array: current value is Int8Array\(72\)/,
    ],
    [{ pixels: pixels.buffer }, /must be a Uint8Array: current value is ArrayBuffer$/],
    [{ pixels: Object.create(Uint8Array.prototype) }, /must be a Uint8Array/],
    [{ pixels: undefined }, /pixels of train must be a Uint8Array: current value is missing/],
    [{ pixels: pixels.subarray(1) }, /^TypeError: .* must be 6 × 3 × 4 = 72 bytes: current value is 71$/],
    [{ pixels: new Uint8Array(3 * 72) }, /must be 6 × 3 × 4 = 72 bytes: current value is 216 \(3 channels\?/],
    [{ pixels: new Uint8Array(4 * 72) }, /current value is 288 \(4 channels\?/],
    [{ count: 7 }, /must be 7 × 3 × 4 = 84 bytes: current value is 72$/],
    [{ count: 0 }, /^RangeError: .* count of train must be a whole number from 1 on: current value is 0$/],
    [{ count: "6" }, /^TypeError: .* count of train must be .* is "6"$/],
    [{ count: 6n }, /^TypeError: .* count of train must be .* is 6n$/],
    [{ height: 1.5, width: 8 }, /^RangeError: .* height of train must be a whole number/],
    [{ height: -3, width: -4 }, /^RangeError: .* height of train must be a whole number/],
    [{ width: NaN }, /^RangeError: .* width of train must be a whole number/],
    [{ labels: undefined }, /labels of train must be a Uint8Array: current value is missing/],
    [
      { labels: Int8Array.of(0, -1, 2, 0, 1, 2) },
      /^TypeError: .* labels .*Int8Array\(6\) \(Uint8Array\.from\(labels\)/,
    ],
    [
      { labels: [0, 1, 2, 0, 1, 2] },
      /labels of train must be a Uint8Array: current value is \[0,1,2,0,1,2\]/,
    ],
    [
      { labels: labels.subarray(1) },
      /^TypeError: .* labels of train must be 6, one an image: current value is 5$/,
    ],
    [{ labels: new Uint8Array(18) }, /must be 6, one an image: current value is 18 \(one-hot\?/],
    [
      { labels: Uint8Array.of(0, 1, 2, 255, 1, 2) },
      /^RangeError: .* labels of train must be below the 3 classes of the model: current value is 255, of image 3$/,
    ],
  ];
  for (const [changes, message] of wrong) {
    assert.throws(() => checkSplit("train", "train", { ...split, ...changes }, 3), message);
  }
  for (const none of [undefined, null, pixels, "mnist"]) {
    assert.throws(
      () => checkImages("train", "test", none as never),
      /^TypeError: Cannot train: .*test must be|of test must be/,
    );
  }
});

Deno.test("checkPositions() takes a Uint32Array of positions below the count", () => {
  checkPositions("train", Uint32Array.of(5, 0, 5), 6);
  assert.throws(
    () => checkPositions("train", Uint32Array.of(5, 6), 6),
    /^RangeError: .* below 6: current value is 6$/,
  );
  assert.throws(
    () => checkPositions("train", [1, 2] as unknown as Uint32Array, 6),
    /^TypeError: .* must be a Uint32Array: current value is \[1,2\] \(Uint32Array\.from\(positions\)\)$/,
  );
});
