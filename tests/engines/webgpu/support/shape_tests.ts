/**
 * Kernels in all their shapes, over the sizes that are special to some: below, at and above workgroups, and too large for some shapes.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { GuardedWebgpu } from "../../../../lib/engines/webgpu/engine.ts";
import { openWebgpu } from "../../../../lib/engines/webgpu/open.ts";
import { describeShape, type Shapes } from "../../../../lib/engines/webgpu/shapes.ts";
import { type ChainCase, dense, describeChain, drop, EVERY, gru, lstm, rnn } from "../../chain_case.ts";
import { chainOptions } from "../../chain_data.ts";
import { test } from "./adapter_tests.ts";

const SIZES = [1, 37, 64, 100, 128, 256];
const KINDS: Readonly<Record<string, (H: number) => ChainCase["layers"]>> = {
  lstm: (H) => [lstm(H), dense(3)],
  rnn: (H) => [rnn(H), dense(3)],
  "gru, reset after": (H) => [gru(H, { resetAfter: true }), dense(3)],
  "gru, reset before": (H) => [gru(H, { resetAfter: false }), dense(3)],
};
const MASKS = { maskValue: 0, T: 5, N: 7, input: 3, loss: "softmaxCrossEntropy" } as const;
const dropped = { ...EVERY, recurrentDropout: 0.3 };
const CASES: readonly ChainCase[] = [
  {
    ...MASKS,
    name: "masked, with masks of every kind",
    layers: [lstm(7, dropped), drop(0.3), gru(9, dropped), rnn(9, { recurrentDropout: 0.3 }), dense(3)],
  },
  { // several rounds of a tile, the last one not full
    name: "two layers, long",
    layers: [lstm(19, EVERY), gru(21, { resetAfter: false }), dense(3)],
    ...{ T: 27, N: 10, input: 5, loss: "softmaxCrossEntropy" },
  },
  ...SIZES.flatMap((H) =>
    Object.entries(KINDS).map(([name, layers]): ChainCase => {
      return { name, layers: layers(H), T: 3, N: 6, input: 5, loss: "softmaxCrossEntropy" };
    })
  ),
];

/**
 * Registers the comparison of all shapes.
 *
 * @param options.every Takes one of so many cases
 */
export function testShapes({ every }: { every: number }): void {
  for (const chain of CASES.filter((_, index) => index % every === 0)) {
    test(`kernels of every shape give the same bits: ${describeChain(chain)}`, () => sameInAllShapes(chain));
  }
}

async function sameInAllShapes(chain: ChainCase): Promise<void> {
  const usual = await compute(chain, {}), names = Object.keys(usual.possible);
  const rounds = Math.max(...names.map((name) => usual.possible[name].length));
  assert(rounds > 1);
  for (let round = 1; round < rounds; round++) {
    const shapes = Object.fromEntries(names.map((name) => {
      const possible = usual.possible[name];
      return [name, possible[round % possible.length]];
    }));
    const { numbers } = await compute(chain, shapes);
    const words = names.map((name) => `${name}: ${describeShape(shapes[name])}`).join("; ");
    assert.deepEqual(numbers, usual.numbers, words);
  }
}

/** The gradient of a batch and the answers, from kernels of some shapes; time is cut into pieces. */
async function compute(
  chain: ChainCase,
  shapes: Shapes,
): Promise<{ numbers: Float32Array[]; possible: GuardedWebgpu["possibleShapes"] }> {
  const options = chainOptions(chain), positions = Uint32Array.from({ length: chain.N }, (_, n) => n);
  const engine = await openWebgpu({ ...options, selfCheck: false, windowBytes: 1, shapes });
  try {
    const numbers = [await engine.gradient(positions), await engine.predict(options.test)];
    return { numbers, possible: engine.possibleShapes };
  } finally {
    await engine[Symbol.asyncDispose]();
  }
}
