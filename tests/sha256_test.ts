import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { sha256 } from "../lib/sha256.ts";

const expected = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

Deno.test("sha256() is that of OpenSSL for every length around the blocks", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => 31 * i);
  for (let length = 0; length <= bytes.length; length++) {
    assert.equal(sha256(bytes.subarray(0, length)), expected(bytes.subarray(0, length)), `${length} bytes`);
  }
});

Deno.test("sha256() is that of OpenSSL for any bytes, wherever they lie", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), fc.nat(20), (bytes, skipped) => {
    assert.equal(sha256(bytes.subarray(skipped)), expected(bytes.subarray(skipped)));
  }));
});

Deno.test("sha256() of a million bytes is that of OpenSSL", () => {
  const bytes = new Uint8Array(1_000_000).fill(97);
  assert.equal(sha256(bytes), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
});
