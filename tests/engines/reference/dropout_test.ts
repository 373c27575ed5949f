import assert from "node:assert/strict";
import { drawMasks, dropoutForward } from "../../../lib/engines/reference/dropout.ts";
import { DOMAIN, dropoutWords } from "../../../lib/random.ts";

const T = 6, N = 50, C = 13, SEED = 9;
const SHAPE = { T, N, C, first: 0, stream: 2, rate: 0.3, domain: DOMAIN.dropout as number };

Deno.test("drawMasks() keeps 1 / (1 − rate) or 0, by the word of each number", () => {
  const draw = drawMasks({ seed: SEED, step: 4 });
  for (
    const changes of [{}, { rate: 0.5, stream: 0 }, { first: 7 }, { domain: DOMAIN.recurrentDropout }]
  ) {
    const options = { ...SHAPE, ...changes }, { rate, stream, first, domain } = options;
    const mask = draw(options);
    assert.equal(mask.length, T * N * C);
    for (let k = 0; k < mask.length; k++) {
      const c = k % C, n = Math.floor(k / C) % N, t = first + Math.floor(k / C / N);
      const word = dropoutWords(SEED, { step: 4, stream, t, n, block: c >> 2 }, domain)[c & 3];
      assert.equal(mask[k], word / 2 ** 32 < rate ? 0 : 1 / (1 - rate), `t ${t}, n ${n}, c ${c}`);
    }
    const dropped = mask.filter((value) => value === 0).length / mask.length;
    const deviation = Math.sqrt(rate * (1 - rate) / mask.length);
    assert(Math.abs(dropped - rate) < 4 * deviation, `${dropped} are dropped`);
  }
});

Deno.test("drawMasks() draws other masks at each step, for each seed and each use, and the same ones again", () => {
  const draw = (changes: { seed?: number; step?: number } & Partial<typeof SHAPE>) =>
    drawMasks({ seed: 1, step: 1, ...changes })({ ...SHAPE, ...changes });
  const first = draw({});
  assert.deepEqual(draw({}), first);
  const others = [{ step: 2 }, { seed: 2 }, { stream: 3 }, { first: 6 }, { domain: DOMAIN.inputDropout }];
  for (const changes of others) assert.notDeepEqual(draw(changes), first);
});

Deno.test("drawMasks() gives a sequence the same mask in a short batch as in a long one", () => {
  const draw = drawMasks({ seed: 1, step: 1 });
  const long = draw(SHAPE), short = draw({ ...SHAPE, N: 3 });
  for (let t = 0; t < T; t++) {
    const start = t * N * C;
    assert.deepEqual(short.subarray(t * 3 * C, (t + 1) * 3 * C), long.subarray(start, start + 3 * C));
  }
});

Deno.test("dropoutForward() multiplies by a mask, and nothing outside training", () => {
  const x = Float64Array.of(1, 2, 3), p = new Float64Array();
  const input = { x, T: 1, N: 1, C: 3, first: 4, masked: null };
  const layer = { kind: "dropout", rate: 0.5, stream: 1 } as const;
  const { output, back } = dropoutForward(layer, input, {
    p,
    moments: null,
    draw: (asked) => {
      assert.deepEqual(asked, { ...input, domain: DOMAIN.dropout, stream: 1, rate: 0.5 });
      return Float64Array.of(2, 0, 2);
    },
  });
  assert.deepEqual(output, { ...input, x: Float64Array.of(2, 0, 6) });
  assert.deepEqual(back(Float64Array.of(1, 1, 1), p), Float64Array.of(2, 0, 2));
  assert.equal(dropoutForward(layer, input, { p, draw: null, moments: null }).output.x, x);
});
