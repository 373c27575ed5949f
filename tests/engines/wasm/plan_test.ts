import assert from "node:assert/strict";
import type { EngineTraining } from "../../../lib/engines/engine.ts";
import { PAGE_BYTES, planMemory } from "../../../lib/engines/wasm/plan.ts";
import { adam } from "../../../lib/model/optimizers.ts";
import { optionsOf } from "../contract_cases.ts";

Deno.test("planMemory() leaves out what only a training needs", () => {
  const options = optionsOf(
    { kind: "LSTM", hidden: [100, 100], images: 64, size: [28, 28], dropout: [0.5, 0.5] },
    { optimizer: adam({ learningRate: 0.1 }) },
  );
  const bytes = (training: EngineTraining | null) =>
    PAGE_BYTES * planMemory({ ...options, training }, 2).memoryPages;
  const predicts = bytes(null);
  const [one, many] = [1, 64].map((batchSize) => bytes({ ...options.training, batchSize }));
  const states = 3 * 4 * options.network.size; // gradients and two slots
  assert.ok(predicts < one - states, `${predicts} bytes, ${one} to train on one image at a time`);
  assert.ok(predicts < many / 2, `${predicts} bytes, ${many} to train on 64`);
});
