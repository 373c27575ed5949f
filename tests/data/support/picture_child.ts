/** Decodes pictures one after another, and prints by how many bytes the process grew at most. */
import { decodePicture } from "../../../lib/data/picture.ts";
import { encodePng } from "../../support/encode_files.ts";

const peak = () => 1024 * Number(/VmHWM:\s*(\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))![1]);

const [small, ...paths] = Deno.args;
await decodePicture(encodePng({ pixels: new Uint8Array(4), height: 2, width: 2 }));
await decodePicture(await Deno.readFile(small)); // the decoders are loaded
const before = peak();
for (const path of paths) {
  await decodePicture(await Deno.readFile(path)).catch((error) => console.error(error.message));
}
console.log(peak() - before);
