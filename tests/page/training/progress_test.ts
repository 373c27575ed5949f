import assert from "node:assert/strict";
import {
  advance,
  begin,
  IDLE,
  isActive,
  isPrecious,
  lastQuarter,
  type Progress,
  timeLeftMs,
} from "../../../page/training/progress.ts";
import { settle, USUAL } from "../../../page/training/settings.ts";
import type { TrainerNews } from "../../../page/workers/messages.ts";
import hashes from "../../golden/hashes.json" with { type: "json" };

const OPENED: TrainerNews = {
  kind: "opened",
  device: "WebAssembly SIMD, 2 threads, fused multiply-add",
  math: "fused",
  parameterCount: 24_714,
  stepsPerEpoch: 100,
  totalSteps: 100,
};
const model = new Uint8Array();

function after(...news: TrainerNews[]): Progress {
  return news.reduce(advance, begin(settle(USUAL)));
}

function steps(step: number, losses: number[]): TrainerNews {
  return { kind: "steps", step, losses: Float32Array.from(losses), accuracy: 0.5, seconds: step / 10, model };
}

Deno.test("advance() follows a training from its images to its hash", () => {
  assert.equal(begin(settle(USUAL)).phase, "loading");
  const loading = after({ kind: "loading", loadedBytes: 1, totalBytes: 4 });
  assert.deepEqual([loading.loadedBytes, loading.totalBytes], [1, 4]);
  assert.equal(after({ kind: "opening" }).phase, "opening");
  const halfway = after(OPENED, steps(20, Array(20).fill(2)), steps(50, Array(30).fill(1)));
  assert.deepEqual([halfway.phase, halfway.step, halfway.losses.length], ["training", 50, 50]);
  assert.equal(timeLeftMs(halfway), 5_000);
  const tested = advance(halfway, { kind: "tested", step: 50, loss: 1, accuracy: 0.75 });
  assert.deepEqual(tested.accuracies.map(({ step, test }) => [step, test]), [[20, null], [50, 0.75]]);
  const sha256 = hashes.sha256["train-lstm-adam"];
  const { phase, result } = advance(tested, { kind: "ended", step: 100, sha256, seconds: 9 });
  assert.deepEqual([phase, result?.sha256, result?.verdict.kind], ["ended", sha256, "same"]);
});

Deno.test("advance() knows pauses, failures, and images that load while a network learns", () => {
  const training = after(OPENED, steps(20, Array(20).fill(2)));
  const paused = advance(training, { kind: "paused" });
  assert.deepEqual([paused.phase, isActive(paused)], ["paused", true]);
  assert.equal(advance(paused, { kind: "resumed" }).phase, "training");
  assert.equal(advance(training, { kind: "loading", loadedBytes: 1, totalBytes: 2 }).phase, "training");
  assert.equal(advance(training, { kind: "notice", message: "Hm" }).notice, "Hm");
  assert.equal(advance(paused, { kind: "loading", loadedBytes: 1, totalBytes: 2 }).phase, "paused");
  const failed = advance(training, { kind: "failed", message: "No" });
  assert.ok(failed.hasModel, "what was learned can still be downloaded");
  assert.equal(after(OPENED).hasModel, false);
  assert.deepEqual([failed.phase, failed.failure, isActive(failed), failed.step], [
    "failed",
    "No",
    false,
    20,
  ]);
});

Deno.test("lastQuarter() is the first accuracy after each quarter, and none at the end", () => {
  const said = [10, 20, 30, 40, 60, 80, 100].flatMap((step, i, all) => {
    const told = all.slice(0, i + 1).flatMap((step): TrainerNews[] => [
      steps(step, [1]),
      { kind: "tested", step, loss: 1, accuracy: step / 100 },
    ]);
    return [[step, lastQuarter(after(OPENED, ...told))?.step ?? null]];
  });
  assert.deepEqual(said, [[10, null], [20, null], [30, 30], [40, 30], [60, 60], [80, 80], [100, 80]]);
});

Deno.test("isPrecious(): a model that took a minute, until it is downloaded", () => {
  const short = after(OPENED, steps(20, [1])), long = after(OPENED, steps(700, [1]));
  assert.deepEqual([isPrecious(short), isPrecious(long), isPrecious(after(OPENED))], [false, true, false]);
  const saved = advance(long, { kind: "file", name: "a.onnx", bytes: new Uint8Array() });
  assert.equal(isPrecious(saved), false);
  assert.equal(isPrecious(advance(saved, steps(701, [1]))), true, "it has learned since");
});

Deno.test("begin() starts with empty curves, and what is idle has no time left", () => {
  after(OPENED, steps(1, [2]));
  assert.deepEqual([IDLE.losses, begin(settle(USUAL)).losses, timeLeftMs(IDLE)], [[], [], null]);
});
