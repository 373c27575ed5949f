import assert from "node:assert/strict";
import { applyMask, drawMasks } from "../../../lib/engines/reference/dropout.ts";
import { createNetwork } from "../../../lib/model/network.ts";
import { dropoutWords } from "../../../lib/random.ts";

const RATES = [0.3, 0, 0.5] as const;
const T = 6, N = 50, H = 13, SEED = 9;

const network = createNetwork({
  layers: RATES.map((dropout) => ({ kind: "rnn", activation: "tanh", inputSize: H, hiddenSize: H, dropout })),
  classes: 2,
});

Deno.test("drawMasks() keeps 1 / (1 − rate) or 0, by the word of each output", () => {
  const masks = drawMasks(network, { seed: SEED, step: 4, T, N });
  assert.equal(masks.length, 3);
  assert.equal(masks[1], undefined); // drops nothing
  for (const layer of [0, 2]) {
    const mask = masks[layer]!, rate = RATES[layer];
    assert.equal(mask.length, T * N * H);
    for (let k = 0; k < mask.length; k++) {
      const h = k % H, n = Math.floor(k / H) % N, t = Math.floor(k / H / N);
      const word = dropoutWords(SEED, { step: 4, layer, t, n, block: h >> 2 })[h & 3];
      assert.equal(
        mask[k],
        word / 2 ** 32 < rate ? 0 : 1 / (1 - rate),
        `layer ${layer}, t ${t}, n ${n}, h ${h}`,
      );
    }
    const dropped = mask.filter((value) => value === 0).length / mask.length;
    const deviation = Math.sqrt(rate * (1 - rate) / mask.length);
    assert(Math.abs(dropped - rate) < 4 * deviation, `layer ${layer} drops ${dropped}`);
  }
});

Deno.test("drawMasks() draws different masks at each step and for each seed, and the same ones again", () => {
  const draw = (seed: number, step: number) => drawMasks(network, { seed, step, T, N });
  const [first] = draw(1, 1);
  assert.deepEqual(draw(1, 1)[0], first);
  assert.notDeepEqual(draw(1, 2)[0], first);
  assert.notDeepEqual(draw(2, 1)[0], first);
});

Deno.test("drawMasks() gives an image the same mask in a short batch as in a long one", () => {
  const [long] = drawMasks(network, { seed: 1, step: 1, T, N });
  const [short] = drawMasks(network, { seed: 1, step: 1, T, N: 3 });
  for (let t = 0; t < T; t++) {
    const start = t * N * H;
    assert.deepEqual(short!.subarray(t * 3 * H, (t + 1) * 3 * H), long!.subarray(start, start + 3 * H));
  }
});

Deno.test("applyMask() multiplies by a mask, and returns an array without a mask as it is", () => {
  const a = Float64Array.of(1, 2, 3);
  assert.deepEqual(applyMask(a, Float64Array.of(2, 0, 2)), Float64Array.of(2, 0, 6));
  assert.equal(applyMask(a, undefined), a);
});
