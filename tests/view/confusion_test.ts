import assert from "node:assert/strict";
import { drawConfusion } from "../../lib/view/confusion.ts";

Deno.test("drawConfusion(): ten classes of 10,000 images fit 80 columns", () => {
  const matrix = Array.from(
    { length: 10 },
    (_, label) => Array.from({ length: 10 }, (_, k) => k === label ? 1000 : 12),
  );
  const lines = drawConfusion(matrix, Array.from({ length: 10 }, (_, k) => String(k)));
  assert.equal(lines.length, 11);
  for (const line of lines) assert.equal(line.length, 77);
});

Deno.test("drawConfusion(): names stand beside their numbers; a class without images has no share", () => {
  assert.deepEqual(drawConfusion([[99, 1], [0, 0]], ["T-shirt/top", "Bag"]), [
    "taken for       0   1   right",
    "0 T-shirt/top  99   1   99.0%",
    "1 Bag           .   .       -",
  ]);
});
