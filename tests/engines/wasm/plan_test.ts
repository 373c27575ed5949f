import assert from "node:assert/strict";
import type { EngineTraining } from "../../../lib/engines/engine.ts";
import { PAGE_BYTES, planMemory } from "../../../lib/engines/wasm/plan.ts";
import { adam } from "../../../lib/model/optimizers.ts";
import { type ChainCase, norm } from "../chain_case.ts";
import { chainOptions } from "../chain_data.ts";
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

Deno.test("planMemory() takes less than 250 MB for an LSTM-100 that reads 100 images pixel by pixel", () => {
  const options = optionsOf({ kind: "LSTM", hidden: [100], images: 100, size: [28, 28], axis: "pixels" });
  const megabytes = PAGE_BYTES * planMemory(options, 2).memoryPages / 1e6;
  assert.ok(megabytes < 250, `${megabytes} MB`);
});

Deno.test("planMemory() keeps the activations of every group only where they meet", () => {
  const plan = (layers: ChainCase["layers"], threads: number) => {
    const chain = { name: "", T: 28, N: 128, input: 28, layers, loss: "softmaxCrossEntropy" } as const;
    return planMemory(chainOptions(chain), threads);
  };
  const lstm = { kind: "lstm", hiddenSize: 64 } as const, dense = { kind: "dense", units: 10 } as const;
  for (const threads of [1, 2]) {
    const apart = plan([lstm, dense], threads), meeting = plan([lstm, norm(), dense], threads);
    const bytes = PAGE_BYTES * (meeting.memoryPages - apart.memoryPages), parts = 128 / 8 - threads;
    const expected = parts * meeting.thread.bytes;
    assert.ok(Math.abs(bytes / expected - 1) < 0.1, `${bytes} bytes more, ${expected} for ${parts} groups`);
  }
});
