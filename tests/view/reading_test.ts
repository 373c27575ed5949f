import assert from "node:assert/strict";
import { readingsSvg } from "../../lib/view/reading.ts";
import { decidedAt, type Reading } from "../../lib/view/reading_lines.ts";
import { drawReading } from "../../lib/view/reading_text.ts";

/** An image of 5 × 4 with a bright diagonal, and a network that is unsure until the third line. */
function reading(axis: Reading["axis"], changes: Partial<Reading> = {}): Reading {
  const height = 5, width = 4;
  const pixels = Uint8Array.from({ length: 20 }, (_, i) => i % width === Math.floor(i / width) ? 255 - i : 0);
  const T = { rows: height, columns: width, pixels: height * width }[axis];
  const probabilities = Float32Array.from({ length: T * 3 }, (_, i) => {
    const sure = Math.floor(i / 3) / (T - 1);
    return [[0.5, 0.05], [0.3, 0.05], [0.2, 0.9]][i % 3].reduce((a, b) => a + (b - a) * sure);
  });
  const image = { pixels, height, width, caption: "#3: a <7> & more" };
  return { image, axis, probabilities, classNames: ["0", "1", "2"], ...changes };
}

/** All pictures share one style, which these tests do not cover. */
function withoutStyle(svg: string): string {
  return svg.replace(/<style>.*<\/style>/s, "");
}

Deno.test("readingsSvg() draws the strip beside rows", async (t) => {
  await t.assertSnapshot(withoutStyle(readingsSvg([reading("rows")])));
});

Deno.test("readingsSvg() draws the strip below columns, with names", async (t) => {
  const classNames = ["T-shirt/top", "Bag", "Ankle boot"];
  await t.assertSnapshot(withoutStyle(readingsSvg([reading("columns", { classNames })])));
});

Deno.test("readingsSvg() lays several out, row by row", () => {
  const one = readingsSvg([reading("rows")]);
  const four = readingsSvg(Array(4).fill(reading("rows")), { perRow: 3 });
  const size = (svg: string) => svg.match(/viewBox="0 0 (\S+) (\S+)"/)!.slice(1).map(Number);
  const close = (a: number, b: number) => assert.ok(Math.abs(a - b) < 0.01, `${a} and ${b}`);
  close(size(four)[0], 2 * size(one)[0]); // a third one would be too wide for a phone
  close(size(four)[1], 2 * size(one)[1]);
});

Deno.test("drawReading() draws rows without colour", () => {
  assert.deepEqual(drawReading(reading("rows"), { columns: 80, colour: false }), [
    "#3: a <7> & more",
    "      0 1 2",
    "▀▄    ░░░░░░  0  39%",
    "  ▀▄      ▓▓  2  73%",
    "          ██  2  90%",
  ]);
});

Deno.test("drawReading() draws columns without colour", () => {
  const lines = drawReading(reading("columns", { classNames: ["Bag", "b", "c"] }), {
    columns: 80,
    colour: false,
  });
  assert.deepEqual(lines.slice(5), ["▒░░   0 Bag", "░░    1 b", "░▒▓█  2 c", "0222"]);
});

