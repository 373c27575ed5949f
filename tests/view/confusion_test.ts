import assert from "node:assert/strict";
import { drawConfusion, drawConfusionMap } from "../../lib/view/confusion.ts";

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

Deno.test("drawConfusionMap(): ten classes with names", async (t) => {
  const matrix = Array.from(
    { length: 10 },
    (_, label) =>
      Array.from(
        { length: 10 },
        (_, k) => label === k ? 950 + k : (7 * label + 3 * k) % 5 ? 0 : label * k % 23,
      ),
  );
  const names = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
  ];
  await t.assertSnapshot(drawConfusionMap(matrix, names));
});

Deno.test("drawConfusionMap(): a class without images has no share; long names are cut", () => {
  const svg = drawConfusionMap([[9, 1], [0, 0]], ["a <name> that is too long", "1"]);
  assert.match(svg, />a &lt;name&gt; tha… {2}0</);
  assert.match(svg, />none</);
  assert.doesNotMatch(svg, /NaN/);
  assert.equal(svg.match(/fill-opacity/g)?.length, 2);
});

Deno.test("drawConfusionMap(): many classes have smaller cells without numbers", () => {
  const matrix = Array.from(
    { length: 256 },
    (_, label) => Array.from({ length: 256 }, (_, k) => label === k ? 5 : 0),
  );
  const svg = drawConfusionMap(matrix, matrix.map((_, k) => String(k)));
  assert(Number(svg.match(/width="(\d+)"/)![1]) < 1300);
  assert.doesNotMatch(svg, />5</);
});
