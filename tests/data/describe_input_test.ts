import assert from "node:assert/strict";
import type { Order } from "../../lib/data/sequence.ts";
import { describeInput } from "../../lib/data/describe_input.ts";

Deno.test("describeInput() states the shape, the order and the numbers for every way to read an image", () => {
  const sizes = { T: 28, C: 20 };
  const rows = /^float32 \[N, 28, 20\]: .* step t is row t from the top, .* from the left; .* is x \/ 255$/;
  assert.match(describeInput({ axis: "rows", range: [0, 1] }, sizes), rows);
  const columns = /step t is column t from the left, .* from the top; .* is \(x \/ 255 - 0\.5\) \/ 0\.5$/;
  assert.match(describeInput({ axis: "columns", range: [-1, 1] }, sizes), columns);
  const pixels = /^float32 \[N, T, 1\]: .* pixel t, row by row .* is \(x \/ 255 - 0\.1307\) \/ 0\.3081$/;
  const normalized = { axis: "pixels", mean: 0.1307, deviation: 0.3081 } as const;
  assert.match(describeInput(normalized, { T: null, C: 1 }), pixels);

  const ofSequence = (sequence: Order) => describeInput({ ...sequence, range: [0, 1] }, sizes);
  assert.match(ofSequence({ axis: "rows", reversed: true }), /step t is row t from the bottom, its features/);
  assert.match(ofSequence({ axis: "columns", reversed: true }), /step t is column t from the right, its/);
  assert.match(ofSequence({ axis: "pixels", reversed: true }), /pixel t, row by row from the bottom right;/);
  const permuted =
    /step t is pixel order\[t\], counted row by row from the top left \(a permutation of seed 7\);/;
  assert.match(ofSequence({ axis: "pixels", permutation: 7 }), permuted);
});