Deno.test("drawReading() fits any terminal, and ends every coloured line with a reset", () => {
  const wide = { pixels: new Uint8Array(400 * 30).fill(99), height: 30, width: 400, caption: "wide" };
  for (const axis of ["rows", "columns"] as const) {
    const T = axis === "rows" ? 30 : 400;
    const classNames = Array.from({ length: 10 }, (_, k) => String(k));
    const probabilities = new Float32Array(T * 10).fill(0.1);
    for (const columns of [40, 80, 200]) {
      for (const colour of [false, true]) {
        const lines = drawReading({ image: wide, axis, probabilities, classNames }, { columns, colour });
        for (const line of lines) {
          // deno-lint-ignore no-control-regex
          const plain = line.replace(/\x1b\[[\d;]*m/g, "");
          assert.ok([...plain].length <= columns, `${axis}, ${columns}: ${plain.length}`);
          if (line.includes("\x1b")) assert.ok(line.slice(line.lastIndexOf("\x1b")).startsWith("\x1b[0m"));
        }
      }
    }
  }
});

Deno.test("of many classes, the likeliest are drawn, with a note, also in 40 columns", () => {
  const T = 28, K = 62;
  const probabilities = Float32Array.from({ length: T * K }, (_, i) => i % K === 61 ? 0.39 : 0.01);
  const image = { pixels: new Uint8Array(784), height: 28, width: 28, caption: "#0: letter 61 → letter 61" };
  const classNames = Array.from({ length: K }, (_, k) => `letter ${k}`);
  for (const axis of ["rows", "columns"] as const) {
    const many = { image, axis, probabilities, classNames };
    const svg = readingsSvg([many]);
    assert.match(svg.replaceAll(/<\/text><text[^>]*>/g, " "), />the 10 likeliest of 62 classes</);
    assert(Number(svg.match(/width="([\d.]+)"/)![1]) < 640);
    for (const columns of [40, 80]) {
      const lines = drawReading(many, { columns, colour: false });
      for (const line of lines) assert([...line].length <= columns, `${columns}: ${line}`);
      assert(lines.includes("(the 12 likeliest of 62 classes)"));
      assert(lines.some((line) => line.includes("61 ")));
    }
  }
});

Deno.test("a reading labels lines where another class takes the lead, without overlaps", () => {
  for (const axis of ["rows", "columns"] as const) {
    const T = 28, K = 10;
    const probabilities = Float32Array.from({ length: T * K }, (_, i) => {
      return i % K === Math.floor(i / K) % K ? 0.91 : 0.01; // a different winner in every line
    });
    const image = { pixels: new Uint8Array(784), height: 28, width: 28, caption: "" };
    const svg = readingsSvg([{ image, axis, probabilities, classNames: [..."0123456789"] }]);
    const places = [...svg.matchAll(/<text class="(?:ink|soft)" x="([\d.]+)" y="([\d.]+)"/g)]
      .map(([, x, y]) => [Number(x), Number(y)]);
    for (const [i, [x, y]] of places.entries()) {
      for (const [x2, y2] of places.slice(i + 1)) {
        assert(Math.abs(x - x2) >= 10 || Math.abs(y - y2) >= 16, `${axis}: ${[x, y, x2, y2]}`);
      }
    }
  }
});

Deno.test("a reading of another length than the image is refused", () => {
  const probabilities = new Float32Array(3);
  assert.throws(
    () => readingsSvg([reading("rows", { probabilities })]),
    /^TypeError: .* 5 × 3 numbers: current value is 3$/,
  );
  assert.throws(
    () => drawReading(reading("pixels", { probabilities }), { columns: 80, colour: true }),
    /^TypeError: .* 20 × 3 numbers/,
  );
});

Deno.test("pixel by pixel, a reading shows the probabilities at the end of each row", () => {
  const lines = drawReading(reading("pixels"), { columns: 80, colour: false });
  assert.equal(lines.length, 5);
  assert.equal(lines[4].slice(-6), "2  90%");
});

Deno.test("decidedAt() is the first step of the last run of one class", () => {
  const steps = (...classes: number[]) =>
    Float32Array.from(classes.flatMap((k) => k === 0 ? [0.8, 0.2] : [0.2, 0.8]));
  assert.equal(decidedAt(steps(1, 1, 1), 2), 0);
  assert.equal(decidedAt(steps(1, 0, 1, 0, 0), 2), 3);
  assert.equal(decidedAt(steps(0, 0, 1), 2), 2);
});

Deno.test("decidedAt() rejects anything but rows of K, such as no class at all", () => {
  for (const [length, classes] of [[6, 0], [6, 4], [0, 2], [6, NaN]]) {
    assert.throws(() => decidedAt(new Float32Array(length), classes), /^TypeError: .* must be rows of/);
  }
});
