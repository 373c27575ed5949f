import assert from "node:assert/strict";
import { layOutSequence } from "../../../lib/data/sequence.ts";
import { countBlankLines, layOutBatch, sortByBlankLines } from "../../../lib/engines/wasm/prefix.ts";

// Three images of 3 × 4: ink at (row 2, column 1); none; at (0, 3) and (1, 0).
const IMAGES = { pixels: new Uint8Array(36), count: 3, height: 3, width: 4 };
IMAGES.pixels[2 * 4 + 1] = 9;
IMAGES.pixels[24 + 3] = IMAGES.pixels[24 + 4] = 255;

Deno.test("countBlankLines() counts the lines before the first ink, along any axis, and leaves one line to read", () => {
  const count = (
    axis: "rows" | "columns" | "pixels",
  ) => [...countBlankLines(IMAGES, layOutSequence({ axis, range: [-1, 1] }, IMAGES))];
  assert.deepEqual(count("rows"), [2, 2, 0]);
  assert.deepEqual(count("columns"), [1, 3, 0]);
  assert.deepEqual(count("pixels"), [9, 11, 3]);
});

Deno.test("sortByBlankLines() puts the fewest first and keeps the order of equals", () => {
  const blankLines = Uint16Array.of(5, 0, 3, 0, 5);
  assert.deepEqual([...sortByBlankLines(Uint32Array.of(4, 2, 3, 0, 1), blankLines)], [3, 1, 2, 4, 0]);
});

Deno.test("layOutBatch() gives every group its rows, and the shared steps one row each", () => {
  assert.deepEqual(layOutBatch([0, 2, 4], 10), {
    starts: [0, 2, 4],
    firstRows: [0, 80, 144],
    sharedSteps: 4,
    sharedRow: 192,
    totalRows: 192 + 4 + 7,
  });
  assert.equal(layOutBatch([0, 0], 10).totalRows, 160);
});

Deno.test("layOutBatch() never takes more rows than a batch without shared steps", () => {
  for (const steps of [2, 5, 28]) {
    for (let start = 1; start < steps; start++) {
      assert(layOutBatch([0, start], steps).totalRows <= 16 * steps, `${start} of ${steps}`);
    }
  }
});
