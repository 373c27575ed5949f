/**
 * The memory that valid and hostile pictures take: a process of its own reads them, and the system says how much it grew.
 *
 * @module
 */
import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { joinBytes } from "../../lib/bytes.ts";
import { encodePng } from "../support/encode_files.ts";
import { chunk, header } from "../data/support/png_files.ts";
import golden from "../golden/pictures.json" with { type: "json" };
import { lacks, named } from "../support/permissions.ts";

const SLACK = 60e6; // what the garbage collector has not collected yet
const jpeg = Uint8Array.fromBase64(golden.find(({ name }) => name === "jpeg 4:2:0")!.file);
const progressive = Uint8Array.fromBase64(golden.find(({ name }) => name === "jpeg 4:2:0 progressive")!.file);

function repeat(bytes: Uint8Array, times: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(bytes.length * times);
  for (let i = 0; i < times; i++) all.set(bytes, i * bytes.length);
  return all;
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10);
const END = chunk("IEND", new Uint8Array(0));
const HEADER = header({ width: 28, height: 28, depth: 8, colour: 0 });
const IMAGE = chunk("IDAT", deflateSync(new Uint8Array(28 * 29)));

/** The JPEG with a header that claims 16 megapixels. */
function huge(file: Uint8Array, marker: number): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(file);
  const at = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === marker);
  new DataView(bytes.buffer).setUint16(at + 5, 4096);
  new DataView(bytes.buffer).setUint16(at + 7, 4096);
  return bytes;
}

const MB = 2 ** 20;

/** Files, and their number of pixels. */
const FILES: Readonly<Record<string, () => readonly [file: Uint8Array, pixels: number]>> = {
  "a PNG of 2 million empty chunks": () => [
    joinBytes(SIGNATURE, HEADER, repeat(chunk("IDAT", new Uint8Array(0)), 2e6), IMAGE, END),
    784,
  ],
  "a PNG of 2 million unknown chunks": () => [
    joinBytes(SIGNATURE, HEADER, repeat(chunk("abCd", new Uint8Array(0)), 2e6), IMAGE, END),
    784,
  ],
  "a PNG with a palette of 24 MB": () => [
    joinBytes(SIGNATURE, HEADER, chunk("PLTE", new Uint8Array(24 * MB)), IMAGE, END),
    784,
  ],
  "a PNG with 24 MB of text and a profile that inflates to 256 MB": () => [
    joinBytes(
      SIGNATURE,
      HEADER,
      chunk("tEXt", new Uint8Array(24 * MB)),
      chunk("iCCP", joinBytes(Uint8Array.of(65, 0, 0), deflateSync(new Uint8Array(256 * MB), { level: 1 }))),
      IMAGE,
      END,
    ),
    784,
  ],
  "a PNG that inflates to 256 MB": () => [
    joinBytes(SIGNATURE, HEADER, chunk("IDAT", deflateSync(new Uint8Array(256 * MB), { level: 1 })), END),
    784,
  ],
  "a PNG of 4 megapixels": () => [
    encodePng({ pixels: new Uint8Array(4 * MB), height: 2048, width: 2048 }),
    4 * MB,
  ],
  "a JPEG with 24 MB of segments": () => [
    joinBytes(
      jpeg.subarray(0, 2),
      repeat(joinBytes(Uint8Array.of(0xff, 0xe1, 0xff, 0xff), new Uint8Array(0xfffd)), 384),
      jpeg.subarray(2),
    ),
    37 * 29,
  ],
  "a JPEG with 24 MB after its end": () => [joinBytes(jpeg, new Uint8Array(24 * MB)), 37 * 29],
  "a JPEG of a few bytes that claims 16 megapixels": () => [huge(jpeg, 0xc0), 16 * MB],
  "a progressive JPEG of a few bytes that claims 16 megapixels": () => [huge(progressive, 0xc2), 16 * MB],
};

const needs = [{ name: "read" }, { name: "write" }, { name: "run" }] as const;

for (const [name, make] of Object.entries(FILES)) {
  Deno.test({
    name: named(
      `decodePicture() takes 4 times the file and 20 bytes a pixel, and no more if it runs three times: ${name}`,
      needs,
    ),
    ignore: lacks(needs) || Deno.build.os !== "linux",
    fn: async () => {
      const folder = await Deno.makeTempDir();
      try {
        const [file, pixels] = make();
        await Deno.writeFile(`${folder}/file`, file);
        await Deno.writeFile(`${folder}/small.jpg`, jpeg);
        const child = new URL("../data/support/picture_child.ts", import.meta.url).pathname;
        const paths = [`${folder}/small.jpg`, ...Array(3).fill(`${folder}/file`)];
        const command = new Deno.Command(Deno.execPath(), {
          // With all permissions, which Deno requires for reading /proc.
          args: ["run", "--no-check", "--allow-all", child, ...paths],
          stdout: "piped",
          stderr: "piped",
        });
        const { code, stdout, stderr } = await command.output();
        assert.equal(code, 0, new TextDecoder().decode(stderr));
        const grown = Number(new TextDecoder().decode(stdout)), most = 4 * file.length + 20 * pixels + SLACK;
        assert.ok(grown < most, `${grown} bytes; ${file.length} of the file, ${pixels} pixels`);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
