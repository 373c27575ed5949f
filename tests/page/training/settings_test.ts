import assert from "node:assert/strict";
import {
  ownSteps,
  PART_READERS,
  recipeOf,
  settle,
  stepsPerEpoch,
  toParts,
  type TrainingSettings,
  USUAL,
} from "../../../page/training/settings.ts";

/** What the parts of an address say. */
function readParts(parts: Readonly<Record<string, string>>): (Partial<TrainingSettings> | null)[] {
  return Object.entries(parts).map(([name, text]) => PART_READERS[name](text));
}

Deno.test("toParts() leaves out what is as usual, and PART_READERS read the rest back", () => {
  assert.deepEqual(toParts(USUAL), {});
  const all: TrainingSettings[] = [
    { ...USUAL, limit: null },
    {
      recipe: "train-rnn",
      seed: 0,
      learningRate: 0.0005,
      device: "webgpu",
      limit: 1_000,
      steps: 938,
      threads: 2,
    },
  ];
  for (const settings of all) {
    assert.deepEqual(Object.assign({}, USUAL, ...readParts(toParts(settings))), settings);
  }
});

Deno.test("PART_READERS give null for what is damaged", () => {
  const parts = {
    recipe: "__proto__",
    seed: "4294967296",
    rate: "-1",
    device: "quantum",
    images: "0",
    steps: "1e9",
    threads: "",
  };
  assert.deepEqual(readParts(parts), Array(7).fill(null));
  for (const rate of ["1e-7", "11", "0x1", "+1", "", ".", "1e", "1e-3"]) {
    assert.deepEqual(readParts({ rate }), [rate === "1e-3" ? { learningRate: 0.001 } : null], rate);
  }
});

Deno.test("settle() fills in what the recipe says: an epoch of train-lstm-adam has 938 steps", () => {
  const { seed, learningRate, steps } = settle({ ...USUAL, limit: null });
  assert.deepEqual([seed, learningRate, steps], [1, 0.01, 938]);
  assert.equal(settle(USUAL).steps, 100);
  assert.equal(settle({ ...USUAL, steps: 7 }).steps, 7);
  const gru = { recipe: "train-gru", limit: null };
  assert.deepEqual([recipeOf(gru).batchSize, stepsPerEpoch(gru), ownSteps(gru)], [100, 600, 1_200]);
});
