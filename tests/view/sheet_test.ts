import assert from "node:assert/strict";
import { decode } from "fast-png";
import { drawSheet } from "../../lib/view/sheet.ts";

function picture(n: number) {
  const pixels = Uint8Array.from({ length: 28 * 28 }, (_, i) => (i * n) % 256);
  return { pixels, height: 28, width: 28, caption: `${n} for 5, 99.9 %`, note: `#${n}, loss 7.31` };
}

Deno.test("drawSheet(): so many in a row, each above its words", async (t) => {
  const svg = drawSheet([1, 2, 3, 4, 5, 6, 7].map(picture), {
    title: "The 7 worst mistakes of 9",
    perRow: 5,
  });
  await t.assertSnapshot(svg.replace(/base64,[^"]*/g, "base64,…")); // the next test looks inside
});

Deno.test("drawSheet() enlarges the pixels without changing them", () => {
  const original = picture(3);
  const [, base64] = drawSheet([original], { title: "", perRow: 5 }).match(/base64,([^"]*)/)!;
  const { data, width, height, channels } = decode(Uint8Array.fromBase64(base64));
  assert.deepEqual([width, height, channels], [168, 168, 1]);
  const shrunk = Uint8Array.from(
    { length: 28 * 28 },
    (_, i) => data[6 * Math.floor(i / 28) * 168 + 6 * (i % 28)],
  );
  assert.deepEqual(shrunk, original.pixels);
});

Deno.test("drawSheet(): a note stands below the title, as one sentence with it for those who cannot see it", () => {
  const note = "label → taken for";
  const svg = drawSheet([picture(1)], { title: "The only mistake", note, perRow: 4 });
  assert.match(svg, /<title>The only mistake: label → taken for<\/title>/);
  assert.match(
    svg,
    /font-weight="700">The only mistake<\/text>.*<text class="soft"[^>]*y="\d+">label → taken for</s,
  );
});

Deno.test("drawSheet() of no pictures is only a title", () => {
  const svg = drawSheet([], { title: "The 0 worst mistakes of 0", perRow: 5 });
  assert.match(svg, /The 0 worst mistakes of 0<\/text>/);
  assert.doesNotMatch(svg, /NaN|Infinity|<image/);
});
