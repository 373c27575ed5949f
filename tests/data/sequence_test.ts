import assert from "node:assert/strict";
import { checkSequence, layOutSequence, type Order } from "../../lib/data/sequence.ts";
import { shuffledOrder } from "../../lib/random.ts";

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

/** T, C and the pixels of an image of 3 × 2, which are counted row by row. */
const ORDERS: readonly [Order, number, number, number[]][] = [
  [{ axis: "rows" }, 3, 2, [0, 1, /**/ 2, 3, /**/ 4, 5]],
  [{ axis: "rows", reversed: true }, 3, 2, [4, 5, /**/ 2, 3, /**/ 0, 1]],
  [{ axis: "columns" }, 2, 3, [0, 2, 4, /**/ 1, 3, 5]],
  [{ axis: "columns", reversed: true }, 2, 3, [1, 3, 5, /**/ 0, 2, 4]],
  [{ axis: "pixels" }, 6, 1, [0, 1, 2, 3, 4, 5]],
  [{ axis: "pixels", reversed: true }, 6, 1, [5, 4, 3, 2, 1, 0]],
];

for (const [order, T, C, pixels] of ORDERS) {
  const how = order.reversed ? ", reversed" : "";
  Deno.test(`layOutSequence() reads ${order.axis}${how}`, () => {
    const layout = layOutSequence({ ...order, range: [0, 1] }, size);
    assert.deepEqual([layout.T, layout.C, layout.stride, layout.width], [T, C, 6, 2]);
    assert.deepEqual([...layout.order], pixels);
  });
}

Deno.test("layOutSequence() reads pixels in a random order that its seed alone decides", () => {
  const orderOf = (
    order: Order,
    height = 28,
  ) => [...layOutSequence({ ...order, range: [0, 1] }, { height, width: 28 }).order];
  const one = orderOf({ axis: "pixels", permutation: 1 });
  assert.deepEqual(one, [...shuffledOrder(784, 1, 0)]);
  assert.deepEqual(one.toSorted((a, b) => a - b), Array.from({ length: 784 }, (_, k) => k));
  assert.deepEqual(one.slice(0, 6), [337, 421, 617, 512, 59, 155]); // so that runs find the order that they began with
  assert.notDeepEqual(orderOf({ axis: "pixels", permutation: 2 }), one);
  assert.deepEqual(orderOf({ axis: "pixels", permutation: 1, reversed: true }), one.toReversed());
});

Deno.test("checkSequence() takes every order", () => {
  const orders: readonly Order[] = [
    ...ORDERS.map(([order]) => order),
    { axis: "rows", reversed: false },
    { axis: "pixels", permutation: 0 },
    { axis: "pixels", permutation: 2 ** 32 - 1, reversed: true },
  ];
  for (const order of orders) checkSequence({ ...order, range: [0, 1] });
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
    [{ axis: "rows", reversed: 1, range: [0, 1] }, /reversed must be true or false: current value is 1$/],
    [
      { axis: "pixels", permutation: -1, range: [0, 1] },
      /permutation must be a whole number from 0 to 4294967295/,
    ],
    [{ axis: "pixels", permutation: 0.5, range: [0, 1] }, /permutation must be a whole number/],
    [{ axis: "pixels", permutation: "1", range: [0, 1] }, /permutation must be a whole number/],
    [
      { axis: "rows", permutation: 1, range: [0, 1] },
      /left out unless axis is "pixels": current value is 1$/,
    ],
  ];
  for (const [value, message] of wrong) assert.throws(() => checkSequence(value), message);
});
