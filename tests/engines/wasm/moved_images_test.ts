import assert from "node:assert/strict";
import { drawTransforms } from "../../../lib/data/transform.ts";
import { openWasm } from "../../../lib/engines/wasm/engine.ts";
import { adamw } from "../../../lib/model/optimizers.ts";
import { optionsOf, scattered } from "../contract_cases.ts";
import { test } from "./support/wasm_tests.ts";

const SIZE = { height: 9, width: 6 }, STILL = { shift: 0, rotate: 0, scale: 0 };

const options = optionsOf({ kind: "LSTM", hidden: [21, 10], images: 41, size: [9, 6], biases: 2 }, {
  optimizer: adamw({ learningRate: 0.01 }),
  transforms: true,
});
const batches = Array.from({ length: 5 }, (_, step) => scattered(41 - step, 46, step));

function transformsOf(most: typeof STILL): Int32Array[] {
  return batches.map((positions, epoch) => drawTransforms(most, { seed: 3, epoch, positions, size: SIZE }));
}

test("openWasm() trains on moved images to the same bits with 1, 2 and 3 threads", async () => {
  const transforms = transformsOf({ shift: 2, rotate: 20, scale: 0.2 }), states = [];
  for (const threads of [1, 2, 3]) {
    await using engine = await openWasm({ ...options, threads });
    states.push([
      await engine.gradient(batches[0], transforms[0]),
      await engine.train(batches, { transforms }),
      await engine.readState(),
    ]);
  }
  assert.deepEqual(states[1], states[0]);
  assert.deepEqual(states[2], states[0]);
});

test("images that are moved nowhere give the bits of those that stay where they are", async () => {
  const states = [];
  for (const transforms of [transformsOf(STILL), undefined]) {
    const training = { ...options.training, transforms: transforms !== undefined };
    await using engine = await openWasm({ ...options, training });
    states.push([await engine.train(batches, { transforms }), await engine.readState()]);
  }
  assert.deepEqual(states[1], states[0]);
});
