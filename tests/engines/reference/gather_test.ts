import assert from "node:assert/strict";
import { gatherBatch, gatherTargets } from "../../../lib/engines/reference/gather.ts";
import { layOutSequence, type Sequence } from "../../../lib/data/sequence.ts";
import { sequencesOf } from "../../../lib/data/sequences.ts";

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
    const batch = gatherBatch(sequencesOf(images), Uint32Array.of(1, 0), layout);
    assert.deepEqual(batch, { x: Float64Array.from(bytes, (byte) => layout.scale[byte]), T, N: 2 });
  });
}

Deno.test("gatherBatch() transforms each image before it reads it in its order", () => {
  const layout = layOutSequence({ axis: "columns", reversed: true, range: [0, 1] }, images);
  const one = 65_536, right = [one, 0, -one, 0, one, 0], down = [one, 0, 0, 0, one, -one];
  const transforms = Int32Array.of(...right, ...down);
  const batch = gatherBatch(sequencesOf(images), Uint32Array.of(1, 0), layout, transforms);
  // 0 6 7 / 0 9 10 and 0 0 0 / 0 1 2, column by column from the right.
  const bytes = [7, 10, 0, 2, /**/ 6, 9, 0, 1, /**/ 0, 0, 0, 0];
  assert.deepEqual(batch, { x: Float64Array.from(bytes, (byte) => layout.scale[byte]), T: 3, N: 2 });
});

Deno.test("gatherBatch() reads numbers and tokens, sequence by sequence at each t", () => {
  const floats = { data: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7), count: 2 };
  const positions = Uint32Array.of(1, 0, 1);
  assert.deepEqual(gatherBatch(floats, positions, { kind: "floats", T: 2, C: 2, stride: 4 }), {
    x: Float64Array.of(4, 5, 0, 1, 4, 5, /**/ 6, 7, 2, 3, 6, 7),
    T: 2,
    N: 3,
  });
  const tokens = { data: Int32Array.of(9, 8, 7, 6), count: 2 };
  assert.deepEqual(gatherBatch(tokens, positions, { kind: "tokens", T: 2, stride: 2 }), {
    x: Float64Array.of(7, 9, 7, /**/ 6, 8, 6),
    T: 2,
    N: 3,
  });
});

Deno.test("gatherTargets() follows the positions, step by step; a class becomes a row", () => {
  const positions = Uint32Array.of(2, 0);
  const weights = Float32Array.of(1, 2, 3);
  assert.deepEqual(
    gatherTargets({ kind: "classes", data: Uint8Array.of(0, 1, 2), weights }, positions, { T: 1, K: 3 }),
    { rows: Float64Array.of(0, 0, 1, 1, 0, 0), weights: Float64Array.of(3, 1) },
  );
  const data = Float32Array.from({ length: 12 }, (_, k) => k); // [3,2,2]
  assert.deepEqual(gatherTargets({ kind: "rows", data }, positions, { T: 2, K: 2 }), {
    rows: Float64Array.of(8, 9, 0, 1, /**/ 10, 11, 2, 3),
    weights: Float64Array.of(1, 1),
  });
});
