import assert from "node:assert/strict";
import { assertClose, worstElement } from "./assert_close.ts";

const TOLERANCE = { atol: 0.01, rtol: 0.1 };

Deno.test("assertClose() accepts what is within atol + rtol·|expected|, and no more", () => {
  assertClose([10.99, -1], [10, -1], { ...TOLERANCE, name: "W" });
  assert.throws(() => assertClose([11.02, -1], [10, -1], { ...TOLERANCE, name: "W" }));
  assert.throws(() => assertClose([10, -1.2], [10, -1], { ...TOLERANCE, name: "W" }));
});

Deno.test("assertClose() names tensor, index and both values of the worst element", () => {
  assert.throws(
    () => assertClose([1.2, 5, 2], [1, 2, 2], { ...TOLERANCE, name: "dW" }),
    { message: "dW[1] is 5, expected 2: the error 3.00e+0 is 14.3 times what atol 0.01 + rtol 0.1 allows" },
  );
});

Deno.test("assertClose() fails on another length, on NaN and on infinities", () => {
  const wide = { atol: 1e9, rtol: 1e9, name: "x" };
  assert.throws(() => assertClose([1], [1, 2], wide), /x: length/);
  assert.throws(() => assertClose([1, 2], [1], wide), /x: length/);
  assert.throws(() => assertClose([1, NaN], [1, 1], wide), /x\[1\] is NaN/);
  assert.throws(() => assertClose([1], [NaN], wide), /expected NaN/);
  assert.throws(() => assertClose([Infinity], [1], wide), /x\[0\] is Infinity/);
  assert.throws(() => assertClose([Infinity], [Infinity], wide), /x\[0\]/);
  assert.throws(() => assertClose([0], [Infinity], wide), /x\[0\]/);
});

Deno.test("assertClose() accepts equal numbers without any tolerance", () => {
  assertClose([0, 1], [0, 1], { atol: 0, rtol: 0, name: "x" });
  assert.throws(() => assertClose([2 ** -1074], [0], { atol: 0, rtol: 0, name: "x" }));
});

Deno.test("worstElement() says how much of the tolerance was used", () => {
  assert.deepEqual(worstElement([1, 4], [1, 2], { atol: 4, rtol: 0 }), { index: 1, share: 0.5, error: 2 });
  assert.deepEqual(worstElement([], [], TOLERANCE), { index: -1, share: 0, error: 0 });
});
