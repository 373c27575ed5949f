import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { moveToShared, share } from "../../lib/data/shared.ts";

Deno.test("share() copies bytes to shared memory, unless they are there", () => {
  const bytes = Uint8Array.of(9, 1, 2, 3).subarray(1);
  const shared = share(bytes);
  assert(shared.buffer instanceof SharedArrayBuffer);
  assert.deepEqual([...shared], [1, 2, 3]);
  assert.deepEqual([...bytes], [1, 2, 3]);
  assert.equal(share(shared), shared);
});

Deno.test("share() keeps the kind of an array", () => {
  const floats = share(Float32Array.of(0.5, -1));
  assert(floats instanceof Float32Array && floats.buffer instanceof SharedArrayBuffer);
  assert.deepEqual([...floats], [0.5, -1]);
  assert.deepEqual([...share(Int32Array.of(-7, 70_000))], [-7, 70_000]);
  const fromBuffer = share(Buffer.from([1, 2]));
  assert.equal(Object.getPrototypeOf(fromBuffer), Uint8Array.prototype);
});

Deno.test("moveToShared() frees the original", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  assert.deepEqual([...moveToShared(bytes)], [1, 2, 3]);
  assert.equal(bytes.length, 0);
});
