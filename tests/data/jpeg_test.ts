import assert from "node:assert/strict";
import { joinBytes } from "../../lib/bytes.ts";
import { decodeJpeg } from "../../lib/data/jpeg.ts";
import { decodePicture } from "../../lib/data/picture.ts";
import { PictureError } from "../../lib/data/raster.ts";
import golden from "../golden/pictures.json" with { type: "json" };

function jpeg(name: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(golden.find((picture) => picture.name === name)!.file);
}

/** Where a marker's segment begins. */
function find(bytes: Uint8Array, marker: number): number {
  return bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === marker);
}

function refuses(bytes: Uint8Array, reason: RegExp): Promise<void> {
  return assert.rejects(decodeJpeg(bytes), (error) => {
    assert.ok(error instanceof PictureError, String(error));
    assert.match(error.message, /^Cannot read the JPEG: /);
    assert.match(error.message, reason);
    return true;
  });
}

const FRAME = 0xc0, PROGRESSIVE = 0xc2, SCAN = 0xda;

Deno.test("decodeJpeg() refuses every proper prefix of a file", async () => {
  for (const name of ["jpeg 4:2:0", "jpeg 4:2:0 progressive", "jpeg grey"]) {
    const bytes = jpeg(name);
    for (let length = 0; length < bytes.length; length++) {
      await assert.rejects(decodeJpeg(bytes.subarray(0, length)), PictureError, `${length} bytes of ${name}`);
    }
  }
});

Deno.test("decodeJpeg() refuses an image that ends early in a file with an end marker", async () => {
  const bytes = jpeg("jpeg 4:2:0"), scan = find(bytes, SCAN);
  await refuses(
    joinBytes(bytes.subarray(0, scan + 40), Uint8Array.of(0xff, 0xd9)),
    /image data must be whole/,
  );
});

Deno.test("decodeJpeg() refuses sizes before it allocates", async () => {
  const bytes = jpeg("jpeg 4:2:0"), frame = find(bytes, FRAME);
  const sized = (height: number, width: number) => {
    const changed = bytes.slice();
    new DataView(changed.buffer).setUint16(frame + 5, height);
    new DataView(changed.buffer).setUint16(frame + 7, width);
    return changed;
  };
  await refuses(sized(65_535, 65_535), /1 to 33554432 pixels: current value is 65535 × 65535; make/);
  await refuses(sized(0, 37), /current value is 37 × 0$/);
});

Deno.test("decodeJpeg() names the kinds of file that it cannot read", async () => {
  const bytes = jpeg("jpeg 4:2:0"), frame = find(bytes, FRAME);
  await refuses(bytes.with(frame + 1, 0xc3), /current value is lossless/);
  await refuses(bytes.with(frame + 1, 0xc9), /current value is arithmetic coding/);
  await refuses(bytes.with(frame + 4, 12), /8 bits; save it as PNG: current value is 12/);
  await refuses(bytes.with(frame + 9, 4), /grey or RGB; save it as PNG: current value is CMYK/);
});

Deno.test("decodeJpeg() refuses more scans than any picture has", async () => {
  const bytes = jpeg("jpeg grey progressive"), scan = find(bytes, SCAN);
  assert.ok(find(bytes, PROGRESSIVE) > 0);
  const next = bytes.findIndex((byte, i) => i > scan + 10 && byte === 0xff && bytes[i + 1] !== 0);
  const scans = Array.from({ length: 101 }, () => bytes.subarray(scan, next));
  await refuses(joinBytes(bytes.subarray(0, scan), ...scans, bytes.subarray(next)), /at most 100 scans/);
});

Deno.test("decodeJpeg() reads the next file after a damaged one", async () => {
  const bytes = jpeg("jpeg 4:2:0"), scan = find(bytes, SCAN);
  const before = await decodeJpeg(bytes);
  const table = find(bytes, 0xdb), length = new DataView(bytes.buffer).getUint16(table + 2);
  await refuses(joinBytes(bytes.subarray(0, table), bytes.subarray(table + 2 + length)), /must be whole/);
  assert.deepEqual(await decodeJpeg(bytes), before);
  await refuses(joinBytes(bytes.subarray(0, scan), Uint8Array.of(0xff, 0xd9)), /must contain an image/);
});

Deno.test("decodePicture() says what other files are", async () => {
  const text = (bytes: string) => Uint8Array.from(bytes, (letter) => letter.charCodeAt(0));
  for (
    const [bytes, found] of [
      ["GIF89a", "a GIF file; save it as PNG"],
      ["RIFF\x10\0\0\0WEBPVP8 ", "a WebP file; save it as PNG"],
      ["BM\x10\0", "a BMP file"],
      ["II*\0\x08\0\0\0", "a TIFF file"],
      ["\0\0\0\x18ftypheic\0\0", "a HEIC file"],
      ["\0\0\0\x18ftypavif\0\0", "an AVIF file"],
      ["%PDF-1.7", "a PDF file"],
      ["\n<svg xmlns=", "an SVG, XML or HTML file"],
      ["", "an empty file"],
      ["\x1b[31m", "a file that begins with 1b5b33316d; save the picture as PNG"],
    ] as const
  ) {
    await assert.rejects(decodePicture(text(bytes)), (error) => {
      assert.ok(error instanceof PictureError);
      assert.ok(
        error.message.startsWith(
          `Cannot read the picture: it must be a PNG or a JPEG: current value is ${found}`,
        ),
        error.message,
      );
      return true;
    });
  }
});
