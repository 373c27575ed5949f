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

Deno.test("drawPictures() in colour: 24-bit greys, told only where they change, reset at the end of a line", () => {
  const pixels = Uint8Array.of(0, 128, 128, 255, 255, 64);
  const lines = drawPictures([{ pixels, height: 2, width: 3, caption: "" }], { ...plain, colour: true });
  assert.equal(
    lines[1],
    "\x1b[38;2;0;0;0;48;2;255;255;255m▀\x1b[38;2;128;128;128m▀\x1b[48;2;64;64;64m▀\x1b[0m",
  );
  const tall = { pixels: new Uint8Array(4), height: 4, width: 1, caption: "" };
  const [, first, second] = drawPictures([tall], { ...plain, colour: true });
  assert.equal(second, first); // each line stands alone
});

Deno.test("drawPictures() of none is nothing", () => {
  assert.deepEqual(drawPictures([], plain), []);
});
