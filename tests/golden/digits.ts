/**
 * Writes digits.png: the first 60 test images of MNIST, six rows of ten.
 *
 *     deno run --allow-read=data --allow-write=tests/golden tests/golden/digits.ts
 */
import { encodePng } from "../support/encode_files.ts";
import { loadDataset } from "../../mod.ts";

const ROWS = 6, COLUMNS = 10, SIDE = 28;
const { test } = await loadDataset({ dataset: "mnist" });
const pixels = new Uint8Array(ROWS * COLUMNS * SIDE * SIDE);
for (let i = 0; i < pixels.length; i++) {
  const x = i % (COLUMNS * SIDE), y = Math.floor(i / (COLUMNS * SIDE));
  const digit = Math.floor(y / SIDE) * COLUMNS + Math.floor(x / SIDE);
  pixels[i] = test.pixels[(digit * SIDE + y % SIDE) * SIDE + x % SIDE];
}
const sheet = encodePng({ pixels, height: ROWS * SIDE, width: COLUMNS * SIDE });
await Deno.writeFile("tests/golden/digits.png", sheet);
