import assert from "node:assert/strict";
import { layOutSequence, type Order } from "../../../lib/data/sequence.ts";
import { sequencesOf } from "../../../lib/data/sequences.ts";
import { drawTransforms, transformImage } from "../../../lib/data/transform.ts";
import { MovedImages, orderByBlankLines, StillImages } from "../../../lib/engines/wasm/blank_lines.ts";
import { testStream, tinySplit } from "../../support/tiny_data.ts";

// Three images of 3 × 4: ink at (row 2, column 1); none; at (0, 3) and (1, 0).
const IMAGES = { pixels: new Uint8Array(36), count: 3, height: 3, width: 4 };
IMAGES.pixels[2 * 4 + 1] = 9;
IMAGES.pixels[24 + 3] = IMAGES.pixels[24 + 4] = 255;
const SEQUENCES = sequencesOf(IMAGES);

Deno.test("StillImages counts the lines before the first ink, along any axis, at most T − 1", () => {
  const count = (axis: "rows" | "columns" | "pixels") => {
    const images = new StillImages(SEQUENCES, layOutSequence({ axis, range: [-1, 1] }, IMAGES));
    return [...images.of(Uint32Array.of(0, 1, 2))];
  };
  assert.deepEqual(count("rows"), [2, 2, 0]);
  assert.deepEqual(count("columns"), [1, 3, 0]);
  assert.deepEqual(count("pixels"), [9, 11, 3]);
});

Deno.test("orderByBlankLines() puts the fewest first and keeps the order of equal ones", () => {
  assert.deepEqual([...orderByBlankLines(Uint16Array.of(5, 3, 0, 0, 5))], [2, 3, 1, 0, 4]);
});

const ORDERS: readonly Order[] = [
  { axis: "rows" },
  { axis: "rows", reversed: true },
  { axis: "columns" },
  { axis: "columns", reversed: true },
  { axis: "pixels" },
  { axis: "pixels", permutation: 3 },
];

/** The blank lines of moved images as MovedImages counts them, and as they are when each image has been moved. */
function countMoved(order: Order, transforms: Int32Array): { said: number[]; exact: number[] } {
  const count = transforms.length / 6, size = { height: 9, width: 7 };
  const images = tinySplit({ ...size, count, classes: 2, seed: 5 }),
    layout = layOutSequence({ ...order, range: [0, 1] }, size);
  const moved = new Uint8Array(images.pixels.length), all = Uint32Array.from({ length: count }, (_, n) => n);
  for (const n of all) {
    const [from, into] = [images.pixels, moved].map((pixels) => pixels.subarray(n * 63, (n + 1) * 63));
    transformImage(from, into, { transform: transforms.slice(n * 6, n * 6 + 6), width: size.width });
  }
  return {
    said: [...new MovedImages(sequencesOf(images), layout).of(all, transforms)],
    exact: [...new StillImages({ data: moved, count }, layout).of(all)],
  };
}

for (const order of ORDERS) {
  const { axis, reversed, permutation } = order;
  Deno.test(`MovedImages counts no line that has ink: ${axis}, ${reversed ?? permutation ?? false}`, () => {
    const positions = Uint32Array.from({ length: 100 }, (_, n) => n),
      size = { height: 9, width: 7 },
      random = testStream("moves");
    const drawn = drawTransforms({ shift: 3, rotate: 30, scale: 0.4 }, {
      seed: 1,
      epoch: 0,
      positions,
      size,
    });
    const wild = Int32Array.from({ length: 600 }, () => random.below(2 ** 32));
    for (const transforms of [drawn, wild]) {
      const { said, exact } = countMoved(order, transforms);
      said.forEach((lines, n) => assert(lines <= exact[n], `image ${n}: ${lines} instead of ${exact[n]}`));
    }
  });
}

Deno.test("MovedImages counts every blank line of images that are moved along the way they are read", () => {
  for (const [order, across] of [[{ axis: "rows" }, 5], [{ axis: "columns", reversed: true }, 2]] as const) {
    for (const shift of [-3, 0, 2]) {
      const one = Int32Array.of(65_536, 0, 0, 0, 65_536, 0);
      one[across] = shift * 65_536;
      const { said, exact } = countMoved(order, Int32Array.from({ length: 600 }, (_, k) => one[k % 6]));
      assert.deepEqual(said, exact);
    }
  }
});
