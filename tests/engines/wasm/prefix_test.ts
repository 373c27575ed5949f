import assert from "node:assert/strict";
import { layOutSequence } from "../../../lib/data/sequence.ts";
import { sequencesOf } from "../../../lib/data/sequences.ts";
import { countBlankLines, sortByBlankLines } from "../../../lib/engines/wasm/prefix.ts";

// Three images of 3 × 4: ink at (row 2, column 1); none; at (0, 3) and (1, 0).
const IMAGES = { pixels: new Uint8Array(36), count: 3, height: 3, width: 4 };
IMAGES.pixels[2 * 4 + 1] = 9;
IMAGES.pixels[24 + 3] = IMAGES.pixels[24 + 4] = 255;
const SEQUENCES = sequencesOf(IMAGES);

Deno.test("countBlankLines() counts the lines before the first ink, along any axis, at most T − 1", () => {
  const count = (axis: "rows" | "columns" | "pixels") => {
    return [...countBlankLines(SEQUENCES, layOutSequence({ axis, range: [-1, 1] }, IMAGES))];
  };
  assert.deepEqual(count("rows"), [2, 2, 0]);
  assert.deepEqual(count("columns"), [1, 3, 0]);
  assert.deepEqual(count("pixels"), [9, 11, 3]);
});

Deno.test("sortByBlankLines() puts the fewest first and keeps the order of equal ones", () => {
  const blankLines = Uint16Array.of(5, 0, 3, 0, 5);
  assert.deepEqual([...sortByBlankLines(Uint32Array.of(4, 2, 3, 0, 1), blankLines)], [3, 1, 2, 4, 0]);
});
