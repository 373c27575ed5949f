import assert from "node:assert/strict";
import { pickSequences, type Sequences, sequencesOf } from "../../lib/data/sequences.ts";

const positions = Uint32Array.of(2, 0, 2);

Deno.test("pickSequences() copies sequences in any order, repeated or not, as the kind of array that they are", () => {
  const cases: [Sequences["data"], Sequences["data"]][] = [
    [Uint8Array.of(1, 2, 3, 4, 5, 6), Uint8Array.of(5, 6, 1, 2, 5, 6)],
    [Float32Array.of(0.5, 2, 3, 4, -5, 6), Float32Array.of(-5, 6, 0.5, 2, -5, 6)],
    [Int32Array.of(1, -2, 3, 4, 5, 6), Int32Array.of(5, 6, 1, -2, 5, 6)],
  ];
  for (const [data, expected] of cases) {
    const picked = pickSequences({ data }, { stride: 2 }, { positions });
    assert.deepEqual(picked, expected);
    assert.notEqual(picked.buffer, data.buffer);
  }
});

Deno.test("pickSequences() fills an array that it is given", () => {
  const into = new Uint8Array(6);
  const data = Uint8Array.of(1, 2, 3, 4, 5, 6);
  assert.equal(pickSequences({ data }, { stride: 2 }, { positions, into }), into);
  assert.deepEqual([...into], [5, 6, 1, 2, 5, 6]);
});

Deno.test("sequencesOf() images is their pixels, not copied", () => {
  const images = { pixels: Uint8Array.of(1, 2, 3, 4), count: 2, height: 1, width: 2 };
  const { data, count } = sequencesOf(images);
  assert.equal(data, images.pixels);
  assert.equal(count, 2);
});
