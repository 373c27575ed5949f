import assert from "node:assert/strict";
import { drawConfusion, drawConfusionMap } from "../../lib/view/confusion.ts";
import { PICTURE_STYLE } from "../../lib/view/svg.ts";

Deno.test("drawConfusion(): ten classes of 10,000 images fit 80 columns", () => {
  const matrix = Array.from(
    { length: 10 },
    (_, label) => Array.from({ length: 10 }, (_, k) => k === label ? 1000 : 12),
  );
  const lines = drawConfusion(matrix, Array.from({ length: 10 }, (_, k) => String(k)));
  assert.equal(lines.length, 11);
  for (const line of lines) assert.equal(line.length, 78);
});

Deno.test("drawConfusion(): names stand beside their numbers; a class without images has no share", () => {
  assert.deepEqual(drawConfusion([[99, 1], [0, 0]], ["T-shirt/top", "Bag"]), [
    "taken for →     0   1  right",
    "0 T-shirt/top  99   1    99%",
    "1 Bag           .   .   none",
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
  assert.match(svg, />0 a &lt;name&gt; th…</);
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

Deno.test("drawConfusion(): in a narrow terminal, a list of the most frequent mistakes of each class", () => {
  const names = ["T-shirt/top", "Bag", "Ankle boot"];
  const matrix = [[6, 1, 3], [0, 10, 0], [2, 0, 0]];
  assert.deepEqual(drawConfusion(matrix, names, { columns: 32 }), drawConfusion(matrix, names));
  assert.deepEqual(drawConfusion(matrix, names, { columns: 28 }), [
    "label        right  taken f…",
    "T-shirt/top    60%  Ankle b…",
    "Bag           100%",
    "Ankle boot      0%  T-shirt…",
  ]);
  const many = Array.from({ length: 62 }, (_, label) => Array.from({ length: 62 }, (_, k) => label + k));
  for (const columns of [40, 80]) {
    const lines = drawConfusion(many, many.map((_, k) => `letter ${k}`), { columns });
    assert.equal(lines.length, 63);
    for (const line of lines) assert(line.length <= columns, line);
  }
});

/** WCAG's relative luminance of `#rrggbb` at some opacity over another. */
function luminance(colour: string, ground: string, opacity: number): number {
  const channel = (text: string, i: number) => parseInt(text.slice(1 + 2 * i, 3 + 2 * i), 16);
  return [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
    const value = (opacity * channel(colour, i) + (1 - opacity) * channel(ground, i)) / 255;
    return sum + weight * (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  }, 0);
}

Deno.test("drawConfusionMap(): the numbers stand out from their cells by 4.5 to 1, light and dark, for every share", () => {
  const [light, dark] = PICTURE_STYLE.split("@media");
  for (let right = 0; right <= 100; right++) {
    const svg = drawConfusionMap([[right, 100 - right], [100 - right, right]], ["0", "1"]);
    const cells = svg.matchAll(
      /class="(right|wrong)"[^>]*fill-opacity="([\d.]+)"\/><text class="(ink|onfill)"/g,
    );
    for (const [, fill, opacity, ink] of cells) {
      for (const style of [light, dark]) {
        const colourOf = (name: string) => style.match(RegExp(`\\.${name}\\{fill:(#\\w+)`))![1];
        const ground = colourOf("ground");
        const [a, b] = [
          luminance(colourOf(fill), ground, Number(opacity)),
          luminance(colourOf(ink), ground, 1),
        ].sort((a, b) => b - a);
        assert((a + 0.05) / (b + 0.05) >= 4.5, `${fill} ${opacity}, ${ink}: ${(a + 0.05) / (b + 0.05)}`);
      }
    }
  }
});
