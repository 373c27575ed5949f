import assert from "node:assert/strict";
import { gatherBatch, gatherLabels } from "../../../lib/engines/reference/gather.ts";
import { layOutSequence, type Sequence } from "../../../lib/data/sequence.ts";

// Two images of two rows: 0 1 2 / 3 4 5 and 6 7 8 / 9 10 11.
const images = { pixels: Uint8Array.from({ length: 12 }, (_, k) => k), count: 2, height: 2, width: 3 };

const BATCHES: Record<Sequence["axis"], { T: number; bytes: number[] }> = { // [T,N,C] of the images 1, 0
  rows: { T: 2, bytes: [6, 7, 8, 0, 1, 2, /**/ 9, 10, 11, 3, 4, 5] },
  columns: { T: 3, bytes: [6, 9, 0, 3, /**/ 7, 10, 1, 4, /**/ 8, 11, 2, 5] },
  pixels: { T: 6, bytes: [6, 0, /**/ 7, 1, /**/ 8, 2, /**/ 9, 3, /**/ 10, 4, /**/ 11, 5] },
};

for (const [axis, { T, bytes }] of Object.entries(BATCHES)) {
  Deno.test(`gatherBatch() reads ${axis}, image by image at each t`, () => {
    const layout = layOutSequence({ axis: axis as Sequence["axis"], range: [-1, 1] }, images);
    const batch = gatherBatch(images, Uint32Array.of(1, 0), layout);
    assert.deepEqual(batch, { x: Float64Array.from(bytes, (byte) => layout.scale[byte]), T, N: 2 });
  });
}

Deno.test("gatherLabels() follows the positions", () => {
  assert.deepEqual(gatherLabels(Uint8Array.of(7, 8, 9), Uint32Array.of(2, 0, 2)), Uint8Array.of(9, 7, 9));
});
