import assert from "node:assert/strict";
import { moveToShared, shareBytes } from "../../lib/data/shared.ts";

Deno.test("shareBytes() copies bytes to shared memory, unless they are there", () => {
  const bytes = Uint8Array.of(9, 1, 2, 3).subarray(1);
  const shared = shareBytes(bytes);
  assert(shared.buffer instanceof SharedArrayBuffer);
  assert.deepEqual([...shared], [1, 2, 3]);
  assert.deepEqual([...bytes], [1, 2, 3]);
  assert.equal(shareBytes(shared), shared);
});

Deno.test("moveToShared() frees the original", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  assert.deepEqual([...moveToShared(bytes)], [1, 2, 3]);
  assert.equal(bytes.length, 0);
});
