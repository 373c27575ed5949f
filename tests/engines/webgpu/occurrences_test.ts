import assert from "node:assert/strict";
import { sortedOccurrences } from "../../../lib/engines/webgpu/occurrences.ts";

Deno.test("sortedOccurrences() sorts the tokens of each batch, then their rows", () => {
  const tokens = Int32Array.of(4, 0, 4, 2, 2, 0, 1, 1); // four sequences of two
  const batches = [Uint32Array.of(1, 0, 1), Uint32Array.of(3)];
  const found = sortedOccurrences(tokens, batches, { T: 2, most: 4, vocabulary: 5 });
  assert.equal(found.length, 2 * 2 * 2 * 4);
  // Row t·4 + n: sequence 1 is the first and the third of the batch, sequence 0 the second.
  assert.deepEqual([...found.subarray(0, 12)], [0, 5, 2, 4, 2, 6, 4, 0, 4, 1, 4, 2]);
  assert.deepEqual([...found.subarray(16, 20)], [1, 0, 1, 4]);
});
