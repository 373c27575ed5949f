import assert from "node:assert/strict";
import { layOutSequence } from "../../../lib/data/sequence.ts";
import { PAGE_BYTES, planMemory, type PlanOptions } from "../../../lib/engines/wasm/plan.ts";
import { optionsOf } from "../contract_cases.ts";

Deno.test("planMemory() leaves out what only a training needs", () => {
  const { network, sequence, imageSize } = optionsOf({
    kind: "LSTM",
    hidden: [100, 100],
    images: 64,
    size: [28, 28],
    dropout: [0.5, 0.5],
  });
  const options = {
    network,
    sequence: layOutSequence(sequence, imageSize),
    imageBytes: 28 * 28,
    threads: 2,
  };
  const bytes = (training: PlanOptions["training"]) =>
    PAGE_BYTES * planMemory({ ...options, training }).memoryPages;
  const predicts = bytes(null);
  const [one, many] = [1, 64].map((batchSize) => bytes({ trainCount: 60_000, batchSize, slotCount: 2 }));
  const states = 3 * 4 * network.size; // gradients and two slots
  assert.ok(predicts < one - states - 60_000, `${predicts} bytes, ${one} to train on one image at a time`);
  assert.ok(predicts < many / 2, `${predicts} bytes, ${many} to train on 64`);
});
