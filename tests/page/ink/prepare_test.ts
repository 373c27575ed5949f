import assert from "node:assert/strict";
import { placeOnSheet } from "../../../page/ink/place_on_sheet.ts";
import { prepareRaster, prepareStrokes } from "../../../page/ink/prepare.ts";
import { rasterizeStrokes } from "../../../page/ink/rasterize.ts";
import { PEN_RADIUS, pointAt, SHEET, type Stroke } from "../../../page/ink/strokes.ts";

function strokeOf(...points: readonly (readonly [number, number])[]): Stroke {
  return points.map(([x, y]) => pointAt(x, y));
}

const seven = [strokeOf([250, 200], [500, 195], [750, 200], [650, 400], [550, 600], [450, 850])];

Deno.test("rasterizeStrokes() draws a line as wide as the pen, with round ends", () => {
  const { grey, width } = rasterizeStrokes([strokeOf([300, 512], [700, 512])]);
  const scale = width / SHEET,
    at = (x: number, y: number) => grey[Math.floor(y * scale) * width + Math.floor(x * scale)];
  assert.equal(at(500, 512), 255);
  assert.equal(at(500, 512 + PEN_RADIUS - 6), 255);
  assert.equal(at(500, 512 + PEN_RADIUS + 8), 0);
  assert.equal(at(300 - PEN_RADIUS + 6, 512), 255);
  assert.equal(at(300 - PEN_RADIUS + 6, 512 - PEN_RADIUS + 6), 0, "the corner is round");
  const ink = grey.reduce((sum, value) => sum + value / 255, 0) / scale ** 2;
  const expected = 400 * 2 * PEN_RADIUS + Math.PI * PEN_RADIUS ** 2;
  assert.ok(Math.abs(ink / expected - 1) < 0.02, `${ink} of ${expected}`);
});

Deno.test("a drawing becomes what networks see: in a box of 20 × 20, centred by mass", () => {
  const pixels = prepareStrokes(seven)!;
  let mass = 0, x = 0, y = 0;
  const rows = new Set<number>(), columns = new Set<number>();
  pixels.forEach((value, i) => {
    mass += value;
    x += value * (i % 28);
    y += value * Math.floor(i / 28);
    if (value > 0) rows.add(Math.floor(i / 28)), columns.add(i % 28);
  });
  assert.ok(rows.size === 20 && columns.size <= 20, `${rows.size} × ${columns.size}`);
  assert.ok(Math.abs(x / mass - 14) <= 1 && Math.abs(y / mass - 14) <= 1, `${x / mass}, ${y / mass}`);
  assert.equal(pixels.reduce((a, b) => Math.max(a, b)), 255);
});

Deno.test("where a digit is drawn does not matter", () => {
  const moved = seven.map((stroke) => stroke.map(({ x, y }) => pointAt(x - 137, y - 137))); // fifteen pixels of the raster
  const [a, b] = [seven, moved].map((strokes) => prepareStrokes(strokes)!);
  const difference = a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.reduce((x, y) => x + y);
  assert.ok(difference < 0.03, `${difference}`);
});

Deno.test("an empty sheet, and one with a dot, has no digit", () => {
  assert.equal(prepareStrokes([]), null);
  assert.equal(prepareStrokes([strokeOf([500, 500])]), null);
  assert.equal(prepareStrokes([strokeOf([500, 500], [530, 520])]), null);
});

Deno.test("a drawing is prepared as a picture of it is: dark on light, by the code of deno task predict", () => {
  const raster = rasterizeStrokes(seven);
  const photo = { ...raster, grey: raster.grey.map((value) => 255 - value) };
  const [drawn, read] = [prepareStrokes(seven)!, prepareRaster(photo)];
  const largest = drawn.reduce((most, value, i) => Math.max(most, Math.abs(value - read[i])), 0);
  assert.ok(largest <= 8, `${largest}`);
  assert.throws(() => prepareRaster({ ...raster, grey: raster.grey.map(() => 200) }), /must be a digit/);
});

Deno.test("the lines of the image lie on the drawing", () => {
  const pixels = prepareStrokes(seven)!;
  const places = Array.from(
    { length: 29 },
    (_, line) => placeOnSheet(line, { strokes: seven, pixels, axis: "rows" }),
  );
  const first = Math.floor(pixels.findIndex((value) => value > 40) / 28);
  const last = Math.floor(pixels.findLastIndex((value) => value > 40) / 28);
  assert.ok(Math.abs(places[first] - (195 - PEN_RADIUS) / SHEET) < 0.01, `${places[first]}`);
  assert.ok(Math.abs(places[last + 1] - (850 + PEN_RADIUS) / SHEET) < 0.01, `${places[last + 1]}`);
  assert.ok(places.every((place, line) => line === 0 || place >= places[line - 1]));
  assert.equal(placeOnSheet(7, { strokes: [], pixels, axis: "rows" }), 0.25, "a test digit fills the sheet");
  assert.equal(placeOnSheet(7, { strokes: seven, pixels: new Uint8Array(784), axis: "columns" }), 0.25);
});
