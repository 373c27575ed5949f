import assert from "node:assert/strict";
import { checkSequence, layOutSequence } from "../../lib/data/sequence.ts";

const size = { height: 3, width: 2 };

Deno.test("layOutSequence() scales bytes as torchvision's Normalize does", () => {
  const { scale } = layOutSequence({ axis: "rows", mean: 0.1307, deviation: 0.3081 }, size);
  assert.equal(scale[0], -0.4242129623889923); // the extremes of MNIST, as PyTorch prints them
  assert.equal(scale[255], 2.821486711502075);
});

Deno.test("layOutSequence(): the two ranges are means and deviations", () => {
  for (
    const [range, mean, deviation] of [[[0, 1], 0, 1], [[-1, 1], 0.5, 0.5]] as const
  ) {
    const expected = layOutSequence({ axis: "columns", range }, size);
    assert.deepEqual(layOutSequence({ axis: "columns", mean, deviation }, size), expected);
    assert.deepEqual([expected.scale[0], expected.scale[255]], range);
  }
});

Deno.test("checkSequence() says what is wrong with a value that is not a sequence", () => {
  const wrong: [unknown, RegExp][] = [
    [null, /sequence must be an object/],
    ["rows", /sequence must be an object/],
    [{ axis: "row", range: [0, 1] }, /axis must be .*current value is "row"$/],
    [{ axis: "rows" }, /either range, or mean and deviation/],
    [{ axis: "rows", range: [0, 1], mean: 0, deviation: 1 }, /either range, or mean and deviation/],
    [{ axis: "rows", range: [0, 255] }, /range must be .*current value is \[0,255\]$/],
    [{ axis: "rows", range: "0..1" }, /range must be/],
    [{ axis: "rows", mean: 0.5 }, /deviation must be a positive number: current value is undefined$/],
    [{ axis: "rows", deviation: 0.5 }, /mean must be a finite number/],
    [{ axis: "rows", mean: "0.5", deviation: 0.5 }, /mean must be a finite number/],
    [{ axis: "rows", mean: NaN, deviation: 0.5 }, /mean must be a finite number/],
    [{ axis: "rows", mean: 0, deviation: 0 }, /deviation must be a positive number/],
    [{ axis: "rows", mean: 0, deviation: -1 }, /deviation must be a positive number/],
    [{ axis: "rows", mean: 0, deviation: Infinity }, /deviation must be a positive number/],
    [{ axis: "rows", mean: 1e30, deviation: 1 }, /leave the 256 bytes apart/],
    [{ axis: "rows", mean: 0, deviation: 1e-300 }, /leave the 256 bytes apart/],
    [{ axis: "rows", range: [0, 1], std: 1 }, /only: current value is "std"$/],
  ];
  for (const [value, message] of wrong) assert.throws(() => checkSequence(value), message);
});
