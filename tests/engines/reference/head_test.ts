import assert from "node:assert/strict";
import { softmaxCrossEntropy } from "../../../lib/engines/reference/head.ts";
import { assertClose } from "../../support/assert_close.ts";

Deno.test("softmaxCrossEntropy() measures two images by hand", () => {
  // p = [1/4, 3/4] and [1/2, 1/2]
  const logits = Float64Array.of(0, Math.log(3), 5, 5);
  const { loss, correct, dlogits } = softmaxCrossEntropy(logits, Uint8Array.of(0, 1));
  const tight = { atol: 1e-15, rtol: 0 };
  assertClose([loss], [(Math.log(4) + Math.log(2)) / 2], { ...tight, name: "loss" });
  assertClose(dlogits, [-3 / 8, 3 / 8, 1 / 4, -1 / 4], { ...tight, name: "dlogits" });
  assert.equal(correct, 0); // the first of two equal logits is the answer
  assert.equal(softmaxCrossEntropy(logits, Uint8Array.of(1, 0)).correct, 2);
});

Deno.test("softmaxCrossEntropy() is finite for logits whose exp is not", () => {
  const { loss, dlogits } = softmaxCrossEntropy(Float64Array.of(1e4, -1e4, 0), Uint8Array.of(1));
  assert.equal(loss, 2e4);
  assert.deepEqual(dlogits, Float64Array.of(1, -1, 0));
});

Deno.test("softmaxCrossEntropy() divides the probability between equal, huge logits", () => {
  const { loss, dlogits } = softmaxCrossEntropy(Float64Array.of(1e30, 1e30, -1e30), Uint8Array.of(0));
  assert.equal(loss, Math.log(2));
  assert.deepEqual(dlogits, Float64Array.of(-0.5, 0.5, 0));
});
