/** Writes a file over and over, 8 MB of ones, then 8 MB of twos, until it is killed. */
import { writeWhole } from "../../../lib/data/files.ts";

const contents = [1, 2].map((byte) => new Uint8Array(8e6).fill(byte));
for (let round = 0;; round++) {
  await writeWhole(Deno.args[0], contents[round % 2]);
  if (round === 0) console.log("first");
}
