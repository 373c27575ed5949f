import assert from "node:assert/strict";
import { judge, publishedHash } from "../../../page/training/published.ts";
import { RECIPES } from "../../../page/training/recipes.ts";
import published from "../../../page/training/published.json" with { type: "json" };
import { settle, USUAL } from "../../../page/training/settings.ts";
import hashes from "../../golden/hashes.json" with { type: "json" };
import results from "../../../RESULTS.md" with { type: "text" };

const whole = settle({ ...USUAL, limit: null }), short = settle(USUAL);
const HASH = published.results["train-lstm-adam"]["1"];

/** What is known of the recipes that the page has. */
function ofPage<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  const names = RECIPES.map(({ name }) => name);
  return Object.fromEntries(Object.entries(record).filter(([name]) => names.includes(name)));
}

Deno.test("published.json has the hashes of its recipes in tests/golden/hashes.json and in RESULTS.md", () => {
  assert.deepEqual(published.short, { flags: hashes.flags, sha256: ofPage(hashes.sha256) });
  const row = /^\| `deno task (train-[a-z-]+) --device wasm --seed (\d+)` .*`([0-9a-f]{16})` \|$/gm;
  const found: Record<string, Record<string, string>> = {};
  for (const [, recipe, seed, sha256] of results.matchAll(row)) (found[recipe] ??= {})[seed] = sha256;
  const beginnings = Object.entries(published.results).map(([recipe, seeds]) => {
    return [
      recipe,
      Object.fromEntries(Object.entries(seeds).map(([seed, hash]) => [seed, hash.slice(0, 16)])),
    ];
  });
  assert.ok(Object.keys(found).length > 3);
  assert.deepEqual(Object.fromEntries(beginnings), ofPage(found));
  assert.match(HASH, /^[0-9a-f]{64}$/);
});

Deno.test("publishedHash() knows one epoch of train-lstm-adam, and the short trainings of deno task verify", () => {
  assert.equal(whole.steps, 938);
  assert.deepEqual(publishedHash(whole), {
    sha256: HASH,
    file: "RESULTS.md",
    command: "deno task train-lstm-adam --device wasm --seed 1",
  });
  const { sha256, command } = publishedHash(short)!;
  assert.deepEqual([sha256, command], [hashes.sha256["train-lstm-adam"], "deno task verify"]);
});

Deno.test("publishedHash() knows none of other settings", () => {
  for (
    const other of [
      { ...whole, seed: 21 },
      { ...whole, steps: 937 },
      { ...whole, learningRate: 0.02 },
      { ...whole, limit: 59_999 },
      { ...short, seed: 2 },
      { ...short, steps: 99 },
      { ...whole, recipe: "train-gru" },
    ]
  ) assert.equal(publishedHash(other), null, JSON.stringify(other));
});

Deno.test("judge() tells the published bits from others, and from those of other devices", () => {
  const other = "0".repeat(64);
  assert.equal(judge(HASH, whole, "fused").kind, "same");
  assert.equal(judge(other, whole, "fused").kind, "other");
  assert.equal(judge(other, whole, "plain").kind, "device");
  assert.equal(judge(other, { ...whole, device: "webgpu" }, null).kind, "device");
  assert.equal(judge(other, { ...whole, seed: 99 }, "fused").kind, "unknown");
  const beginning = published.results["train-lstm-adam"]["2"];
  assert.equal(judge(beginning.padEnd(64, "0"), { ...whole, seed: 2 }, "fused").kind, "same");
});
