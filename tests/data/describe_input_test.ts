import assert from "node:assert/strict";
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
});
