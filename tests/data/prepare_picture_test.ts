import assert from "node:assert/strict";
import { preparePicture, type PreparePictureOptions } from "../../lib/data/prepare_picture.ts";
import type { Raster } from "../../lib/data/raster.ts";
import { decodePng } from "../../lib/data/png.ts";
import { encode } from "fast-png";
import { photograph } from "./support/pages.ts";

const SIZE = { height: 28, width: 28 };
const prepareDigit = (raster: Raster, size = SIZE) =>
  preparePicture(raster, size, { preparation: "digit" }).image;

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

Deno.test("preparePicture() makes a digit 20 pixels high, with its centre of mass in the middle", () => {
  const { pixels, count, height, width } = prepareDigit(seven());
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

Deno.test("preparePicture() finds a digit anywhere, dark on light or light on dark", () => {
  const { pixels } = prepareDigit(seven());
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
    assert.ok(difference(prepareDigit(raster).pixels, pixels) <= 1, name);
  }
});

Deno.test("preparePicture() takes all of a drawing, as it finds the same digit on paper", () => {
  const draw = (raster: Raster) =>
    preparePicture(raster, SIZE, { preparation: "digit", isDrawing: true }).image;
  const drawing = seven({ ink: 255, ground: 0 });
  assert.ok(difference(draw(drawing).pixels, prepareDigit(seven()).pixels) <= 1);
  const dotted = { ...drawing, grey: drawing.grey.slice() };
  dotted.grey[159 * 200 + 199] = 255; // no dust: the box reaches to it
  assert.ok(difference(draw(dotted).pixels, draw(drawing).pixels) > 100);
  assert.throws(
    () => draw({ ...drawing, grey: new Uint8Array(200 * 160) }),
    /must be a digit .* an empty sheet$/,
  );
  const transparent = { ...drawing, grey: drawing.grey.map(() => 255), alpha: drawing.grey }; // as a canvas has it
  assert.ok(difference(draw(transparent).pixels, draw(drawing).pixels) <= 1);
  for (const other of [{ preparation: "none" }, { preparation: "digit", invert: true }] as const) {
    assert.throws(
      () => preparePicture(drawing, SIZE, { ...other, isDrawing: true }),
      /isDrawing must be left out/,
    );
  }
});

Deno.test("preparePicture() keeps a digit that is already prepared", () => {
  const { pixels } = prepareDigit(seven());
  const again = { ...SIZE, grey: pixels, alpha: new Uint8Array(784).fill(255) };
  assert.deepEqual(prepareDigit(again, SIZE).pixels, pixels);
});

Deno.test("preparePicture() enlarges small digits, and scales the box with the network's images", () => {
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

Deno.test("preparePicture() finds no digit in a picture of one colour", () => {
  const grey = new Uint8Array(9).fill(77);
  assert.throws(
    () => prepareDigit({ width: 3, height: 3, grey, alpha: new Uint8Array(9).fill(255) }, SIZE),
    /^RangeError: Cannot prepare the picture: .*one colour only$/,
  );
});

Deno.test("preparePicture() finds no digit on a page with only noise", () => {
  for (const noise of [1, 3, 10, 30]) {
    const blank = { width: 320, height: 240, values: new Float32Array(320 * 240).fill(200) };
    assert.throws(
      () => prepareDigit(photograph(blank, { noise, seed: noise }), SIZE),
      /^RangeError: Cannot prepare the picture: .*current value is noise only$/,
      `noise of ${noise}`,
    );
  }
});

Deno.test("preparePicture() converts the colours of a digit to luma", async () => {
  const { grey, width, height } = seven();
  const rgb = Uint8Array.from(
    { length: 3 * grey.length },
    (_, i) => grey[Math.floor(i / 3)] === 0 ? [200, 0, 0][i % 3] : 255,
  );
  const raster = await decodePng(encode({ width, height, data: rgb, channels: 3 }));
  assert.ok(difference(prepareDigit(raster).pixels, prepareDigit(seven()).pixels) <= 1);
});

Deno.test("preparePicture() keeps a picture of the network's size that is not a digit", () => {
  const grey = Uint8Array.from({ length: 784 }, (_, i) => (i * 37) % 256);
  const raster = { ...SIZE, grey, alpha: new Uint8Array(784).fill(255) };
  for (const lightOnBlack of [false, true]) {
    const { image, done, inverted } = preparePicture(raster, SIZE, { preparation: "none", lightOnBlack });
    assert.deepEqual([done, inverted], ["nothing", false]);
    assert.deepEqual(image, { ...SIZE, count: 1, pixels: grey });
  }
});

/** A rectangle of 60 × 30 in a picture of 120 × 60. */
function shoe(ink: number, ground: number): Raster {
  const grey = Uint8Array.from({ length: 7200 }, (_, i) => {
    const x = i % 120, y = Math.floor(i / 120);
    return x >= 30 && x < 90 && y >= 15 && y < 45 ? ink : ground;
  });
  return { width: 120, height: 60, grey, alpha: new Uint8Array(7200).fill(255) };
}

Deno.test("preparePicture() keeps the aspect ratio, and fills up with the grey of the border", () => {
  const { image, done } = preparePicture(shoe(200, 10), SIZE, { preparation: "none" });
  assert.equal(done, "scaled");
  const at = (x: number, y: number) => image.pixels[y * 28 + x];
  assert.deepEqual([at(0, 0), at(27, 27), at(14, 2), at(2, 14)], [10, 10, 10, 10]); // above and beside
  assert.deepEqual([at(14, 14), at(8, 11), at(19, 16)], [200, 200, 200]); // 14 × 7 in the middle
});

Deno.test("preparePicture() swaps light and dark if that is known to be right, or asked for", () => {
  const none = { preparation: "none" } as const;
  const light = shoe(40, 250), dark = shoe(200, 10);
  const of = (raster: Raster, options: Partial<PreparePictureOptions>) => {
    const { image, inverted, lightGround } = preparePicture(raster, SIZE, { ...none, ...options });
    return [image.pixels[0], inverted, lightGround];
  };
  assert.deepEqual(of(light, {}), [250, false, true]);
  assert.deepEqual(of(light, { lightOnBlack: true }), [5, true, false]);
  assert.deepEqual(of(dark, { lightOnBlack: true }), [10, false, false]);
  assert.deepEqual(of(light, { lightOnBlack: true, invert: false }), [250, false, true]);
  assert.deepEqual(of(dark, { invert: true }), [245, true, true]);
});

Deno.test("preparePicture() takes dark or light as ink, if told", () => {
  const raster = seven();
  const { image, inverted } = preparePicture(raster, SIZE, { preparation: "digit", invert: true });
  assert.equal(inverted, true);
  assert.deepEqual(image, prepareDigit(raster));
});

Deno.test("preparePicture() keeps both parts of a digit, one of them at the edge", () => {
  // A bar of 40 × 8 at the upper edge, and below it an L of 40 × 46.
  const grey = Uint8Array.from({ length: 100 * 100 }, (_, i) => {
    const x = i % 100, y = Math.floor(i / 100);
    return x >= 30 && x < 70 && (y < 8 || (y >= 14 && y < 60 && (x < 38 || y >= 52))) ? 20 : 240;
  });
  const { pixels } = prepareDigit(
    { width: 100, height: 100, grey, alpha: new Uint8Array(10_000).fill(255) },
    SIZE,
  );
  const rows = Array.from(
    { length: 28 },
    (_, y) => pixels.subarray(y * 28, y * 28 + 28).some((v) => v > 128),
  );
  assert.equal(rows.filter((inked, y) => inked && !rows[y - 1]).length, 2);
});
