import assert from "node:assert/strict";
import { openWasm } from "../../../lib/engines/wasm/engine.ts";
import type { Part } from "../../../lib/engines/wasm/profile.ts";
import { optionsOf } from "../contract_cases.ts";
import { test } from "./support/wasm_tests.ts";

const T = 6, C = 20, H = 12, GROUPS = 2, LANES = 8, COLUMNS = 4 * H;

/** The operations of a training step by part, over all threads, where features `from` … `to` − 1 of every line have ink. */
async function countFlops(from: number, to: number): Promise<(part: Part) => number> {
  const options = optionsOf({ kind: "LSTM", hidden: [H], images: GROUPS * LANES, size: [T, C] });
  const { training } = options;
  const data = Uint8Array.from(training.sequences.data, (_, at) => Number(at % C >= from && at % C < to));
  await using engine = await openWasm({
    ...options,
    training: { ...training, sequences: { ...training.sequences, data } },
    threads: 2,
    profile: true,
  });
  const profiles = await engine.profile([Uint32Array.from({ length: GROUPS * LANES }, (_, n) => n)]);
  return (part) => profiles.reduce((sum, { flops }) => sum + flops[part], 0);
}

test("profile() counts the operations of products, two for each multiply-add", async () => {
  const flops = await countFlops(0, C), rows = 2 * GROUPS * LANES;
  assert.equal(flops("forward products"), rows * T * (C + H) * COLUMNS);
  assert.equal(flops("backward products"), rows * (T - 1) * COLUMNS * H); // nothing goes back from t = 0
  assert.equal(flops("weight gradients") - rows * 16 * 12, rows * T * (C + H) * COLUMNS); // the head's 10 columns are padded to 12
  assert.equal(flops("shared prefix"), 0);
});

test("products skip features that are blank in all eight images", async () => {
  const all = await countFlops(0, C), some = await countFlops(9, 17), none = await countFlops(0, 0);
  const feature = 2 * GROUPS * LANES * T * COLUMNS;
  assert.equal(all("forward products") - some("forward products"), (C - 8) * feature);
  assert.equal(all("weight gradients") - some("weight gradients"), 8 * feature); // the first eight, a whole panel
  assert.equal(all("backward products"), some("backward products"));
  assert(none("forward products") < some("forward products"));
});
