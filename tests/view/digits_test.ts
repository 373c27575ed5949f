import assert from "node:assert/strict";
import { drawPictures, type Picture } from "../../lib/view/digits.ts";

function picture(rows: readonly string[], caption = ""): Picture {
  const pixels = Uint8Array.from(rows.join(""), (c) => c === "#" ? 255 : 0);
  return { pixels, height: rows.length, width: rows[0].length, caption };
}

const plain = { columns: 80, perRow: 5, colour: false };

Deno.test("drawPictures(): two pixels a character, an odd last row included", () => {
  assert.deepEqual(drawPictures([picture(["# #", "# #", " ##", "  #", "## "], "4")], plain), [
    "4",
    "█ █",
    " ▀█",
    "▀▀",
  ]);
});

Deno.test("drawPictures(): so many in a row, rows apart, captions cut off", () => {
  const pictures = ["a", "bcdef", "g"].map((caption) => picture(["##", "##"], caption));
  assert.deepEqual(drawPictures(pictures, { ...plain, perRow: 2 }), [
    "a   bcdef",
    "██  ██",
    "",
    "g",
    "██",
  ]);
});

Deno.test("drawPictures(): scaled down until they fit", () => {
  const pictures = Array.from({ length: 5 }, () => picture(Array(28).fill("#".repeat(28)), "#1234: 5 as 6"));
  for (const [columns, width] of [[148, 28], [147, 14], [80, 14], [60, 10], [13, 1]]) {
    const lines = drawPictures(pictures, { columns, perRow: 5, colour: false });
    assert.ok(lines[1].length <= columns);
    assert.equal(lines.length, 1 + Math.ceil(width / 2));
  }
});

Deno.test("drawPictures() in colour: greys of the 256 colours, reset at the end of a line", () => {
  const lines = drawPictures([{ pixels: Uint8Array.of(0, 128, 255, 64), height: 2, width: 2, caption: "" }], {
    ...plain,
    colour: true,
  });
  assert.equal(lines[1], "\x1b[38;5;232;48;5;255m▀\x1b[38;5;244;48;5;238m▀\x1b[0m");
});

Deno.test("drawPictures() of none is nothing", () => {
  assert.deepEqual(drawPictures([], plain), []);
});
