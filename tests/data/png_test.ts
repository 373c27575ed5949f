import assert from "node:assert/strict";
import { encode } from "fast-png";
import { deflateSync } from "node:zlib";
import { decodePng } from "../../lib/data/png.ts";
import { encodePng } from "../support/encode_files.ts";
import { PictureError } from "../../lib/data/raster.ts";
import { chunk, file, header, png, type PngHeader } from "./support/png_files.ts";

const END = chunk("IEND", new Uint8Array(0));

async function greyOf(bytes: Uint8Array): Promise<number[]> {
  return [...(await decodePng(bytes)).grey];
}

Deno.test("decodePng() reads grey of 1, 2, 4, 8 and 16 bits", async () => {
  const read = (depth: number, lines: number[]) =>
    greyOf(png({ width: 3, height: 1, depth, colour: 0 }, lines));
  assert.deepEqual(await read(1, [0, 0b10100000]), [255, 0, 255]);
  assert.deepEqual(await read(2, [0, 0b00011100]), [0, 85, 255]);
  assert.deepEqual(await read(4, [0, 0x0f, 0x30]), [0, 255, 51]);
  assert.deepEqual(await read(8, [0, 7, 200, 255]), [7, 200, 255]);
  assert.deepEqual(await read(16, [0, 0, 0, 0x80, 0, 0xff, 0xff]), [0, 128, 255]);
});

Deno.test("decodePng() starts every line of packed pixels at a byte", async () => {
  const bytes = png({ width: 9, height: 2, depth: 1, colour: 0 }, [0, 0xff, 0, 0, 0, 0x80]);
  assert.deepEqual(await greyOf(bytes), [...Array(8).fill(255), 0, ...Array(8).fill(0), 255]);
});

Deno.test("decodePng() weighs red, green and blue as BT.601 does", async () => {
  const bytes = png({ width: 4, height: 1, depth: 8, colour: 2 }, [
    0,
    255,
    0,
    0,
    0,
    255,
    0,
    0,
    0,
    255,
    9,
    9,
    9,
  ]);
  assert.deepEqual(await greyOf(bytes), [76, 150, 29, 9]);
});

Deno.test("decodePng() reads opacity from a channel, a palette or a transparent colour", async () => {
  const rgba = { width: 2, height: 1, data: Uint8Array.of(10, 10, 10, 0, 20, 20, 20, 128), channels: 4 };
  assert.deepEqual([...(await decodePng(encode(rgba))).alpha], [0, 128]);

  const palette = chunk("PLTE", Uint8Array.of(255, 255, 255, 50, 50, 50, 0, 0, 0));
  const opacity = chunk("tRNS", Uint8Array.of(0, 100));
  const indexed = await decodePng(
    png({ width: 3, height: 1, depth: 2, colour: 3 }, [0, 0b00011000], palette, opacity),
  );
  assert.deepEqual([[...indexed.grey], [...indexed.alpha]], [[255, 50, 0], [0, 100, 255]]);

  const key = chunk("tRNS", Uint8Array.of(0, 7));
  const keyed = await decodePng(png({ width: 2, height: 1, depth: 8, colour: 0 }, [0, 7, 8], key));
  assert.deepEqual([...keyed.alpha], [0, 255]);
});

Deno.test("decodePng() reads interlaced images", async () => {
  // A 3 × 2 image: pass 1 has pixel (0,0), pass 4 (2,0), pass 6 (1,0), pass 7 the second row.
  const lines = [0, 1, 0, 3, 0, 2, 0, 4, 5, 6];
  const bytes = png({ width: 3, height: 2, depth: 8, colour: 0, interlace: 1 }, lines);
  assert.deepEqual(await greyOf(bytes), [1, 2, 3, 4, 5, 6]);
});

Deno.test("encodePng() and decodePng() are inverses", async () => {
  const pixels = Uint8Array.from({ length: 35 }, (_, i) => i * 7);
  assert.deepEqual(await greyOf(encodePng({ pixels, height: 5, width: 7 })), [...pixels]);
});

