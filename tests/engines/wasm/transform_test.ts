import assert from "node:assert/strict";
import { transformImage } from "../../../lib/data/transform.ts";
import { compileKernels, instantiateKernels } from "../../../lib/engines/wasm/kernels.ts";
import { testStream } from "../../support/tiny_data.ts";
import { test } from "./support/wasm_tests.ts";

const ONE = 65_536;

test("the kernel moves images as transformImage() does, to the byte", async () => {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true });
  const kernels = instantiateKernels(await compileKernels("fused"), memory);
  const image = 65_536, into = image + 4096, transforms = into + 8192, random = testStream("transforms");
  /** A number of at most `most`, with 16 binary digits after the point. */
  const number = (most: number) => Math.round((2 * random.uniform() - 1) * most * ONE);
  const whole = (most: number) => (random.below(2 * most + 1) - most) * ONE;
  for (const [width, height] of [[28, 28], [1, 1], [1, 9], [7, 1], [5, 13], [64, 64]]) {
    const most = Math.max(width, height) + 2;
    const cases = [
      ...Array.from({ length: 60 }, () => [ONE, 0, whole(most), 0, ONE, whole(most)]),
      ...Array.from({ length: 20 }, () => [ONE, 0, whole(2) + 128, 0, ONE, whole(2) + 255]), // less than 1/256
      ...Array.from({ length: 20 }, () => [ONE, 0, number(most), 0, ONE, number(most)]),
      ...Array.from({ length: 60 }, () => [1.2, 0.6, most, 0.6, 1.2, most].map(number)),
      ...Array.from({ length: 20 }, () => [4096, 4096, 4096, 4096, 4096, 4096].map(number)), // sums wrap
    ];
    const from = Uint8Array.from({ length: width * height }, () => random.below(256));
    for (const numbers of cases) {
      const transform = Int32Array.from(numbers), expected = new Uint8Array(from.length);
      transformImage(from, expected, { transform, width });
      new Uint8Array(memory.buffer).set(from, image);
      new Uint8Array(memory.buffer, into, from.length + 16).fill(7);
      new Int32Array(memory.buffer, transforms, 6).set(transform);
      kernels.transformImage(width, height, image, into, transforms);
      const actual = new Uint8Array(memory.buffer, into, from.length + 16).slice();
      assert.deepEqual(actual.subarray(0, from.length), expected, `${width}x${height}, ${transform}`);
      assert(actual.subarray(from.length).every((byte) => byte === 7), "nothing else is written");
    }
  }
});
