import assert from "node:assert/strict";
import { prepareDigit } from "../../lib/data/prepare.ts";
import type { Raster } from "../../lib/data/raster.ts";
import { decodePng } from "../../lib/data/png.ts";
import { encode } from "fast-png";

const SIZE = { height: 28, width: 28 };

/** A "7" of 60 × 100 pixels, strokes of 12, somewhere in a picture. */
function seven(
  { width = 200, height = 160, x = 20, y = 30, ink = 0, ground = 255, alpha = 255 } = {},
): Raster {
  const grey = new Uint8Array(width * height).fill(ground);
  const opacity = new Uint8Array(width * height).fill(alpha);
  for (let j = 0; j < 100; j++) {
    for (let i = 0; i < 60; i++) {
      const onStroke = j < 12 || Math.abs(i - (54 - 0.4 * j)) < 6;
      if (!onStroke) continue;
      grey[(y + j) * width + x + i] = ink;
      opacity[(y + j) * width + x + i] = 255;
    }
  }
  return { width, height, grey, alpha: opacity };
}

function difference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

Deno.test("prepareDigit() is 20 pixels high, with its centre of mass in the middle", () => {
  const { pixels, count, height, width } = prepareDigit(seven(), SIZE);
  assert.deepEqual([count, height, width], [1, 28, 28]);
  const inked = [...pixels.keys()].filter((i) => pixels[i] > 0);
  const rows = inked.map((i) => Math.floor(i / 28));
  assert.equal(Math.max(...rows) - Math.min(...rows) + 1, 20);
  const mass = pixels.reduce((sum, value) => sum + value, 0);
  for (
    const [axis, at] of [["x", (i: number) => i % 28], ["y", (i: number) => Math.floor(i / 28)]] as const
  ) {
    const centre = pixels.reduce((sum, value, i) => sum + value * at(i), 0) / mass;
    assert.ok(Math.abs(centre - 14) <= 0.5, `${axis}: ${centre}`);
  }
  assert.equal(Math.max(...pixels), 255);
  assert.ok(pixels.some((value) => value > 20 && value < 235), "edges have greys");
});

Deno.test("prepareDigit() does not mind where the digit is, nor which of ink and ground is light", () => {
  const { pixels } = prepareDigit(seven(), SIZE);
  const others = {
    elsewhere: seven({ width: 333, height: 120, x: 250, y: 3 }),
    inverted: seven({ ink: 255, ground: 0 }),
    faint: seven({ ink: 120, ground: 160 }),
    "light, faint": seven({ ink: 140, ground: 100 }),
    "dark on transparent": seven({ ink: 20, ground: 20, alpha: 0 }),
    "light on transparent": seven({ ink: 240, ground: 240, alpha: 0 }),
    "at the edge": seven({ width: 60, height: 100, x: 0, y: 0, ink: 0 }),
  };
  for (const [name, raster] of Object.entries(others)) {
    assert.ok(difference(prepareDigit(raster, SIZE).pixels, pixels) <= 1, name);
  }
});

Deno.test("prepareDigit() keeps a digit that is prepared already", () => {
  const { pixels } = prepareDigit(seven(), SIZE);
  const again = { ...SIZE, grey: pixels, alpha: new Uint8Array(784).fill(255) };
  assert.deepEqual(prepareDigit(again, SIZE).pixels, pixels);
});

Deno.test("prepareDigit() enlarges what is small, and scales the box with the images of the network", () => {
  const dot = {
    width: 3,
    height: 3,
    grey: Uint8Array.of(0, 0, 0, 0, 9, 0, 0, 0, 0),
    alpha: new Uint8Array(9).fill(255),
  };
  assert.equal(prepareDigit(dot, SIZE).pixels.filter((value) => value === 255).length, 400);
  const { pixels } = prepareDigit(seven(), { height: 14, width: 21 });
  const rows = [...pixels.keys()].filter((i) => pixels[i] > 0).map((i) => Math.floor(i / 21));
  assert.equal(Math.max(...rows) - Math.min(...rows) + 1, 10);
  assert.equal(prepareDigit(dot, { height: 1, width: 1 }).pixels[0], 255);
});

Deno.test("prepareDigit() refuses a picture of one colour", () => {
  const grey = new Uint8Array(9).fill(77);
  assert.throws(
    () => prepareDigit({ width: 3, height: 3, grey, alpha: new Uint8Array(9).fill(255) }, SIZE),
    /^RangeError: Cannot prepare the picture: .*one colour only$/,
  );
});

Deno.test("prepareDigit() takes colour by its luma", async () => {
  const { grey, width, height } = seven();
  const rgb = Uint8Array.from(
    { length: 3 * grey.length },
    (_, i) => grey[Math.floor(i / 3)] === 0 ? [200, 0, 0][i % 3] : 255,
  );
  const raster = await decodePng(encode({ width, height, data: rgb, channels: 3 }));
  assert.ok(difference(prepareDigit(raster, SIZE).pixels, prepareDigit(seven(), SIZE).pixels) <= 1);
});
