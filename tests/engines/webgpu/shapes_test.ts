import assert from "node:assert/strict";
import { type GuardedWebgpu, openWebgpu } from "../../../lib/engines/webgpu/engine.ts";
import { describeShape, type Shapes } from "../../../lib/engines/webgpu/shapes.ts";
import { type ChainCase, dense, describeChain, drop, EVERY, gru, lstm, rnn } from "../chain_case.ts";
import { chainOptions } from "../chain_data.ts";
import { test } from "./support/adapter_tests.ts";

/** The gradient of a batch and the answers, from kernels of some shapes. */
async function compute(
  chain: ChainCase,
  shapes: Shapes,
): Promise<{ numbers: Float32Array[]; possible: GuardedWebgpu["possibleShapes"] }> {
  const options = chainOptions(chain), positions = Uint32Array.from({ length: chain.N }, (_, n) => n);
  await using engine = await openWebgpu({ ...options, selfCheck: false, shapes });
  const numbers = [await engine.gradient(positions), await engine.predict(options.test)];
  return { numbers, possible: engine.possibleShapes };
}

const SIZES = [1, 37, 64, 100, 128, 256];
const KINDS: Readonly<Record<string, (H: number) => ChainCase["layers"]>> = {
  lstm: (H) => [lstm(H), dense(3)],
  rnn: (H) => [rnn(H), dense(3)],
  "gru, reset after": (H) => [gru(H, { resetAfter: true }), dense(3)],
  "gru, reset before": (H) => [gru(H, { resetAfter: false }), dense(3)],
};
const plain = Object.entries(KINDS).flatMap(([name, layers]) =>
  SIZES.map((H): ChainCase => ({
    name,
    layers: layers(H),
    T: 3,
    N: 6,
    input: 5,
    loss: "softmaxCrossEntropy",
  }))
);
const dropped = { recurrentDropout: 0.3 };
const MASKED: ChainCase = {
  name: "masked, with masks of every kind",
  T: 5,
  N: 7,
  input: 3,
  maskValue: 0,
  layers: [
    lstm(7, { ...EVERY, ...dropped }),
    drop(0.3),
    gru(9, { ...EVERY, ...dropped }),
    rnn(9, dropped),
    dense(3),
  ],
  loss: "softmaxCrossEntropy",
};

for (const chain of [...plain, MASKED]) {
  test(`kernels of every shape give the same bits: ${describeChain(chain)}`, async () => {
    const usual = await compute(chain, {}), names = Object.keys(usual.possible);
    const rounds = Math.max(...names.map((name) => usual.possible[name].length));
    assert.ok(rounds > 1);
    for (let round = 1; round < rounds; round++) {
      const shapes = Object.fromEntries(names.map((name) => {
        const possible = usual.possible[name];
        return [name, possible[round % possible.length]];
      }));
      const { numbers } = await compute(chain, shapes);
      const words = names.map((name) => `${name}: ${describeShape(shapes[name])}`).join("; ");
      assert.deepEqual(numbers, usual.numbers, words);
    }
  });
}
