/**
 * How well a digit is found on a page: once prepared, it must be nearer to the drawn image than to 59 others. Every sixth
 * image is drawn.
 *
 * @module
 */
import assert from "node:assert/strict";
import { decodePng } from "../../lib/data/png.ts";
import { preparePicture } from "../../lib/data/prepare_picture.ts";
import type { Raster } from "../../lib/data/raster.ts";
import sheetBytes from "../golden/digits.png" with { type: "bytes" };
import { change, drawPage, type Page, photograph, rule, speckle } from "./support/pages.ts";

const SIZE = { height: 28, width: 28 };
const prepareDigit = (raster: Raster) => preparePicture(raster, SIZE, { preparation: "digit" }).image.pixels;
const COUNT = 60;

const sheet = await decodePng(sheetBytes);
const digits = Array.from({ length: COUNT }, (_, n) =>
  Uint8Array.from({ length: 784 }, (_, i) => {
    const x = n % 10 * 28 + i % 28, y = Math.floor(n / 10) * 28 + Math.floor(i / 28);
    return sheet.grey[y * sheet.width + x];
  }));

/** A digit without its empty margin. */
function tight(digit: Uint8Array, scale: number): Page {
  const inked = [...digit.keys()].filter((i) => digit[i] > 0);
  const xs = inked.map((i) => i % 28), ys = inked.map((i) => Math.floor(i / 28));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return drawPage(digit, {
    width: scale * (Math.max(...xs) - left + 1),
    height: scale * (Math.max(...ys) - top + 1),
    x: -scale * left,
    y: -scale * top,
    scale,
  });
}

function transparent(digit: Uint8Array, ink: number): Raster {
  const { width, height, values } = drawPage(digit, { paper: 0, ink: 255 });
  return { width, height, grey: new Uint8Array(values.length).fill(ink), alpha: Uint8Array.from(values) };
}

/** What happens to a page, and how many of 10 digits are found, as measured. */
const CASES: readonly (readonly [name: string, least: number, draw: (digit: Uint8Array) => Raster])[] = [
  ["a clean page", 10, (digit) => photograph(drawPage(digit))],
  ["light on dark", 10, (digit) => photograph(drawPage(digit, { paper: 30, ink: 220 }))],
  ["a large digit", 10, (digit) => photograph(drawPage(digit, { scale: 8, x: 50, y: 8 }), { noise: 3 })],
  ["a small digit", 9, (digit) => photograph(drawPage(digit, { scale: 1.5 }), { noise: 2 })],
  ["dark on transparent", 10, (digit) => transparent(digit, 0)],
  ["light on transparent", 10, (digit) => transparent(digit, 255)],
  ["cut out", 10, (digit) => photograph(tight(digit, 1))],
  ["cut out, large", 10, (digit) => photograph(tight(digit, 8), { noise: 5 })],
  ["noise of 3", 10, (digit) => photograph(drawPage(digit), { noise: 3 })],
  ["noise of 10", 10, (digit) => photograph(drawPage(digit), { noise: 10 })],
  ["noise of 25", 10, (digit) => photograph(drawPage(digit), { noise: 25 })],
  ["faint ink, noise of 10", 10, (digit) => photograph(drawPage(digit, { ink: 165 }), { noise: 10 })],
  ["a slope of light", 10, (digit) => lit(digit, (x) => 0.6 + 0.4 * x / 320)],
  ["a steep slope", 10, (digit) => lit(digit, (x, y) => 0.25 + 0.75 * (x + y) / 560)],
  ["dark corners", 10, (digit) => lit(digit, (x, y) => 1 - 0.35 * ((x / 160 - 1) ** 2 + (y / 120 - 1) ** 2))],
  ["a shadow from the left", 10, (digit) => lit(digit, (x) => x < 65 ? 0.55 : 1)],
  ["a shadow over the digit", 9, (digit) => lit(digit, (x, y) => x + y < 270 ? 0.6 : 1)],
  ["a soft shadow", 10, (digit) => lit(digit, (x, y) => 0.5 + 0.5 / (1 + Math.exp(-(x + y - 250) / 12)))],
  ["a dark table", 10, (digit) => lit(digit, (x, y) => x < 30 || y < 25 || x > 280 || y > 210 ? 0.2 : 1)],
  ["a speck", 10, (digit) => photograph(speckle(drawPage(digit)))],
  ["thirty specks", 10, (digit) => photograph(speckle(drawPage(digit), { count: 30 }), { noise: 2 })],
  ["ten blots", 10, (digit) => photograph(speckle(drawPage(digit), { count: 10, radius: 2 }), { noise: 2 })],
  ["faint lines", 10, (digit) => photograph(rule(drawPage(digit), { value: 175 }), { noise: 2 })],
  ["lines", 10, (digit) => photograph(rule(drawPage(digit)), { noise: 2 })],
  ["lines as dark as ink", 10, (digit) => photograph(rule(drawPage(digit), { value: 65 }), { noise: 2 })],
  ["leaning lines", 10, (digit) => photograph(rule(drawPage(digit), { lean: 0.04 }), { noise: 2 })],
  ["squares", 10, (digit) => photograph(rule(drawPage(digit), { squared: true }), { noise: 2 })],
  [
    "leaning squares",
    10,
    (digit) => photograph(rule(drawPage(digit), { squared: true, lean: 0.03 }), { noise: 2 }),
  ],
];

function lit(digit: Uint8Array, light: (x: number, y: number) => number): Raster {
  return photograph(change(drawPage(digit), (value, x, y) => value * light(x, y)), { noise: 2 });
}

function nearest(pixels: Uint8Array): number {
  const distances = digits.map((digit) => digit.reduce((sum, value, i) => sum + (value - pixels[i]) ** 2, 0));
  return distances.indexOf(Math.min(...distances));
}

for (const [name, least, draw] of CASES) {
  Deno.test(`preparePicture() finds at least ${least} of 10 digits: ${name}`, () => {
    const drawn = [...digits.keys()].filter((n) => n % 6 === 0);
    const lost = drawn.filter((n) => nearest(prepareDigit(draw(digits[n]))) !== n);
    assert.ok(drawn.length - lost.length >= least, `lost ${lost.join(", ")}`);
  });
}

Deno.test("preparePicture() keeps the bytes of MNIST's own images, and of their negatives", () => {
  const alpha = new Uint8Array(784).fill(255);
  for (const digit of digits) {
    for (const grey of [digit, digit.map((value) => 255 - value)]) {
      assert.deepEqual(prepareDigit({ ...SIZE, grey, alpha }), digit);
    }
  }
});
