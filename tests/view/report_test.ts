import assert from "node:assert/strict";
import { toCurves } from "../../lib/view/history.ts";
import { type ReportContents, writeReport } from "../../lib/view/report.ts";

const line = {
  event: "epoch",
  epoch: 0,
  trainLoss: 0.5,
  trainAccuracy: 0.8,
  testLoss: null,
  testAccuracy: 0.9,
};
const contents: ReportContents = {
  recipe: "train-<b>",
  run: "runs/train-b/2026",
  curves: toCurves([{ name: "runs/train-b", lines: [line], stepsPerEpoch: 1 }]),
  end: { event: "end", step: 938, interrupted: false, testAccuracy: 0.95, modelSha256: "ab12" },
  config: {
    recipe: "train-<b>",
    startedAt: "2026-11-22T06:13:53.744Z",
    training: { optimizer: { kind: "adam" }, initialize: null, sequence: { range: [0, 1] } },
    network: { layers: [{ kind: "lstm" }, { kind: "rnn" }], parameterCount: 24_714 },
    device: { kind: "wasm" },
    machine: { cores: 2 },
  },
  command: "deno task train-b --data-dir 'a & b'",
  pictures: [{ heading: "Curves", about: "What & when.", svg: "<svg>curves</svg>\n" }],
};

Deno.test("writeReport(): figures, pictures, command, hash, settings", async (t) => {
  await t.assertSnapshot(writeReport(contents).replace(/<style>[^<]*<\/style>/, ""));
});

Deno.test("writeReport() of a run that has not come far", () => {
  const curves = toCurves([{ name: "runs/a", lines: [], stepsPerEpoch: 1 }]);
  const html = writeReport({ ...contents, curves, end: null, command: null, pictures: [] });
  assert.doesNotMatch(html, /NaN|undefined|null</);
  assert.match(html, /All 0 reports/);
});

Deno.test("writeReport(): nothing in it is fetched or run", () => {
  assert.doesNotMatch(writeReport(contents), /<script|<link|@import|url\(|https?:/);
});