Deno.test("decodePng() refuses sizes before it allocates", async () => {
  const refuse = (head: Partial<PngHeader>, reason: RegExp) =>
    assert.rejects(decodePng(png({ width: 1, height: 1, depth: 8, colour: 0, ...head }, [0, 0])), (error) => {
      return error instanceof PictureError && reason.test(error.message);
    });
  await refuse({ width: 0xffffffff, height: 0xffffffff }, /4294967295 × 4294967295; make/);
  await refuse({ width: 8192, height: 4097 }, /1 to 33554432 pixels: current value is 8192 × 4097;/);
  await refuse({ width: 0 }, /0 × 1$/);
  await refuse({ colour: 1 }, /kind of colour .* 1$/);
  await refuse({ depth: 3 }, /bits .* 3$/);
  await refuse({ interlace: 2 }, /interlacing .* 2$/);
});

Deno.test("decodePng() inflates no more than the header says", async () => {
  const head = { width: 8, height: 8, depth: 8, colour: 0 };
  const bomb = deflateSync(new Uint8Array(2 ** 26)); // 64 KiB that become 64 MiB
  const before = Deno.memoryUsage().external;
  await assert.rejects(
    decodePng(file(header(head), chunk("IDAT", bomb), END)),
    /^PictureError: .*must inflate to 72 bytes$/,
  );
  assert.ok(Deno.memoryUsage().external - before < 2 ** 24);
  await assert.rejects(decodePng(png(head, [0, 1, 2])), /must inflate to 72 bytes: current value is 3$/);
});

Deno.test("decodePng() ignores chunks that an image does not need", async () => {
  const profile = chunk(
    "iCCP",
    Uint8Array.of(65, 0, 0, ...deflateSync(new Uint8Array(2 ** 20)).subarray(0, 99)),
  );
  const bytes = png(
    { width: 1, height: 1, depth: 8, colour: 0 },
    [0, 5],
    profile,
    chunk("zTXt", new Uint8Array(9)),
  );
  assert.deepEqual(await greyOf(bytes), [5]);
});

Deno.test("decodePng() refuses every proper prefix of a file, and a changed byte anywhere", async () => {
  const bytes = png({ width: 2, height: 2, depth: 8, colour: 0 }, [0, 1, 2, 0, 3, 4]);
  for (let length = 0; length < bytes.length; length++) {
    await assert.rejects(decodePng(bytes.subarray(0, length)), PictureError, `${length} bytes`);
  }
  for (let i = 0; i < bytes.length - 12; i++) {
    await assert.rejects(decodePng(bytes.with(i, bytes[i] ^ 0x11)), PictureError, `byte ${i}`);
  }
});

Deno.test("decodePng() refuses an index outside the palette", async () => {
  const palette = chunk("PLTE", Uint8Array.of(1, 1, 1));
  await assert.rejects(
    decodePng(png({ width: 1, height: 1, depth: 8, colour: 3 }, [0, 9], palette)),
    /^PictureError: .*palette/,
  );
  await assert.rejects(decodePng(png({ width: 1, height: 1, depth: 8, colour: 3 }, [0, 0])), PictureError);
});

Deno.test("decodePng() refuses a palette or opacities that are too large", async () => {
  const head = { width: 1, height: 1, depth: 8, colour: 3 };
  const read = (palette: number, opacity: number) =>
    decodePng(png(
      head,
      [0, 0],
      chunk("PLTE", new Uint8Array(palette)),
      chunk("tRNS", new Uint8Array(opacity)),
    ));
  await read(768, 256);
  await assert.rejects(
    read(771, 0),
    /^PictureError: .*1 to 256 colours of 3 bytes: current value is 771 bytes$/,
  );
  await assert.rejects(read(4, 0), /current value is 4 bytes$/);
  await assert.rejects(read(0, 0), /current value is 0 bytes$/);
  await assert.rejects(read(30, 11), /opacity must fit the colours: current value is 11 bytes$/);
});

Deno.test("decodePng() finds the transparent colour among few bits", async () => {
  const key = chunk("tRNS", Uint8Array.of(0, 2));
  const bytes = png({ width: 4, height: 1, depth: 2, colour: 0 }, [0, 0b00_01_10_11], key);
  assert.deepEqual([...(await decodePng(bytes)).alpha], [255, 255, 0, 255]);
});
