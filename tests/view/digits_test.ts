import assert from "node:assert/strict";
import { drawPictures, type Picture } from "../../lib/view/digits.ts";

function picture(rows: readonly string[], caption = ""): Picture {
  const pixels = Uint8Array.from(rows.join(""), (c) => c === "#" ? 255 : 0);
  return { pixels, height: rows.length, width: rows[0].length, caption };
}

const plain = { columns: 80, perRow: 5, colour: false };

Deno.test("drawPictures(): two pixels a character, also with an odd number of rows", () => {
  assert.deepEqual(drawPictures([picture(["# #", "# #", " ##", "  #", "## "], "4")], plain), [
    "4",
    "█ █",
    " ▀█",
    "▀▀",
  ]);
});

Deno.test("drawPictures(): a number of pictures a row, rows apart, captions broken", () => {
  const pictures = ["a", "bcdef", "g"].map((caption) => picture(["##", "##"], caption));
  assert.deepEqual(drawPictures(pictures, { ...plain, perRow: 2 }), [
    "a   bcdef",
    "██  ██",
    "",
    "g",
    "██",
  ]);
});

Deno.test("drawPictures(): shrunk until they fit", () => {
  const pictures = Array.from({ length: 5 }, () => picture(Array(28).fill("#".repeat(28)), "#1234: 5 as 6"));
  const sizes = [[148, 28, 5], [147, 14, 5], [80, 14, 5], [60, 14, 3], [40, 14, 2], [20, 14, 1], [13, 10, 1]];
  for (const [columns, width, perRow] of sizes) {
    const lines = drawPictures(pictures, { columns, perRow: 5, colour: true });
    // deno-lint-ignore no-control-regex
    for (const line of lines) assert.ok([...line.replace(/\x1b\[[\d;]*m/g, "")].length <= columns, line);
    const rows = Math.ceil(5 / perRow);
    assert.equal(lines.length, rows * (1 + Math.ceil(width / 2)) + rows - 1, `${columns}`);
  }
});

Deno.test("drawPictures(): without colour, fewer are side by side, because small ones are not recognizable", () => {
  const pictures = Array.from({ length: 3 }, () => picture(Array(28).fill("#".repeat(28)), "5 → 6"));
  for (const [columns, perRow] of [[88, 3], [80, 2], [40, 1], [28, 1]]) {
    const lines = drawPictures(pictures, { columns, perRow: 5, colour: false });
    assert.equal(
      lines.filter((line) => line.startsWith("5 → 6")).length,
      Math.ceil(3 / perRow),
      `${columns}`,
    );
    assert.ok(lines.includes(Array(Math.min(perRow, 3)).fill("█".repeat(28)).join("  ")));
  }
});

Deno.test("drawPictures(): captions are whole, on as many lines as they need, broken after an arrow", () => {
  const pictures = ["T-shirt/top → Ankle boot 99.9%", "Bag → Bag"].map((caption) => ({
    ...picture(Array(28).fill("#".repeat(28))),
    caption,
  }));
  const lines = drawPictures(pictures, { columns: 34, perRow: 2, colour: true }).slice(0, 2);
  assert.deepEqual(lines, ["T-shirt/top →     Bag → Bag", "Ankle boot 99.9%"]);
});

Deno.test("drawPictures() in colour: 24 greys, black and white of the 256 colours, written only where they change, reset at the end of a line", () => {
  const pixels = Uint8Array.of(0, 128, 128, 255, 255, 64);
  const lines = drawPictures([{ pixels, height: 2, width: 3, caption: "" }], { ...plain, colour: true });
  assert.equal(
    lines[1],
    "\x1b[38;5;16;48;5;231m▀\x1b[38;5;244m▀\x1b[48;5;238m▀\x1b[0m",
  );
  const tall = { pixels: new Uint8Array(4), height: 4, width: 1, caption: "" };
  const [, first, second] = drawPictures([tall], { ...plain, colour: true });
  assert.equal(second, first); // each line stands alone
});

Deno.test("drawPictures() of no pictures is empty", () => {
  assert.deepEqual(drawPictures([], plain), []);
});
