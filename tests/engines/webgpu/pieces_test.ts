import assert from "node:assert/strict";
import { openWasm } from "../../../lib/engines/wasm/engine.ts";
import { openWebgpu } from "../../../lib/engines/webgpu/open.ts";
import { inPieces } from "../../../lib/engines/webgpu/passes/pieces.ts";
import { type ChainCase, dense, describeChain, drop, EVERY, gru, LAST, lstm, rnn } from "../chain_case.ts";
import { chainOptions } from "../chain_data.ts";
import { assertClose } from "../../support/assert_close.ts";
import { LACKING_ADAPTER } from "../../support/adapter.ts";
import { lacks } from "../../support/permissions.ts";
import { testUnless } from "../test_unless.ts";
import { test } from "./support/adapter_tests.ts";
import { TOLERANCE } from "./support/tolerance.ts";

const NO_READING = lacks([{ name: "read", path: "lib" }]) ? "may not read lib" : undefined;

const make = (whole: { steps: number; multiplications: number; turns?: number }, windowBytes = 2 ** 26) => {
  const described = { turns: 1, ...whole, buffer: "gates", stride: 40, inRows: false };
  return inPieces(described, { N4: 3, windowBytes }, (piece, rows) => ({
    kernel: "lstm_forward",
    label: "a kernel",
    constants: { rows },
    buffers: ["gates"],
    piece,
    workgroups: [3, 1],
  }));
};

Deno.test("inPieces() leaves a usual dispatch whole", () => {
  const [whole, ...others] = make({ steps: 28, multiplications: 1e5 });
  assert.deepEqual(others, []);
  assert.equal(whole.label, "a kernel");
  const window = { buffer: "gates", offset: 0, size: 28 * 3 * 40 * 16 };
  assert.deepEqual(whole.piece, { first: 0, end: 28, window });
});

Deno.test("inPieces() covers every step once, in pieces that are not too long and start where bindings can", () => {
  for (const steps of [1, 4, 5, 100, 783, 784]) {
    for (const multiplications of [1e3, 1e6, 7e6, 1e9]) {
      for (const windowBytes of [1, 50_000, 2 ** 26]) {
        for (const turns of [1, 700, 29_000]) {
          const pieces = make({ steps, multiplications, turns }, windowBytes).map(({ piece }) => piece!);
          let next = 0;
          for (const { first, end, window } of pieces) {
            assert.equal(first, next);
            const length = end - first, size = length * 3 * 40 * 16;
            assert.deepEqual(window, { buffer: "gates", offset: first * 3 * 40 * 16, size });
            assert.equal(window.offset % 256, 0);
            assert(length <= 4 || size <= windowBytes && length * 3 * multiplications <= 1.5e8);
            assert(length * turns <= 60_000);
            next = end;
          }
          assert.equal(next, steps);
        }
      }
    }
  }
});

const LONG: readonly Pick<ChainCase, "name" | "layers" | "maskValue">[] = [
  { name: "an LSTM", layers: [lstm(9), dense(3)] },
  {
    name: "masked, with masks of every kind",
    maskValue: 0,
    layers: [
      lstm(7, { ...EVERY, inputDropout: 0.3, recurrentDropout: 0.3 }),
      drop(0.3),
      gru(66, { ...EVERY, recurrentDropout: 0.3 }),
      drop(0.2),
      rnn(9, { recurrentDropout: 0.3 }),
      dense(3),
    ],
  },
  {
    name: "two directions",
    layers: [
      { kind: "bidirectional", merge: "concat", forward: gru(5, { ...EVERY, resetAfter: true }) },
      { kind: "bidirectional", merge: "mul", forward: rnn(6, EVERY), backward: lstm(6, EVERY) },
      dense(5, { activation: "relu" }),
      LAST,
      dense(3),
    ],
  },
];

for (const chain of LONG) {
  const whole: ChainCase = { ...chain, T: 22, N: 9, input: 3, loss: "softmaxCrossEntropy" };
  test(`time in pieces gives the same bits: ${describeChain(whole)}`, async () => {
    const results = [], counts: number[] = [];
    for (const windowBytes of [undefined, 1, 20_000]) { // whole, four steps, and lengths that differ from kernel to kernel
      const options = chainOptions(whole), { training: { sequences } } = options;
      let uniforms = 0;
      const onDevice = (device: GPUDevice) => {
        const { createBuffer } = device;
        device.createBuffer = (made) => {
          if (made.usage === GPUBufferUsage.UNIFORM) uniforms++;
          return createBuffer.call(device, made);
        };
      };
      await using engine = await openWebgpu({ ...options, selfCheck: false, windowBytes, onDevice });
      const batches = [0, 1].map((first) => Uint32Array.from({ length: 9 - first }, (_, n) => n + first));
      results.push([
        await engine.gradient(batches[0]),
        await engine.train(batches),
        await engine.readState(),
        await engine.predict(sequences),
      ]);
      counts.push(uniforms);
    }
    assert.deepEqual(results[1], results[0]);
    assert.deepEqual(results[2], results[0]);
    assert(counts[0] < counts[2] && counts[2] < counts[1], `${counts}`); // dispatches over pieces
  });
}

// Mesa's software adapter leaves its loops after 65,535 turns; the gradients of these were wrong in the first digit.
for (const layer of [lstm(128), rnn(128), gru(100, { resetAfter: false })]) {
  const chain: ChainCase = {
    name: `pixel by pixel, ${layer.kind}`,
    layers: [layer, dense(3)],
    ...{ T: 784, N: 1, input: 1, loss: "softmaxCrossEntropy" },
  };
  testUnless(
    LACKING_ADAPTER ?? NO_READING,
    `long sequences agree with wasm: ${describeChain(chain)}`,
    async () => {
      const options = chainOptions(chain), batch = Uint32Array.of(0);
      await using tested = await openWebgpu({ ...options, selfCheck: false });
      await using wasm = await openWasm({ ...options, threads: 1 });
      const actual = await tested.gradient(batch), expected = await wasm.gradient(batch);
      const atol = TOLERANCE.gradient.atol * Math.max(...expected.map(Math.abs));
      assertClose(actual, expected, { atol, rtol: 0, name: "gradient" });
    },
  );
}
