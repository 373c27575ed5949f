import assert from "node:assert/strict";
import { readOrientation } from "../../lib/data/exif.ts";

/** A directory of two tags, the second of which is the orientation. */
function tiff({ little = false, orientation = 6, entries = 2, directory = 8, type = 3 } = {}): Uint8Array {
  const bytes = new Uint8Array(38), view = new DataView(bytes.buffer);
  bytes.fill(little ? 0x49 : 0x4d, 0, 2);
  view.setUint16(2, 42, little);
  view.setUint32(4, directory, little);
  view.setUint16(8, entries, little);
  view.setUint16(10, 0x010f, little);
  view.setUint16(22, 0x0112, little);
  view.setUint16(24, type, little);
  view.setUint32(26, 1, little);
  view.setUint16(30, orientation, little);
  return bytes;
}

Deno.test("readOrientation() reads either order of bytes", () => {
  for (const little of [false, true]) {
    for (let orientation = 1; orientation <= 8; orientation++) {
      assert.equal(readOrientation(tiff({ little, orientation })), orientation);
    }
  }
});

Deno.test("readOrientation() is 1 for data that states none, and for any that is damaged", () => {
  for (const damage of [{ orientation: 0 }, { orientation: 9 }, { entries: 1 }, { directory: 2 ** 32 - 1 }]) {
    assert.equal(readOrientation(tiff(damage)), 1);
  }
  assert.equal(readOrientation(tiff({ type: 4 })), 1);
  const bytes = tiff();
  for (let length = 0; length < 34; length++) assert.equal(readOrientation(bytes.subarray(0, length)), 1);
  for (let at = 0; at < 4; at++) assert.equal(readOrientation(bytes.with(at, 0)), at === 2 ? 6 : 1);
});
